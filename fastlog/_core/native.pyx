"""Batch columns to ClickHouse's Native format: one block a batch, so that chunks concatenate into one INSERT.

Layout (ClickHouse documentation, "Native"; protocol revision 0, as over HTTP): the number of columns and of rows as
varints, then every column with its name, its type and its values. A String is a varint length and its bytes.
LowCardinality: UInt64 key version 1, then, unless there are no values, UInt64 flags | index width, UInt64 number of
keys, the keys, UInt64 number of values, an index a value. Map(K, V): the version of K, a UInt64 end offset a row, then
all keys, all values.

The columns are those of the collector's otel_logs table that our records can fill; the others (TraceId, ScopeName, ...)
are left to the table's default, which is the empty value the collector would send.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset, strlen

from fastlog._core.batch cimport Batch, BatchData, Resource, column_get, key_hash
from fastlog._core.buffer cimport Buffer
from fastlog._core.memory cimport Bytes, bytes_append, bytes_reserve
from fastlog._core.proto cimport copy_long, copy_short, put_varint, put_varint14
from fastlog._core.text cimport Entry, any_text, any_view, key_value, read_field, read_varint, value_text
from fastlog._core.types cimport (
    ERR_ARENA,
    ERR_MEMORY,
    FORM_CONST,
    FORM_SPANS,
    FORM_VALUES,
    KIND_ABSENT,
    KIND_STRING,
    ROW_DROPPED,
    Span,
    Value,
)

COLUMNS = (
    "Timestamp", "SeverityText", "SeverityNumber", "ServiceName", "Body", "ResourceSchemaUrl", "ResourceAttributes",
    "LogAttributes",
)
"""The columns of a block, in order; an INSERT names them."""

cdef enum:
    NCOLUMNS = 8
    LC_VERSION = 1          # SharedDictionariesWithAdditionalKeys
    LC_FLAGS = 0x600        # HasAdditionalKeys | NeedUpdateDictionary: the block brings its own dictionary
    CACHED_RESOURCES = 4096
    ERR_BLOCK = 100         # not a block of this layout
    # how a column's values lie in a block
    SHAPE_FIXED1 = 1
    SHAPE_FIXED8 = 8
    SHAPE_STRING = 16
    SHAPE_LOW = 17
    SHAPE_MAP = 18

cdef const char **NAMES = [
    "Timestamp", "SeverityText", "SeverityNumber", "ServiceName", "Body", "ResourceSchemaUrl", "ResourceAttributes",
    "LogAttributes",
]
cdef const char **TYPES = [
    "DateTime64(9)", "LowCardinality(String)", "UInt8", "LowCardinality(String)", "String", "LowCardinality(String)",
    "Map(LowCardinality(String), String)", "Map(LowCardinality(String), String)",
]
cdef int *SHAPES = [
    SHAPE_FIXED8, SHAPE_LOW, SHAPE_FIXED1, SHAPE_LOW, SHAPE_STRING, SHAPE_LOW, SHAPE_MAP, SHAPE_MAP,
]


cdef uint8_t[32] NOTHING     # an empty string, readable past its end


# The dictionary of a LowCardinality column: distinct byte strings in the order they came.
cdef struct Dictionary:
    Bytes text              # the strings as the format has them: varint length, bytes
    Span *spans             # where the bytes of each lie in text
    int32_t n
    int32_t cap
    int32_t *slots          # open addressing, -1 = empty
    uint32_t mask


# A resource with its values as text.
cdef struct Flat:
    Bytes text
    Span *keys              # in text
    int32_t n
    Bytes values            # all values, one after the other, as a String column has them
    Span service            # service.name's text in text; empty when the resource has none
    Span schema_url         # in text


# An attribute column as it is written.
cdef struct Source:
    int32_t key             # index in names
    int32_t constant        # where the encoded String lies in Scratch.constants, for the same in every row
    int32_t size            # of that
    const Span *spans       # a string a row
    const Value *values     # or a value a row


# What one call needs beside its output.
cdef struct Scratch:
    Bytes text              # one value at a time
    Dictionary names        # of the LowCardinality column at hand
    int32_t *index          # an index a row
    int32_t *key_index      # a batch key's index in names, -1 = not in it
    int32_t *resource_keys  # the keys of all flats: their index in names
    int32_t *resource_first     # where a flat's keys start in resource_keys
    Bytes constants
    Source *sources         # attribute columns
    int32_t nconstants      # the first ones of them are constants
    int32_t nspans          # up to here they are spans
    int32_t nsources        # up to here values
    int32_t records


# ---- writing

cdef inline int put_string(Bytes *out, const uint8_t *s, int32_t size) noexcept nogil:
    """Append a String; ``s`` is padded like an arena, unless it is empty."""
    cdef uint8_t *o
    if bytes_reserve(out, <size_t> size + 5):
        return ERR_MEMORY
    o = put_varint(out.data + out.len, <uint32_t> size)
    out.len = (copy_long(o, s, size) if size else o) - out.data
    return 0


cdef inline int put_u64(Bytes *out, uint64_t value) noexcept nogil:
    return bytes_append(out, &value, 8)


cdef inline int put_header(Bytes *out, int column) noexcept nogil:
    """A column's name and type."""
    cdef uint8_t size = <uint8_t> strlen(NAMES[column])
    cdef int status = bytes_append(out, &size, 1) or bytes_append(out, NAMES[column], size)
    if status:
        return status
    size = <uint8_t> strlen(TYPES[column])
    return bytes_append(out, &size, 1) or bytes_append(out, TYPES[column], size)


