from fastlog._core.memory cimport Bytes


cdef class Buffer:
    cdef Bytes b
    cdef int views
    cdef int reserve(self, size_t extra) except -1
    cdef void recycle(self)
