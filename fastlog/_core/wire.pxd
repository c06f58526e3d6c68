"""Reading the protobuf wire format (protobuf.dev, Encoding) out of borrowed memory, every step checked against its
end."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

cdef enum:
    WIRE_VARINT = 0
    WIRE_FIXED64 = 1
    WIRE_DELIMITED = 2
    WIRE_FIXED32 = 5

cdef enum Step:
    STEP_FIELD = 0
    STEP_END = 1
    STEP_BROKEN = 2     # the message ends inside a field, or the wire type is none


# One field of a message; pointers live as long as the memory that is read.
cdef struct WireField:
    uint32_t number
    int wire
    const uint8_t *start    # of the tag
    const uint8_t *data     # of the value; of the content where it is delimited
    const uint8_t *end      # of the field; the content's too
    uint64_t number_value   # of a varint


cdef inline const uint8_t *get_varint(const uint8_t *p, const uint8_t *end, uint64_t *value) noexcept nogil:
    """The byte after the varint at ``p``; NULL when it doesn't end before ``end`` or has more than ten bytes."""
    cdef uint64_t v = 0
    cdef int shift = 0
    cdef uint8_t byte
    while p < end and shift < 70:
        byte = p[0]
        p += 1
        v |= <uint64_t> (byte & 0x7F) << shift
        if byte < 0x80:
            value[0] = v
            return p
        shift += 7
    return NULL


cdef inline Step next_field(const uint8_t *p, const uint8_t *end, WireField *field) noexcept nogil:
    """Read the field at ``p``; the next one is at ``field.end``."""
    cdef uint64_t v
    if p == end:
        return STEP_END
    field.start = p
    p = get_varint(p, end, &v)
    if p == NULL or v >> 32 or v >> 3 == 0:
        return STEP_BROKEN
    field.number = <uint32_t> (v >> 3)
    field.wire = v & 7
    field.data = p
    if field.wire == WIRE_DELIMITED:
        p = get_varint(p, end, &v)
        if p == NULL or v > <uint64_t> (end - p):
            return STEP_BROKEN
        field.data = p
        field.end = p + v
    elif field.wire == WIRE_VARINT:
        field.end = get_varint(p, end, &field.number_value)
        if field.end == NULL:
            return STEP_BROKEN
    elif field.wire == WIRE_FIXED64 or field.wire == WIRE_FIXED32:
        field.end = p + (8 if field.wire == WIRE_FIXED64 else 4)
        if field.end > end:
            return STEP_BROKEN
    else:
        return STEP_BROKEN
    return STEP_FIELD
