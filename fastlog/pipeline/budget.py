"""The memory budget: bytes that have been read and not yet acknowledged. When it is spent, receivers wait; nothing is
dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Budget:
    """``limit`` bytes for the whole process.

    A reservation waits while the budget is overspent, never for its own size to fit: one larger than the limit passes
    when nothing else is held, so a huge record can't block its receiver for ever. Before it waits, and whenever that
    was in vain, ``on_wait`` is called: what is held for a batch to fill has to go, because nothing will fill it now.
    """

    def __init__(self, limit: int, on_wait: Callable[[], None] | None = None) -> None:
        if limit <= 0:
            raise ValueError(f"a memory budget of {limit} bytes lets nothing through; write a positive size")
        self.limit = limit
        self._on_wait = on_wait
        self._used = 0
        self._stopping = False
        self._room = threading.Condition()

    def reserve(self, size: int) -> bool:
        """Take ``size`` bytes, waiting while they don't fit; False once :meth:`stop` was called."""
        with self._room:
            while self._full(size):
                if self._on_wait is not None:
                    self._room.release()
                    try:
                        self._on_wait()
                    finally:
                        self._room.acquire()
                    if not self._full(size):
                        break
                self._room.wait()
            if self._stopping:
                return False
            self._used += size
            return True

    def _full(self, size: int) -> bool:
        return not self._stopping and self._used > 0 and self._used + size > self.limit

    def charge(self, size: int) -> None:
        """Take ``size`` bytes without waiting: what encoding added to bytes reserved before. May overspend; later
        reservations wait for it."""
        with self._room:
            self._used += size

    def release(self, size: int) -> None:
        """Give ``size`` bytes back. ValueError when more is given back than was taken."""
        with self._room:
            if size > self._used:
                raise ValueError(f"{size} bytes given back, but only {self._used} are taken")
            self._used -= size
            self._room.notify_all()

    def stop(self) -> None:
        """Let every waiting receiver go; reservations fail from now on."""
        with self._room:
            self._stopping = True
            self._room.notify_all()

    @property
    def used(self) -> int:
        """Bytes taken now."""
        return self._used
