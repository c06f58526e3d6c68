"""The validated configuration: what graph.py is built from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field, model_validator

from fastlog.config.fields import ConfigModel
from fastlog.errors import PathPart, Place, Problem
from fastlog.types import Component, ComponentID

SECTIONS = {"receiver": "receivers", "processor": "processors", "exporter": "exporters", "extension": "extensions"}
"""Component kinds and the top-level keys they are configured under."""


@dataclass(frozen=True, slots=True)
class ComponentConfig:
    """One configured component: ``model`` is an instance of ``component.config``."""

    id: ComponentID
    component: Component
    model: Any
    place: Place

    @property
    def path(self) -> tuple[PathPart, ...]:
        return (SECTIONS[self.component.kind], str(self.id))


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """One pipeline of ``service::pipelines``, its references resolved."""

    id: ComponentID
    receivers: tuple[ComponentConfig, ...]
    processors: tuple[ComponentConfig, ...]
    exporters: tuple[ComponentConfig, ...]
    place: Place


class TelemetryLogs(ConfigModel):
    """``service::telemetry::logs``: fastlog's own log lines."""

    level: Literal["debug", "info", "warn", "error", "DEBUG", "INFO", "WARN", "ERROR", ""] = "info"
    encoding: Literal["console", "json"] = "console"
    output_paths: list[str] = Field(default_factory=lambda: ["stderr"])
    # Of the collector's other keys, these change nothing here: errors are always sampled, and never with a stack trace
    # in production.
    development: bool = False
    disable_caller: bool = False
    disable_stacktrace: bool = False
    sampling: Any = None
    error_output_paths: list[str] = Field(default_factory=list)
    initial_fields: dict[str, Any] = Field(default_factory=dict)
    processors: Any = None
    disable_zap_resource: bool = False


class TelemetryMetrics(ConfigModel):
    """``service::telemetry::metrics``: fastlog's own counters, to be read by Prometheus."""

    level: Literal["none", "basic", "normal", "detailed", ""] = "normal"
    readers: list[dict[str, Any]] = Field(default_factory=list)
    address: str = ""
    views: Any = None

    @model_validator(mode="after")
    def _check(self) -> TelemetryMetrics:
        if self.address:
            raise ValueError("address is no longer a key of the collector; write readers: [{pull: {exporter: …}}]")
        self.endpoints()
        return self

    def endpoints(self) -> list[tuple[str, int]]:
        """The host and port of every ``pull`` reader. ValueError for a reader that is not one for Prometheus."""
        found = []
        for reader in self.readers:
            try:
                prometheus = reader["pull"]["exporter"]["prometheus"]
                found.append((str(prometheus.get("host", "localhost")), int(prometheus.get("port", 8888))))
            except (KeyError, TypeError, AttributeError):
                raise ValueError(
                    "a reader is not supported; write {pull: {exporter: {prometheus: {host: …, port: …}}}}"
                ) from None
        return found if self.level != "none" else []


class Telemetry(ConfigModel):
    logs: TelemetryLogs = TelemetryLogs()
    metrics: TelemetryMetrics = TelemetryMetrics()
    traces: Any = None
    resource: Any = None


class PipelineModel(ConfigModel):
    """A pipeline as it is written."""

    receivers: list[str] = Field(default_factory=list)
    processors: list[str] = Field(default_factory=list)
    exporters: list[str] = Field(default_factory=list)


class Service(ConfigModel):
    extensions: list[str] = Field(default_factory=list)
    pipelines: dict[str, PipelineModel | None] = Field(default_factory=dict)
    telemetry: Telemetry = Telemetry()


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a run needs to know; only the components that pipelines and ``service::extensions`` name."""

    pipelines: tuple[PipelineConfig, ...]
    extensions: tuple[ComponentConfig, ...]
    telemetry: Telemetry
    warnings: tuple[Problem, ...] = field(default=())

    def components(self) -> Iterator[ComponentConfig]:
        """Every component in use, once: receivers, processors, exporters in the order of the pipelines, extensions."""
        seen: set[tuple[PathPart, ...]] = set()
        for part in ("receivers", "processors", "exporters"):
            for pipeline in self.pipelines:
                for item in getattr(pipeline, part):
                    if item.path not in seen:
                        seen.add(item.path)
                        yield item
        yield from self.extensions
