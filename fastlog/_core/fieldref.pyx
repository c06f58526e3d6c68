"""The Python owner of a compiled field."""

from libc.stdint cimport int32_t, uint8_t
from libc.stdlib cimport free, malloc


cdef class FieldRef:
    """A compiled field. ``place``: 0 attributes, 1 resource, 2 body; ``key`` is the first name's index in the plan's
    keys, or -1 (the body, or a whole place); ``names`` (bytes) are the names below it."""

    def __cinit__(self, int place, int32_t key, names=()):
        cdef int32_t i
        cdef bytes name
        self.kept = list(names)
        self.names = <Name *> malloc((len(self.kept) + 1) * sizeof(Name))
        if self.names == NULL:
            raise MemoryError
        for i, name in enumerate(self.kept):
            self.names[i].s = <const uint8_t *> <char *> name
            self.names[i].len = <int32_t> len(name)
        self.f.place = place
        self.f.key = key
        self.f.depth = <int32_t> len(self.kept)
        self.f.names = self.names

    def __dealloc__(self):
        free(self.names)