cdef inline int put_value(Bytes *out, Bytes *scratch, Value value, const uint8_t *arena) noexcept nogil:
    """Append a value's text as a String."""
    if value.kind == KIND_STRING:
        return put_string(out, arena + value.u.s.off, value.u.s.len)
    scratch.len = 0
    return value_text(scratch, value, arena) or bytes_reserve(scratch, 1) or put_string(
        out, scratch.data, <int32_t> scratch.len)


cdef inline int index_width(int32_t keys) noexcept nogil:
    return 0 if keys <= 1 << 8 else 1 if keys <= 1 << 16 else 2


cdef inline void put_index(uint8_t *out, int width, int64_t at, int32_t value) noexcept nogil:
    if width == 0:
        out[at] = <uint8_t> value
    elif width == 1:
        memcpy(out + 2 * at, &value, 2)     # not aligned; little-endian, as every processor we build for
    else:
        memcpy(out + 4 * at, &value, 4)


# ---- dictionaries

cdef int dictionary_grow(Dictionary *d) noexcept nogil:
    cdef int32_t cap = 2 * d.cap if d.cap else 32
    cdef Span *spans = <Span *> realloc(d.spans, cap * sizeof(Span))
    cdef int32_t *slots
    cdef uint32_t slot
    cdef int32_t i
    if spans == NULL:
        return ERR_MEMORY
    d.spans = spans
    slots = <int32_t *> realloc(d.slots, 4 * cap * sizeof(int32_t))
    if slots == NULL:
        return ERR_MEMORY
    d.slots = slots
    d.cap = cap
    d.mask = 4 * cap - 1
    memset(slots, 0xFF, 4 * cap * sizeof(int32_t))
    for i in range(d.n):
        slot = key_hash(d.text.data + spans[i].off, spans[i].len) & d.mask
        while slots[slot] >= 0:
            slot = (slot + 1) & d.mask
        slots[slot] = i
    return 0


cdef int32_t dictionary_add(Dictionary *d, const uint8_t *s, int32_t size) noexcept nogil:
    """The index of ``s``; added when new. -1 when memory is out."""
    cdef uint32_t slot
    cdef int32_t i
    if size == 0:
        s = NOTHING     # an empty arena is NULL
    if d.n == d.cap and dictionary_grow(d):
        return -1
    slot = key_hash(s, size) & d.mask
    while True:
        i = d.slots[slot]
        if i < 0:
            break
        if d.spans[i].len == size and memcmp(d.text.data + d.spans[i].off, s, size) == 0:
            return i
        slot = (slot + 1) & d.mask
    i = d.n
    if put_string(&d.text, s, size):
        return -1
    d.spans[i].off = <int32_t> d.text.len - size
    d.spans[i].len = size
    d.slots[slot] = i
    d.n += 1
    return i


