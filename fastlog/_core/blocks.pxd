from fastlog._core.embedded cimport Embedded, Zone


cdef class Blocks:
    cdef Embedded e
    cdef Zone *zones
    cdef tuple kept         # what e points into
