"""Progress shows while a backlog is read, and not while following."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fastlog import telemetry
from fastlog.cli import progress
from fastlog.cli.progress import Progress


def test_it_shows_a_backlog_only(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    metrics = telemetry.Metrics()
    runner: Any = SimpleNamespace(metrics=metrics, ledger=SimpleNamespace(outstanding=3))
    shown: list[str] = []
    one = Progress()
    monkeypatch.setattr(one, "_show", shown.append)
    for size in (1_000, 2_000_000, 90_000_000):
        now += 0.25
        metrics.counter(telemetry.RECEIVER_BYTES, receiver="filelog").add(size)
        one.tick(runner)
        one.tick(runner)  # too soon to say anything
    assert shown == [
        "2 MB read (8 MB/s), 0 records sent, 3 blocks in flight",
        "92 MB read (360 MB/s), 0 records sent, 3 blocks in flight",
    ]
    one.close()
