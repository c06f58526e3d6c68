"""Encoded OTLP logs to OTLP/JSON (OTLP specification 1.7, "JSON Protobuf Encoding"): lowerCamelCase names, 64-bit
integers as strings, trace and span ids in hex, bytes in base64, enums as numbers.

What is written for a field that is not set is what the collector's exporters write (pdata v1.66): nothing, but for
``resource``, ``scope``, ``body`` and the value of an attribute.
"""

from cpython.mem cimport PyMem_Free
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, strlen

from fastlog._core.buffer cimport Buffer
from fastlog._core.memory cimport Bytes, bytes_reserve
from fastlog._core.wire cimport (
    STEP_BROKEN,
    STEP_FIELD,
    WIRE_DELIMITED,
    WIRE_FIXED32,
    WIRE_FIXED64,
    WIRE_VARINT,
    Step,
    WireField,
    next_field,
)

cdef extern from "Python.h":
    char *PyOS_double_to_string(double value, char format_code, int precision, int flags, int *kind) except NULL

cdef enum:
    FIELDS = 16             # numbers of known fields are below
    DEEPEST = 100           # nested values, as protobuf's own limit

cdef enum Result:
    DONE = 0
    NO_MEMORY = 1
    BROKEN = 2
    TOO_DEEP = 3

cdef const char *HEX = b"0123456789abcdef"
cdef const char *BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


# The last field of each number in one message, as protobuf's "last one wins" asks; data is NULL where there is none.
cdef struct Message:
    const uint8_t *start
    const uint8_t *end
    WireField[FIELDS] fields


cdef Result read_message(Message *message, const uint8_t *start, const uint8_t *end) noexcept nogil:
    cdef WireField field
    cdef Step step
    cdef int i
    cdef const uint8_t *p = start
    message.start = start
    message.end = end
    for i in range(FIELDS):
        message.fields[i].data = NULL
        message.fields[i].wire = -1
    while True:
        step = next_field(p, end, &field)
        if step != STEP_FIELD:
            return BROKEN if step == STEP_BROKEN else DONE
        if field.number < FIELDS:
            message.fields[field.number] = field
        p = field.end


# -- text

cdef inline Result put(Bytes *out, const char *text) noexcept nogil:
    """Append a literal."""
    cdef size_t n = strlen(text)
    if bytes_reserve(out, n):
        return NO_MEMORY
    memcpy(out.data + out.len, text, n)
    out.len += n
    return DONE


cdef inline int sequence_length(const uint8_t *p, const uint8_t *end) noexcept nogil:
    """The bytes of the well-formed UTF-8 sequence at ``p`` (Unicode 15, table 3-7); 0 when it is none."""
    cdef uint8_t a = p[0]
    cdef uint8_t low = 0x80
    cdef uint8_t high = 0xBF
    cdef int n, i
    if a < 0x80:
        return 1
    if a < 0xC2 or a > 0xF4:
        return 0
    n = 2 if a < 0xE0 else 3 if a < 0xF0 else 4
    if end - p < n:
        return 0
    if a == 0xE0:
        low = 0xA0
    elif a == 0xED:
        high = 0x9F
    elif a == 0xF0:
        low = 0x90
    elif a == 0xF4:
        high = 0x8F
    if not low <= p[1] <= high:
        return 0
    for i in range(2, n):
        if not 0x80 <= p[i] <= 0xBF:
            return 0
    return n


