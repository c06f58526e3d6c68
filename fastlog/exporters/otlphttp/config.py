"""The collector's ``otlphttp`` (``otlp_http``) exporter configuration, v0.160."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

from pydantic import field_validator, model_validator

from fastlog.exporters.settings import HTTPClientConfig


class Config(HTTPClientConfig):
    """One of ``endpoint`` and ``logs_endpoint`` is required; the former gets ``/v1/logs`` appended."""

    logs_endpoint: str = ""
    traces_endpoint: str = ""
    metrics_endpoint: str = ""
    profiles_endpoint: str = ""
    encoding: Literal["proto", "json"] = "proto"

    @field_validator("endpoint", "logs_endpoint", "proxy_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if not value:
            return value
        try:
            parts = urlsplit(value)
            known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            known = False
        if not known:
            raise ValueError(
                "not an http:// or https:// URL; write scheme, host and port (1 to 65535), as in 'http://host:4318'"
            )
        return value

    @model_validator(mode="after")
    def _has_endpoint(self) -> Config:
        if not (self.endpoint or self.logs_endpoint):
            raise ValueError("no endpoint; write endpoint: http://host:4318, or logs_endpoint with the full URL")
        return self

    def url(self) -> str:
        """Where logs go."""
        return self.logs_endpoint or self.endpoint.rstrip("/") + "/v1/logs"

    def deviations(self) -> Iterable[str]:
        yield from super().deviations()
        if self.tls.insecure_skip_verify:
            yield "tls::insecure_skip_verify: the server's certificate is not checked"
