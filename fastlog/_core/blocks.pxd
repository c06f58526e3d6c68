from fastlog._core.embedded cimport Embedded, Zone
from fastlog._core.timestamp cimport TimeParser


cdef class Blocks:
    cdef Embedded e
    cdef Zone *zones
    cdef TimeParser time    # None = none
    cdef tuple kept         # what e points into
