"""Python entry points of the UTF-8 kernel; its inline functions are in utf8.pxd."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t


def valid_prefix(const uint8_t[::1] data not None) -> int:
    """Index of the first byte of ``data`` that is not part of a well-formed UTF-8 character, or ``len(data)``."""
    cdef Py_ssize_t n = data.shape[0]
    if n == 0:
        return 0
    with nogil:
        n = utf8_valid_prefix(&data[0], n)
    return n


def repair(const uint8_t[::1] data not None) -> bytes:
    """``data`` with U+FFFD in place of each ill-formed maximal subpart."""
    cdef Py_ssize_t n = data.shape[0]
    if n == 0:
        return b""
    out = PyBytes_FromStringAndSize(NULL, 3 * n)
    cdef uint8_t* dst = <uint8_t*> PyBytes_AS_STRING(out)
    with nogil:
        n = utf8_repair(&data[0], n, dst)
    return out[:n]
