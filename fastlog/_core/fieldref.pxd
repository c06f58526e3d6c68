from fastlog._core.field cimport Field
from fastlog._core.value cimport Name


cdef class FieldRef:
    cdef Field f
    cdef Name *names
    cdef list kept          # the bytes that names point to
