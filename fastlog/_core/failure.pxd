"""What an operator does with a row that it can't process (``on_error``), and why (fastlog/operators/failures.py)."""

from libc.stdint cimport int32_t

from fastlog._core.batch cimport BatchData
from fastlog._core.plan cimport Tally
from fastlog._core.types cimport ROW_DROPPED, ROW_FAILED


cdef enum OnError:
    ON_ERROR_SEND = 0
    ON_ERROR_DROP = 1       # bit 0: the row is dropped; otherwise it goes on to the next operator as it is
    ON_ERROR_QUIET = 2      # bit 1: it is not counted or reported


cdef enum Failure:
    FAIL_MISSING = 1        # the field to read is not there
    FAIL_NO_VALUE = 2       # add without a value
    FAIL_TYPE = 3           # the field is no string
    FAIL_NO_MATCH = 4       # the regular expression does not match
    FAIL_SEVERITY_TYPE = 5  # severity of a boolean, null, a map or an array
    FAIL_SEVERITY_FRACTION = 6
    FAIL_JSON = 32          # + JsonError of json.pxd
    FAIL_TIME = 64          # + result of timestamp.pxd


cdef inline void fail(BatchData *b, int32_t row, int on_error, Tally *tally, int32_t code) noexcept nogil:
    b.flags[row] |= ROW_DROPPED if on_error & ON_ERROR_DROP else ROW_FAILED
    if on_error & ON_ERROR_QUIET:
        return
    if tally.failed == 0:
        tally.first_row = row
        tally.code = code
    tally.failed += 1
