"""Sends chunks as ``ExportLogsServiceRequest`` bodies over kept-alive connections.

An uncompressed body goes from the chunks' buffers to the socket: urllib3 hands each of an iterable's buffers to
``sendall`` as it is, provided the length is given (without it, it would use chunked encoding).
"""

from __future__ import annotations

import email.utils
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import urllib3

from fastlog.exporters import otlp
from fastlog.exporters.compress import compressor
from fastlog.exporters.otlphttp.config import Config
from fastlog.exporters.otlphttp.response import partial_success, reason
from fastlog.types import Chunk, Context, Outcome

if TYPE_CHECKING:
    from fastlog._core.batch import Batch

_RETRYABLE = frozenset({429, 502, 503, 504})  # OTLP specification, "Retryable Response Codes"
_RECORDS_REFUSED = frozenset({400, 413, 422})
_LARGEST_ANSWER = 64 << 10  # bytes read of a response, as the collector does


class OTLPHTTPExporter:
    """One destination. Every method may be called from several threads."""

    def __init__(self, config: Config) -> None:
        url = urllib3.util.parse_url(config.url())
        self._path = url.request_uri
        self._json = config.encoding == "json"
        self._compress = compressor(config.compression, config.compression_params.get("level"))
        self._headers = {
            "Content-Type": "application/json" if self._json else "application/x-protobuf",
            "User-Agent": user_agent(),
            "Accept-Encoding": "identity",
        }
        if self._compress is not None:
            self._headers["Content-Encoding"] = self._compress[0]
        if config.disable_keep_alives:
            self._headers["Connection"] = "close"
        if url.auth is not None:
            self._headers.update(urllib3.util.make_headers(basic_auth=url.auth))
        self._headers.update({name: value.get_secret_value() for name, value in config.headers.items()})
        self._pool = _pool(config, url)

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
        headers = {**self._headers, "Content-Length": str(sum(len(part) for part in body))}
        try:
            response = self._pool.urlopen(
                "POST",
                self._path,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(total=timeout) if timeout > 0 else None,
                preload_content=False,
                decode_content=False,
            )
            try:
                answer = response.read(_LARGEST_ANSWER)
                response.drain_conn()
            finally:
                response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return Outcome(Outcome.RETRY, f"{type(error).__name__}: {_without_address(error)}")
        return outcome(response.status, dict(response.headers), answer)

    def shutdown(self) -> None:
        self._pool.close()


def outcome(status: int, headers: dict[str, str], answer: bytes) -> Outcome:
    """What a response means (OTLP specification, "OTLP/HTTP Response")."""
    headers = {name.lower(): value for name, value in headers.items()}
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


def _pool(config: Config, url: urllib3.util.Url) -> urllib3.HTTPConnectionPool:
    options: dict[str, Any] = {"maxsize": config.sending_queue.num_consumers, "block": False}
    secure = url.scheme == "https"
    if secure:
        options["ssl_context"] = config.tls.context()
        if config.tls.server_name_override:
            options["server_hostname"] = options["assert_hostname"] = config.tls.server_name_override
        if config.tls.insecure_skip_verify:
            options["cert_reqs"] = "CERT_NONE"
            options["assert_hostname"] = False
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # said once at start instead
    host = url.host
    assert host is not None, "checked by Config"
    if config.proxy_url:
        manager = urllib3.ProxyManager(config.proxy_url, **options)
        pool = manager.connection_from_host(host, url.port, url.scheme)
        assert isinstance(pool, urllib3.HTTPConnectionPool)
        return pool
    if secure:
        return urllib3.HTTPSConnectionPool(host, url.port, **options)
    return urllib3.HTTPConnectionPool(host, url.port, **options)


def _without_address(error: BaseException) -> str:
    """What went wrong, without the representation of the pool or connection that urllib3 puts in front."""
    text = str(error.args[-1] if error.args else error)
    return text.rpartition(">: ")[2][:200]