cdef void dictionary_clear(Dictionary *d) noexcept nogil:
    d.n = 0
    d.text.len = 0
    if d.slots != NULL:
        memset(d.slots, 0xFF, (<size_t> d.mask + 1) * sizeof(int32_t))


cdef void dictionary_free(Dictionary *d) noexcept nogil:
    free(d.text.data)
    free(d.spans)
    free(d.slots)


cdef int put_dictionary(Bytes *out, Dictionary *d, int64_t values) noexcept nogil:
    """What stands before the indices, and room for them."""
    return (put_u64(out, LC_FLAGS | index_width(d.n)) or put_u64(out, d.n)
            or bytes_append(out, d.text.data, d.text.len) or put_u64(out, values)
            or bytes_reserve(out, (<size_t> values + 1) << index_width(d.n)))


cdef int put_low_cardinality(Bytes *out, int column, Scratch *s) noexcept nogil:
    """A LowCardinality column of the rows' indices in ``s.index``."""
    cdef int width = index_width(s.names.n)
    cdef int status = put_header(out, column) or put_u64(out, LC_VERSION) or put_dictionary(out, &s.names, s.records)
    cdef int32_t i
    if status:
        return status
    for i in range(s.records):
        put_index(out.data + out.len, width, i, s.index[i])
    out.len += <size_t> s.records << width
    return 0


# ---- columns

cdef int put_timestamps(Bytes *out, const BatchData *b, int column, Scratch *s) noexcept nogil:
    """The record's time, or where that is unset when it was observed, in ns."""
    cdef uint8_t *o
    cdef int64_t time
    cdef int32_t row
    if put_header(out, column) or bytes_reserve(out, <size_t> s.records * 8):
        return ERR_MEMORY
    o = out.data + out.len
    for row in range(b.rows):
        if not b.flags[row] & ROW_DROPPED:
            time = b.time_ns[row] if b.time_ns[row] else b.observed_ns
            memcpy(o, &time, 8)
            o += 8
    out.len += <size_t> s.records * 8
    return 0


cdef int put_severity_numbers(Bytes *out, const BatchData *b, int column, Scratch *s) noexcept nogil:
    cdef uint8_t *o
    cdef int32_t row
    if put_header(out, column) or bytes_reserve(out, s.records):
        return ERR_MEMORY
    o = out.data + out.len
    for row in range(b.rows):
        if not b.flags[row] & ROW_DROPPED:
            o[0] = b.severity[row] if b.severity != NULL else 0
            o += 1
    out.len += s.records
    return 0


cdef int put_severity_texts(Bytes *out, const BatchData *b, int column, Scratch *s) noexcept nogil:
    cdef int32_t row
    cdef int32_t i = 0
    cdef int32_t known = -1     # the index of the previous text, which is most often this one's too
    cdef Span previous, text
    dictionary_clear(&s.names)
    previous.off = previous.len = -1
    text.off = text.len = 0
    for row in range(b.rows):
        if b.flags[row] & ROW_DROPPED:
            continue
        if b.severity_text != NULL:
            text = b.severity_text[row]
            if text.len < 0:
                text.len = 0
        if known < 0 or text.off != previous.off or text.len != previous.len:
            known = dictionary_add(&s.names, b.arena.data + text.off, text.len)
            if known < 0:
                return ERR_MEMORY
            previous = text
        s.index[i] = known
        i += 1
    return put_low_cardinality(out, column, s)


cdef int put_resource_texts(Bytes *out, const BatchData *b, Flat **flats, bint schema_url, int column,
                            Scratch *s) noexcept nogil:
    """What the row's resource has for its schema URL, or else for service.name."""
    cdef int32_t row
    cdef int32_t i = 0
    cdef int32_t known = -1
    cdef int32_t resource = 0
    cdef Span text
    dictionary_clear(&s.names)
    for row in range(b.rows):
        if b.flags[row] & ROW_DROPPED:
            continue
        if known < 0 or (b.resource != NULL and b.resource[row] != resource):
            resource = b.resource[row] if b.resource != NULL else 0
            text = flats[resource].schema_url if schema_url else flats[resource].service
            known = dictionary_add(&s.names, flats[resource].text.data + text.off, text.len)
            if known < 0:
                return ERR_MEMORY
        s.index[i] = known
        i += 1
    return put_low_cardinality(out, column, s)


