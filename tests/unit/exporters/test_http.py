"""The HTTP client against servers that answer in every way HTTP/1.1 allows, and in some it doesn't."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fastlog._core.buffer import Buffer
from fastlog.exporters.http import Client, HTTPError
from tests.sink import Answer, Sink

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Reads one request a turn, head and body, then sends the next reply; an empty one closes."""

    def __init__(self, replies: list[bytes], *, read_body: bool = True) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1/logs"
        self.heads: list[str] = []
        self.connections = 0
        self.read_body = read_body
        self.replies = iter(replies)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                while self.turn(connection):
                    pass

    def turn(self, connection: socket.socket) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(4096)
            if not more:
                return False
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        self.heads.append(head.decode())
        size = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
        while self.read_body and len(body) < size:
            body += connection.recv(1 << 20)
        reply = next(self.replies, b"")
        for index in range(0, len(reply), 7):  # in small pieces: nothing may depend on how it is cut
            connection.sendall(reply[index : index + 7])
        return bool(reply) and self.read_body and b"close" not in reply


@contextmanager
def serving(*replies: bytes, read_body: bool = True) -> Iterator[Server]:
    server = Server(list(replies), read_body=read_body)
    yield server
    server.listener.close()


@pytest.mark.parametrize(
    ("reply", "body", "reused"),
    [
        (OK, b"ok", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\n", b"abc", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\n", b"a", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", b"until the end", False),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b"", True),
    ],
)
def test_answers_in_every_form(reply: bytes, body: bytes, reused: bool) -> None:
    with serving(reply, OK) as server:
        client = Client(server.url, {})
        assert client.post([b"x"], 5).body == body
        assert client.post([b"x"], 5).status == 200
        client.close()
        assert server.connections == (1 if reused else 2)


@pytest.mark.parametrize("reply", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 x\r\n\r\n", b"", OK[:-1]])
def test_what_is_no_answer_is_an_error(reply: bytes) -> None:
    with serving(reply) as server:
        client = Client(server.url, {})
        with pytest.raises((HTTPError, TimeoutError)):
            client.post([b"x"], 0.3)
        client.close()


def test_a_long_answer_is_cut_and_its_connection_not_used_again() -> None:
    with Sink([Answer(400, body=b"x" * 1_000_000)]) as sink:
        client = Client(sink.url, {})
        assert client.post([b"x"], 5).body == b"x" * 65536
        assert client.post([b"x"], 5).status == 200
        assert sink.connections == 2
        client.close()


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    with serving(OK, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: close\r\n\r\nok", OK) as server:
        client = Client(server.url, {})
        for _ in range(2):
            client.post([b"x"], 5)
        time.sleep(0.1)  # the server has closed after the word in its second reply
        assert client.post([b"x"], 5).status == 200
        assert server.connections == 2
        client.close()


def test_an_answer_before_the_body_was_read_is_heard() -> None:
    reply = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
    with serving(reply, read_body=False) as server:
        client = Client(server.url, {})
        with contextlib.suppress(ConnectionResetError):  # which may overtake the answer
            assert client.post([bytes(200_000)], 5).status == 413
        client.close()


def test_many_buffers_arrive_in_order_and_are_free_afterwards() -> None:
    buffers = [Buffer(bytes([97 + index % 26]) * (index * 997 % 50_000)) for index in range(300)]
    expected = b"".join(bytes(one) for one in buffers)
    with Sink() as sink:
        client = Client(sink.url, {})
        client.post(buffers, 10)
        client.close()
        assert bytes(sink.requests[0].body) == expected
    for one in buffers:
        one.release()


def test_buffers_are_free_after_a_time_out() -> None:
    with serving(OK, read_body=False) as server:
        server.turn = lambda connection: time.sleep(1) or False  # type: ignore[method-assign,func-returns-value]
        client = Client(server.url, {})
        one = Buffer(bytes(30_000_000))
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            client.post([one], 0.2)
        assert time.monotonic() - started < 0.9
        one.release()
        client.close()


def test_a_proxy_gets_the_whole_address_and_its_login() -> None:
    with serving(OK) as server:
        client = Client(
            "http://user:p%40ss@logs.example:4318/v1/logs?a=b",
            {"X-A": "1"},
            proxy=f"http://me:pw@127.0.0.1:{server.port}",
        )
        assert client.post([b"x"], 5).status == 200
        client.close()
    assert server.heads[0].split("\r\n") == [
        "POST http://logs.example:4318/v1/logs?a=b HTTP/1.1",
        "Host: logs.example:4318",
        "Authorization: Basic dXNlcjpwQHNz",
        "Proxy-Authorization: Basic bWU6cHc=",
        "X-A: 1",
        "Content-Length: 1",
    ]


def test_https_through_a_proxy_asks_for_a_tunnel() -> None:
    import ssl

    with serving(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as server:
        client = Client(
            "https://logs.example/v1/logs",
            {},
            tls=ssl.create_default_context(),
            proxy=f"http://127.0.0.1:{server.port}",
        )
        with pytest.raises(HTTPError, match="tunnel with HTTP status 403"):
            client.post([b"x"], 5)
        client.close()
    assert server.heads == ["CONNECT logs.example:443 HTTP/1.1\r\nHost: logs.example:443"]


def test_given_headers_win_over_ours() -> None:
    with serving(OK) as server:
        client = Client(server.url, {"host": "other"})
        client.post([], 5)
        client.close()
    assert server.heads[0].split("\r\n")[1:] == ["host: other", "Content-Length: 0"]