cdef Result put_string(Bytes *out, const uint8_t *p, const uint8_t *end) noexcept nogil:
    """A JSON string (RFC 8259, section 7). A byte that is no UTF-8 becomes U+FFFD."""
    cdef uint8_t *o
    cdef int n
    cdef uint8_t short_form
    if bytes_reserve(out, 6 * <size_t> (end - p) + 2):
        return NO_MEMORY
    o = out.data + out.len
    o[0] = c'"'
    o += 1
    while p < end:
        if p[0] < 0x20 or p[0] == c'"' or p[0] == c'\\':
            short_form = 0
            if p[0] == c'"' or p[0] == c'\\':
                short_form = p[0]
            elif p[0] == c'\n':
                short_form = c'n'
            elif p[0] == c'\t':
                short_form = c't'
            elif p[0] == c'\r':
                short_form = c'r'
            o[0] = c'\\'
            if short_form:
                o[1] = short_form
                o += 2
            else:
                memcpy(o + 1, b"u00", 3)
                o[4] = HEX[p[0] >> 4]
                o[5] = HEX[p[0] & 15]
                o += 6
            p += 1
        elif p[0] < 0x80:
            o[0] = p[0]
            o += 1
            p += 1
        else:
            n = sequence_length(p, end)
            if n:
                memcpy(o, p, n)
                o += n
                p += n
            else:
                memcpy(o, b"\xEF\xBF\xBD", 3)
                o += 3
                p += 1
    o[0] = c'"'
    out.len = o + 1 - out.data
    return DONE


cdef Result put_hex(Bytes *out, const uint8_t *p, const uint8_t *end) noexcept nogil:
    cdef uint8_t *o
    if bytes_reserve(out, 2 * <size_t> (end - p) + 2):
        return NO_MEMORY
    o = out.data + out.len
    o[0] = c'"'
    o += 1
    while p < end:
        o[0] = HEX[p[0] >> 4]
        o[1] = HEX[p[0] & 15]
        o += 2
        p += 1
    o[0] = c'"'
    out.len = o + 1 - out.data
    return DONE


cdef Result put_base64(Bytes *out, const uint8_t *p, const uint8_t *end) noexcept nogil:
    """Standard alphabet with padding (RFC 4648, section 4)."""
    cdef uint8_t *o
    cdef uint32_t v
    cdef int64_t left
    if bytes_reserve(out, 2 * <size_t> (end - p) + 8):
        return NO_MEMORY
    o = out.data + out.len
    o[0] = c'"'
    o += 1
    while p < end:
        left = end - p
        v = <uint32_t> p[0] << 16
        if left > 1:
            v |= <uint32_t> p[1] << 8
        if left > 2:
            v |= p[2]
        o[0] = BASE64[v >> 18]
        o[1] = BASE64[v >> 12 & 63]
        o[2] = BASE64[v >> 6 & 63] if left > 1 else c'='
        o[3] = BASE64[v & 63] if left > 2 else c'='
        o += 4
        p += 3 if left > 2 else left
    o[0] = c'"'
    out.len = o + 1 - out.data
    return DONE


cdef Result put_number(Bytes *out, uint64_t value, bint negative, bint quoted) noexcept nogil:
    cdef uint8_t[20] digits
    cdef int n = 0
    cdef uint8_t *o
    if bytes_reserve(out, 24):
        return NO_MEMORY
    o = out.data + out.len
    while True:
        digits[n] = <uint8_t> (c'0' + value % 10)
        n += 1
        value //= 10
        if value == 0:
            break
    if quoted:
        o[0] = c'"'
        o += 1
    if negative:
        o[0] = c'-'
        o += 1
    while n:
        n -= 1
        o[0] = digits[n]
        o += 1
    if quoted:
        o[0] = c'"'
        o += 1
    out.len = o - out.data
    return DONE


cdef Result put_signed(Bytes *out, uint64_t bits) noexcept nogil:
    """An int64 in a string."""
    cdef bint negative = bits >> 63
    return put_number(out, ~bits + 1 if negative else bits, negative, True)


cdef Result put_double(Bytes *out, double value) noexcept nogil:
    """The shortest text that reads back as the same value; what is no JSON number is a string (ProtoJSON)."""
    cdef char *text
    cdef Result result
    if value != value:
        return put(out, b'"NaN"')
    if value - value != 0:
        return put(out, b'"Infinity"' if value > 0 else b'"-Infinity"')
    with gil:
        try:
            text = PyOS_double_to_string(value, c'r', 0, 0, NULL)
        except MemoryError:
            return NO_MEMORY
        result = put(out, text)
        PyMem_Free(text)
    return result