cdef int put_bodies(Bytes *out, const BatchData *b, int column, Scratch *s) noexcept nogil:
    cdef int32_t row
    cdef Span span
    cdef int status = put_header(out, column)
    for row in range(b.rows):
        if status:
            return status
        if b.flags[row] & ROW_DROPPED:
            continue
        if b.body.form == FORM_SPANS:
            span = b.body.spans[row]
            status = put_string(out, b.arena.data + span.off, span.len if span.len > 0 else 0)
        else:
            status = put_value(out, &s.text, column_get(&b.body, row), b.arena.data)
    return status


cdef inline int32_t known_key(const BatchData *b, Scratch *s, int32_t key) noexcept nogil:
    """A batch key's index in ``s.names``; added when new. -1 when memory is out."""
    if s.key_index[key] < 0:
        s.key_index[key] = dictionary_add(&s.names, b.arena.data + b.keys[key].off, b.keys[key].len)
    return s.key_index[key]


cdef int find_sources(const BatchData *b, Scratch *s) noexcept nogil:
    """The attribute columns by how they are written: constants, which are encoded here, then spans, then values."""
    cdef int32_t key, form, step
    cdef int32_t n = 0
    cdef Value constant
    cdef Source *source
    s.constants.len = 0
    for step in range(3):
        form = FORM_CONST if step == 0 else FORM_SPANS if step == 1 else FORM_VALUES
        for key in range(b.nkeys):
            if b.attrs[key].form != form:
                continue
            source = &s.sources[n]
            if form == FORM_CONST:
                constant = b.attrs[key].constant
                if constant.kind == KIND_ABSENT:
                    continue
                source.constant = <int32_t> s.constants.len
                if put_value(&s.constants, &s.text, constant, b.arena.data):
                    return ERR_MEMORY
                source.size = <int32_t> s.constants.len - source.constant
            source.spans = b.attrs[key].spans
            source.values = b.attrs[key].values
            source.key = known_key(b, s, key)
            if source.key < 0:
                return ERR_MEMORY
            n += 1
        if form == FORM_CONST:
            s.nconstants = n
        elif form == FORM_SPANS:
            s.nspans = n
        else:
            s.nsources = n
    return 0


cdef int count_attributes(Bytes *out, const BatchData *b, Scratch *s, int64_t *total) noexcept nogil:
    """Append the end offsets; ``s.index`` gets a row's size of constants and spans, with 5 bytes for each length."""
    cdef int32_t row, c, i, size, present
    cdef int64_t at = 0
    total[0] = 0
    if bytes_reserve(out, <size_t> s.records * 8):
        return ERR_MEMORY
    for row in range(b.rows):
        if b.flags[row] & ROW_DROPPED:
            continue
        size = <int32_t> s.constants.len
        total[0] += s.nconstants
        for c in range(s.nconstants, s.nspans):
            present = s.sources[c].spans[row].len >= 0
            total[0] += present
            size += (s.sources[c].spans[row].len + 5) * present
        for c in range(s.nspans, s.nsources):
            total[0] += s.sources[c].values[row].kind != KIND_ABSENT
        if b.sparse != NULL:
            total[0] += b.sparse[row].len
            for i in range(b.sparse[row].off, b.sparse[row].off + b.sparse[row].len):
                if known_key(b, s, b.items[i].key) < 0:
                    return ERR_MEMORY
        s.index[at] = size
        memcpy(out.data + out.len + 8 * at, total, 8)
        at += 1
    out.len += <size_t> s.records * 8
    return 0


