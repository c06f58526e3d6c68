"""A small discrete-event simulation of one host: a clock, process ids, and processes that log as they run.

A process is a generator that yields the seconds until it goes on. Because everything that happens is run in the order
of time, the log is in order and the things in it agree: a process id is younger than the ids before it, a session is
closed by the process that opened it.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Generator, Iterator
from datetime import datetime, timedelta

Process = Generator[float, None, None]


class Simulation:
    """The clock, the random numbers and the log of one host from ``start`` until ``end`` (both aware, UTC)."""

    def __init__(self, host: str, start: datetime, end: datetime, seed: int) -> None:
        self.host = host
        self.random = random.Random(seed)
        self._start = start
        self._duration = (end - start) // timedelta(microseconds=1)
        self._now = 0  # µs since start
        self._pid = 300
        self._order = 0
        self._queue: list[tuple[int, int, Process]] = []
        self._lines: list[str] = []

    # -- time

    @property
    def now(self) -> datetime:
        return self._start + timedelta(microseconds=self._now)

    @property
    def uptime(self) -> float:
        """Seconds since the start, which is the kernel's boot."""
        return self._now / 1e6

    def until(self, hour: int, minute: int = 0, second: float = 0.0) -> float:
        """Seconds from now to that time of the day; 0 when it has passed."""
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        then = midnight + timedelta(hours=hour, minutes=minute, seconds=second)
        return max(0.0, (then - self.now).total_seconds())

    def spread(self, low: float, high: float) -> float:
        """A random number of seconds in [low, high)."""
        return low + (high - low) * self.random.random()

    def gap(self, mean: float) -> float:
        """Seconds to the next of events that come independently, ``mean`` seconds apart."""
        return self.random.expovariate(1.0 / mean)

    # -- processes

    def fork(self) -> int:
        """A process id for a process that starts now. Some ids in between went to processes that log nothing."""
        self._pid += self.random.choice((1, 1, 2, 3, 5, 9))
        return self._pid

    def spawn(self, process: Process, delay: float = 0.0) -> None:
        self._order += 1
        heapq.heappush(self._queue, (self._now + round(delay * 1e6), self._order, process))

    # -- the log

    def log(self, unit: str, message: str, pid: int | None = None) -> None:
        """One line now. Two lines of one moment are some microseconds apart, as a syslog daemon stamps them."""
        self._now += self.random.randrange(3, 90)
        stamp = self.now.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
        tag = unit if pid is None else f"{unit}[{pid}]"
        self._lines.append(f"{stamp} {self.host} {tag}: {message}")

    def run(self) -> Iterator[str]:
        """Run to the end; the lines in the order of time, without line ends."""
        while self._queue:
            at, order, process = heapq.heappop(self._queue)
            if at >= self._duration:
                break
            self._now = max(self._now, at)
            try:
                delay = next(process)
            except StopIteration:
                pass
            else:
                heapq.heappush(self._queue, (self._now + round(delay * 1e6), order, process))
            if self._now >= self._duration:
                break
            yield from self._lines
            self._lines.clear()
