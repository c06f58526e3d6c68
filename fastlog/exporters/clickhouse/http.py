"""A ClickHouse server through its HTTP interface (ClickHouse documentation, "HTTP Interface")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastlog._core.buffer import Buffer
from fastlog.exporters.clickhouse.config import Config
from fastlog.exporters.clickhouse.refusal import error_code, refusal
from fastlog.exporters.compress import compressor
from fastlog.exporters.http import Client
from fastlog.types import Outcome


class Server:
    """Runs ``insert`` (``INSERT … FORMAT Native``) and other statements. Methods may be called from several threads."""

    def __init__(self, config: Config, insert: str) -> None:
        user, password = config.credentials()
        headers = {"User-Agent": "fastlog"}
        if user:
            headers["X-ClickHouse-User"] = user
        if password:
            headers["X-ClickHouse-Key"] = password
        url = _address(config.endpoint)
        tls = config.tls.context() if url.startswith("https:") else None
        name = config.tls.server_name_override
        self._statements = Client(f"{url}/", headers, tls=tls, server_name=name)
        self._compress = compressor(config.body_compression())
        if self._compress is not None:
            headers["Content-Encoding"] = self._compress[0]
        query = urlencode({"query": insert, **config.settings()})
        self._inserts = Client(f"{url}/?{query}", headers, tls=tls, server_name=name)

    def execute(self, statement: str, timeout: float) -> Outcome:
        """Run a statement that returns nothing. ``timeout`` in seconds, 0 = none."""
        return _post(self._statements, [statement.encode()], timeout)

    def insert(self, blocks: Sequence[Buffer], timeout: float) -> Outcome:
        """Insert ``blocks`` in one statement."""
        return _post(self._inserts, blocks if self._compress is None else self._compress[1](blocks), timeout)

    def close(self) -> None:
        self._statements.close()
        self._inserts.close()


def _post(client: Client, body: Sequence[Any], timeout: float) -> Outcome:
    try:
        response = client.post(body, timeout)
    except OSError as error:
        return Outcome(Outcome.RETRY, f"{type(error).__name__}: {error}")
    text = response.body.decode(errors="replace")
    header = response.headers.get("x-clickhouse-exception-code", "")
    code = int(header) if header.isdigit() else error_code(text)
    # an error after the head was sent comes with status 200
    if response.status == 200 and code == 0:
        return Outcome(Outcome.DELIVERED)
    return refusal(code, text, response.status)


def _address(endpoint: str) -> str:
    """Scheme, host and port; the credentials go in headers, and the server refuses to get them twice."""
    url = urlsplit(endpoint)
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return f"{url.scheme}://{host}:{url.port or (8443 if url.scheme == 'https' else 8123)}"