cdef void put_attribute_keys(uint8_t *out, const BatchData *b, const Scratch *s) noexcept nogil:
    """The index of every attribute's key; ``out`` has room for all of them and one more."""
    cdef int32_t row, c, i
    cdef int64_t at = 0
    cdef int width = index_width(s.names.n)
    for row in range(b.rows):
        if b.flags[row] & ROW_DROPPED:
            continue
        for c in range(s.nconstants):
            put_index(out, width, at, s.sources[c].key)
            at += 1
        for c in range(s.nconstants, s.nspans):
            put_index(out, width, at, s.sources[c].key)     # overwritten by the next one if this one is absent
            at += s.sources[c].spans[row].len >= 0
        for c in range(s.nspans, s.nsources):
            put_index(out, width, at, s.sources[c].key)
            at += s.sources[c].values[row].kind != KIND_ABSENT
        if b.sparse != NULL:
            for i in range(b.sparse[row].off, b.sparse[row].off + b.sparse[row].len):
                put_index(out, width, at, s.key_index[b.items[i].key])
                at += 1


cdef int put_attribute_values(Bytes *out, const BatchData *b, Scratch *s) noexcept nogil:
    cdef int32_t row, c, i
    cdef int64_t at = 0
    cdef uint8_t *o
    cdef Span span
    cdef int status
    for row in range(b.rows):
        if b.flags[row] & ROW_DROPPED:
            continue
        if bytes_reserve(out, s.index[at]):
            return ERR_MEMORY
        at += 1
        o = out.data + out.len
        for c in range(s.nconstants):
            o = copy_short(o, s.constants.data + s.sources[c].constant, s.sources[c].size)
        for c in range(s.nconstants, s.nspans):
            span = s.sources[c].spans[row]
            if span.len > 0:
                o = put_varint14(o, span.len) if span.len < 1 << 14 else put_varint(o, <uint32_t> span.len)
                o = copy_short(o, b.arena.data + span.off, span.len)
            elif span.len == 0:
                o[0] = 0
                o += 1
        out.len = o - out.data
        for c in range(s.nspans, s.nsources):
            if s.sources[c].values[row].kind != KIND_ABSENT:
                status = put_value(out, &s.text, s.sources[c].values[row], b.arena.data)
                if status:
                    return status
        if b.sparse != NULL:
            for i in range(b.sparse[row].off, b.sparse[row].off + b.sparse[row].len):
                status = put_value(out, &s.text, b.items[i].value, b.arena.data)
                if status:
                    return status
    return 0


cdef int put_log_attributes(Bytes *out, const BatchData *b, int column, Scratch *s) noexcept nogil:
    cdef int64_t total
    cdef int status
    dictionary_clear(&s.names)
    memset(s.key_index, 0xFF, b.nkeys * sizeof(int32_t))
    status = (put_header(out, column) or put_u64(out, LC_VERSION) or find_sources(b, s)
              or count_attributes(out, b, s, &total))
    if status or total == 0:
        return status
    status = put_dictionary(out, &s.names, total)
    if status:
        return status
    put_attribute_keys(out.data + out.len, b, s)
    out.len += <size_t> total << index_width(s.names.n)
    return put_attribute_values(out, b, s)


cdef int put_resource_attributes(Bytes *out, const BatchData *b, Flat **flats, int32_t nflats, int column,
                                 Scratch *s) noexcept nogil:
    cdef int32_t row, i, resource
    cdef int32_t first = 0
    cdef int64_t total = 0
    cdef int64_t at = 0
    cdef size_t size = 0
    cdef int width
    cdef int status
    cdef Flat *flat
    dictionary_clear(&s.names)
    for resource in range(nflats):
        flat = flats[resource]
        s.resource_first[resource] = first
        for i in range(flat.n):
            s.resource_keys[first] = dictionary_add(&s.names, flat.text.data + flat.keys[i].off, flat.keys[i].len)
            if s.resource_keys[first] < 0:
                return ERR_MEMORY
            first += 1
    if put_header(out, column) or put_u64(out, LC_VERSION) or bytes_reserve(out, <size_t> s.records * 8):
        return ERR_MEMORY
    for row in range(b.rows):
        if not b.flags[row] & ROW_DROPPED:
            flat = flats[b.resource[row] if b.resource != NULL else 0]
            total += flat.n
            size += flat.values.len
            memcpy(out.data + out.len + 8 * at, &total, 8)
            at += 1
    out.len += <size_t> s.records * 8
    if total == 0:
        return 0
    status = put_dictionary(out, &s.names, total)
    if status:
        return status
    width = index_width(s.names.n)
    at = 0
    for row in range(b.rows):
        if b.flags[row] & ROW_DROPPED:
            continue
        resource = b.resource[row] if b.resource != NULL else 0
        for i in range(flats[resource].n):
            put_index(out.data + out.len, width, at, s.resource_keys[s.resource_first[resource] + i])
            at += 1
    out.len += <size_t> total << width
    if bytes_reserve(out, size):
        return ERR_MEMORY
    for row in range(b.rows):
        if b.flags[row] & ROW_DROPPED:
            continue
        flat = flats[b.resource[row] if b.resource != NULL else 0]
        if flat.n:
            out.len = copy_long(out.data + out.len, flat.values.data, flat.values.len) - out.data
    return 0


