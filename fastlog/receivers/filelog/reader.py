"""Blocks of a file, cut where a record ends, read straight into a batch. Keeps nothing between two blocks: what was not
taken is read again from its offset."""

from __future__ import annotations

import os
from typing import Protocol

from fastlog._core.batch import Batch
from fastlog._core.plan import Plan
from fastlog.receivers.filelog.encoding import Transcoder

BLOCK = 1 << 20
"""Bytes a block is read in; one that ends in no record yet is read on, up to ``max_log_size``."""


class Cut(Protocol):
    """How many bytes of a batch's raw block are whole records; 0 when none is. ``at_end``: nothing follows in the
    file."""

    def __call__(self, batch: Batch, at_end: bool) -> int: ...


def after_last_line(batch: Batch, at_end: bool) -> int:
    """Records are lines."""
    return int(batch.last_newline())


def anywhere(batch: Batch, at_end: bool) -> int:
    """``encoding: nop`` has no records of its own: what is there when the file ends is one."""
    return batch.raw_size if at_end else 0


class BlockReader:
    """Reads for one plan. ``max_log_size`` in bytes is that of the plan's framing: a longer record is cut there.
    ``unfinished`` is the same plan for a block whose end was not found, if such a block is framed otherwise."""

    def __init__(
        self,
        plan: Plan,
        cut: Cut,
        max_log_size: int,
        transcoder: Transcoder | None = None,
        unfinished: Plan | None = None,
    ) -> None:
        self._plan = plan
        self._unfinished = unfinished or plan
        self._cut = cut
        self._max_log_size = max_log_size
        self._transcoder = transcoder

    def read(self, fd: int, offset: int, end: int, flush: bool) -> tuple[Batch, int] | None:
        """The whole records from ``offset`` on, of a file that has ``end`` bytes: a batch, and how many bytes of the
        file it stands for. None when no record is whole yet; with ``flush`` what is there counts as one. Raises
        OSError."""
        if self._transcoder is not None:
            return self._read_decoded(self._transcoder, fd, offset, end, flush)
        batch = self._new_batch()
        try:
            taken = self._fill(batch, fd, offset, end, flush)
        except BaseException:
            batch.release()
            raise
        if not taken:
            batch.release()
            return None
        batch.truncate(taken)
        return batch, taken

    def _new_batch(self) -> Batch:
        batch = self._plan.new_batch()
        batch.plan = self._plan  # one from the pool may have held something unfinished
        return batch

    def _fill(self, batch: Batch, fd: int, offset: int, end: int, flush: bool) -> int:
        size = 0
        while True:
            want = min(BLOCK, end - offset - size)
            with batch.writable(want) as view:
                got = os.preadv(fd, [view], offset + size) if want else 0
            batch.commit(got)
            size += got
            at_end = got == 0 or offset + size >= end
            taken = self._cut(batch, at_end)
            if not taken and (taken := self._forced(size, at_end and flush)):
                batch.plan = self._unfinished
            if taken or at_end:
                return taken

    def _forced(self, size: int, flush: bool) -> int:
        """Where to cut a block without the end of a record in it: at multiples of ``max_log_size``, as the framing
        does."""
        if size >= self._max_log_size:
            return size - size % self._max_log_size
        return size if flush else 0

    def _read_decoded(
        self, transcoder: Transcoder, fd: int, offset: int, end: int, flush: bool
    ) -> tuple[Batch, int] | None:
        data = b""
        while True:
            got = os.pread(fd, min(BLOCK, end - offset - len(data)), offset + len(data))
            data += got
            at_end = not got or offset + len(data) >= end
            text = transcoder.text(data)
            batch = self._new_batch()
            batch.fill(text)
            if kept := self._cut(batch, at_end):
                batch.truncate(kept)
                return batch, transcoder.length(data, text[:kept])
            batch.release()
            if taken := transcoder.whole(self._forced(len(data), at_end and flush)):
                batch = self._new_batch()
                batch.fill(transcoder.decode(data[:taken]))
                batch.plan = self._unfinished
                return batch, taken
            if at_end:
                return None
