"""Which part of each source every exporter has taken.

Requests finish in any order, a checkpoint may not: it moves over the contiguous prefix of acknowledged ranges only
(DESIGN, section 4). Each exporter has its own cursor in each source, so a stalled one holds back its own and nobody
else's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from fastlog.types import Origin, Position


class _Cursor:
    """One exporter's progress in one source."""

    __slots__ = ("ahead", "next", "position", "tracked")

    def __init__(self, origin: Origin) -> None:
        self.next = origin.sequence  # the first range not acknowledged
        self.tracked = origin.sequence  # one past the last range tracked
        self.position = origin.start  # everything before it is acknowledged
        self.ahead: dict[int, Position] = {}  # sequence → end of the ranges acknowledged out of order


class Ledger:
    """Turns out-of-order acknowledgements into positions.

    ``on_advance(source, exporter, position)`` is called when everything of ``source`` before ``position`` has been
    acknowledged by ``exporter``: with growing positions, one call at a time, the ledger locked. So it must be quick and
    not call the ledger; it is for noting the position, not for writing it to disk.
    """

    def __init__(self, on_advance: Callable[[str, str, Position], None]) -> None:
        self._on_advance = on_advance
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._cursors: dict[str, dict[str, _Cursor]] = {}  # source → exporter
        self._outstanding = 0

    def track(self, origin: Origin, exporters: Iterable[str]) -> None:
        """``origin`` is on its way to ``exporters``. Call it in the order of ``origin.sequence`` of each source.

        ValueError when a sequence number is left out or comes twice: a checkpoint would pass over unsent records.
        """
        with self._lock:
            cursors = self._cursors.setdefault(origin.source, {})
            for exporter in exporters:
                cursor = cursors.get(exporter)
                if cursor is None:
                    cursor = cursors[exporter] = _Cursor(origin)
                if origin.sequence != cursor.tracked:
                    raise ValueError(
                        f"{origin.source}: range {origin.sequence} was tracked where {cursor.tracked} was expected"
                    )
                cursor.tracked += 1
                self._outstanding += 1

    def ack(self, exporter: str, origin: Origin) -> None:
        """``exporter`` needs nothing more of ``origin``. KeyError when it was never tracked or was acknowledged
        before."""
        with self._lock:
            cursor = self._cursors[origin.source][exporter]
            if not cursor.next <= origin.sequence < cursor.tracked or origin.sequence in cursor.ahead:
                raise KeyError(f"{origin.source}: range {origin.sequence} is not outstanding for {exporter}")
            self._outstanding -= 1
            if origin.sequence != cursor.next:
                cursor.ahead[origin.sequence] = origin.end
            else:
                cursor.next += 1
                position = origin.end
                while (end := cursor.ahead.pop(cursor.next, None)) is not None:
                    cursor.next += 1
                    position = end
                cursor.position = position
                self._on_advance(origin.source, exporter, position)
            if self._outstanding == 0:
                self._idle.notify_all()

    def position(self, source: str) -> Position | None:
        """The position that every exporter has acknowledged ``source`` up to; None when nothing of it was tracked."""
        with self._lock:
            return min((cursor.position for cursor in self._cursors.get(source, {}).values()), default=None)

    def forget(self, source: str) -> None:
        """Drop the cursors of a source that has ended. ValueError while ranges of it are outstanding."""
        with self._lock:
            if any(cursor.next != cursor.tracked for cursor in self._cursors.get(source, {}).values()):
                raise ValueError(f"{source}: ranges are outstanding")
            self._cursors.pop(source, None)

    @property
    def outstanding(self) -> int:
        """Ranges tracked and not acknowledged, counted once per exporter."""
        return self._outstanding

    def wait_idle(self, timeout: float | None = None) -> bool:
        """Wait until nothing is outstanding; False on time-out (seconds)."""
        with self._lock:
            return self._idle.wait_for(lambda: self._outstanding == 0, timeout)
