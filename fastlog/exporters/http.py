"""A small HTTP/1.1 client for posting buffers (RFC 9112): kept-alive connections, TLS, proxies, and nothing between the
caller's buffers and the socket.

urllib3 and http.client send without copying too, but cost 180 and 80 µs of Python a request where this costs 15;
requests of less than a megabyte come a thousand a second.
"""

from __future__ import annotations

import base64
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

LARGEST_ANSWER = 64 << 10  # bytes kept of a response's body, as the collector does
_LARGEST_HEAD = 64 << 10
_VECTORS = 64  # buffers a system call


class HTTPError(OSError):
    """The peer does not speak HTTP, or closed the connection in the middle of it."""


@dataclass(frozen=True, slots=True)
class Response:
    """``headers`` have lower-case names; of several with one name the last counts. ``body`` may be cut at 64 KiB."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """Posts to one URL. ``post`` may be called from several threads; each uses a connection of its own meanwhile."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str = "",
        proxy: str = "",
        keep_alive: bool = True,
        idle_timeout: float = 90.0,
    ) -> None:
        self._target = urlsplit(url)
        self._proxy = urlsplit(proxy) if proxy else None
        self._tls = tls if self._target.scheme == "https" else None
        self._server_name = server_name or self._target.hostname or ""
        self._keep_alive = keep_alive
        self._idle_timeout = idle_timeout
        self._idle: deque[tuple[socket.socket, float]] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self._head = self._request_head(headers)

    def _request_head(self, headers: Mapping[str, str]) -> bytes:
        target = self._target
        path = quote(target.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{target.query}" if target.query else "")
        lines = {"Host": target.netloc.rpartition("@")[2]}
        if target.username is not None:
            lines["Authorization"] = _basic(target)
        if self._proxy is not None and self._tls is None:
            path = f"http://{lines['Host']}{path}"
            if self._proxy.username is not None:
                lines["Proxy-Authorization"] = _basic(self._proxy)
        if not self._keep_alive:
            lines["Connection"] = "close"
        given = {name.lower() for name in headers}
        lines = {name: value for name, value in lines.items() if name.lower() not in given}
        text = "".join(f"{name}: {value}\r\n" for name, value in {**lines, **headers}.items())
        return f"POST {path} HTTP/1.1\r\n{text}".encode("latin-1")

    def post(self, body: Sequence[Any], timeout: float) -> Response:
        """One request with the buffers of ``body`` behind each other; ``timeout`` seconds for all of it, 0 = no limit.

        Raises OSError (TimeoutError, ssl.SSLError, :class:`HTTPError`) when there is no answer.
        """
        deadline = time.monotonic() + timeout if timeout > 0 else None
        connection = self._reuse() or self._connect(deadline)
        keep = False
        try:
            size = sum(len(part) for part in body)
            try:
                _send(connection, [self._head + b"Content-Length: %d\r\n\r\n" % size, *body], deadline)
            except (BrokenPipeError, ConnectionResetError):
                # The peer may have refused the request before reading all of it; its answer says more than the error.
                return _receive(connection, deadline)[0]
            response, keep = _receive(connection, deadline)
            return response
        finally:
            if keep and self._keep_alive and not self._closed:
                with self._lock:
                    self._idle.append((connection, time.monotonic()))
            else:
                connection.close()

    def close(self) -> None:
        """Close the idle connections; those in use close when their request ends."""
        self._closed = True
        with self._lock:
            while self._idle:
                self._idle.pop()[0].close()

    def _reuse(self) -> socket.socket | None:
        """An idle connection that the peer has not closed."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection, since = self._idle.pop()
            poll = select.poll()
            poll.register(connection, select.POLLIN)
            # An idle connection has nothing to read; if it has, that is its end.
            if (self._idle_timeout <= 0 or time.monotonic() - since < self._idle_timeout) and not poll.poll(0):
                return connection
            connection.close()

    def _connect(self, deadline: float | None) -> socket.socket:
        to = self._proxy or self._target
        port = to.port or (443 if to.scheme == "https" else 80)
        assert to.hostname is not None, "checked by the configuration"
        connection = socket.create_connection((to.hostname, port), timeout=_left(deadline))
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if self._tls is not None:
                if self._proxy is not None:
                    self._tunnel(connection, deadline)
                connection.settimeout(_left(deadline))
                connection = self._tls.wrap_socket(connection, server_hostname=self._server_name)
        except BaseException:
            connection.close()
            raise
        return connection

    def _tunnel(self, connection: socket.socket, deadline: float | None) -> None:
        assert self._proxy is not None
        host = f"{self._target.hostname}:{self._target.port or 443}"
        login = f"Proxy-Authorization: {_basic(self._proxy)}\r\n" if self._proxy.username is not None else ""
        _send(connection, [f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n{login}\r\n".encode("latin-1")], deadline)
        response, _ = _receive(connection, deadline, has_body=False)
        if response.status != 200:
            raise HTTPError(f"the proxy answered the request for a tunnel with HTTP status {response.status}")


def _basic(url: SplitResult) -> str:
    login = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
    return "Basic " + base64.b64encode(login.encode()).decode()


def _left(deadline: float | None) -> float | None:
    """Seconds until ``deadline``; TimeoutError when it has passed."""
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _send(connection: socket.socket, parts: Sequence[Any], deadline: float | None) -> None:
    if isinstance(connection, ssl.SSLSocket):
        for part in parts:
            connection.settimeout(_left(deadline))
            connection.sendall(part)
        return
    views = [view for part in parts if (view := memoryview(part)).nbytes]
    try:
        first = 0
        while first < len(views):
            connection.settimeout(_left(deadline))
            sent = connection.sendmsg(views[first : first + _VECTORS])
            while first < len(views) and sent >= views[first].nbytes:
                sent -= views[first].nbytes
                first += 1
            if sent:
                whole = views[first]
                views[first] = whole[sent:]
                whole.release()
    finally:
        for view in views:  # their buffers can't be given back while they are viewed
            view.release()


def _receive(connection: socket.socket, deadline: float | None, *, has_body: bool = True) -> tuple[Response, bool]:
    """The response, and whether the connection can be used again."""
    data = b""
    while True:
        while (end := data.find(b"\r\n\r\n")) < 0:
            if len(data) > _LARGEST_HEAD:
                raise HTTPError(f"a response head of more than {_LARGEST_HEAD} bytes")
            data += _more(connection, deadline)
        first, *lines = data[:end].decode("latin-1").split("\r\n")
        data = data[end + 4 :]
        version, _, rest = first.partition(" ")
        status = rest[:3]
        if not version.startswith("HTTP/1.") or not status.isdigit():
            raise HTTPError(f"the answer is no HTTP: {first[:40]!r}")
        if status >= "200":
            break  # 1xx are interim (RFC 9110, section 15.2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    keep = version != "HTTP/1.0" and "close" not in headers.get("connection", "").lower()
    if not has_body or status in ("204", "304"):
        return Response(int(status), headers, b""), keep and not data
    if "chunked" in headers.get("transfer-encoding", "").lower():
        data, whole = _chunks(connection, data, deadline)
        return Response(int(status), headers, data), keep and whole
    length = headers.get("content-length", "")
    if not length.isdigit():  # ends with the connection
        keep, size = False, LARGEST_ANSWER
    else:
        size = int(length)
    while len(data) < min(size, LARGEST_ANSWER):
        try:
            data += _more(connection, deadline)
        except HTTPError:
            if length.isdigit():
                raise
            break
    return Response(int(status), headers, data[:LARGEST_ANSWER]), keep and len(data) == size


def _chunks(connection: socket.socket, data: bytes, deadline: float | None) -> tuple[bytes, bool]:
    """A chunked body (RFC 9112, section 7.1), and whether all of it was read."""
    body = b""
    while len(body) <= LARGEST_ANSWER:
        while (end := data.find(b"\r\n")) < 0:
            data += _more(connection, deadline)
        try:
            size = int(data[:end].partition(b";")[0], 16)
        except ValueError:
            raise HTTPError(f"a chunk of the response has no size: {data[:20]!r}") from None
        data = data[end + 2 :]
        if size == 0:
            while not data.startswith(b"\r\n") and b"\r\n\r\n" not in data:  # trailers
                data += _more(connection, deadline)
            return body, data == b"\r\n" or data.endswith(b"\r\n\r\n")
        if size > LARGEST_ANSWER:
            break
        while len(data) < size + 2:
            data += _more(connection, deadline)
        body += data[:size]
        data = data[size + 2 :]
    return body[:LARGEST_ANSWER], False


def _more(connection: socket.socket, deadline: float | None) -> bytes:
    connection.settimeout(_left(deadline))
    data = connection.recv(65536)
    if not data:
        raise HTTPError("the connection was closed before the end of the response")
    return data
