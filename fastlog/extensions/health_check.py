"""The ``health_check`` extension: 200 while the pipelines run, 503 before and after.

Names, paths and bodies: extension/healthcheckextension v0.160.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import field_validator

from fastlog.config.fields import ConfigModel, format_duration
from fastlog.types import Component, Context

if TYPE_CHECKING:
    from fastlog.extensions.endpoint import Endpoint


class ResponseBody(ConfigModel):
    healthy: str = ""
    unhealthy: str = ""


class Config(ConfigModel):
    endpoint: str = "localhost:13133"
    path: str = "/"
    response_body: ResponseBody | None = None

    @field_validator("endpoint")
    @classmethod
    def _address(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not port.isdigit() or int(port) > 65535 or ("]" in host and not host.startswith("[")):
            raise ValueError(f"{value!r} is no address; write host:port, as in 'localhost:13133'")
        return value

    @field_validator("path")
    @classmethod
    def _rooted(cls, value: str) -> str:
        if not value.startswith("/"):
            raise ValueError(f"{value!r} must start with '/'; write '/{value}'")
        return value


class HealthCheck:
    def __init__(self, config: Config, context: Context) -> None:
        self._config = config
        self._name = str(context.id)
        self._started = time.time()
        self._endpoint: Endpoint | None = None
        self._ready: Callable[[], bool] = lambda: False

    def start(self, ready: Callable[[], bool]) -> None:
        """Listen; ``ready`` says whether the pipelines run. ComponentError when the port is taken."""
        from fastlog.extensions.endpoint import Endpoint, split_address

        self._ready = ready
        host, port = split_address(self._config.endpoint)
        self._endpoint = Endpoint(self._name, host, port, {self._config.path: self._page})

    @property
    def port(self) -> int:
        """The port it listens at; 0 before start."""
        return self._endpoint.port if self._endpoint is not None else 0

    def _page(self) -> tuple[int, str, str]:
        healthy = self._ready()
        status = 200 if healthy else 503
        if self._config.response_body is not None:
            own = self._config.response_body
            return status, "text/plain", own.healthy if healthy else own.unhealthy
        body = {"status": "Server available" if healthy else "Server not available"}
        if healthy:
            body["upSince"] = datetime.fromtimestamp(self._started, UTC).isoformat()
            body["uptime"] = format_duration(time.time() - self._started)
        return status, "application/json", json.dumps(body)

    def stop(self) -> None:
        if self._endpoint is not None:
            self._endpoint.stop()
            self._endpoint = None


def create(config: Config, context: Context) -> HealthCheck:
    return HealthCheck(config, context)


COMPONENT = Component(kind="extension", type="health_check", config=Config, create=create)
