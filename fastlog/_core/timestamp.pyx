"""Python owner of a time program, and entry points for tests and benches; the parser is inline in timestamp.pxd."""

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from fastlog._core.timestamp cimport (
    TIME_OK,
    TIME_PADDING,
    TimeCache,
    TimeLocation,
    TimeStep,
    time_epoch_double,
    time_epoch_int,
    time_parse,
)

PADDING = TIME_PADDING


cdef void* reserve(size_t count, size_t size) except NULL:
    """Zeroed memory for count items (at least one), for free()."""
    cdef void* block = calloc(count + 1, size)
    if block == NULL:
        raise MemoryError
    return block


cdef uint64_t pack(bytes name) except? 0:
    """A name of at most 8 bytes as a zero-padded word; longer ones are none that a stamp can hold."""
    cdef uint64_t word = 0
    if len(name) <= 8:
        memcpy(&word, PyBytes_AS_STRING(name), len(name))
    return word


cdef class TimeParser:
    """A compiled time layout. Build one with ``fastlog.operators.layouts.compile_layout``.

    kind: TIME_LAYOUT or one of TIME_EPOCH_*; fraction: TIME_CACHE_* or a number of digits;
    steps: (op, flags, arg, literal before the element); locations: objects with the attributes of
    ``fastlog.operators.zones.Location``, in the order that TimeProgram.locations asks for;
    elements: the layout's text of each step, for error messages.
    """

    def __cinit__(
        self,
        str layout_type not None,
        str layout not None,
        int kind,
        int fraction,
        list steps not None,
        list locations not None,
        tuple elements not None,
    ):
        cdef Py_ssize_t k, total = 0
        cdef TimeStep* step
        self.layout_type = layout_type
        self.layout = layout
        self.elements = elements
        self.program.kind = kind
        self.program.fraction = fraction
        self.program.steps = <TimeStep*> reserve(len(steps), sizeof(TimeStep))
        self.program.literals = <uint8_t*> reserve(sum([len(literal) for _, _, _, literal in steps]), 1)
        for k, (op, flags, arg, literal) in enumerate(steps):
            step = self.program.steps + k
            step.op = op
            step.flags = flags
            step.arg = arg
            step.literal = <uint32_t> total
            step.literal_length = <uint32_t> len(literal)
            memcpy(self.program.literals + total, PyBytes_AS_STRING(literal), len(literal))
            total += len(literal)
        self.program.steps_count = <int> len(steps)
        self.program.locations = <TimeLocation*> reserve(len(locations), sizeof(TimeLocation))
        for location in locations:
            self.add_location(location)

    cdef int add_location(self, object source) except -1:
        cdef TimeLocation* location = self.program.locations + self.program.locations_count
        cdef list transitions = source.transitions
        cdef list kinds = source.kinds
        cdef Py_ssize_t k
        self.program.locations_count += 1
        location.when = <int64_t*> reserve(len(transitions), sizeof(int64_t))
        location.kind = <uint8_t*> reserve(len(transitions) + 1, 1)
        location.offset = <int32_t*> reserve(len(kinds), sizeof(int32_t))
        location.name = <uint64_t*> reserve(len(kinds), sizeof(uint64_t))
        location.kind[0] = source.first_kind
        for k, (when, kind) in enumerate(transitions):
            location.when[k] = when
            location.kind[k + 1] = kind
        for k, (offset, name) in enumerate(kinds):
            location.offset[k] = offset
            location.name[k] = pack(name.encode())
        location.count = <int> len(transitions)
        location.repeats_from = source.repeats_from
        location.kinds = <int> len(kinds)
        location.title = pack(source.name.encode())
        return 0

    def __dealloc__(self):
        cdef int k
        for k in range(self.program.locations_count):
            free(self.program.locations[k].when)
            free(self.program.locations[k].kind)
            free(self.program.locations[k].offset)
            free(self.program.locations[k].name)
        free(self.program.locations)
        free(self.program.steps)
        free(self.program.literals)

    @property
    def now_ns(self) -> int:
        """The clock that missing years are inferred from; 0 is the machine's."""
        return self.program.now_ns

    @now_ns.setter
    def now_ns(self, int64_t value):
        self.program.now_ns = value

    def run(self, value) -> tuple:
        """Parse one bytes, int or float: (code, nanoseconds, step that failed, where in the stamp it failed)."""
        cdef TimeCache cache
        cdef int64_t nanos = 0
        cdef int code
        cdef bytes padded
        memset(&cache, 0, sizeof(cache))
        if isinstance(value, bytes):
            padded = value + bytes(TIME_PADDING)
            code = time_parse(&self.program, &cache, <const uint8_t*> padded, len(value), &nanos)
        elif isinstance(value, float):
            code = time_epoch_double(&self.program, &cache, value, &nanos)
        else:
            code = time_epoch_int(&self.program, &cache, value, &nanos)
        return code, nanos, cache.error_step, cache.error_at

    def parse(self, value, now_ns=None) -> int | None:
        """Nanoseconds since the epoch of one bytes, int or float; None if it does not parse."""
        cdef int64_t saved = self.program.now_ns
        if now_ns is not None:
            self.program.now_ns = now_ns
        try:
            code, nanos, _, _ = self.run(value)
        finally:
            self.program.now_ns = saved
        return nanos if code == TIME_OK else None

    def parse_spans(
        self,
        const uint8_t[::1] data not None,
        const int64_t[::1] offsets not None,
        const int64_t[::1] lengths not None,
        int64_t[::1] times not None,
    ) -> int:
        """Parse the stamps data[offsets[i]:][:lengths[i]] into times with one cache; returns how many failed (0 there).

        Every stamp must end at least TIME_PADDING bytes before the end of data.
        """
        cdef Py_ssize_t i, count = offsets.shape[0]
        cdef int failed = 0
        cdef TimeCache cache
        if lengths.shape[0] != count or times.shape[0] < count:
            raise ValueError("offsets and lengths must be equally long, and times no shorter")
        for i in range(count):
            if not 0 <= lengths[i] <= data.shape[0] or not 0 <= offsets[i] <= data.shape[0] - TIME_PADDING - lengths[i]:
                raise ValueError(f"stamp {i} does not end {TIME_PADDING} bytes before the end of data")
        memset(&cache, 0, sizeof(cache))
        with nogil:
            for i in range(count):
                if time_parse(&self.program, &cache, &data[offsets[i]], lengths[i], &times[i]) != TIME_OK:
                    times[i] = 0
                    failed += 1
        return failed
