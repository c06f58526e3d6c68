"""Which chunks go into one request. Pure: no threads, no clock of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastlog.types import Chunk, Origin


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """How records are joined and split.

    ``send_batch_size`` records are a trigger (a larger chunk goes whole), ``timeout`` (seconds) is the longest a record
    waits for it, ``send_batch_max_size`` (0 = none) records and ``max_request_bytes`` before compression are limits.
    The default, no batching, sends every chunk at once.
    """

    timeout: float = 0.0
    send_batch_size: int = 0
    send_batch_max_size: int = 0
    max_request_bytes: int = 16 << 20
    send_batch_bytes: int = 0  # a trigger too, where the sizer counts bytes; 0 = none

    @property
    def immediate(self) -> bool:
        """Nothing waits. In the collector's batch processor either of ``timeout`` and ``send_batch_size`` 0 means
        that."""
        return self.timeout <= 0 or not (self.send_batch_size or self.send_batch_bytes)

    def fits(self, records: int, size: int) -> bool:
        """Whether one request may have ``records`` records in ``size`` bytes."""
        return size <= self.max_request_bytes and (not self.send_batch_max_size or records <= self.send_batch_max_size)

    def triggers(self, records: int, size: int) -> bool:
        """Whether ``records`` records in ``size`` bytes are enough to go."""
        return 0 < self.send_batch_size <= records or 0 < self.send_batch_bytes <= size


@dataclass(slots=True)
class Range:
    """One origin on its way: acknowledged when none of its pieces remains."""

    origin: Origin
    remaining: int


@dataclass(slots=True)
class Piece:
    """A chunk, or a part of one, and the range it belongs to."""

    chunk: Chunk
    range: Range


@dataclass(slots=True)
class Request:
    """What is sent together, in the order of its records."""

    pieces: list[Piece] = field(default_factory=list)
    records: int = 0
    size: int = 0  # bytes before compression

    def add(self, piece: Piece) -> None:
        self.pieces.append(piece)
        self.records += piece.chunk.records
        self.size += len(piece.chunk.data)


class Coalescer:
    """Collects pieces into requests; none of them may exceed the policy's limits on its own (split it first)."""

    def __init__(self, policy: BatchPolicy) -> None:
        self._policy = policy
        self._open = Request()
        self._deadline = 0.0

    def add(self, piece: Piece, now: float) -> list[Request]:
        """Take ``piece``; returns the requests that are complete, in order. ``now`` is in seconds, any epoch."""
        policy, ready = self._policy, []
        chunk = piece.chunk
        if self._open.pieces and not policy.fits(self._open.records + chunk.records, self._open.size + len(chunk.data)):
            ready.append(self._close())
        if not self._open.pieces:
            self._deadline = now + policy.timeout
        self._open.add(piece)
        if policy.immediate or policy.triggers(self._open.records, self._open.size):
            ready.append(self._close())
        return ready

    def deadline(self) -> float | None:
        """When the open request has to go, in the time of ``add``; None while there is none."""
        return self._deadline if self._open.pieces else None

    def flush(self) -> Request | None:
        """The open request, complete or not; None when it is empty."""
        return self._close() if self._open.pieces else None

    def _close(self) -> Request:
        request, self._open = self._open, Request()
        return request
