"""Cuts encoded OTLP logs into smaller requests without encoding anything again: records are copied as they are, the
lengths of the messages around them are written anew (opentelemetry-proto 1.x, logs/v1/logs.proto and
collector/logs/v1/logs_service.proto).

A part repeats what surrounds its records: the resource, the scope and the schema URLs.
"""

from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

from fastlog._core.buffer cimport Buffer
from fastlog._core.wire cimport STEP_BROKEN, STEP_FIELD, WIRE_DELIMITED, Step, WireField, next_field

cdef enum:
    RESOURCE_LOGS = 1       # of ExportLogsServiceRequest
    SCOPE_LOGS = 2          # of ResourceLogs
    LOG_RECORDS = 2         # of ScopeLogs
    TAG_RESOURCE_LOGS = 0x0A
    TAG_SCOPE_LOGS = 0x12
    HEADERS = 2 * 11        # at most: tag and length of the two messages around a record

cdef enum Outcome:
    READ = 0
    NO_MEMORY = 1
    BROKEN = 2


# A message around records. ``own`` is the size of its fields that are not what it surrounds.
cdef struct Frame:
    const uint8_t *start
    const uint8_t *end
    int64_t own
    int64_t content         # of the part being written: own + what it surrounds there


cdef struct Record:
    const uint8_t *start    # of its tag in the ScopeLogs
    int64_t size            # with tag and length
    int64_t scope           # index of its ScopeLogs


cdef struct Frames:
    Frame *items
    int64_t count
    int64_t room


cdef struct Layout:
    Frames resources
    Frames scopes
    int64_t *resource_of    # a scope's resource
    int64_t resource_of_room
    Record *records
    int64_t count
    int64_t room


cdef bint grow(void **items, int64_t *room, int64_t count, size_t size) noexcept nogil:
    """Room for one more item of ``size`` bytes; False when memory is out."""
    cdef int64_t more
    cdef void *p
    if count < room[0]:
        return True
    more = room[0] * 2 if room[0] else 64
    p = realloc(items[0], more * size)
    if p == NULL:
        return False
    items[0] = p
    room[0] = more
    return True


cdef Outcome read_scope(Layout *layout, const WireField *message, int64_t resource) noexcept nogil:
    cdef WireField field
    cdef Step step
    cdef int64_t scope = layout.scopes.count
    cdef const uint8_t *p = message.data
    if not grow(<void **> &layout.scopes.items, &layout.scopes.room, scope, sizeof(Frame)):
        return NO_MEMORY
    if not grow(<void **> &layout.resource_of, &layout.resource_of_room, scope, sizeof(int64_t)):
        return NO_MEMORY
    layout.resource_of[scope] = resource
    layout.scopes.items[scope].start = message.data
    layout.scopes.items[scope].end = message.end
    layout.scopes.items[scope].own = 0
    layout.scopes.count += 1
    while True:
        step = next_field(p, message.end, &field)
        if step != STEP_FIELD:
            return BROKEN if step == STEP_BROKEN else READ
        if field.number == LOG_RECORDS and field.wire == WIRE_DELIMITED:
            if not grow(<void **> &layout.records, &layout.room, layout.count, sizeof(Record)):
                return NO_MEMORY
            layout.records[layout.count].start = field.start
            layout.records[layout.count].size = field.end - field.start
            layout.records[layout.count].scope = scope
            layout.count += 1
        else:
            layout.scopes.items[scope].own += field.end - field.start
        p = field.end


cdef Outcome read_resource(Layout *layout, const WireField *message) noexcept nogil:
    cdef WireField field
    cdef Step step
    cdef Outcome outcome
    cdef int64_t resource = layout.resources.count
    cdef const uint8_t *p = message.data
    if not grow(<void **> &layout.resources.items, &layout.resources.room, resource, sizeof(Frame)):
        return NO_MEMORY
    layout.resources.items[resource].start = message.data
    layout.resources.items[resource].end = message.end
    layout.resources.items[resource].own = 0
    layout.resources.count += 1
    while True:
        step = next_field(p, message.end, &field)
        if step != STEP_FIELD:
            return BROKEN if step == STEP_BROKEN else READ
        if field.number == SCOPE_LOGS and field.wire == WIRE_DELIMITED:
            outcome = read_scope(layout, &field, resource)
            if outcome != READ:
                return outcome
        else:
            layout.resources.items[resource].own += field.end - field.start
        p = field.end


cdef Outcome read_request(Layout *layout, const uint8_t *p, const uint8_t *end) noexcept nogil:
    cdef WireField field
    cdef Step step
    cdef Outcome outcome
    while True:
        step = next_field(p, end, &field)
        if step != STEP_FIELD:
            return BROKEN if step == STEP_BROKEN else READ
        if field.number == RESOURCE_LOGS and field.wire == WIRE_DELIMITED:
            outcome = read_resource(layout, &field)
            if outcome != READ:
                return outcome
        p = field.end


cdef inline int64_t length_size(int64_t n) noexcept nogil:
    cdef int64_t size = 1
    while n >= 0x80:
        n >>= 7
        size += 1
    return size


cdef inline uint8_t *put_header(uint8_t *out, uint8_t tag, int64_t n) noexcept nogil:
    out[0] = tag
    out += 1
    while n >= 0x80:
        out[0] = <uint8_t> (n | 0x80)
        out += 1
        n >>= 7
    out[0] = <uint8_t> n
    return out + 1