cdef inline uint64_t fixed64(const WireField *field) noexcept nogil:
    cdef uint64_t v
    memcpy(&v, field.data, 8)
    return v


cdef inline uint32_t fixed32(const WireField *field) noexcept nogil:
    cdef uint32_t v
    memcpy(&v, field.data, 4)
    return v


# -- messages

cdef Result put_repeated(
    Bytes *out, const Message *message, uint32_t number, int depth,
    Result (*put_one)(Bytes *, const WireField *, int) noexcept nogil,
) noexcept nogil:
    """A JSON array of every field ``number`` of ``message``."""
    cdef WireField field
    cdef Result result
    cdef bint first = True
    cdef const uint8_t *p = message.start
    result = put(out, b"[")
    while result == DONE and next_field(p, message.end, &field) == STEP_FIELD:
        if field.number == number and field.wire == WIRE_DELIMITED:
            if not first:
                result = put(out, b",")
            first = False
            if result == DONE:
                result = put_one(out, &field, depth)
        p = field.end
    return put(out, b"]") if result == DONE else result


cdef Result put_value(Bytes *out, const WireField *value, int depth) noexcept nogil:
    """An AnyValue (common/v1/common.proto)."""
    cdef Message message
    cdef WireField *chosen = NULL
    cdef WireField *field
    cdef double number
    cdef Result result
    cdef int i
    if depth > DEEPEST:
        return TOO_DEEP
    result = read_message(&message, value.data, value.end)
    if result != DONE:
        return result
    for i in range(1, 8):       # of a oneof the last one counts
        field = &message.fields[i]
        if field.data != NULL and (chosen == NULL or field.data > chosen.data):
            chosen = field
    if chosen == NULL:
        return put(out, b"{}")
    if chosen.number == 1 and chosen.wire == WIRE_DELIMITED:
        result = put(out, b'{"stringValue":')
        if result == DONE:
            result = put_string(out, chosen.data, chosen.end)
    elif chosen.number == 2 and chosen.wire == WIRE_VARINT:
        result = put(out, b'{"boolValue":true' if chosen.number_value else b'{"boolValue":false')
    elif chosen.number == 3 and chosen.wire == WIRE_VARINT:
        result = put(out, b'{"intValue":')
        if result == DONE:
            result = put_signed(out, chosen.number_value)
    elif chosen.number == 4 and chosen.wire == WIRE_FIXED64:
        result = put(out, b'{"doubleValue":')
        if result == DONE:
            memcpy(&number, chosen.data, 8)     # it lies anywhere in the message
            result = put_double(out, number)
    elif chosen.number in (5, 6) and chosen.wire == WIRE_DELIMITED:
        i = chosen.number
        result = put(out, b'{"arrayValue":{' if i == 5 else b'{"kvlistValue":{')
        if result == DONE:
            result = read_message(&message, chosen.data, chosen.end)
        if result == DONE and message.fields[1].wire == WIRE_DELIMITED:
            result = put(out, b'"values":')
            if result != DONE:
                return result
            result = put_repeated(out, &message, 1, depth + 1, put_value if i == 5 else put_attribute)
        if result == DONE:
            result = put(out, b"}")
    elif chosen.number == 7 and chosen.wire == WIRE_DELIMITED:
        result = put(out, b'{"bytesValue":')
        if result == DONE:
            result = put_base64(out, chosen.data, chosen.end)
    else:
        return BROKEN
    return put(out, b"}") if result == DONE else result


