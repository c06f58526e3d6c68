from fastlog._core.embedded cimport Embedded


cdef class Blocks:
    cdef Embedded e
    cdef tuple kept         # what e points into
