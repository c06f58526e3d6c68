"""A real OTLP/HTTP destination for tests and benches: it takes what is posted, answers as it is told, and decodes with
opentelemetry-proto, afterwards.

In a test::

    with Sink(answers=[Answer(503), Answer()]) as sink:
        ...  # send to sink.url
        sink.records()

As a process, for benches: ``python tests/sink.py [--discard]`` prints its port. ``GET /stats`` gives a JSON object with
``requests``, ``bytes`` and ``last`` (the monotonic time of the last request), ``GET /count`` decodes what was kept and
counts its records, ``GET /latency`` takes the monotonic nanoseconds after each ``sent=`` in it as the time it was
written and tells how much later its request had arrived, ``GET /reset`` forgets it. With ``--discard`` bodies are read
and thrown away.
"""

from __future__ import annotations

import argparse
import gzip
import json
import mmap
import re
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import zstandard
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

READ = 1 << 20


@dataclass
class Answer:
    """What the sink does with a request. ``reset`` closes the connection hard instead of answering; ``keep`` says
    whether the records count as taken."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset: bool = False
    keep: bool | None = None

    @classmethod
    def partial(cls, rejected: int, message: str) -> Answer:
        response = ExportLogsServiceResponse()
        response.partial_success.rejected_log_records = rejected
        response.partial_success.error_message = message
        return cls(body=response.SerializeToString(), headers={"Content-Type": "application/x-protobuf"})


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes | memoryview
    taken: bool
    at: float

    def decompressed(self) -> bytes | memoryview:
        match self.headers.get("content-encoding", ""):
            case "gzip":
                return gzip.decompress(self.body)
            case "zlib" | "deflate":
                return zlib.decompress(self.body)
            case "zstd":
                return zstandard.ZstdDecompressor().decompressobj().decompress(self.body)
            case "":
                return self.body
            case other:
                raise AssertionError(f"Content-Encoding {other}")

    def decode(self) -> ExportLogsServiceRequest:
        data = self.decompressed()
        if "json" not in self.headers.get("content-type", ""):
            return ExportLogsServiceRequest.FromString(bytes(data))
        tree = json.loads(bytes(data))
        for resource in tree["resourceLogs"]:
            for scope in resource.get("scopeLogs", ()):
                for record in scope.get("logRecords", ()):
                    for name in ("traceId", "spanId"):  # OTLP/JSON has hex where ProtoJSON has base64
                        assert not record.pop(name, ""), "the sink compares no ids"
        return json_format.ParseDict(tree, ExportLogsServiceRequest())


class Sink:
    """Listens on a free port of the loopback interface. ``answers`` are used up in order, then everything is taken; or
    a function of the request decides."""

    def __init__(
        self,
        answers: Iterable[Answer] | Callable[[Request], Answer] = (),
        *,
        discard: bool = False,
        arena: int = 0,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self._function = answers if callable(answers) else None
        self._script = iter(() if callable(answers) else answers)
        self._discard = discard
        # Memory that is there before the first request, so that a bench does not wait for pages to be mapped.
        self._arena = mmap.mmap(-1, arena, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE) if arena else None
        self._used = 0
        self._tls = tls
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._stopping = False
        self.requests: list[Request] = []
        self.connections = 0
        self.count = 0
        self.bytes = 0
        self.last = 0.0
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._stopping = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._thread.join(5)

    def records(self) -> list[Any]:
        """Every record taken, in the order of arrival; ``(resource attributes, LogRecord)``."""
        rows = []
        for request in self.requests:
            if request.taken:
                for resource in request.decode().resource_logs:
                    for scope in resource.scope_logs:
                        rows += [(resource.resource, record) for record in scope.log_records]
        return rows

    def record_count(self) -> int:
        """The number of records taken, decoded one request at a time."""
        total = 0
        for request in self.requests:
            if request.taken:
                for resource in request.decode().resource_logs:
                    total += sum(len(scope.log_records) for scope in resource.scope_logs)
        return total

    def latencies(self) -> list[float]:
        """Seconds from each ``sent=<monotonic ns>`` in what was kept to the arrival of its request, sorted."""
        return sorted(
            request.at - int(found) / 1e9
            for request in self.requests
            for found in re.findall(rb"sent=(\d+)", request.decompressed())
        )

    def reset(self) -> None:
        with self._lock:
            self.requests, self.count, self.bytes, self.last = [], 0, 0, 0.0
            self._used = 0

    # -- one thread a connection

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with self._lock:
                self._open.add(connection)
            self._talk(connection)
        except OSError:
            pass  # the client went away, or refused our certificate
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _talk(self, connection: socket.socket) -> None:
        pending = b""
        scratch = bytearray(READ)
        while not self._stopping:
            while b"\r\n\r\n" not in pending:
                data = connection.recv(65536)
                if not data:
                    return
                pending += data
            head, _, pending = pending.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            method, path, _ = first.split(" ", 2)
            headers = {
                name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            assert "transfer-encoding" not in headers, "the sink reads bodies of a known length only"
            size = int(headers.get("content-length", 0))
            if headers.get("expect") == "100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            body, pending = self._body(connection, pending, size, scratch)
            if method == "GET":
                self._control(connection, path)
                continue
            request = Request(path, headers, body, False, time.monotonic())
            answer = self._answer(request)
            if answer.delay:
                time.sleep(answer.delay)
            request.taken = answer.keep if answer.keep is not None else answer.status == 200 and not answer.reset
            with self._lock:
                self.count += 1
                self.bytes += size
                self.last = request.at
                if not self._discard:
                    self.requests.append(request)
            if answer.reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            self._reply(connection, answer)
            if headers.get("connection", "").lower() == "close":
                return

    def _body(
        self, connection: socket.socket, pending: bytes, size: int, scratch: bytearray
    ) -> tuple[bytes | memoryview, bytes]:
        body, rest = pending[:size], pending[size:]
        missing = size - len(body)
        if self._discard:
            while missing:
                got = connection.recv_into(scratch, min(missing, READ))
                if not got:
                    raise ConnectionError("closed inside a body")
                missing -= got
            return b"", rest
        whole = self._room(size)
        whole[: len(body)] = body
        view = whole[len(body) :]
        while missing:
            got = connection.recv_into(view)
            if not got:
                raise ConnectionError("closed inside a body")
            view = view[got:]
            missing -= got
        return whole, rest

    def _room(self, size: int) -> memoryview:
        if self._arena is not None:
            with self._lock:
                start = self._used
                self._used += size
            if self._used <= len(self._arena):
                return memoryview(self._arena)[start : start + size]
        return memoryview(bytearray(size))

    def _answer(self, request: Request) -> Answer:
        if self._function is not None:
            return self._function(request)
        with self._lock:
            return next(self._script, Answer())

    def _reply(self, connection: socket.socket, answer: Answer) -> None:
        headers = {"Content-Length": str(len(answer.body)), **answer.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(f"HTTP/1.1 {answer.status} X\r\n{head}\r\n".encode() + answer.body)

    def _control(self, connection: socket.socket, path: str) -> None:
        if path == "/reset":
            self.reset()
            told: dict[str, Any] = {}
        elif path == "/latency":
            times = self.latencies()
            told = {f"p{rank:g}": times[min(int(len(times) * rank / 100), len(times) - 1)] for rank in (50, 99, 100)}
        elif path == "/count":
            told = {"records": self.record_count()}
        else:
            told = {"requests": self.count, "bytes": self.bytes, "last": self.last}
        self._reply(connection, Answer(body=json.dumps(told).encode()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--discard", action="store_true", help="throw bodies away; /count is 0 then")
    parser.add_argument("--arena", type=int, default=0, help="bytes of memory for bodies, mapped at the start")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    sink = Sink(discard=options.discard, arena=options.arena, port=options.port)
    print(sink.port, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
