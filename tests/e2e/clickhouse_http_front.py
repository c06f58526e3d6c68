"""An HTTP front over the embedded engine, for testing the clickhouse exporter without a ClickHouse server.

It is no ClickHouse: statements and Native blocks are executed by ClickHouse's own code in chdb, but the HTTP in front
of it (credentials, content encodings, status codes, the exception header) is this file's reading of ClickHouse's
documentation.
"""

from __future__ import annotations

import gzip
import re
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

import zstandard

from fastlog.errors import StoreError
from fastlog.local.engine import Engine

_STATUS = {516: 403, 497: 403, 60: 404, 81: 404, 62: 400, 47: 404}
_DECODE = {
    "": bytes,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


class Front:
    """Serves ``engine`` on a port of its own; ``requests`` keeps (query or statement, settings, body size, headers)."""

    def __init__(self, engine: Engine, password: str = "") -> None:
        self.requests: list[tuple[str, dict[str, str], int, dict[str, str]]] = []
        self.refusals: list[tuple[int, str]] = []
        """(status, text) of the next answers, before anything is executed."""
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                settings = dict(parse_qsl(urlsplit(self.path).query))
                statement = settings.pop("query", "")
                front.requests.append((statement or body.decode(), settings, len(body), dict(self.headers)))
                if front.refusals:
                    self.answer(*front.refusals.pop(0))
                    return
                if password and self.headers.get("X-ClickHouse-Key") != password:
                    text = "Code: 516. DB::Exception: default: Authentication failed. (AUTHENTICATION_FAILED)"
                    self.answer(403, text)
                    return
                try:
                    if statement:
                        insert = statement.removesuffix(" FORMAT Native")
                        assert insert != statement
                        data = _DECODE[self.headers.get("Content-Encoding", "")](body)
                        engine.insert(insert, "Native", [data])
                    else:
                        engine.execute(body.decode())
                except StoreError as error:
                    match = re.match(r"Code: (\d+)", str(error))
                    self.answer(_STATUS.get(int(match[1]) if match else 0, 500), str(error))
                else:
                    self.answer(200, "")

            def answer(self, status: int, text: str) -> None:
                body = text.encode()
                self.send_response(status)
                match = re.match(r"Code: (\d+)", text)
                if match:
                    self.send_header("X-ClickHouse-Exception-Code", match[1])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Front:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
