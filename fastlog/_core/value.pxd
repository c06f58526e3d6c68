"""AnyValue messages in an arena (opentelemetry-proto, common/v1/common.proto): read, measure, write, and rebuild maps.

A map or an array is kept as the bytes of its AnyValue message, so changing a map writes a new one at the arena's end;
the old bytes stay until the batch is reset. All functions that append take the BatchData, because the arena may move.
Only canonical messages occur: every one was written here, by the JSON kernel or by ``anyvalue.py``.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from fastlog._core.batch cimport BatchData
from fastlog._core.memory cimport bytes_reserve
from fastlog._core.proto cimport delimited_size, put_varint, varint64_size
from fastlog._core.types cimport (
    KIND_ABSENT,
    KIND_ANY,
    KIND_BOOL,
    KIND_BYTES,
    KIND_DOUBLE,
    KIND_INT,
    KIND_NULL,
    KIND_STRING,
    Span,
    Value,
)


cdef enum:
    # AnyValue
    ANY_STRING = 0x0A
    ANY_BOOL = 0x10
    ANY_INT = 0x18
    ANY_DOUBLE = 0x21
    ANY_ARRAY = 0x2A
    ANY_MAP = 0x32
    ANY_BYTES = 0x3A
    # KeyValueList.values and ArrayValue.values
    LIST_ENTRY = 0x0A
    # KeyValue
    PAIR_KEY = 0x0A
    PAIR_VALUE = 0x12


cdef struct Name:           # one step of a path into a map
    const uint8_t *s
    int32_t len


cdef struct Pair:           # one entry of a map
    Span key
    Value value
    Span whole              # the entry with its tag and length


cdef inline Value absent() noexcept nogil:
    cdef Value value
    value.kind = KIND_ABSENT
    value.u.i = 0
    return value


cdef inline Value null_value() noexcept nogil:
    cdef Value value
    value.kind = KIND_NULL
    value.u.i = 0
    return value


cdef inline Value string_value(Span span) noexcept nogil:
    cdef Value value
    value.kind = KIND_STRING
    value.u.s = span
    return value


cdef inline bint is_map(const BatchData *b, Value value) noexcept nogil:
    return value.kind == KIND_ANY and b.arena.data[value.u.s.off] == ANY_MAP


cdef inline int32_t value_size(const Value *value) noexcept nogil:
    """Bytes of the AnyValue message of ``value``."""
    if value.kind == KIND_STRING or value.kind == KIND_BYTES:
        return delimited_size(value.u.s.len)
    if value.kind == KIND_INT:
        return 1 + varint64_size(<uint64_t> value.u.i)
    if value.kind == KIND_DOUBLE:
        return 9
    if value.kind == KIND_BOOL:
        return 2
    if value.kind == KIND_ANY:
        return value.u.s.len
    return 0


cdef inline uint8_t *put_value(uint8_t *out, const uint8_t *arena, const Value *value) noexcept nogil:
    """Write the AnyValue message of ``value``; ``value_size`` bytes were reserved. Returns its end."""
    if value.kind == KIND_STRING or value.kind == KIND_BYTES:
        out[0] = ANY_STRING if value.kind == KIND_STRING else ANY_BYTES
        out = put_varint(out + 1, <uint32_t> value.u.s.len)
        memcpy(out, arena + value.u.s.off, value.u.s.len)
        return out + value.u.s.len
    if value.kind == KIND_INT:
        out[0] = ANY_INT
        return put_varint(out + 1, <uint64_t> value.u.i)
    if value.kind == KIND_DOUBLE:
        out[0] = ANY_DOUBLE
        memcpy(out + 1, &value.u.d, 8)
        return out + 9
    if value.kind == KIND_BOOL:
        out[0] = ANY_BOOL
        out[1] = value.u.i != 0
        return out + 2
    if value.kind == KIND_ANY:
        memcpy(out, arena + value.u.s.off, value.u.s.len)
        return out + value.u.s.len
    return out


cdef inline int32_t read_varint(const uint8_t *arena, int32_t *at) noexcept nogil:
    """A length, which fits 31 bits as every message lies in an arena."""
    cdef uint32_t value = arena[at[0]] & 0x7F
    cdef int shift = 7
    while arena[at[0]] & 0x80:
        at[0] += 1
        value |= <uint32_t> (arena[at[0]] & 0x7F) << shift
        shift += 7
    at[0] += 1
    return <int32_t> value


cdef inline Value read_value(const uint8_t *arena, Span message) noexcept nogil:
    """The AnyValue message as a Value whose spans lie in it."""
    cdef Value value
    cdef int32_t at = message.off + 1
    cdef uint64_t number = 0
    cdef int shift = 0
    cdef uint8_t tag
    value.u.i = 0
    if message.len == 0:
        value.kind = KIND_NULL
        return value
    tag = arena[message.off]
    if tag == ANY_STRING or tag == ANY_BYTES:
        value.kind = KIND_STRING if tag == ANY_STRING else KIND_BYTES
        value.u.s.len = read_varint(arena, &at)
        value.u.s.off = at
    elif tag == ANY_BOOL:
        value.kind = KIND_BOOL
        value.u.i = arena[at]
    elif tag == ANY_INT:
        value.kind = KIND_INT
        while arena[at] & 0x80:
            number |= <uint64_t> (arena[at] & 0x7F) << shift
            shift += 7
            at += 1
        value.u.i = <int64_t> (number | <uint64_t> arena[at] << shift)
    elif tag == ANY_DOUBLE:
        value.kind = KIND_DOUBLE
        memcpy(&value.u.d, arena + at, 8)
    else:
        value.kind = KIND_ANY
        value.u.s = message
    return value


cdef inline Span map_entries(const uint8_t *arena, Value map_) noexcept nogil:
    """The entries of a map, without the tags and lengths around them; of anything else, none."""
    cdef Span entries
    cdef int32_t at
    entries.off = entries.len = 0
    if map_.kind == KIND_ANY and arena[map_.u.s.off] == ANY_MAP:
        at = map_.u.s.off + 1
        entries.len = read_varint(arena, &at)
        entries.off = at
    return entries


cdef inline bint next_pair(const uint8_t *arena, Span *rest, Pair *pair) noexcept nogil:
    """Take the first entry off ``rest``; False when there is none."""
    cdef int32_t at = rest.off + 1
    cdef int32_t size
    cdef Span message
    if rest.len <= 0:
        return False
    size = read_varint(arena, &at)
    pair.whole.off = rest.off
    pair.whole.len = at + size - rest.off
    rest.off += pair.whole.len
    rest.len -= pair.whole.len
    at += 1
    pair.key.len = read_varint(arena, &at)
    pair.key.off = at
    at += pair.key.len + 1
    message.len = read_varint(arena, &at)
    message.off = at
    pair.value = read_value(arena, message)
    return True


cdef inline bint find_pair(
    const uint8_t *arena, Value map_, const uint8_t *name, int32_t size, Pair *pair
) noexcept nogil:
    """The entry called ``name``; False when ``map_`` is no map or has none."""
    cdef Span rest = map_entries(arena, map_)
    while next_pair(arena, &rest, pair):
        if pair.key.len == size and memcmp(arena + pair.key.off, name, size) == 0:
            return True
    return False


cdef inline Value path_get(const BatchData *b, Value value, const Name *names, int32_t depth) noexcept nogil:
    """The value ``depth`` names below ``value``; absent when a step is missing or no map."""
    cdef Pair pair
    cdef int32_t i
    for i in range(depth):
        if not find_pair(b.arena.data, value, names[i].s, names[i].len, &pair):
            return absent()
        value = pair.value
    return value


cdef inline int32_t pair_size(int32_t key_size, const Value *value) noexcept nogil:
    """Bytes of an entry with its tag and length."""
    return delimited_size(delimited_size(key_size) + delimited_size(value_size(value)))


cdef inline uint8_t *put_pair_header(uint8_t *out, int32_t key_size, const Value *value) noexcept nogil:
    """The entry up to its key's bytes."""
    out[0] = LIST_ENTRY
    out = put_varint(out + 1, <uint32_t> (delimited_size(key_size) + delimited_size(value_size(value))))
    out[0] = PAIR_KEY
    return put_varint(out + 1, <uint32_t> key_size)


