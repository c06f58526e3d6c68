"""A tiny HTTP server for extensions: a few fixed GET paths, one thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fastlog.errors import ComponentError

Page = Callable[[], tuple[int, str, str]]
"""Makes ``(status, content type, body)``."""


def split_address(endpoint: str) -> tuple[str, int]:
    """``"localhost:13133"``, ``":13133"`` (every interface) or ``"[::1]:13133"`` as host and port, else ValueError."""
    host, colon, port = endpoint.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{endpoint!r} is no address; write host:port, as in 'localhost:13133'")
    return host.strip("[]"), int(port)


class Endpoint:
    """Serves ``pages`` at ``host:port`` until :meth:`stop`. ComponentError when the address can't be had."""

    def __init__(self, name: str, host: str, port: int, pages: Mapping[str, Page]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = pages.get(self.path.partition("?")[0])
                status, kind, body = page() if page is not None else (404, "text/plain", "not found\n")
                data = body.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise ComponentError(
                f"{name}: can't listen at {host or '*'}:{port}: {error.strerror}; choose another port"
            ) from error
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.5,), name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
