"""Batch columns to OTLP protobuf (opentelemetry-proto 1.x, logs/v1/logs.proto): a size pass, then a write pass.

What comes out is a run of ``resource_logs`` fields of an ExportLogsServiceRequest, so runs concatenate into one valid
request. Rows are grouped by their resource and keep their order within it.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.string cimport memcpy, memset

from fastlog._core.anyvalue import field as message_field
from fastlog._core.batch cimport Batch, BatchData, Resource
from fastlog._core.buffer cimport Buffer
from fastlog._core.memory cimport slab_alloc
from fastlog._core.proto cimport (
    copy_long,
    copy_short,
    delimited_size,
    put_fixed64,
    put_varint,
    put_varint14,
)
from fastlog._core.types cimport (
    ERR_ARENA,
    ERR_MEMORY,
    FORM_CONST,
    FORM_NONE,
    FORM_SPANS,
    FORM_VALUES,
    KIND_ABSENT,
    KIND_STRING,
    ROW_DROPPED,
    Column,
    Item,
    Span,
    Value,
)
from fastlog._core.value cimport ANY_STRING, put_value, value_size

cdef enum:
    LARGEST = 0x7FF00000        # bytes of records of one resource in one run
    # LogRecord
    TAG_TIME = 0x09             # time_unix_nano = 1, fixed64
    TAG_SEVERITY_NUMBER = 0x10  # severity_number = 2
    TAG_SEVERITY_TEXT = 0x1A    # severity_text = 3
    TAG_BODY = 0x2A             # body = 5
    TAG_ATTRIBUTE = 0x32        # attributes = 6
    TAG_OBSERVED = 0x59         # observed_time_unix_nano = 11, fixed64
    # KeyValue
    TAG_KEY = 0x0A
    TAG_VALUE = 0x12
    # the messages around a record: ResourceLogs{resource = 1, scope_logs = 2}, ScopeLogs{scope = 1, log_records = 2}
    TAG_FIRST = 0x0A
    TAG_SECOND = 0x12


# A column that has a value in some row, or a key that sparse lists use. Its header is the key field of the KeyValue.
cdef struct Field:
    Column *column
    const uint8_t *header
    int32_t header_size
    int32_t longest         # FORM_SPANS: no string of the batch is longer


cdef struct Layout:
    Field *fields           # the columns that vary from row to row
    int32_t nfields
    uint8_t *constant       # the attributes that are the same in every row, encoded
    int32_t constant_size
    Field *by_key           # headers for sparse lists, one a key; NULL = no row has one
    int32_t *sizes          # a row's LogRecord, without its tag and length; -1 = dropped
    int32_t records


cdef struct Group:
    const uint8_t *head         # the fields of ResourceLogs but scope_logs: resource, schema_url
    int32_t head_size
    int64_t records_size        # of all log_records fields
    int32_t records


cdef inline uint8_t *put_any(uint8_t *out, const uint8_t *arena, const Value *v) noexcept nogil:
    """``put_value``, with room behind ``out`` and strings copied in steps."""
    if v.kind == KIND_STRING:
        out[0] = ANY_STRING
        out = put_varint(out + 1, <uint32_t> v.u.s.len)
        return copy_long(out, arena + v.u.s.off, v.u.s.len)
    return put_value(out, arena, v)


cdef inline int32_t attribute_size(int32_t header_size, int32_t any_) noexcept nogil:
    """Size of an attributes field whose key field is ``header_size`` and whose AnyValue is ``any_`` bytes."""
    return delimited_size(header_size + delimited_size(any_))


cdef inline uint8_t *put_attribute(uint8_t *out, const Field *field, const uint8_t *arena,
                                   const Value *v) noexcept nogil:
    cdef int32_t size = value_size(v)
    out[0] = TAG_ATTRIBUTE
    out = put_varint(out + 1, <uint32_t> (field.header_size + delimited_size(size)))
    out = copy_long(out, field.header, field.header_size)
    out[0] = TAG_VALUE
    out = put_varint(out + 1, <uint32_t> size)
    return put_any(out, arena, v)


cdef inline uint8_t *put_string_attribute(uint8_t *out, const Field *field, const uint8_t *s, int32_t n) noexcept nogil:
    cdef int32_t header_size = field.header_size
    cdef int32_t inner
    if field.longest + header_size + 4 < 1 << 7:    # every length in the column is one byte
        out[0] = TAG_ATTRIBUTE
        out[1] = <uint8_t> (header_size + n + 4)
        out = copy_short(out + 2, field.header, header_size)
        out[0] = TAG_VALUE
        out[1] = <uint8_t> (n + 2)
        out[2] = ANY_STRING
        out[3] = <uint8_t> n
        return copy_short(out + 4, s, n)
    inner = delimited_size(n)
    if inner + header_size + 4 < 1 << 14:
        out[0] = TAG_ATTRIBUTE
        out = put_varint14(out + 1, <uint32_t> (header_size + delimited_size(inner)))
        out = copy_short(out, field.header, header_size)
        out[0] = TAG_VALUE
        out = put_varint14(out + 1, <uint32_t> inner)
        out[0] = ANY_STRING
        out = put_varint14(out + 1, <uint32_t> n)
        return copy_long(out, s, n)
    out[0] = TAG_ATTRIBUTE
    out = put_varint(out + 1, <uint32_t> (header_size + delimited_size(inner)))
    out = copy_short(out, field.header, header_size)
    out[0] = TAG_VALUE
    out = put_varint(out + 1, <uint32_t> inner)
    out[0] = ANY_STRING
    out = put_varint(out + 1, <uint32_t> n)
    return copy_long(out, s, n)


cdef inline uint8_t *put_string_body(uint8_t *out, const uint8_t *s, int32_t n) noexcept nogil:
    cdef int32_t inner = delimited_size(n)
    out[0] = TAG_BODY
    if inner < 1 << 14:
        out = put_varint14(out + 1, <uint32_t> inner)
        out[0] = ANY_STRING
        out = put_varint14(out + 1, <uint32_t> n)
    else:
        out = put_varint(out + 1, <uint32_t> inner)
        out[0] = ANY_STRING
        out = put_varint(out + 1, <uint32_t> n)
    return copy_long(out, s, n)


cdef int plan_layout(BatchData *b, Layout *layout) noexcept nogil:
    """Sort the columns into constant and varying ones and encode keys and constants once."""
    cdef int32_t k, size
    cdef int32_t headers = 0, constants = 0
    cdef uint8_t *out
    cdef const uint8_t *arena = b.arena.data
    cdef Field field
    for k in range(b.nkeys):
        size = delimited_size(b.keys[k].len)
        headers += size
        if b.attrs[k].form == FORM_CONST:
            constants += attribute_size(size, value_size(&b.attrs[k].constant))
    layout.fields = <Field *> slab_alloc(&b.slab, (b.nkeys + 1) * sizeof(Field))
    layout.by_key = <Field *> slab_alloc(&b.slab, (b.nkeys + 1) * sizeof(Field))
    layout.sizes = <int32_t *> slab_alloc(&b.slab, b.rows * sizeof(int32_t))
    layout.constant = <uint8_t *> slab_alloc(&b.slab, constants)
    out = <uint8_t *> slab_alloc(&b.slab, headers)
    if layout.fields == NULL or layout.by_key == NULL or layout.sizes == NULL or layout.constant == NULL or out == NULL:
        return ERR_MEMORY
    for k in range(b.nkeys):
        field.column = &b.attrs[k]
        field.header = out
        out[0] = TAG_KEY
        out = put_varint(out + 1, <uint32_t> b.keys[k].len)
        memcpy(out, arena + b.keys[k].off, b.keys[k].len)
        out += b.keys[k].len
        field.header_size = <int32_t> (out - field.header)
        layout.by_key[k] = field
        if b.attrs[k].form == FORM_SPANS or b.attrs[k].form == FORM_VALUES:
            layout.fields[layout.nfields] = field
            layout.nfields += 1
    out = layout.constant
    for k in range(b.nkeys):
        if b.attrs[k].form == FORM_CONST and b.attrs[k].constant.kind != KIND_ABSENT:
            out = put_attribute(out, &layout.by_key[k], arena, &b.attrs[k].constant)
    layout.constant_size = <int32_t> (out - layout.constant)
    return 0


cdef void add_span_sizes(int32_t *sizes, Field *field, int32_t rows) noexcept nogil:
    """Add a column of strings to ``sizes`` and find its longest."""
    cdef const Span *spans = field.column.spans
    cdef int32_t header_size = field.header_size
    cdef int32_t row, n, longest = 0
    for row in range(rows):
        longest = max(longest, spans[row].len)
    field.longest = longest
    if longest + header_size + 4 < 1 << 7:
        for row in range(rows):
            n = spans[row].len
            sizes[row] += header_size + n + 6 if n >= 0 else 0
    else:
        for row in range(rows):
            n = spans[row].len
            sizes[row] += attribute_size(header_size, delimited_size(n)) if n >= 0 else 0


cdef void add_body_sizes(int32_t *sizes, const Span *spans, int32_t rows) noexcept nogil:
    cdef int32_t row, n
    for row in range(rows):
        n = spans[row].len
        sizes[row] += delimited_size(delimited_size(n)) if n >= 0 else 0


cdef void measure(const BatchData *b, Layout *layout) noexcept nogil:
    """Fill ``sizes``."""
    cdef int32_t row, i, size
    cdef int32_t *sizes = layout.sizes
    cdef const Column *column
    cdef const Item *item
    cdef int32_t fixed = layout.constant_size + (9 if b.observed_ns else 0)
    for row in range(b.rows):
        sizes[row] = fixed + (9 if b.time_ns[row] != 0 else 0)
    if b.body.form == FORM_SPANS:
        add_body_sizes(sizes, b.body.spans, b.rows)
    elif b.body.form == FORM_VALUES:
        for row in range(b.rows):
            if b.body.values[row].kind != KIND_ABSENT:
                sizes[row] += delimited_size(value_size(&b.body.values[row]))
    elif b.body.form == FORM_CONST:
        for row in range(b.rows):
            sizes[row] += delimited_size(value_size(&b.body.constant))
    for i in range(layout.nfields):
        column = layout.fields[i].column
        if column.form == FORM_SPANS:
            add_span_sizes(sizes, &layout.fields[i], b.rows)
        else:
            for row in range(b.rows):
                if column.values[row].kind != KIND_ABSENT:
                    sizes[row] += attribute_size(layout.fields[i].header_size, value_size(&column.values[row]))
    if b.severity != NULL:
        for row in range(b.rows):
            if b.severity[row]:
                sizes[row] += 2
            size = b.severity_text[row].len
            if size > 0:
                sizes[row] += delimited_size(size)
    if b.sparse != NULL:
        for row in range(b.rows):
            for i in range(b.sparse[row].off, b.sparse[row].off + b.sparse[row].len):
                item = &b.items[i]
                sizes[row] += attribute_size(layout.by_key[item.key].header_size, value_size(&item.value))
    layout.records = 0
    for row in range(b.rows):
        if b.flags[row] & ROW_DROPPED:
            sizes[row] = -1
        else:
            layout.records += 1


cdef inline uint8_t *put_record(uint8_t *out, const BatchData *b, const Layout *layout, int32_t row) noexcept nogil:
    """The LogRecord in ``row`` as a log_records field."""
    cdef const uint8_t *arena = b.arena.data
    cdef const Field *field
    cdef const Value *value
    cdef const Item *item
    cdef Span span
    cdef int32_t i, size
    size = layout.sizes[row]
    out[0] = TAG_SECOND
    out = put_varint14(out + 1, <uint32_t> size) if size < 1 << 14 else put_varint(out + 1, <uint32_t> size)
    if b.time_ns[row] != 0:
        out = put_fixed64(out, TAG_TIME, b.time_ns[row])
    if b.severity != NULL:
        if b.severity[row]:
            out[0] = TAG_SEVERITY_NUMBER
            out[1] = b.severity[row]
            out += 2
        span = b.severity_text[row]
        if span.len > 0:
            out[0] = TAG_SEVERITY_TEXT
            out = put_varint(out + 1, <uint32_t> span.len)
            out = copy_long(out, arena + span.off, span.len)
    if b.body.form == FORM_SPANS:
        span = b.body.spans[row]
        if span.len >= 0:
            out = put_string_body(out, arena + span.off, span.len)
    elif b.body.form != FORM_NONE:
        value = &b.body.constant
        if b.body.form == FORM_VALUES:
            value = &b.body.values[row]
        if value.kind != KIND_ABSENT:
            out[0] = TAG_BODY
            out = put_varint(out + 1, <uint32_t> value_size(value))
            out = put_any(out, arena, value)
    for i in range(layout.nfields):
        field = &layout.fields[i]
        if field.column.form == FORM_SPANS:
            span = field.column.spans[row]
            if span.len >= 0:
                out = put_string_attribute(out, field, arena + span.off, span.len)
        else:
            value = &field.column.values[row]
            if value.kind != KIND_ABSENT:
                out = put_attribute(out, field, arena, value)
    if b.sparse != NULL:
        for i in range(b.sparse[row].off, b.sparse[row].off + b.sparse[row].len):
            item = &b.items[i]
            out = put_attribute(out, &layout.by_key[item.key], arena, &item.value)
    out = copy_long(out, layout.constant, layout.constant_size)
    if b.observed_ns:
        out = put_fixed64(out, TAG_OBSERVED, b.observed_ns)
    return out


cdef int64_t size_groups(const BatchData *b, const Layout *layout, Group *groups, int32_t ngroups) noexcept nogil:
    """Sum the records of each resource; the size of the whole run."""
    cdef int32_t row, size
    cdef int64_t total = 0
    cdef Group *group
    for row in range(b.rows):
        size = layout.sizes[row]
        if size >= 0:
            group = &groups[b.resource[row] if b.resource != NULL else 0]
            group.records_size += delimited_size(size)
            group.records += 1
    for row in range(ngroups):
        group = &groups[row]
        if group.records:
            if group.records_size > LARGEST:
                return -1
            size = <int32_t> (2 + group.records_size)       # ScopeLogs: an empty scope, the records
            total += delimited_size(group.head_size + delimited_size(size))
    return total


cdef uint8_t *put_group_header(uint8_t *out, const Group *group) noexcept nogil:
    cdef int32_t scope_logs = <int32_t> (2 + group.records_size)
    out[0] = TAG_FIRST                                      # ExportLogsServiceRequest.resource_logs = 1
    out = put_varint(out + 1, <uint32_t> (group.head_size + delimited_size(scope_logs)))
    memcpy(out, group.head, group.head_size)
    out += group.head_size
    out[0] = TAG_SECOND
    out = put_varint(out + 1, <uint32_t> scope_logs)
    out[0] = TAG_FIRST
    out[1] = 0
    return out + 2


cdef int sort_by_resource(BatchData *b, int32_t ngroups, int32_t **order) noexcept nogil:
    """Rows in the order of their resources, stable (a counting sort)."""
    cdef int32_t *next_ = <int32_t *> slab_alloc(&b.slab, ngroups * sizeof(int32_t))
    cdef int32_t *starts = <int32_t *> slab_alloc(&b.slab, (ngroups + 1) * sizeof(int32_t))
    cdef int32_t i, row
    order[0] = <int32_t *> slab_alloc(&b.slab, b.rows * sizeof(int32_t))
    if next_ == NULL or starts == NULL or order[0] == NULL:
        return ERR_MEMORY
    memset(starts, 0, (ngroups + 1) * sizeof(int32_t))
    for row in range(b.rows):
        starts[b.resource[row] + 1] += 1
    for i in range(ngroups):
        starts[i + 1] += starts[i]
        next_[i] = starts[i]
    for row in range(b.rows):
        i = b.resource[row]
        order[0][next_[i]] = row
        next_[i] += 1
    return 0


cdef void write(uint8_t *out, const BatchData *b, const Layout *layout, const Group *groups,
                const int32_t *order) noexcept nogil:
    """Write group by group; ``order`` is NULL when there is only one. Copies may overrun, so nothing is written
    ahead."""
    cdef int32_t i, at, row, group = -1
    # Copies that nothing else points to: else every byte written might change them, and they are read again each time.
    cdef BatchData own = b[0]
    cdef Layout plan = layout[0]
    for at in range(b.rows):
        row = order[at] if order != NULL else at
        if layout.sizes[row] < 0:
            continue
        i = b.resource[row] if b.resource != NULL else 0
        if i != group:
            out = put_group_header(out, &groups[i])
            group = i
        out = put_record(out, &own, &plan, row)


def encode(Batch batch, Buffer buffer=None):
    """The records of ``batch`` that are not dropped, as a run of ``resource_logs`` fields.

    Returns (Buffer, number of records); given a buffer, it is that one, with the run behind what it held. OverflowError
    when the run would exceed 2 GiB.
    """
    cdef Layout layout
    cdef Resource resource
    cdef list encoded = []
    cdef bytes data
    cdef int32_t i, ngroups = <int32_t> len(batch.resources)
    cdef Group *groups
    cdef int32_t *order = NULL
    cdef int64_t size
    memset(&layout, 0, sizeof(layout))
    if buffer is None:
        buffer = Buffer()
    if batch.d.rows == 0:
        return buffer, 0
    groups = <Group *> slab_alloc(&batch.d.slab, ngroups * sizeof(Group))
    if groups == NULL:
        raise MemoryError
    memset(groups, 0, ngroups * sizeof(Group))
    for i, resource in enumerate(batch.resources):
        data = message_field(1, resource.encoded())
        if resource.schema_url:
            data += message_field(3, resource.schema_url.encode())
        encoded.append(data)
        groups[i].head = <const uint8_t *> <char *> data
        groups[i].head_size = <int32_t> len(data)
    batch.check(plan_layout(&batch.d, &layout))
    with nogil:
        measure(&batch.d, &layout)
        size = size_groups(&batch.d, &layout, groups, ngroups)
    if size < 0:
        batch.check(ERR_ARENA)
    if batch.d.resource != NULL:
        batch.check(sort_by_resource(&batch.d, ngroups, &order))
    buffer.reserve(size)
    with nogil:
        write(buffer.b.data + buffer.b.len, &batch.d, &layout, groups, order)
    buffer.b.len += size
    return buffer, layout.records
