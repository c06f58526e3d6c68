"""A receiver on its own: a host that remembers, and what it was handed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fastlog._core.batch import Batch
from fastlog.receivers.filelog import COMPONENT
from fastlog.receivers.filelog.receiver import FilelogReceiver
from fastlog.types import ComponentID, Context, Origin


@dataclass
class MemoryHost:
    """A host whose checkpoints outlive receivers, as the store's do. ``acknowledge`` off: nothing is ever delivered."""

    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    acknowledge: bool = True
    failures: list[BaseException] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def checkpoint(self, source: str) -> int | None:
        return self.positions.get(source)

    def known(self) -> Mapping[str, Mapping[str, Any]]:
        return {source: dict(facts) for source, facts in self.facts.items()}

    def describe(self, source: str, facts: Mapping[str, Any]) -> None:
        self.facts[source] = dict(facts)

    def reserve(self, size: int) -> bool:
        return not self.stopped.is_set()

    def release(self, size: int) -> None:
        raise AssertionError("nothing that was reserved is given back")

    def fail(self, error: BaseException) -> None:
        self.failures.append(error)

    def stopping(self) -> bool:
        return self.stopped.is_set()


@dataclass
class Harness:
    """One receiver over a directory, and everything it submitted."""

    directory: Path
    host: MemoryHost = field(default_factory=MemoryHost)
    records: list[dict[str, Any]] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    receiver: FilelogReceiver | None = None
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def start(self, **config: Any) -> None:
        config.setdefault("include", [str(self.directory / "*.log")])
        config.setdefault("start_at", "beginning")
        context = Context(ComponentID("filelog"), "receivers::filelog")
        self.receiver = COMPONENT.create(COMPONENT.config.model_validate(config), context)
        assert self.receiver is not None
        self.receiver.start(self.host, self._take)

    def _take(self, batch: Batch) -> None:
        batch.plan.run(batch)
        with self._arrived:
            self.records += batch.to_records()
            self.origins.append(batch.origin)
            if self.host.acknowledge:
                self.host.positions[batch.origin.source] = batch.origin.end
            self._arrived.notify_all()
        batch.release()

    def stop(self) -> None:
        if self.receiver is not None:
            self.receiver.stop()
            self.receiver = None

    @property
    def lines(self) -> list[str]:
        return [record["body"] for record in self.records]

    def wait(self, done: Callable[[], bool], seconds: float = 10.0) -> None:
        with self._arrived:
            assert self._arrived.wait_for(done, seconds), f"after {seconds} s there are {self.lines[-5:]}"

    def wait_lines(self, *expected: str) -> None:
        """Until as many lines have come; then they are ``expected``, in this order."""
        self.wait(lambda: len(self.lines) >= len(expected))
        assert self.lines == list(expected)

    def settle(self, seconds: float = 0.4) -> None:
        """Long enough for anything that is going to come."""
        time.sleep(seconds)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    directory = tmp_path / "logs"
    directory.mkdir()
    harness = Harness(directory)
    yield harness
    harness.stop()
    assert harness.host.failures == []