cdef int put_block(Bytes *out, const BatchData *b, Flat **flats, int32_t nflats, Scratch *s) noexcept nogil:
    cdef int32_t row
    cdef int32_t resource_keys = 0
    cdef int32_t i
    cdef uint8_t[8] counts
    cdef uint8_t *end
    s.records = 0
    for row in range(b.rows):
        s.records += not b.flags[row] & ROW_DROPPED
    if s.records == 0:
        return 0
    for i in range(nflats):
        resource_keys += flats[i].n
    s.index = <int32_t *> malloc(s.records * sizeof(int32_t))
    s.key_index = <int32_t *> malloc((b.nkeys + 1) * sizeof(int32_t))
    s.sources = <Source *> malloc((b.nkeys + 1) * sizeof(Source))
    s.resource_keys = <int32_t *> malloc((resource_keys + 1) * sizeof(int32_t))
    s.resource_first = <int32_t *> malloc((nflats + 1) * sizeof(int32_t))
    if (s.index == NULL or s.key_index == NULL or s.sources == NULL or s.resource_keys == NULL
            or s.resource_first == NULL):
        return ERR_MEMORY
    counts[0] = NCOLUMNS
    end = put_varint(counts + 1, <uint32_t> s.records)
    return (
        bytes_append(out, counts, end - counts)
        or put_timestamps(out, b, 0, s)
        or put_severity_texts(out, b, 1, s)
        or put_severity_numbers(out, b, 2, s)
        or put_resource_texts(out, b, flats, False, 3, s)
        or put_bodies(out, b, 4, s)
        or put_resource_texts(out, b, flats, True, 5, s)
        or put_resource_attributes(out, b, flats, nflats, 6, s)
        or put_log_attributes(out, b, 7, s)
    )


# ---- resources

cdef int flatten(Flat *flat, const uint8_t *p, int32_t size) noexcept nogil:
    """Fill ``flat`` from KeyValue fields 1 of a Resource message."""
    cdef const uint8_t *end = p + size
    cdef const uint8_t *at = p
    cdef int32_t number, wire, n
    cdef uint64_t scalar
    cdef const uint8_t *data
    cdef Entry entry
    cdef Bytes text
    cdef int status = 0
    cdef int32_t count = 0
    while at < end:
        at = read_field(at, end, &number, &wire, &scalar, &data, &n)
        count += 1
    flat.keys = <Span *> malloc((count + 1) * sizeof(Span))
    if flat.keys == NULL:
        return ERR_MEMORY
    memset(&text, 0, sizeof(Bytes))
    at = p
    while at < end and status == 0:
        at = read_field(at, end, &number, &wire, &scalar, &data, &n)
        if number != 1 or wire != 2:
            continue
        entry = key_value(data, n)
        flat.keys[flat.n].off = <int32_t> flat.text.len
        flat.keys[flat.n].len = entry.key_size
        text.len = 0
        status = (bytes_append(&flat.text, entry.key, entry.key_size)
                  or any_text(&text, any_view(entry.value, entry.value_size))
                  or bytes_reserve(&text, 1)
                  or put_string(&flat.values, text.data, <int32_t> text.len))
        if status == 0 and entry.key_size == 12 and memcmp(entry.key, b"service.name", 12) == 0:
            flat.service.off = <int32_t> flat.text.len
            flat.service.len = <int32_t> text.len
            status = bytes_append(&flat.text, text.data, text.len)
        flat.n += 1
    free(text.data)
    return status


