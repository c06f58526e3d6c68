"""Runs a receiver's compiled operators over a block: bytes in, Batch out (DESIGN, section 3)."""

import time

from libc.stdint cimport int32_t
from libc.string cimport memset

from fastlog._core.batch cimport Batch, BatchData

cdef enum:
    WINDOW = 256        # rows that all kernel operators pass over before the next rows: their columns stay in the cache
    MOST_OPS = 64
    POOLED_BATCHES = 4


cdef class Op:
    """One step of a plan. Subclasses set ``prepare``, ``run`` and ``ctx``, or override :meth:`run_python`."""

    cpdef run_python(self, Batch batch):
        """The whole batch, with the GIL; returns (failed, first_row, code) like a Tally."""
        raise NotImplementedError(f"{type(self).__name__} has neither a kernel nor run_python()")


cdef class Framer:
    """Makes rows of a raw block. Subclasses set ``frame`` and ``ctx``."""


cdef int run_window(list ops, int first, int last, BatchData *b, Tally *tallies) except -1:
    """Kernel operators first <= i < last over all rows, window by window, without the GIL."""
    cdef run_fn[MOST_OPS] run
    cdef context[MOST_OPS] ctx
    cdef int i, status = 0
    cdef int32_t lo, hi, rows = b.rows
    cdef Op op
    cdef prepare_fn prepare
    for i in range(first, last):
        op = ops[i]
        run[i] = op.run
        ctx[i] = op.ctx
        prepare = op.prepare
        if prepare != NULL and status == 0:
            status = prepare(op.ctx, b)
    if status == 0:
        with nogil:
            lo = 0
            while lo < rows and status == 0:
                hi = lo + WINDOW if rows - lo > WINDOW else rows
                for i in range(first, last):
                    status = run[i](ctx[i], b, lo, hi, &tallies[i])
                    if status:
                        break
                lo = hi
    return status


cdef class Plan:
    """Framing and operators, compiled. ``keys`` (bytes) are the attribute keys the operators know; column i is keys[i].

    ``on_failures(batch, op, failed, first_row, code)`` is called once a block for an operator that could not process
    some rows. Several threads may run one plan over different batches at once.
    """

    def __init__(self, Framer framer, keys=(), ops=(), on_failures=None):
        self.framer = framer
        self.keys = tuple(keys)
        self.ops = tuple(ops)
        self.on_failures = on_failures
        self.pool = []
        if len(self.ops) > MOST_OPS:
            raise ValueError(f"{len(self.ops)} operators; a receiver takes at most {MOST_OPS}")

    cpdef Batch new_batch(self):
        """An empty batch of this plan, from the pool when one is there; ``release()`` brings it back."""
        cdef Batch batch
        try:
            batch = self.pool.pop()
        except IndexError:
            batch = Batch(self.keys)
            batch.home = self
            batch.plan = self
        batch.d.observed_ns = time.time_ns()
        return batch

    def take_back(self, Batch batch):
        """Recycle a batch of this plan that nobody uses any more."""
        batch.reset()
        if len(self.pool) < POOLED_BATCHES:
            self.pool.append(batch)

    def run(self, Batch batch):
        """Frame the raw block of ``batch`` and run the operators over its rows."""
        cdef Tally[MOST_OPS] tallies
        cdef int status, i = 0, j, count = len(self.ops)
        cdef list ops = list(self.ops)
        cdef frame_fn frame = self.framer.frame
        cdef void *ctx = self.framer.ctx
        memset(tallies, 0, sizeof(tallies))
        batch.check_unpinned()
        with nogil:
            status = frame(ctx, &batch.d)
        batch.check(status)
        while i < count:
            j = i
            while j < count and (<Op> ops[j]).run != NULL:
                j += 1
            if j > i:
                batch.check(run_window(ops, i, j, &batch.d, tallies))
                i = j
            else:
                tallies[i].failed, tallies[i].first_row, tallies[i].code = (<Op> ops[i]).run_python(batch)
                i += 1
        if self.on_failures is not None:
            for i in range(count):
                if tallies[i].failed:
                    self.on_failures(batch, ops[i], tallies[i].failed, tallies[i].first_row, tallies[i].code)
        return batch
