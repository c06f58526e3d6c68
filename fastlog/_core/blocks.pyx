"""The Python owner of what is done with a row after it was parsed (embedded.pxd)."""

from libc.stdint cimport int32_t

from fastlog._core.embedded cimport MOST_SEVERE
from fastlog._core.fieldref cimport FieldRef
from fastlog._core.severity cimport SeverityMap
from fastlog._core.timestamp cimport TimeParser


cdef class Blocks:
    """``body``: the field that becomes the body; ``time``: how ``time_from`` is parsed; ``severity``: where
    ``severity_from`` is looked up. Each may be None. ``names``: the plan's keys that hold the names of severities 1 to
    24; without them, ``overwrite_text`` and texts that are empty are not possible."""

    def __init__(
        self,
        *,
        FieldRef body=None,
        TimeParser time=None,
        FieldRef time_from=None,
        SeverityMap severity=None,
        FieldRef severity_from=None,
        bint overwrite_text=False,
        names=(),
    ):
        cdef int32_t i
        self.kept = (body, time, time_from, severity, severity_from)
        if body is not None:
            self.e.has_body = True
            self.e.body = body.f
        if time is not None:
            self.e.time = &time.program
            self.e.time_from = time_from.f
        if severity is not None:
            if len(names) != MOST_SEVERE:
                raise ValueError(f"{len(names)} names of severities; there are {MOST_SEVERE}")
            self.e.severity = &severity.table
            self.e.severity_from = severity_from.f
            self.e.overwrite_text = overwrite_text
            for i, key in enumerate(names):
                self.e.names[i] = key
