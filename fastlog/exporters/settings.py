"""The blocks that exporters' configurations share, with the names and defaults of the collector v0.160 (exporterhelper,
configretry, confighttp, configtls). Importing it opens nothing and imports no HTTP library."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from fastlog.config.fields import ByteSize, ConfigModel, Duration, ExporterConfig
from fastlog.exporters.coalesce import BatchPolicy
from fastlog.exporters.retry import RetryPolicy

COMPRESSIONS = ("gzip", "zstd", "zlib", "deflate", "none", "")


class RetryConfig(ConfigModel):
    """``retry_on_failure`` (configretry)."""

    enabled: bool = True
    initial_interval: Duration = 5.0
    randomization_factor: float = 0.5
    multiplier: float = 1.5
    max_interval: Duration = 30.0
    max_elapsed_time: Duration = 0.0

    @model_validator(mode="after")
    def _check(self) -> RetryConfig:
        for name in ("initial_interval", "multiplier", "max_interval", "max_elapsed_time"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is negative; write 0 or more")
        if not 0 <= self.randomization_factor <= 1:
            raise ValueError(f"randomization_factor is {self.randomization_factor}; write a number from 0 to 1")
        if 0 < self.max_elapsed_time < max(self.initial_interval, self.max_interval):
            longer = "initial_interval" if self.max_elapsed_time < self.initial_interval else "max_interval"
            raise ValueError(f"max_elapsed_time is shorter than {longer}; write a longer one, or 0 to retry for ever")
        return self

    def policy(self) -> RetryPolicy:
        return RetryPolicy(
            self.enabled,
            self.initial_interval,
            self.randomization_factor,
            self.multiplier,
            self.max_interval,
            self.max_elapsed_time,
        )


class QueueBatchConfig(ConfigModel):
    """``sending_queue::batch`` (exporterhelper): joining in the exporter instead of in a ``batch`` processor."""

    flush_timeout: Duration = 0.2
    min_size: Annotated[int, Field(ge=0)] = 8192
    max_size: Annotated[int, Field(ge=0)] = 0
    sizer: Literal["items", "bytes"] = "items"

    @model_validator(mode="after")
    def _check(self) -> QueueBatchConfig:
        if self.flush_timeout <= 0:
            raise ValueError("flush_timeout must be positive; write '200ms'")
        if 0 < self.max_size < self.min_size:
            raise ValueError(
                f"max_size {self.max_size} is below min_size {self.min_size}; write {self.min_size} or more"
            )
        return self

    def policy(self, max_request_bytes: int) -> BatchPolicy:
        if self.sizer == "items":
            return BatchPolicy(self.flush_timeout, self.min_size, self.max_size, max_request_bytes)
        limit = min(self.max_size, max_request_bytes) if self.max_size else max_request_bytes
        return BatchPolicy(self.flush_timeout, max_request_bytes=limit, send_batch_bytes=self.min_size)


class QueueConfig(ConfigModel):
    """``sending_queue`` (exporterhelper).

    What is waiting is bounded by the process's memory budget, which pauses the receivers; so ``queue_size`` drops
    nothing when it is reached, whatever ``block_on_overflow`` says.
    """

    enabled: bool = True
    num_consumers: Annotated[int, Field(ge=1)] = 10
    queue_size: Annotated[int, Field(ge=1)] = 1000
    sizer: Literal["requests", "items", "bytes"] = "requests"
    wait_for_result: bool = False
    block_on_overflow: bool = False
    blocking: bool = False  # the name before v0.127
    storage: str | None = None
    batch: QueueBatchConfig | None = None


class QueuedConfig(ExporterConfig):
    """An exporter whose requests can fail and are retried."""

    timeout: Duration = 30.0
    retry_on_failure: RetryConfig = RetryConfig()
    sending_queue: QueueConfig = QueueConfig()
    max_request_bytes: ByteSize = 16 << 20  # fastlog's own: before compression, below what receivers refuse

    @field_validator("max_request_bytes")
    @classmethod
    def _positive(cls, value: int) -> int:
        if value <= 0:
            raise ValueError("max_request_bytes must be positive; write '16MiB'")
        return value

    def batch_policy(self, batch: BatchPolicy | None) -> BatchPolicy:
        """How to join: by ``sending_queue::batch`` if it is set, else as the pipeline's batch processor says."""
        if self.sending_queue.batch is not None:
            return self.sending_queue.batch.policy(self.max_request_bytes)
        batch = batch or BatchPolicy()
        return BatchPolicy(batch.timeout, batch.send_batch_size, batch.send_batch_max_size, self.max_request_bytes)

    def deviations(self) -> Iterable[str]:
        if self.retry_on_failure.enabled and "max_elapsed_time" not in self.retry_on_failure.model_fields_set:
            yield "retry_on_failure::max_elapsed_time: retries for ever (collector: gives up and drops after 5m)"
        if self.sending_queue.storage is not None:
            yield "sending_queue::storage: not used, the source is read again instead of being spooled"