cdef inline uint8_t *put_pair_value(uint8_t *out, const uint8_t *arena, const Value *value) noexcept nogil:
    out[0] = PAIR_VALUE
    out = put_varint(out + 1, <uint32_t> value_size(value))
    return put_value(out, arena, value)


cdef inline int append_map(BatchData *b, int32_t entries_size, Value *out) noexcept nogil:
    """Reserve a map of ``entries_size`` bytes at the arena's end and write its header; its entries go to arena.len."""
    cdef int32_t size = delimited_size(entries_size)
    cdef int status = bytes_reserve(&b.arena, size)
    cdef uint8_t *at
    if status:
        return status
    out.kind = KIND_ANY
    out.u.s.off = <int32_t> b.arena.len
    out.u.s.len = size
    at = b.arena.data + b.arena.len
    at[0] = ANY_MAP
    b.arena.len = put_varint(at + 1, <uint32_t> entries_size) - b.arena.data
    return 0


cdef inline void append_span(BatchData *b, int32_t off, int32_t size) noexcept nogil:
    """Copy bytes of the arena to its end; they were reserved."""
    memcpy(b.arena.data + b.arena.len, b.arena.data + off, size)
    b.arena.len += size


cdef inline int map_without(BatchData *b, Value map_, Span whole, Value *out) noexcept nogil:
    """A copy of ``map_`` without the entry at ``whole``."""
    cdef Span entries = map_entries(b.arena.data, map_)
    cdef int status = append_map(b, entries.len - whole.len, out)
    if status == 0:
        append_span(b, entries.off, whole.off - entries.off)
        append_span(b, whole.off + whole.len, entries.off + entries.len - whole.off - whole.len)
    return status


