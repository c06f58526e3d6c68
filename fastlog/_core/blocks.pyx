"""The Python owner of what is done with a row after it was parsed (embedded.pxd)."""

from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from fastlog._core.batch cimport Batch
from fastlog._core.embedded cimport MOST_SEVERE, ZONE_NAME_MAX
from fastlog._core.field cimport field_get
from fastlog._core.fieldref cimport FieldRef
from fastlog._core.severity cimport SeverityMap
from fastlog._core.timestamp cimport TimeParser
from fastlog._core.types cimport KIND_BYTES, KIND_DOUBLE, KIND_INT, KIND_STRING, Value


cdef class Blocks:
    """``body``: the field that becomes the body; ``time``: how ``time_from`` is parsed; ``severity``: where
    ``severity_from`` is looked up. Each may be None. ``zones``: pairs of an abbreviation (2 to 5 capital letters,
    bytes) and the parser of stamps that have it. ``names``: the plan's keys that hold the names of severities 1 to 24,
    which a ``severity`` needs."""

    def __init__(
        self,
        *,
        FieldRef body=None,
        TimeParser time=None,
        FieldRef time_from=None,
        zones=(),
        SeverityMap severity=None,
        FieldRef severity_from=None,
        bint overwrite_text=False,
        names=(),
    ):
        cdef int32_t i
        cdef bytes name
        cdef TimeParser parser
        zones = tuple(zones)
        self.kept = (body, zones, time_from, severity, severity_from)
        self.time = time
        if body is not None:
            self.e.has_body = True
            self.e.body = body.f
        if time is not None:
            self.e.time = &time.program
            self.e.time_from = time_from.f
        free(self.zones)
        self.zones = <Zone *> malloc((len(zones) + 1) * sizeof(Zone))
        if self.zones == NULL:
            raise MemoryError
        for i, (name, parser) in enumerate(zones):
            if not 2 <= len(name) <= ZONE_NAME_MAX:
                raise ValueError(f"{name!r} is no abbreviation of 2 to {ZONE_NAME_MAX} letters")
            memcpy(self.zones[i].name, <const char *> name, len(name))
            self.zones[i].len = <int32_t> len(name)
            self.zones[i].program = &parser.program
        self.e.zones = self.zones
        self.e.zone_count = <int32_t> len(zones)
        if severity is not None:
            if len(names) != MOST_SEVERE:
                raise ValueError(f"{len(names)} names of severities; there are {MOST_SEVERE}")
            self.e.severity = &severity.table
            self.e.severity_from = severity_from.f
            self.e.overwrite_text = overwrite_text
            for i, key in enumerate(names):
                self.e.names[i] = key

    def __dealloc__(self):
        free(self.zones)

    def time_failure(self, Batch batch not None, int32_t row):
        """Why the time of ``row`` does not parse: (parser, the value, code, step, place) for ``layouts.describe``; None
        if the field is no longer there, or parses."""
        cdef Value value
        if self.time is None or not 0 <= row < batch.d.rows:
            return None
        value = field_get(&batch.d, row, &self.e.time_from)
        if value.kind == KIND_STRING or value.kind == KIND_BYTES:
            found = batch.span_bytes(value.u.s)
        elif value.kind == KIND_INT:
            found = value.u.i
        elif value.kind == KIND_DOUBLE:
            found = value.u.d
        else:
            return None
        code, _, step, at = self.time.run(found)
        return (self.time, found, code, step, at) if code else None
