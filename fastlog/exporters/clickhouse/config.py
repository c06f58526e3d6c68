"""The collector's ``clickhouse`` exporter configuration, v0.149."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from fastlog.config.fields import ConfigModel, Duration
from fastlog.exporters.settings import QueuedConfig, TLSConfig

_COMPRESSIONS = {"": "zstd", "true": "zstd", "lz4": "zstd", "zstd": "zstd", "gzip": "gzip", "deflate": "deflate",
                 "none": "none", "false": "none"}  # fmt: skip
"""``compress`` → how an HTTP body is compressed."""

_NATIVE_SCHEMES = ("tcp", "clickhouse", "native")
_HTTP_PORTS = {9000: 8123, 9440: 8443}
"""The native protocol's port → HTTP's on the same server."""

_DRIVER_PARAMETERS = frozenset(
    {
        "block_buffer_size",
        "client_info_product",
        "compress",
        "compress_level",
        "conn_max_lifetime",
        "connection_open_strategy",
        "database",
        "debug",
        "dial_timeout",
        "http_path",
        "http_proxy",
        "max_compression_buffer",
        "max_idle_conns",
        "max_open_conns",
        "password",
        "read_timeout",
        "secure",
        "skip_verify",
        "username",
    }
)
"""Connection parameters for the collector's driver (clickhouse-go), not for the server; others are settings."""


class TableEngine(ConfigModel):
    name: str = ""
    params: str = ""

    def sql(self) -> str:
        return f"{self.name}({self.params})" if self.name else "MergeTree()"


class Config(QueuedConfig):
    """``endpoint`` is ``http(s)://host:port``, or ``chdb:///path`` for the embedded store."""

    endpoint: str
    username: str = ""
    password: SecretStr = SecretStr("")
    database: str = "default"
    tls: TLSConfig = TLSConfig()
    connection_params: dict[str, str] = Field(default_factory=dict)
    logs_table_name: str = "otel_logs"
    traces_table_name: str = "otel_traces"
    metrics_table_name: str = ""
    metrics_tables: dict[str, Any] = Field(default_factory=dict)
    ttl: Duration = 0.0
    table_engine: TableEngine = TableEngine()
    cluster_name: str = ""
    create_schema: bool = True
    compress: str = ""
    async_insert: bool = True
    json_columns: bool = Field(default=False, alias="json")
    timeout: Duration = 5.0

    @field_validator("endpoint")
    @classmethod
    def _supported(cls, value: str) -> str:
        try:
            url = urlsplit(value)
            port = url.port
        except ValueError:
            raise ValueError("not a URL; write http://host:8123, or chdb:///path for the embedded store") from None
        if url.scheme in _NATIVE_SCHEMES and url.hostname:
            raise ValueError(
                f"{url.scheme}:// is ClickHouse's native protocol, which fastlog does not speak; "
                f"write {_http_form(url, port)!r}, the HTTP interface of the same server"
            )
        if url.scheme == "chdb":
            if url.netloc or len(url.path) < 2:
                raise ValueError("the embedded store needs an absolute path; write chdb:///var/lib/fastlog/store")
        elif url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(
                "not a ClickHouse endpoint; write http://host:8123, or chdb:///path for the embedded store"
            )
        return value

    @field_validator("compress")
    @classmethod
    def _known_compression(cls, value: str) -> str:
        if value not in _COMPRESSIONS:
            raise ValueError(f"{value!r} is not supported; write zstd, gzip, deflate or none")
        return value

    @field_validator("json_columns")
    @classmethod
    def _maps_only(cls, value: bool) -> bool:
        if value:
            raise ValueError("JSON columns are not supported; leave json out, attributes are then Map columns")
        return value

    @field_validator("ttl")
    @classmethod
    def _whole_ttl(cls, value: float) -> float:
        if value < 0 or 0 < value < 1:
            raise ValueError(f"{value}s is no time to live; write one of at least 1s, as in '720h', or 0 for none")
        return value

    @model_validator(mode="after")
    def _named(self) -> Config:
        if not self.logs_table_name:
            raise ValueError("logs_table_name is empty; write otel_logs")
        return self

    def deviations(self) -> Iterable[str]:
        yield from super().deviations()
        if self.store_path() is None and self.compress in ("true", "lz4"):
            yield f"compress: {self.compress} is sent as zstd, which ClickHouse's HTTP interface takes as well"
        if self.settings().get("wait_for_async_insert") == "0":
            yield "wait_for_async_insert=0: the server confirms inserts that it may still lose"
        if self.tls.insecure_skip_verify:
            yield "tls::insecure_skip_verify: the server's certificate is not checked"

    def store_path(self) -> str | None:
        """The embedded store's folder; None when the endpoint is a server."""
        url = urlsplit(self.endpoint)
        return unquote(url.path) if url.scheme == "chdb" else None

    def body_compression(self) -> str:
        """A name that :func:`fastlog.exporters.compress.compressor` knows."""
        chosen = self.compress or self._parameters().get("compress", "")
        return _COMPRESSIONS.get(chosen, "zstd")

    def target_database(self) -> str:
        """``database``, or where that is left at ``default`` the one in the endpoint's path."""
        url = urlsplit(self.endpoint)
        in_path = unquote(url.path).strip("/") if url.scheme != "chdb" else ""
        return in_path if self.database in ("", "default") and in_path else self.database or "default"

    def credentials(self) -> tuple[str, str]:
        """User and password; those of the endpoint where ``username`` is not set."""
        if self.username:
            return self.username, self.password.get_secret_value()
        url = urlsplit(self.endpoint)
        return unquote(url.username or ""), unquote(url.password or "")

    def settings(self) -> dict[str, str]:
        """Server settings that go with every INSERT.

        An asynchronous insert is confirmed when it is written: what was acknowledged is not read again.
        """
        settings = {key: value for key, value in self._parameters().items() if key not in _DRIVER_PARAMETERS}
        if settings.setdefault("async_insert", "1" if self.async_insert else "0") in ("1", "true"):
            settings.setdefault("wait_for_async_insert", "1")
        return settings

    def _parameters(self) -> dict[str, str]:
        query = urlsplit(self.endpoint).query
        return {**dict(parse_qsl(query, keep_blank_values=True)), **self.connection_params}


def _http_form(url: SplitResult, port: int | None) -> str:
    """The HTTP endpoint of the server that a native-protocol URL names, without credentials."""
    parameters = dict(parse_qsl(url.query))
    secure = port == 9440 or parameters.get("secure") in ("true", "1")
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    http_port = _HTTP_PORTS.get(port or 9000, 8123)
    return f"https://{host}:{8443 if http_port == 8123 else http_port}" if secure else f"http://{host}:{http_port}"