cdef Result put_attribute(Bytes *out, const WireField *attribute, int depth) noexcept nogil:
    """A KeyValue."""
    cdef Message message
    cdef WireField *key = &message.fields[1]
    cdef WireField *value = &message.fields[2]
    cdef Result result = read_message(&message, attribute.data, attribute.end)
    if result == DONE:
        result = put(out, b"{")
    if result == DONE and key.wire == WIRE_DELIMITED and key.end > key.data:
        result = put(out, b'"key":')
        if result == DONE:
            result = put_string(out, key.data, key.end)
        if result == DONE:
            result = put(out, b",")
    if result == DONE:
        result = put(out, b'"value":')
    if result == DONE:
        result = put_value(out, value, depth) if value.wire == WIRE_DELIMITED else put(out, b"{}")
    return put(out, b"}") if result == DONE else result


cdef struct Object:
    Bytes *out
    bint empty
    Result result


cdef bint name(Object *object, const char *text) noexcept nogil:
    """Begin a member; ``text`` is ``"name":``. False after an error."""
    if object.result == DONE and not object.empty:
        object.result = put(object.out, b",")
    object.empty = False
    if object.result == DONE:
        object.result = put(object.out, text)
    return object.result == DONE


cdef void text_member(Object *object, const WireField *field, const char *text) noexcept nogil:
    if field.wire == WIRE_DELIMITED and field.end > field.data and name(object, text):
        object.result = put_string(object.out, field.data, field.end)


cdef void time_member(Object *object, const WireField *field, const char *text) noexcept nogil:
    if field.wire == WIRE_FIXED64 and fixed64(field) and name(object, text):
        object.result = put_number(object.out, fixed64(field), False, True)


cdef void count_member(Object *object, const WireField *field, const char *text) noexcept nogil:
    if field.wire == WIRE_VARINT and field.number_value and name(object, text):
        object.result = put_number(object.out, <uint32_t> field.number_value, False, False)


cdef void attributes_member(Object *object, const Message *message, uint32_t number) noexcept nogil:
    if message.fields[number].wire == WIRE_DELIMITED and name(object, b'"attributes":'):
        object.result = put_repeated(object.out, message, number, 0, put_attribute)


cdef void id_member(Object *object, const WireField *field, const char *text) noexcept nogil:
    if field.wire == WIRE_DELIMITED and field.end > field.data and name(object, text):
        object.result = put_hex(object.out, field.data, field.end)


cdef Object begin(Bytes *out, Result result) noexcept nogil:
    cdef Object object
    object.out = out
    object.empty = True
    object.result = put(out, b"{") if result == DONE else result
    return object


cdef Result end(Object *object) noexcept nogil:
    return put(object.out, b"}") if object.result == DONE else object.result


cdef Result put_record(Bytes *out, const WireField *record, int depth) noexcept nogil:
    cdef Message message
    cdef WireField *f = message.fields
    cdef Object object = begin(out, read_message(&message, record.data, record.end))
    if object.result != DONE:
        return object.result
    time_member(&object, &f[1], b'"timeUnixNano":')
    time_member(&object, &f[11], b'"observedTimeUnixNano":')
    count_member(&object, &f[2], b'"severityNumber":')
    text_member(&object, &f[3], b'"severityText":')
    if name(&object, b'"body":'):
        object.result = put_value(out, &f[5], 0) if f[5].wire == WIRE_DELIMITED else put(out, b"{}")
    attributes_member(&object, &message, 6)
    count_member(&object, &f[7], b'"droppedAttributesCount":')
    if f[8].wire == WIRE_FIXED32 and fixed32(&f[8]) and name(&object, b'"flags":'):
        object.result = put_number(out, fixed32(&f[8]), False, False)
    id_member(&object, &f[9], b'"traceId":')
    id_member(&object, &f[10], b'"spanId":')
    text_member(&object, &f[12], b'"eventName":')
    return end(&object)


