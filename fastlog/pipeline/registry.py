"""Which component types there are, and where each lives.

A component's module is imported when a configuration names it, so that a run pays for what it uses and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from fastlog.types import Component

MODULES: dict[str, dict[str, str]] = {
    "receiver": {
        "filelog": "fastlog.receivers.filelog",
    },
    "processor": {
        "attributes": "fastlog.processors.attributes",
        "batch": "fastlog.processors.batch",
        "memory_limiter": "fastlog.processors.memory_limiter",
        "resource": "fastlog.processors.resource",
        "resourcedetection": "fastlog.processors.resourcedetection",
        "transform": "fastlog.processors.transform",
    },
    "exporter": {
        "clickhouse": "fastlog.exporters.clickhouse",
        "debug": "fastlog.exporters.debug",
        "file": "fastlog.exporters.file",
        "nop": "fastlog.exporters.nop",
        "otlphttp": "fastlog.exporters.otlphttp",
    },
    "extension": {
        "file_storage": "fastlog.extensions.file_storage",
        "health_check": "fastlog.extensions.health_check",
    },
}

SERVICES: dict[str, Callable[..., Any]] = {}
"""What the layers above the pipeline provide for components (``Context.services``), by name; see :func:`provide`."""

RENAMED = {
    "receiver": {"file_log": "filelog"},
    "processor": {"resource_detection": "resourcedetection"},
    "exporter": {"otlp_http": "otlphttp"},
    "extension": {},
}
"""The collector's newer names; both are accepted."""

EXTRAS = {"boto3": "aws", "botocore": "aws", "chdb": "clickhouse-embedded", "numpy": "arrow", "pyarrow": "arrow"}
"""Optional libraries and the extra of the distribution that brings each."""


def provide(name: str, service: Callable[..., Any]) -> None:
    """Offer a service to every component created from now on: the command line provides ``store``, which opens the
    embedded store, because components may not import what is above them."""
    SERVICES[name] = service


def names(kind: str) -> list[str]:
    """Every accepted type of ``kind``, the newer names included, sorted."""
    return sorted([*MODULES[kind], *RENAMED[kind]])


def find(kind: str, type_: str) -> Component | None:
    """The component of ``kind`` called ``type_`` under its old or its new name; None if there is none.

    ImportError names what to install when it needs a library that is not there.
    """
    module = MODULES[kind].get(RENAMED[kind].get(type_, type_))
    if module is None:
        return None
    try:
        component = import_module(module).COMPONENT
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in EXTRAS:
            raise
        raise ImportError(f"{library}; install it with pip install 'fastlog-ingest[{EXTRAS[library]}]'") from error
    assert isinstance(component, Component), f"{module}.COMPONENT is no Component"
    return component