cdef class FlatResource:
    cdef Flat f

    def __cinit__(self, Resource resource):
        cdef bytes encoded = resource.encoded()
        cdef bytes url = resource.schema_url.encode()
        memset(&self.f, 0, sizeof(Flat))
        check(flatten(&self.f, <const uint8_t *> <char *> encoded, <int32_t> len(encoded)))
        self.f.schema_url.off = <int32_t> self.f.text.len
        self.f.schema_url.len = <int32_t> len(url)
        check(bytes_append(&self.f.text, <char *> url, len(url)))

    def __dealloc__(self):
        free(self.f.text.data)
        free(self.f.keys)
        free(self.f.values.data)


cdef int check(int status) except -1:
    if status == ERR_BLOCK:
        raise ValueError("not a Native block of this module's columns")
    if status == ERR_ARENA:
        raise OverflowError("a Native block holds at most 2 GiB; submit smaller batches")
    if status:
        raise MemoryError
    return 0


cdef class Encoder:
    """Encodes batches as Native blocks. Keeps the text of the resources it has seen; threads may share one."""

    cdef dict _flats

    def __cinit__(self):
        self._flats = {}

    def encode(self, Batch batch not None):
        """A Buffer with the block of the records that are not dropped; empty when there is none."""
        cdef Buffer out = Buffer()
        cdef Scratch s
        cdef FlatResource flat
        cdef list held = []
        cdef int32_t n = <int32_t> len(batch.resources)
        cdef int32_t i
        cdef int status
        cdef Flat **flats = <Flat **> malloc((n + 1) * sizeof(Flat *))
        if flats == NULL:
            raise MemoryError
        try:
            if len(self._flats) + n > CACHED_RESOURCES:
                self._flats = {}
            for i in range(n):
                resource = batch.resources[i]
                flat = self._flats.get(resource)
                if flat is None:
                    flat = self._flats[resource] = FlatResource(resource)
                held.append(flat)
                flats[i] = &flat.f
            with nogil:
                memset(&s, 0, sizeof(Scratch))
                status = put_block(&out.b, &batch.d, flats, n, &s)
                free(s.text.data)
                dictionary_free(&s.names)
                free(s.index)
                free(s.key_index)
                free(s.sources)
                free(s.constants.data)
                free(s.resource_keys)
                free(s.resource_first)
            check(status)
        finally:
            free(flats)
        return out


# ---- slicing

cdef struct Cursor:
    const uint8_t *p
    const uint8_t *end
    bint bad


cdef inline uint64_t take_varint(Cursor *c) noexcept nogil:
    cdef uint64_t value
    if c.p == c.end:
        c.bad = True
        return 0
    c.p = read_varint(c.p, c.end, &value)
    if c.p == c.end and (c.end - 1)[0] >= 0x80:
        c.bad = True
    return value


cdef inline const uint8_t *take(Cursor *c, uint64_t size) noexcept nogil:
    """The next ``size`` bytes, in the block; its end when it has fewer."""
    cdef const uint8_t *p = c.p
    if c.bad or size > <uint64_t> (c.end - c.p):
        c.bad = True
        return c.end
    c.p += size
    return p


cdef inline uint64_t take_u64(Cursor *c) noexcept nogil:
    cdef uint64_t value = 0
    cdef const uint8_t *p = take(c, 8)
    if not c.bad:
        memcpy(&value, p, 8)
    return value


cdef inline void skip_strings(Cursor *c, uint64_t count) noexcept nogil:
    while count and not c.bad:
        take(c, take_varint(c))
        count -= 1


cdef int slice_strings(Bytes *out, Cursor *c, uint64_t rows, uint64_t first, uint64_t count) noexcept nogil:
    cdef const uint8_t *start
    cdef int status
    skip_strings(c, first)
    start = c.p
    skip_strings(c, count)
    status = 0 if c.bad else bytes_append(out, start, c.p - start)
    skip_strings(c, rows - first - count)
    return status


