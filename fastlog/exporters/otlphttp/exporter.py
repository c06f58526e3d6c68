"""Sends chunks as ``ExportLogsServiceRequest`` bodies, uncompressed ones straight from the encoders' buffers."""

from __future__ import annotations

import email.utils
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastlog.exporters import otlp
from fastlog.exporters.compress import compressor
from fastlog.exporters.http import Client
from fastlog.exporters.otlphttp.config import Config
from fastlog.exporters.otlphttp.response import partial_success, reason
from fastlog.types import Chunk, Context, Outcome

if TYPE_CHECKING:
    from fastlog._core.batch import Batch

_RETRYABLE = frozenset({429, 502, 503, 504})  # OTLP specification, "Retryable Response Codes"
_RECORDS_REFUSED = frozenset({400, 413, 422})


class OTLPHTTPExporter:
    """One destination. Every method may be called from several threads."""

    def __init__(self, config: Config) -> None:
        self._json = config.encoding == "json"
        self._compress = compressor(config.compression, config.compression_params.get("level"))
        headers = {
            "Content-Type": "application/json" if self._json else "application/x-protobuf",
            "User-Agent": user_agent(),
        }
        if self._compress is not None:
            headers["Content-Encoding"] = self._compress[0]
        own = {name.lower(): value.get_secret_value() for name, value in config.headers.items()}
        headers = {name: value for name, value in headers.items() if name.lower() not in own} | own
        target = urlsplit(config.url())
        # Without the login and the query, which may be secrets.
        self._shown_url = f"{target.scheme}://{target.netloc.rpartition('@')[2]}{target.path}"
        self._client = Client(
            config.url(),
            headers,
            tls=config.tls.context() if config.url().startswith("https:") else None,
            server_name=config.tls.server_name_override,
            proxy=config.proxy_url,
            keep_alive=not config.disable_keep_alives,
            idle_timeout=config.idle_conn_timeout,
        )

    def encode(self, batch: Batch) -> Chunk:
        return otlp.encode(batch)

    def split(self, chunk: Chunk, max_records: int, max_bytes: int) -> list[Chunk]:
        return otlp.split(chunk, max_records, max_bytes)

    def send(self, chunks: list[Chunk], timeout: float) -> Outcome:
        body: list[Any] = [chunk.data for chunk in chunks]
        if self._json:
            body = [otlp.to_json(body)]
        if self._compress is not None:
            body = self._compress[1](body)
        try:
            response = self._client.post(body, timeout)
        except OSError as error:
            return Outcome(Outcome.RETRY, f"{type(error).__name__}: {error} ({self._shown_url})")
        told = outcome(response.status, response.headers, response.body)
        if told.kind != Outcome.DELIVERED:
            told.detail += f" ({self._shown_url})"
        return told

    def shutdown(self) -> None:
        self._client.close()


def outcome(status: int, headers: dict[str, str], answer: bytes) -> Outcome:
    """What a response means (OTLP specification, "OTLP/HTTP Response"); ``headers`` have lower-case names."""
    content_type = headers.get("content-type", "")
    if 200 <= status < 300:
        rejected, detail = partial_success(content_type, answer)
        return Outcome(Outcome.DELIVERED, detail, rejected=rejected)
    detail = f"HTTP status {status}"
    said = reason(content_type, answer)
    if said:
        detail += f": {said}"
    if status in _RETRYABLE:
        return Outcome(Outcome.RETRY, detail, retry_after=retry_after(headers.get("retry-after"), time.time()))
    if status in _RECORDS_REFUSED:
        return Outcome(Outcome.SPLIT, detail)
    # Everything else speaks of the endpoint, the credentials or the server, not of the records. The specification would
    # have a 500 dropped; a server in trouble is no reason to lose records.
    if 300 <= status < 400:
        detail += " (a redirect; write the final address in endpoint)"
    elif status in (401, 403):
        detail += " (are the exporter's headers right?)"
    elif status == 404:
        detail += " (is the endpoint right?)"
    return Outcome(Outcome.WAIT, detail)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by a ``Retry-After`` header, a number or a date (RFC 9110, section 10.2.3); None if there is
    none."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - now, 0.0)
    except ValueError:
        return None


def user_agent() -> str:
    """``fastlog/0.1.0 (linux/amd64)``, in the form of the collector's."""
    try:
        release = version("fastlog-ingest")
    except PackageNotFoundError:  # run from a source tree
        release = "dev"
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"fastlog/{release} ({sys.platform}/{machine})"


def create(config: Config, context: Context) -> OTLPHTTPExporter:
    return OTLPHTTPExporter(config)