cdef uint8_t *put_own(uint8_t *out, const Frame *frame) noexcept nogil:
    """The fields of a message around records that are not field 2, the one that leads to the records."""
    cdef WireField field
    cdef const uint8_t *p = frame.start
    while next_field(p, frame.end, &field) == STEP_FIELD:
        if field.number != LOG_RECORDS or field.wire != WIRE_DELIMITED:
            memcpy(out, field.start, field.end - field.start)
            out += field.end - field.start
        p = field.end
    return out


cdef int64_t cut(const Layout *layout, int64_t first, int64_t max_records, int64_t max_bytes) noexcept nogil:
    """One past the last record of the part that begins with ``first``: as many as the limits allow, at least one."""
    cdef int64_t size = 0
    cdef int64_t i = first
    cdef int64_t scope = -1
    cdef int64_t resource = -1
    while i < layout.count and (max_records <= 0 or i - first < max_records):
        size += layout.records[i].size
        if layout.records[i].scope != scope:
            scope = layout.records[i].scope
            size += layout.scopes.items[scope].own + HEADERS
            if layout.resource_of[scope] != resource:
                resource = layout.resource_of[scope]
                size += layout.resources.items[resource].own
        if size > max_bytes and i > first:
            break
        i += 1
    return i


cdef int64_t measure(Layout *layout, int64_t first, int64_t last) noexcept nogil:
    """The size of the part with the records [first, last); notes the contents of the messages around them."""
    cdef int64_t i, scope, resource
    cdef int64_t size = 0
    cdef int64_t low = layout.records[first].scope
    cdef int64_t high = layout.records[last - 1].scope
    cdef Frame *scopes = layout.scopes.items
    cdef Frame *resources = layout.resources.items
    for scope in range(low, high + 1):
        scopes[scope].content = 0
    for resource in range(layout.resource_of[low], layout.resource_of[high] + 1):
        resources[resource].content = 0
    for i in range(first, last):
        scope = layout.records[i].scope
        if scopes[scope].content == 0:
            scopes[scope].content = scopes[scope].own
        scopes[scope].content += layout.records[i].size
    for scope in range(low, high + 1):
        if scopes[scope].content == 0:
            continue        # it has no records at all
        resource = layout.resource_of[scope]
        if resources[resource].content == 0:
            resources[resource].content = resources[resource].own
        resources[resource].content += 1 + length_size(scopes[scope].content) + scopes[scope].content
    for resource in range(layout.resource_of[low], layout.resource_of[high] + 1):
        if resources[resource].content:
            size += 1 + length_size(resources[resource].content) + resources[resource].content
    return size


cdef uint8_t *write(uint8_t *out, const Layout *layout, int64_t first, int64_t last) noexcept nogil:
    """The part that ``measure`` has just measured."""
    cdef int64_t i = first
    cdef int64_t run, scope
    cdef int64_t resource = -1
    cdef const uint8_t *start
    cdef const uint8_t *end
    while i < last:
        scope = layout.records[i].scope
        if layout.resource_of[scope] != resource:
            resource = layout.resource_of[scope]
            out = put_header(out, TAG_RESOURCE_LOGS, layout.resources.items[resource].content)
            out = put_own(out, &layout.resources.items[resource])
        out = put_header(out, TAG_SCOPE_LOGS, layout.scopes.items[scope].content)
        out = put_own(out, &layout.scopes.items[scope])
        while i < last and layout.records[i].scope == scope:
            start = layout.records[i].start
            end = start + layout.records[i].size
            i += 1
            while i < last and layout.records[i].start == end:     # adjacent ones in one copy
                end += layout.records[i].size
                i += 1
            run = end - start
            memcpy(out, start, run)
            out += run
    return out


def split(const uint8_t[::1] data not None, long long max_records, long long max_bytes):
    """``[(Buffer, records), …]``: the records of ``data`` (an ExportLogsServiceRequest), in order, in requests of at
    most ``max_records`` records (0 = no limit) and ``max_bytes`` bytes each; a single record may be larger.

    Messages without records are left out. ValueError when ``data`` is not such a message, MemoryError.
    """
    cdef Layout layout
    cdef Outcome outcome
    cdef Buffer part
    cdef int64_t first = 0
    cdef int64_t last, size
    cdef const uint8_t *start = &data[0] if data.shape[0] else NULL
    layout.resources.items = layout.scopes.items = NULL
    layout.resources.count = layout.resources.room = layout.scopes.count = layout.scopes.room = 0
    layout.resource_of = NULL
    layout.records = NULL
    layout.resource_of_room = layout.count = layout.room = 0
    parts = []
    try:
        with nogil:
            outcome = read_request(&layout, start, start + data.shape[0])
        if outcome == NO_MEMORY:
            raise MemoryError(f"no room to list the records in {data.shape[0]} bytes of OTLP logs")
        if outcome == BROKEN:
            raise ValueError(f"{data.shape[0]} bytes that are no ExportLogsServiceRequest")
        while first < layout.count:
            with nogil:
                last = cut(&layout, first, max_records, max_bytes)
                size = measure(&layout, first, last)
            part = Buffer()
            part.reserve(size)
            with nogil:
                write(part.b.data, &layout, first, last)
            part.b.len = size
            parts.append((part, last - first))
            first = last
    finally:
        free(layout.resources.items)
        free(layout.scopes.items)
        free(layout.resource_of)
        free(layout.records)
    return parts
