"""Owned output bytes with the buffer protocol, recycled through a small pool so that a steady stream touches no new
pages."""

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_FillInfo
from libc.stdlib cimport free

from fastlog._core.memory cimport Bytes, bytes_append, bytes_reserve

cdef enum:
    POOL_SLOTS = 16
    POOL_LARGEST = 1 << 25      # larger blocks go back to the system

cdef Bytes[POOL_SLOTS] pool     # guarded by the GIL
cdef int pooled = 0


cdef class Buffer:
    """Bytes that one owner fills and many may read. While a view of it is alive it refuses to grow or to be released.

    ``Buffer(initial=b"")`` copies ``initial``; kernels fill an empty one in place.
    """

    def __cinit__(self, initial=None):
        global pooled
        cdef const unsigned char[::1] view
        self.views = 0
        if pooled:
            pooled -= 1
            self.b = pool[pooled]
        self.b.len = 0
        if initial is not None and len(initial):
            view = initial
            if bytes_append(&self.b, &view[0], view.shape[0]):
                raise MemoryError

    def __dealloc__(self):
        self.recycle()

    cdef int reserve(self, size_t extra) except -1:
        """Room for ``extra`` more bytes behind ``b.len``."""
        if self.views:
            raise BufferError("the buffer is being viewed; release the views before writing to it")
        if bytes_reserve(&self.b, extra):
            raise MemoryError(f"no room for {extra} more bytes in a buffer of {self.b.len}")
        return 0

    cdef void recycle(self):
        global pooled
        if self.b.data != NULL:
            if pooled < POOL_SLOTS and self.b.cap <= POOL_LARGEST:
                pool[pooled] = self.b
                pooled += 1
            else:
                free(self.b.data)
        self.b.data = NULL
        self.b.len = self.b.cap = 0

    def release(self):
        """Give the memory back to the pool; the buffer is empty afterwards. BufferError while it is viewed."""
        if self.views:
            raise BufferError("the buffer is being viewed; release the views first")
        self.recycle()

    def __len__(self):
        return self.b.len

    def __getbuffer__(self, Py_buffer *view, int flags):
        if flags & PyBUF_WRITABLE:
            raise BufferError("the buffer is read-only")
        PyBuffer_FillInfo(view, self, self.b.data if self.b.data != NULL else <void *> b"", self.b.len, 1, flags)
        self.views += 1

    def __releasebuffer__(self, Py_buffer *view):
        self.views -= 1

    def __repr__(self):
        return f"<Buffer of {self.b.len} bytes>"


def pool_trim():
    """Give all pooled memory back to the system."""
    global pooled
    while pooled:
        pooled -= 1
        free(pool[pooled].data)
        pool[pooled].data = NULL