cdef inline int map_with(BatchData *b, Value map_, Name name, Value value, Value *out) noexcept nogil:
    """A copy of ``map_`` (of no entries when it is no map) with ``name`` set to ``value``."""
    cdef Span entries = map_entries(b.arena.data, map_)
    cdef Pair pair
    cdef uint8_t *at
    cdef int status
    if not find_pair(b.arena.data, map_, name.s, name.len, &pair):
        pair.whole.off = entries.off + entries.len
        pair.whole.len = 0
    status = append_map(b, entries.len - pair.whole.len + pair_size(name.len, &value), out)
    if status:
        return status
    append_span(b, entries.off, pair.whole.off - entries.off)
    append_span(b, pair.whole.off + pair.whole.len, entries.off + entries.len - pair.whole.off - pair.whole.len)
    at = put_pair_header(b.arena.data + b.arena.len, name.len, &value)
    memcpy(at, name.s, name.len)
    b.arena.len = put_pair_value(at + name.len, b.arena.data, &value) - b.arena.data
    return 0


cdef inline int map_merge(BatchData *b, Value map_, Value extra, Value *out) noexcept nogil:
    """A copy of ``map_`` (of no entries when it is no map) with every entry of the map ``extra`` set in it."""
    cdef Span kept = map_entries(b.arena.data, map_)
    cdef Span added = map_entries(b.arena.data, extra)
    cdef Span rest = kept
    cdef Pair pair, other
    cdef int32_t size = added.len
    cdef int status
    while next_pair(b.arena.data, &rest, &pair):
        if not find_pair(b.arena.data, extra, b.arena.data + pair.key.off, pair.key.len, &other):
            size += pair.whole.len
    status = append_map(b, size, out)
    if status:
        return status
    while next_pair(b.arena.data, &kept, &pair):
        if not find_pair(b.arena.data, extra, b.arena.data + pair.key.off, pair.key.len, &other):
            append_span(b, pair.whole.off, pair.whole.len)
    append_span(b, added.off, added.len)
    return 0


cdef inline int path_set(
    BatchData *b, Value root, const Name *names, int32_t depth, Value value, Value *out
) noexcept nogil:
    """``root`` with the place ``depth`` names below it set, as stanza sets a field (entry/field.go): maps are made
    where the path needs them, whatever was there; a map is merged into the map that is there. A status."""
    cdef Value inner
    cdef Pair pair
    cdef int status
    if depth == 0:
        if is_map(b, value) and is_map(b, root):
            return map_merge(b, root, value, out)
        out[0] = value
        return 0
    inner = absent()
    if find_pair(b.arena.data, root, names[0].s, names[0].len, &pair):
        inner = pair.value
    status = path_set(b, inner, names + 1, depth - 1, value, &inner)
    return status if status else map_with(b, root, names[0], inner, out)


cdef inline int path_delete(
    BatchData *b, Value root, const Name *names, int32_t depth, Value *removed, Value *out
) noexcept nogil:
    """``root`` without the place ``depth`` > 0 names below it; ``removed`` is what was there, absent when nothing was
    (``out`` is then not set). Emptied maps stay. A status."""
    cdef Pair pair
    cdef Value inner = absent()
    cdef int status
    removed[0] = absent()
    if not find_pair(b.arena.data, root, names[0].s, names[0].len, &pair):
        return 0
    if depth == 1:
        removed[0] = pair.value
        return map_without(b, root, pair.whole, out)
    status = path_delete(b, pair.value, names + 1, depth - 1, removed, &inner)
    if status or removed.kind == KIND_ABSENT:
        return status
    return map_with(b, root, names[0], inner, out)
