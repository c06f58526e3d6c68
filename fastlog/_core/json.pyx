"""One JSON text at a time, for tests and tools; records are parsed by ``opjson.pyx``."""

from libc.string cimport memset

from fastlog._core.batch cimport Batch
from fastlog._core.types cimport Span, Value


def parse(text, *, bint parse_ints=False, bint stream=False, bint any_value=False):
    """The Python value of ``text`` (bytes), or (code, byte offset) of the error: codes are those of ``json.pxd``.

    Without ``any_value`` only an object or null is taken. ``stream``: whatever follows the value is ignored.
    """
    cdef Batch batch = Batch()
    cdef Json j
    cdef Span span
    cdef Value value
    cdef int code
    cdef int flags = (JSON_INTS if parse_ints else 0) | (JSON_STREAM if stream else 0) | (JSON_ANY if any_value else 0)
    memset(&j, 0, sizeof(j))
    span = batch.append(text)
    try:
        code = json_parse(&j, &batch.d, span, flags)
        if code == JSON_NO_MEMORY:
            raise MemoryError
        if code:
            return code, j.error_at - span.off
        batch.check(json_value(&j, &batch.d, 0, &value))
        return batch.python_value(value)
    finally:
        json_free(&j)