class TLSConfig(ConfigModel):
    """``tls`` (configtls ``ClientConfig``)."""

    insecure: bool = False
    insecure_skip_verify: bool = False
    server_name_override: str = ""
    ca_file: str = ""
    ca_pem: SecretStr = SecretStr("")
    cert_file: str = ""
    key_file: str = ""
    include_system_ca_certs_pool: bool = False
    min_version: Literal["", "1.0", "1.1", "1.2", "1.3"] = "1.2"
    max_version: Literal["", "1.0", "1.1", "1.2", "1.3"] = ""
    cipher_suites: list[str] = Field(default_factory=list)
    reload_interval: Duration = 0.0

    @model_validator(mode="after")
    def _check(self) -> TLSConfig:
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file go together; write both or none")
        if self.ca_file and self.ca_pem.get_secret_value():
            raise ValueError("ca_file and ca_pem are both set; write one of them")
        if self.cipher_suites:
            raise ValueError("cipher_suites is not supported; leave it out, min_version excludes weak ones")
        return self

    def context(self) -> ssl.SSLContext:
        """A client context. ValueError when a file can't be read or is no certificate."""
        pem = self.ca_pem.get_secret_value()
        own = bool(self.ca_file or pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not own or self.include_system_ca_certs_pool:
            context.load_default_certs()
        if own:
            with _reading("ca_file", self.ca_file) if self.ca_file else _reading("ca_pem"):
                context.load_verify_locations(cafile=self.ca_file or None, cadata=pem or None)
        if self.cert_file:
            with _reading("cert_file and key_file", self.cert_file, self.key_file):
                context.load_cert_chain(self.cert_file, self.key_file)
        versions = {
            "1.0": ssl.TLSVersion.TLSv1,
            "1.1": ssl.TLSVersion.TLSv1_1,
            "1.2": ssl.TLSVersion.TLSv1_2,
            "1.3": ssl.TLSVersion.TLSv1_3,
        }
        context.minimum_version = versions[self.min_version or "1.2"]
        if self.max_version:
            context.maximum_version = versions[self.max_version]
        if self.insecure_skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@contextmanager
def _reading(keys: str, *paths: str) -> Iterator[None]:
    """OpenSSL's errors name neither the key nor the file."""
    try:
        yield
    except OSError as error:  # ssl.SSLError is one
        wrong = "no PEM certificate, or no key that fits it" if isinstance(error, ssl.SSLError) else error.strerror
        where = f": {', '.join(paths)}" if paths else ""
        raise ValueError(f"tls::{keys}{where}: {wrong}") from error


def _headers(value: Any) -> Any:
    """The collector also takes ``[{name: …, value: …}, …]`` for a map of headers (configopaque.MapList)."""
    if isinstance(value, list) and all(isinstance(one, dict) and set(one) == {"name", "value"} for one in value):
        return {one["name"]: one["value"] for one in value}
    return value


Headers = Annotated[dict[str, SecretStr], BeforeValidator(_headers)]
"""Header values are secrets: they show as asterisks in errors and dumps."""


class HTTPClientConfig(QueuedConfig):
    """confighttp ``ClientConfig``. Keys about Go's transport that mean nothing here are accepted and change nothing."""

    endpoint: str = ""
    proxy_url: str = ""
    tls: TLSConfig = TLSConfig()
    headers: Headers = Field(default_factory=dict)
    compression: str = "gzip"
    compression_params: dict[Literal["level"], int] = Field(default_factory=dict)
    read_buffer_size: int = 0
    write_buffer_size: int = 512 * 1024
    max_idle_conns: int = 100
    max_idle_conns_per_host: int = 0
    max_conns_per_host: int = 0
    idle_conn_timeout: Duration = 90.0
    disable_keep_alives: bool = False
    force_attempt_http2: bool = True
    http2_read_idle_timeout: Duration = 0.0
    http2_ping_timeout: Duration = 0.0

    @field_validator("compression")
    @classmethod
    def _known_compression(cls, value: str) -> str:
        if value not in COMPRESSIONS:
            known = ", ".join(name for name in COMPRESSIONS if name)
            raise ValueError(f"{value!r} is not supported; write one of {known}")
        return value

    @field_validator("headers")
    @classmethod
    def _sendable(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, secret in value.items():
            text = secret.get_secret_value()
            if not name or any(char in name for char in " \t\r\n:") or not name.isascii():
                raise ValueError(f"{name!r} is no header name; write letters, digits and dashes")
            if any(char in text for char in "\r\n\0") or any(ord(char) > 255 for char in text):
                raise ValueError(f"the value of header {name!r} has characters that a header can't carry; remove them")
        return value
