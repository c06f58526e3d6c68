"""The words that components share: origins, chunks, results and the component protocols. Imports nothing of fastlog but
the leaves errors and telemetry and, for type checking only, the compiled Batch.

The way of the data (DESIGN, section 1): a receiver fills a :class:`~fastlog.Batch` with raw bytes and submits it; a
worker runs its plan, the pipeline's processors and each exporter's encoder over it; the exporter's senders join the
encoded :class:`Chunk` objects into requests and acknowledge what the destination has taken. Batches go down,
acknowledgements come up; nothing else connects a receiver with an exporter.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fastlog.errors import Problem
from fastlog.telemetry import Metrics

if TYPE_CHECKING:
    from fastlog._core.batch import Batch
    from fastlog._core.buffer import Buffer

Position = int
"""A place in a source that a checkpoint can name: a byte offset for a file, an event sequence for a group."""


@dataclass(frozen=True, slots=True)
class ComponentID:
    """``type[/name]`` as the collector writes it: ``filelog/syslog``."""

    type: str
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> ComponentID:
        kind, _, name = text.partition("/")
        return cls(kind.strip(), name.strip())

    def __str__(self) -> str:
        return f"{self.type}/{self.name}" if self.name else self.type


@dataclass(frozen=True, slots=True)
class Origin:
    """The range of one source that a batch was read from; what the ledger acknowledges.

    ``source`` is stable across restarts (for a file: its fingerprint id, not its path), ``start <= end`` are positions
    in it. ``sequence`` counts the ranges of one source from 0 in the order they were read, without gaps.
    """

    source: str
    start: Position
    end: Position
    sequence: int


@dataclass(slots=True)
class Chunk:
    """Encoded records of one batch for one exporter.

    ``data`` holds the encoded bytes (OTLP: a run of ``ResourceLogs`` fields of an ``ExportLogsServiceRequest``, so that
    concatenated chunks are one valid request); ``records`` counts the records in it. ``release`` gives the buffer back.
    """

    data: Buffer
    records: int
    origin: Origin

    def release(self) -> None:
        self.data.release()


class Outcome:
    """How one send attempt ended. The queue decides by this alone."""

    __slots__ = ("detail", "kind", "rejected", "retry_after")

    DELIVERED = "delivered"
    RETRY = "retry"  # a retryable status, a connection error, a time-out
    SPLIT = "split"  # 400, 413: send smaller parts to find the offending records
    WAIT = "wait"  # 401, 403, 404: wrong endpoint or credentials, nothing is wrong with the records

    def __init__(self, kind: str, detail: str = "", *, rejected: int = 0, retry_after: float | None = None) -> None:
        self.kind = kind
        self.detail = detail  # what the destination said, for the operator; never a secret
        self.rejected = rejected  # records the destination refused in a partial success
        self.retry_after = retry_after  # seconds

    def __repr__(self) -> str:
        return f"Outcome({self.kind!r}, {self.detail!r}, rejected={self.rejected}, retry_after={self.retry_after})"


class Host(Protocol):
    """What a running pipeline offers its components."""

    def checkpoint(self, source: str) -> Position | None:
        """The position up to which every exporter of this receiver has acknowledged ``source``; None if unknown."""

    def known(self) -> Mapping[str, Mapping[str, Any]]:
        """The facts remembered of every source of this receiver, by source (see :meth:`describe`)."""

    def describe(self, source: str, facts: Mapping[str, Any]) -> None:
        """Remember ``facts`` (JSON values) with ``source``: what recognises it after a restart."""

    def reserve(self, size: int) -> bool:
        """Take ``size`` bytes of the memory budget, waiting while it is spent; False when the pipeline is stopping."""

    def release(self, size: int) -> None:
        """Give back reserved bytes that were not submitted: of ``size`` reserved, a batch holds ``batch.raw_size``."""

    def fail(self, error: BaseException) -> None:
        """The receiver can't go on: end the run, with exit code 1. For defects; a source that is away is waited for."""

    def stopping(self) -> bool:
        """True once a shutdown was asked for; receivers return from their loops soon after."""


class Receiver(Protocol):
    def start(self, host: Host, submit: Callable[[Batch], None]) -> None:
        """Start the reader thread. It calls ``submit`` with raw batches (``batch.origin`` and ``batch.plan`` set), in
        the order of each source."""

    def caught_up(self) -> bool:
        """True while everything that exists has been read and submitted; for ``--exit-when-caught-up``."""

    def stop(self) -> None:
        """Stop reading; returns when no further ``submit`` can come."""


class Processor(Protocol):
    def process(self, batch: Batch) -> None:
        """Change the columns of ``batch`` in place. Runs on a worker thread; keeps no reference to it."""


class Exporter(Protocol):
    """The part of an exporter that is its own. Joining, retry and acknowledgement are in exporters/base.py."""

    def encode(self, batch: Batch) -> Chunk:
        """Encode the records of ``batch`` that are not dropped. Runs on a worker thread."""

    def send(self, chunks: list[Chunk], timeout: float) -> Outcome:
        """One attempt to deliver ``chunks`` as one request. Runs on a sender thread; never raises for a refusal."""

    def shutdown(self) -> None: ...


class Extension(Protocol):
    def start(self, ready: Callable[[], bool]) -> None:
        """Called before any pipeline starts; ``ready`` tells later whether they run. ComponentError stops the start."""

    def stop(self) -> None: ...


class Store(Protocol):
    """The embedded ClickHouse store, as components see it. Methods raise StoreError with ClickHouse's message."""

    def execute(self, statement: str) -> None:
        """Run a statement that returns nothing."""

    def insert(self, statement: str, format: str, blocks: Iterable[Any], /) -> int:
        """Insert ``blocks`` (buffers), together one input in ClickHouse's ``format``; returns the rows written."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Component:
    """What a component package exports as ``COMPONENT``; the registry knows where each type lives, and imports on use.

    ``config`` is a pydantic model; ``create(config, context)`` makes the receiver, processor or exporter.
    """

    kind: str  # receiver | processor | exporter | extension
    type: str
    config: builtins.type[Any]
    create: Callable[..., Any]
    stability: str = "beta"
    checks: tuple[Callable[[Any], Iterable[Problem]], ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What a component is created with: its id (for messages, metrics and state keys), where its config was written,
    and the counters of the pipeline it runs in."""

    id: ComponentID
    path: str  # "receivers::filelog/syslog"
    environment: Mapping[str, str] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    services: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """What the program lends to components that may not import it: ``store(path)`` opens the embedded Store."""
