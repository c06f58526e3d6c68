"""The ``debug`` exporter: records as text, for reading. Formats: exporter/debugexporter v0.160, "Verbosity levels".

Each batch is a line; ``normal`` adds a line a record, ``detailed`` every field of each. It builds Python objects
for every record: it is for reading, not for speed.
"""

from __future__ import annotations

import base64
import json
import math
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Literal

from pydantic import Field, model_validator

from fastlog._core.batch import Batch
from fastlog._core.buffer import Buffer
from fastlog.config.fields import ConfigModel, Delivery, ExporterConfig
from fastlog.types import Chunk, Component, Context, Outcome

_SEVERITIES = ("Trace", "Debug", "Info", "Warn", "Error", "Fatal")


class SendingQueue(ConfigModel):
    """Accepted for the collector's sake; there is nothing to queue for."""

    enabled: bool = False


class Config(ExporterConfig):
    verbosity: Literal["basic", "normal", "detailed", "Basic", "Normal", "Detailed"] = "basic"
    sampling_initial: int = 2
    sampling_thereafter: int = 1
    use_internal_logger: bool = True
    output_paths: list[str] = Field(default_factory=lambda: ["stdout"])
    sending_queue: SendingQueue = SendingQueue()

    @model_validator(mode="after")
    def _check(self) -> Config:
        for path in self.output_paths:
            if path not in ("stdout", "stderr"):
                raise ValueError(
                    f"output_paths: {path!r} is not supported; write stdout or stderr, or use the file exporter"
                )
        return self

    def delivery(self) -> Delivery:
        return Delivery("at-least-once", "a terminal can't say what it has shown")


class DebugExporter:
    def __init__(self, config: Config) -> None:
        self._verbosity = config.verbosity.lower()
        self._streams = ["stderr"] if config.use_internal_logger else config.output_paths
        self._lock = threading.Lock()

    def encode(self, batch: Batch) -> Chunk:
        records = batch.to_records()
        groups = [(resource, list(group)) for resource, group in groupby(records, key=lambda one: one["resource"])]
        text = f"Logs\tresource logs: {len(groups)}\tlog records: {len(records)}\n"
        if self._verbosity != "basic":
            text += "".join(_normal(groups) if self._verbosity == "normal" else _detailed(groups))
        return Chunk(Buffer(text.encode("utf-8", "surrogateescape")), len(records), batch.origin)

    def send(self, chunks: list[Chunk], timeout: float) -> Outcome:
        with self._lock:
            for name in self._streams:
                stream = getattr(sys, name)
                for chunk in chunks:
                    with memoryview(chunk.data) as view:
                        stream.write(bytes(view).decode("utf-8", "replace"))
                stream.flush()
        return Outcome(Outcome.DELIVERED)

    def shutdown(self) -> None:
        pass


Groups = list[tuple[dict[str, Any], list[dict[str, Any]]]]


def _normal(groups: Groups) -> Iterator[str]:
    for number, (resource, records) in enumerate(groups):
        yield (
            " ".join([f"ResourceLog #{number}", *(f"{key}={_plain(value)}" for key, value in resource.items())]) + "\n"
        )
        yield "ScopeLog #0\n"
        for record in records:
            attributes = (f"{key}={_plain(value)}" for key, value in record["attributes"].items())
            yield " ".join([_plain(record["body"]), *attributes]) + "\n"


def _detailed(groups: Groups) -> Iterator[str]:
    for number, (resource, records) in enumerate(groups):
        yield f"ResourceLog #{number}\nResource SchemaURL: \n"
        yield from _attributes("Resource attributes", resource)
        yield "ScopeLogs #0\nScopeLogs SchemaURL: \nInstrumentationScope  \n"
        for index, record in enumerate(records):
            severity = record["severity_number"]
            yield f"LogRecord #{index}\n"
            yield f"ObservedTimestamp: {_time(record['observed_time_unix_nano'])}\n"
            yield f"Timestamp: {_time(record['time_unix_nano'])}\n"
            yield f"SeverityText: {record['severity_text']}\n"
            yield f"SeverityNumber: {severity_name(severity)}({severity})\n"
            yield f"Body: {_typed(record['body'])}\n"
            yield from _attributes("Attributes", record["attributes"])
            yield "Trace ID: \nSpan ID: \nFlags: 0\n"


def _attributes(title: str, attributes: dict[str, Any]) -> Iterator[str]:
    if attributes:
        yield f"{title}:\n"
        for key, value in attributes.items():
            yield f"     -> {key}: {_typed(value)}\n"


def severity_name(number: int) -> str:
    """``9`` → ``Info``, ``11`` → ``Info3`` (OpenTelemetry log data model, "Field: SeverityNumber")."""
    if not 1 <= number <= 24:
        return "Unspecified"
    level, step = divmod(number - 1, 4)
    return _SEVERITIES[level] + (str(step + 1) if step else "")


def _time(ns: int) -> str:
    seconds, rest = divmod(ns, 10**9)
    stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{stamp}{fraction} +0000 UTC"


def _plain(value: Any) -> str:
    """``value`` as pdata's ``Value.AsString`` writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if value is None:
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    text = json.dumps(_jsonable(value), separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _jsonable(value: Any) -> Any:
    """``value`` with what Go's JSON writes in another way than Python's: whole floats have no fraction, bytes are
    base64."""
    if isinstance(value, dict):
        return {key: _jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_jsonable(inner) for inner in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


_TYPES = {bool: "Bool", int: "Int", float: "Double", str: "Str", bytes: "Bytes", dict: "Map", list: "Slice"}


def _typed(value: Any) -> str:
    name = _TYPES.get(type(value), "Empty")
    return f"{name}({_plain(value)})"


def create(config: Config, context: Context) -> DebugExporter:
    return DebugExporter(config)


COMPONENT = Component(kind="exporter", type="debug", config=Config, create=create)
