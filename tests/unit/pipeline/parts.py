"""A receiver and an exporter for tests of the pipeline: blocks from memory in, records kept in memory out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from fastlog._core.batch import Batch
from fastlog._core.buffer import Buffer
from fastlog._core.hot import frame
from fastlog._core.plan import Plan
from fastlog.config.fields import ConfigModel, ExporterConfig
from fastlog.config.model import Config
from fastlog.config.validate import validate
from fastlog.config.yaml import load
from fastlog.pipeline import registry
from fastlog.pipeline.graph import Graph, build
from fastlog.types import Chunk, Component, Context, Host, Origin, Outcome


class BlocksConfig(ConfigModel):
    blocks: list[str] = []  # noqa: RUF012 - a pydantic field
    source: str = "memory"
    storage: str | None = None
    fail: bool = False

    def deviations(self) -> Iterable[str]:
        yield "it reads from memory"


class Blocks:
    """Submits each block as one batch, continuing after the checkpoint."""

    def __init__(self, config: BlocksConfig, context: Context) -> None:
        self._config = config
        self._plan = Plan(frame.LineFramer())
        self._thread: threading.Thread | None = None
        self._done = False

    def start(self, host: Host, submit: Callable[[Batch], None]) -> None:
        self._thread = threading.Thread(target=self._read, args=(host, submit))
        self._thread.start()

    def _read(self, host: Host, submit: Callable[[Batch], None]) -> None:
        position, sequence = 0, 0
        done = host.checkpoint(self._config.source) or 0
        if self._config.fail:
            host.fail(OSError("the disk is on fire"))
        host.describe(self._config.source, {"blocks": len(self._config.blocks)})
        for block in self._config.blocks:
            data = block.encode()
            start, position = position, position + len(data)
            if position <= done:
                continue
            if not host.reserve(len(data) + 10):
                return
            batch = self._plan.new_batch()
            batch.fill(data)
            batch.origin = Origin(self._config.source, start, position, sequence)
            sequence += 1
            submit(batch)
            host.release(10)
        self._done = True

    def caught_up(self) -> bool:
        return self._done

    def stop(self) -> None:
        assert self._thread is not None
        self._thread.join()


@dataclass
class Kept:
    """What the exporters of a test were given."""

    bodies: list[str] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    outcome: Outcome = field(default_factory=lambda: Outcome(Outcome.DELIVERED))
    gate: threading.Event = field(default_factory=threading.Event)
    encode_error: Exception | None = None
    closed: int = 0


class KeepConfig(ExporterConfig):
    pass


class Keep:
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    def encode(self, batch: Batch) -> Chunk:
        if self.kept.encode_error is not None:
            raise self.kept.encode_error
        bodies = [record["body"] for record in batch.to_records()]
        return Chunk(Buffer("\n".join(bodies).encode()), len(bodies), batch.origin)

    def send(self, chunks: list[Chunk], timeout: float) -> Outcome:
        self.kept.gate.wait()
        if self.kept.outcome.kind == Outcome.DELIVERED:
            self.kept.requests.append(sum(chunk.records for chunk in chunks))
            for chunk in chunks:
                with memoryview(chunk.data) as view:
                    self.kept.bodies += bytes(view).decode().split("\n")
        return self.kept.outcome

    def shutdown(self) -> None:
        self.kept.closed += 1


class UpperConfig(ConfigModel):
    pass


class Mark:
    """Sets an attribute on every record, so that a test sees which pipeline a record went through."""

    def process(self, batch: Batch) -> None:
        batch.set_constant(b"marked", "yes")


class Parts:
    """The registry's components and, beside them, ``blocks``, ``mark`` and ``keep/…`` with what each kept."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self._own = {
            ("receiver", "blocks"): Component("receiver", "blocks", BlocksConfig, Blocks),
            ("processor", "mark"): Component("processor", "mark", UpperConfig, lambda config, context: Mark()),
            ("exporter", "keep"): Component("exporter", "keep", KeepConfig, self._keep),
        }

    def _keep(self, config: KeepConfig, context: Context) -> Keep:
        return Keep(self.of(str(context.id)))

    def of(self, exporter: str) -> Kept:
        if exporter not in self.kept:
            self.kept[exporter] = Kept()
            self.kept[exporter].gate.set()
        return self.kept[exporter]

    def names(self, kind: str) -> list[str]:
        return sorted([*registry.names(kind), *(name for own, name in self._own if own == kind)])

    def find(self, kind: str, type_: str) -> Component | None:
        return self._own.get((kind, type_)) or registry.find(kind, type_)

    def config(self, *texts: str) -> Config:
        return validate(load([f"yaml:{text}" for text in texts], environ={}), self)

    def graph(self, *texts: str) -> Graph:
        return build(self.config(*texts))


def records(count: int, start: int = 0) -> str:
    return "".join(f"line {number}\n" for number in range(start, start + count))


def config(**sections: Any) -> str:
    """YAML (JSON is YAML) of one pipeline from ``blocks`` to ``keep``, with ``sections`` over it."""
    import json

    base: dict[str, Any] = {
        "receivers": {"blocks": {"blocks": ["a\nb\n", "c\n"]}},
        "exporters": {"keep": {}},
        "service": {"pipelines": {"logs": {"receivers": ["blocks"], "exporters": ["keep"]}}},
    }
    return json.dumps({**base, **sections})
