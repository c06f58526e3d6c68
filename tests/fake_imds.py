"""A fake EC2 metadata service: answers as the real one documents it, on a port of the loopback interface."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "session-token"

IDENTITY = {
    "accountId": "123456789012",
    "architecture": "x86_64",
    "availabilityZone": "us-east-1a",
    "imageId": "ami-0abcdef1234567890",
    "instanceId": "i-0abc123def456789",
    "instanceType": "t3.medium",
    "privateIp": "10.0.0.5",
    "region": "us-east-1",
    "version": "2017-09-30",
}


@dataclass
class FakeImds:
    """``tokens`` off: a service of version 1, which answers 404 to a request for one. ``fail_first``: so many
    requests get 503. ``delay``: seconds before each answer. ``tags`` None: the instance does not allow tags in
    metadata."""

    identity: Mapping[str, Any] = field(default_factory=lambda: dict(IDENTITY))
    hostname: str = "ip-10-0-0-5.ec2.internal"
    tags: Mapping[str, str] | None = None
    tokens: bool = True
    fail_first: int = 0
    delay: float = 0.0
    broken: str = ""
    """A path that gets 500 always."""
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> FakeImds:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                fake.asked.append(f"PUT {self.path}")
                if fake._refuses(self):
                    return
                known = self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
                _answer(self, 200 if fake.tokens and known else 404, TOKEN if fake.tokens and known else "")

            def do_GET(self) -> None:
                fake.asked.append(f"GET {self.path}")
                if fake._refuses(self):
                    return
                if fake.tokens and self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
                    _answer(self, 401, "")
                    return
                body = fake._documents().get(self.path.removeprefix("/latest/"))
                _answer(self, 200 if body is not None else 404, body or "")

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _refuses(self, handler: BaseHTTPRequestHandler) -> bool:
        time.sleep(self.delay)
        if self.fail_first > 0 or handler.path == self.broken:
            self.fail_first -= 1
            _answer(handler, 503, "")
            return True
        return False

    def _documents(self) -> dict[str, str]:
        documents = {
            "meta-data/instance-id": str(self.identity["instanceId"]),
            "meta-data/hostname": self.hostname,
            "dynamic/instance-identity/document": json.dumps(self.identity),
        }
        if self.tags is not None:
            documents["meta-data/tags/instance"] = "\n".join(self.tags)
            documents.update({f"meta-data/tags/instance/{key}": value for key, value in self.tags.items()})
        return documents


def _answer(handler: BaseHTTPRequestHandler, status: int, body: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body.encode())))
    handler.end_headers()
    handler.wfile.write(body.encode())
