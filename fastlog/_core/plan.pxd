"""The shape of an operator: two functions that a Plan calls without the GIL, and the struct they work on."""

from libc.stdint cimport int32_t, int64_t

from fastlog._core.batch cimport Batch, BatchData


cdef struct Tally:
    int64_t failed          # rows the operator could not process
    int32_t first_row       # the first of them
    int32_t code            # why, of the first; the operator's own table names it


# Once a batch, before any row: look up columns, append constants. A status of types.pxd.
ctypedef int (*prepare_fn)(void *ctx, BatchData *b) noexcept nogil

# Rows lo <= row < hi. Skips rows flagged ROW_DROPPED. A status; a bad record is counted in the tally, not a status.
ctypedef int (*run_fn)(void *ctx, BatchData *b, int32_t lo, int32_t hi, Tally *tally) noexcept nogil

# Make rows of the raw block. A status.
ctypedef int (*frame_fn)(void *ctx, BatchData *b) noexcept nogil


ctypedef void *context


cdef class Op:
    cdef prepare_fn prepare     # NULL = nothing to prepare
    cdef run_fn run             # NULL = run_python() is called instead, with the GIL
    cdef void *ctx              # read-only while running: several threads share it
    cdef readonly str name      # where it was written, for messages: operators[1]
    cpdef run_python(self, Batch batch)


cdef class Framer:
    cdef frame_fn frame
    cdef void *ctx


cdef class Plan:
    cdef readonly Framer framer
    cdef readonly tuple keys
    cdef readonly tuple ops
    cdef list pool
    cdef object on_failures
    cpdef Batch new_batch(self)
