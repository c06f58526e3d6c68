"""A line on the terminal while a backlog is being read. Imported only when standard error is a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastlog import telemetry

if TYPE_CHECKING:
    from rich.status import Status

    from fastlog.pipeline.runner import Runner

_BACKLOG_RATE = 1_000_000
"""Bytes a second above which a reader is working through a backlog rather than following."""


class Progress:
    """Shows records, bytes and the rate while much is being read, and nothing while following."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._at = time.monotonic()
        self._bytes = 0

    def tick(self, runner: Runner) -> None:
        """Called about four times a second."""
        now = time.monotonic()
        if now - self._at < 0.2:
            return
        read = runner.metrics.total(telemetry.RECEIVER_BYTES)
        rate = (read - self._bytes) / (now - self._at)
        self._at, self._bytes = now, read
        pending = runner.ledger.outstanding
        if rate >= _BACKLOG_RATE or (self._status is not None and pending):
            sent = runner.metrics.total(telemetry.EXPORTER_SENT)
            self._show(
                f"{read / 1e6:,.0f} MB read ({rate / 1e6:,.0f} MB/s), {sent:,} records sent, {pending} blocks in flight"
            )
        elif self._status is not None:
            self.close()

    def _show(self, text: str) -> None:
        if self._status is None:
            from rich.console import Console  # slow to import, and most runs never show progress

            self._status = Console(stderr=True).status(text)
            self._status.start()
        self._status.update(text)

    def close(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