cdef Result put_scope(Bytes *out, const WireField *scope) noexcept nogil:
    cdef Message message
    cdef WireField *f = message.fields
    cdef Object object = begin(out, read_message(&message, scope.data, scope.end))
    if object.result != DONE:
        return object.result
    text_member(&object, &f[1], b'"name":')
    text_member(&object, &f[2], b'"version":')
    attributes_member(&object, &message, 3)
    count_member(&object, &f[4], b'"droppedAttributesCount":')
    return end(&object)


cdef Result put_scope_logs(Bytes *out, const WireField *logs, int depth) noexcept nogil:
    cdef Message message
    cdef WireField *f = message.fields
    cdef Object object = begin(out, read_message(&message, logs.data, logs.end))
    if object.result != DONE:
        return object.result
    if name(&object, b'"scope":'):
        object.result = put_scope(out, &f[1]) if f[1].wire == WIRE_DELIMITED else put(out, b"{}")
    if f[2].wire == WIRE_DELIMITED and name(&object, b'"logRecords":'):
        object.result = put_repeated(out, &message, 2, 0, put_record)
    text_member(&object, &f[3], b'"schemaUrl":')
    return end(&object)


cdef Result put_resource(Bytes *out, const WireField *resource) noexcept nogil:
    cdef Message message
    cdef WireField *f = message.fields
    cdef Object object = begin(out, read_message(&message, resource.data, resource.end))
    if object.result != DONE:
        return object.result
    attributes_member(&object, &message, 1)
    count_member(&object, &f[2], b'"droppedAttributesCount":')
    return end(&object)


cdef Result put_resource_logs(Bytes *out, const WireField *logs, int depth) noexcept nogil:
    cdef Message message
    cdef WireField *f = message.fields
    cdef Object object = begin(out, read_message(&message, logs.data, logs.end))
    if object.result != DONE:
        return object.result
    if name(&object, b'"resource":'):
        object.result = put_resource(out, &f[1]) if f[1].wire == WIRE_DELIMITED else put(out, b"{}")
    if f[2].wire == WIRE_DELIMITED and name(&object, b'"scopeLogs":'):
        object.result = put_repeated(out, &message, 2, 0, put_scope_logs)
    text_member(&object, &f[3], b'"schemaUrl":')
    return end(&object)


cdef Result put_request(Bytes *out, const uint8_t *p, const uint8_t *end_, bint *first) noexcept nogil:
    """The members of ``resourceLogs`` that the message holds, without the brackets."""
    cdef WireField field
    cdef Step step
    cdef Result result = DONE
    while result == DONE:
        step = next_field(p, end_, &field)
        if step != STEP_FIELD:
            return BROKEN if step == STEP_BROKEN else DONE
        if field.number == 1 and field.wire == WIRE_DELIMITED:
            if not first[0]:
                result = put(out, b",")
            first[0] = False
            if result == DONE:
                result = put_resource_logs(out, &field, 0)
        p = field.end
    return result


def to_json(chunks):
    """One OTLP/JSON ExportLogsServiceRequest, a Buffer without a newline in it, of ``chunks``: an iterable of buffers
    with encoded ExportLogsServiceRequest messages.

    ValueError when one of them is no such message or nests values deeper than 100; MemoryError.
    """
    cdef Buffer out = Buffer()
    cdef const uint8_t[::1] view
    cdef const uint8_t *start
    cdef Result result = put(&out.b, b'{"resourceLogs":[')
    cdef bint first = True
    for chunk in chunks:
        if result != DONE:
            break
        view = chunk
        start = &view[0] if view.shape[0] else NULL
        with nogil:
            result = put_request(&out.b, start, start + view.shape[0], &first)
    if result == DONE:
        result = put(&out.b, b"]}")
    if result == NO_MEMORY:
        raise MemoryError(f"no room for more than {out.b.len} bytes of OTLP/JSON")
    if result == TOO_DEEP:
        raise ValueError(f"a value is nested deeper than {DEEPEST} levels")
    if result != DONE:
        raise ValueError("the bytes are no ExportLogsServiceRequest")
    return out