cdef int slice_indices(Bytes *out, Cursor *c, uint64_t rows, uint64_t first, uint64_t count) noexcept nogil:
    """A LowCardinality column behind its version; the dictionary goes along whole."""
    cdef const uint8_t *start
    cdef const uint8_t *indices
    cdef uint64_t width
    cdef int status
    if rows == 0:
        return 0
    start = c.p
    width = <uint64_t> 1 << (take_u64(c) & 3)
    skip_strings(c, take_u64(c))
    status = bytes_append(out, start, c.p - start) if count and not c.bad else 0
    if take_u64(c) != rows:
        c.bad = True
    indices = take(c, rows * width)
    if count == 0 or c.bad or status:
        return status
    return put_u64(out, count) or bytes_append(out, indices + first * width, count * width)


cdef int slice_map(Bytes *out, Cursor *c, uint64_t rows, uint64_t first, uint64_t count) noexcept nogil:
    """A Map column behind its version."""
    cdef const uint8_t *offsets = take(c, rows * 8)
    cdef uint64_t total, before, end, last, i
    cdef int status
    if c.bad:
        return 0
    before = 0
    if first:
        memcpy(&before, offsets + 8 * (first - 1), 8)
    memcpy(&total, offsets + 8 * (rows - 1), 8)
    last = before
    for i in range(first, first + count):
        memcpy(&end, offsets + 8 * i, 8)
        # An item takes a byte at least: what ends beyond the block, or before it begins, is damaged.
        if end < last or end > total or total > <uint64_t> (c.end - c.p):
            c.bad = True
            return 0
        last = end
        status = put_u64(out, end - before)
        if status:
            return status
    return (slice_indices(out, c, total, before, end - before)
            or slice_strings(out, c, total, before, end - before))


cdef int slice_rows(Bytes *out, Cursor *c, uint64_t first, uint64_t count) noexcept nogil:
    cdef uint64_t rows, size
    cdef int column
    cdef int status = 0
    cdef uint8_t[16] counts
    cdef const uint8_t *start
    if take_varint(c) != NCOLUMNS:
        return ERR_BLOCK
    rows = take_varint(c)
    # A row takes several bytes, so that no product of rows overflows.
    if c.bad or count == 0 or rows > <uint64_t> (c.end - c.p) or first > rows or count > rows - first:
        return ERR_BLOCK
    counts[0] = NCOLUMNS
    status = bytes_append(out, counts, put_varint(counts + 1, count) - counts)
    for column in range(NCOLUMNS):
        start = c.p
        skip_strings(c, 2)          # name and type
        if SHAPES[column] == SHAPE_LOW or SHAPES[column] == SHAPE_MAP:
            take(c, 8)              # the dictionary's version
        if status == 0 and not c.bad:
            status = bytes_append(out, start, c.p - start)
        if status or c.bad:
            break
        if SHAPES[column] == SHAPE_LOW:
            status = slice_indices(out, c, rows, first, count)
        elif SHAPES[column] == SHAPE_MAP:
            status = slice_map(out, c, rows, first, count)
        elif SHAPES[column] == SHAPE_STRING:
            status = slice_strings(out, c, rows, first, count)
        else:
            size = SHAPES[column]
            start = take(c, rows * size)
            if not c.bad:
                status = bytes_append(out, start + first * size, count * size)
    if status == 0 and (c.bad or c.p != c.end):
        return ERR_BLOCK
    return status


def slice_block(const uint8_t[::1] block not None, uint32_t first, uint32_t count):
    """A Buffer with the block of ``count`` rows from row ``first`` on of ``block``, which :meth:`Encoder.encode` made.

    ValueError when ``block`` is not such a block or has no such rows.
    """
    cdef Buffer out = Buffer()
    cdef Cursor c
    cdef int status
    c.p = &block[0] if block.shape[0] else NULL
    c.end = c.p + block.shape[0]
    c.bad = False
    with nogil:
        status = slice_rows(&out.b, &c, first, count)
    check(status)
    return out
