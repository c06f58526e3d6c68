"""Time and severity out of a field of any kind, and the blocks that a parser may have for them (``timestamp:``,
``severity:``, ``body:``), as pkg/stanza 0.160 has them (operator/helper/parser.go, time.go, severity.go)."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcmp, memset

from fastlog._core.batch cimport BatchData, column_set
from fastlog._core.failure cimport FAIL_MISSING, FAIL_SEVERITY_FRACTION, FAIL_SEVERITY_TYPE, FAIL_TIME
from fastlog._core.field cimport Field, field_get
from fastlog._core.memory cimport bytes_append
from fastlog._core.severity cimport (
    SEVERITY_NOT_WHOLE,
    SeverityTable,
    severity_find,
    severity_find_double,
    severity_find_int,
)
from fastlog._core.timestamp cimport (
    TIME_BAD_TYPE,
    TIME_LAYOUT,
    TimeCache,
    TimeProgram,
    time_epoch_double,
    time_epoch_int,
    time_epoch_text,
    time_parse,
)
from fastlog._core.types cimport KIND_ABSENT, KIND_BYTES, KIND_DOUBLE, KIND_INT, KIND_STRING, Span, Value


cdef enum:
    MOST_SEVERE = 24
    ZONE_NAME_MAX = 5               # letters of an abbreviation that is looked for


cdef struct Zone:
    uint8_t name[8]                 # 2 to 5 capital letters
    int32_t len
    const TimeProgram *program      # the layout in that abbreviation's location


cdef struct Embedded:
    # What to do with a row after it was parsed. Pointers are owned by the operator.
    bint has_body
    Field body                      # becomes the body where it is there
    const TimeProgram *time         # NULL = none
    Field time_from
    const Zone *zones               # abbreviations with a location of their own (time_zone_locations)
    int32_t zone_count
    const SeverityTable *severity   # NULL = none
    Field severity_from
    bint overwrite_text             # a severity that is known takes the name of its number as text
    int32_t names[MOST_SEVERE]      # the plan's keys that hold TRACE to FATAL4


cdef inline bint is_word(uint8_t c) noexcept nogil:
    return 48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122 or c == 95


cdef inline const TimeProgram *find_zone(const Embedded *e, const uint8_t *s, int32_t size) noexcept nogil:
    """The program of the first abbreviation in the stamp that has a location of its own, else the common one."""
    cdef int32_t at = 0, start, i
    cdef bint capital
    while at < size:
        start = at
        capital = True
        while at < size and is_word(s[at]):
            capital = capital and 65 <= s[at] <= 90
            at += 1
        if capital and 2 <= at - start <= ZONE_NAME_MAX:
            for i in range(e.zone_count):
                if e.zones[i].len == at - start and memcmp(e.zones[i].name, s + start, at - start) == 0:
                    return e.zones[i].program
        at += at == start
    return e.time


cdef inline int32_t parse_time(
    const Embedded *e, TimeCache *cache, const uint8_t *arena, Value value, int64_t *out
) noexcept nogil:
    """The time of a value; 0 or a Failure."""
    cdef const TimeProgram *program = e.time
    cdef int code = TIME_BAD_TYPE
    if e.zone_count and (value.kind == KIND_STRING or value.kind == KIND_BYTES):
        program = find_zone(e, arena + value.u.s.off, value.u.s.len)
        memset(cache, 0, sizeof(TimeCache))     # it was filled by another program perhaps
    if value.kind == KIND_STRING or value.kind == KIND_BYTES:
        if program.kind == TIME_LAYOUT:
            code = time_parse(program, cache, arena + value.u.s.off, value.u.s.len, out)
        else:
            code = time_epoch_text(program, cache, arena + value.u.s.off, value.u.s.len, out)
    elif value.kind == KIND_INT:
        code = time_epoch_int(program, cache, value.u.i, out)
    elif value.kind == KIND_DOUBLE:
        code = time_epoch_double(program, cache, value.u.d, out)
    return FAIL_TIME + code if code else 0


cdef inline int append_decimal(BatchData *b, int64_t number, Span *out) noexcept nogil:
    """The decimal digits of ``number``, appended to the arena. A status."""
    cdef uint8_t text[24]
    cdef int start = 24
    cdef uint64_t rest = <uint64_t> number
    if number < 0:
        rest = 0 - rest
    while True:
        start -= 1
        text[start] = <uint8_t> (48 + rest % 10)
        rest //= 10
        if rest == 0:
            break
    if number < 0:
        start -= 1
        text[start] = 45
    out.off = <int32_t> b.arena.len
    out.len = 24 - start
    return bytes_append(&b.arena, &text[start], out.len)


cdef inline int set_severity(
    const Embedded *e, BatchData *b, int32_t row, Value value, int32_t *failure
) noexcept nogil:
    """Severity number and text of ``row`` from ``value``; the batch has severities. A status; sets ``failure``."""
    cdef int number
    cdef int status = 0
    cdef Span text
    failure[0] = 0
    text.off = text.len = 0
    if value.kind == KIND_STRING or value.kind == KIND_BYTES:
        text = value.u.s
        number = severity_find(e.severity, b.arena.data + text.off, text.len)
    elif value.kind == KIND_INT:
        number = severity_find_int(e.severity, value.u.i)
        status = append_decimal(b, value.u.i, &text)
    elif value.kind == KIND_DOUBLE:
        number = severity_find_double(e.severity, value.u.d)
        if number == SEVERITY_NOT_WHOLE:
            failure[0] = FAIL_SEVERITY_FRACTION
            return 0
        status = append_decimal(b, <int64_t> value.u.d, &text)
    else:
        failure[0] = FAIL_MISSING if value.kind == KIND_ABSENT else FAIL_SEVERITY_TYPE
        return 0
    # A known severity without a text goes out under the name of its number (pkg/stanza, adapter/converter.go).
    if number and (e.overwrite_text or text.len == 0):
        text = b.keys[e.names[number - 1]]
    b.severity[row] = <uint8_t> number
    b.severity_text[row] = text
    return status


cdef inline int run_embedded(
    const Embedded *e, BatchData *b, int32_t row, TimeCache *cache, int32_t *failure
) noexcept nogil:
    """Body, time and severity of a row that was parsed. Both of the last are tried; sets ``failure`` to the first."""
    cdef Value value
    cdef int32_t other = 0
    cdef int status
    failure[0] = 0
    if e.has_body:
        value = field_get(b, row, &e.body)
        if value.kind != KIND_ABSENT:
            status = column_set(b, &b.body, row, value)
            if status:
                return status
    if e.time != NULL:
        value = field_get(b, row, &e.time_from)
        if value.kind == KIND_ABSENT:
            failure[0] = FAIL_MISSING
        else:
            failure[0] = parse_time(e, cache, b.arena.data, value, &b.time_ns[row])
    if e.severity != NULL:
        status = set_severity(e, b, row, field_get(b, row, &e.severity_from), &other)
        if status:
            return status
        if failure[0] == 0:
            failure[0] = other
    return 0
