"""Values as text, the way the collector stringifies them (pdata's ``Value.AsString``, v1.66).

A string is itself, a bool ``true``/``false``, an int its decimal digits, a double the shortest digits that read back
(with an exponent below 1e-6 and from 1e21 on), bytes are base64, a map or an array is compact JSON with sorted keys,
nothing is empty.
"""

from libc.float cimport DBL_MIN
from libc.math cimport fabs, isinf, isnan, signbit
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdio cimport snprintf
from libc.stdlib cimport atoi, free, malloc, qsort, strtod
from libc.string cimport memcmp, memcpy

from fastlog._core.memory cimport Bytes, bytes_append, bytes_reserve
from fastlog._core.types cimport (
    ERR_MEMORY,
    KIND_ABSENT,
    KIND_ANY,
    KIND_BOOL,
    KIND_BYTES,
    KIND_DOUBLE,
    KIND_INT,
    KIND_NULL,
    KIND_STRING,
    Value,
)

cdef extern from *:
    """
    static const char fastlog_hex[] = "0123456789abcdef";
    static const char fastlog_base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    """
    const char *HEX "fastlog_hex"
    const char *BASE64 "fastlog_base64"

cdef enum:
    TEXT_UNSUPPORTED = -1   # JSON has no NaN and no infinity: the collector's text of the whole value is then empty
    MAX_DEPTH = 1000        # deeper maps and arrays are written as null


cdef struct AnyView:
    int32_t kind            # KIND_STRING .. KIND_BYTES as a Value's; KIND_ANY for a map (is_map) or an array
    bint is_map
    const uint8_t *data     # of a string, bytes, a map or an array; lives as long as the message
    int32_t size
    int64_t i
    double d


cdef struct Entry:
    const uint8_t *key
    const uint8_t *value    # an AnyValue message
    int32_t key_size
    int32_t value_size


cdef inline const uint8_t *read_varint(const uint8_t *p, const uint8_t *end, uint64_t *out) noexcept nogil:
    """The position behind a protobuf varint; ``end`` when it is cut off."""
    cdef uint64_t value = 0
    cdef uint8_t byte
    cdef int shift = 0
    while p < end and shift < 64:
        byte = p[0]
        p += 1
        value |= <uint64_t> (byte & 0x7F) << shift
        if byte < 0x80:
            out[0] = value
            return p
        shift += 7
    out[0] = 0
    return end


cdef inline const uint8_t *read_field(const uint8_t *p, const uint8_t *end, int32_t *number, int32_t *wire,
                                      uint64_t *scalar, const uint8_t **data, int32_t *size) noexcept nogil:
    """One protobuf field; returns the position behind it. ``data`` and ``size`` are set for wire types 1, 2 and 5."""
    cdef uint64_t tag
    p = read_varint(p, end, &tag)
    number[0] = <int32_t> (tag >> 3)
    wire[0] = <int32_t> (tag & 7)
    scalar[0] = 0
    data[0] = p
    size[0] = 0
    if wire[0] == 0:
        return read_varint(p, end, scalar)
    if wire[0] == 2:
        p = read_varint(p, end, scalar)
        if scalar[0] > <uint64_t> (end - p):
            scalar[0] = <uint64_t> (end - p)
        size[0] = <int32_t> scalar[0]
    elif wire[0] == 1 and end - p >= 8:
        size[0] = 8
    elif wire[0] == 5 and end - p >= 4:
        size[0] = 4
    else:
        number[0] = 0
        return end
    data[0] = p
    return p + size[0]


cdef inline AnyView any_view(const uint8_t *p, int32_t size) noexcept nogil:
    """What an AnyValue message (opentelemetry-proto, common/v1/common.proto) holds; pointers are into the message."""
    cdef AnyView out
    cdef const uint8_t *end = p + size
    cdef int32_t number, wire
    cdef uint64_t scalar
    cdef const uint8_t *data
    out.kind = KIND_NULL
    out.is_map = False
    out.data = p
    out.size = 0
    out.i = 0
    out.d = 0
    while p < end:
        p = read_field(p, end, &number, &wire, &scalar, &data, &size)
        if number == 1 and wire == 2:
            out.kind = KIND_STRING
        elif number == 2 and wire == 0:
            out.kind = KIND_BOOL
            out.i = scalar != 0
        elif number == 3 and wire == 0:
            out.kind = KIND_INT
            out.i = <int64_t> scalar
        elif number == 4 and wire == 1:
            out.kind = KIND_DOUBLE
            memcpy(&out.d, data, 8)
        elif number == 7 and wire == 2:
            out.kind = KIND_BYTES
        elif (number == 5 or number == 6) and wire == 2:
            out.kind = KIND_ANY
            out.is_map = number == 6
        else:
            continue
        out.data = data
        out.size = size
    return out


cdef inline Entry key_value(const uint8_t *p, int32_t size) noexcept nogil:
    """The parts of a KeyValue message."""
    cdef Entry out
    cdef const uint8_t *end = p + size
    cdef int32_t number, wire
    cdef uint64_t scalar
    cdef const uint8_t *data
    out.key = out.value = p
    out.key_size = out.value_size = 0
    while p < end:
        p = read_field(p, end, &number, &wire, &scalar, &data, &size)
        if number == 1 and wire == 2:
            out.key = data
            out.key_size = size
        elif number == 2 and wire == 2:
            out.value = data
            out.value_size = size
    return out


cdef inline int text_int(Bytes *out, int64_t value) noexcept nogil:
    cdef uint8_t[20] digits
    cdef int32_t n = 0
    cdef uint64_t rest = <uint64_t> value if value >= 0 else <uint64_t> 0 - <uint64_t> value
    if bytes_reserve(out, 21):
        return ERR_MEMORY
    if value < 0:
        out.data[out.len] = 45
        out.len += 1
    while True:
        digits[n] = <uint8_t> (48 + rest % 10)
        n += 1
        rest //= 10
        if rest == 0:
            break
    while n:
        n -= 1
        out.data[out.len] = digits[n]
        out.len += 1
    return 0


cdef inline void put_digits(Bytes *out, const uint8_t *digits, int32_t first, int32_t stop,
                            int32_t have) noexcept nogil:
    """Digits ``first`` to ``stop`` of a number that has ``have``; zeros before and behind."""
    cdef int32_t i
    for i in range(first, stop):
        out.data[out.len] = digits[i] if 0 <= i < have else 48
        out.len += 1


cdef inline int shortest_digits(double size, uint8_t *digits, int32_t *have) noexcept nogil:
    """The fewest digits d.ddd that read back as ``size`` > 0, without trailing zeros; returns the decimal exponent."""
    cdef char[40] printed
    cdef char[40] above
    cdef int64_t mantissa
    cdef int32_t at
    # 15 digits are unique for every normal double; more are needed by some, and a subnormal may need fewer
    cdef int precision = 15 if size >= DBL_MIN else 1
    cdef int exponent
    while True:
        snprintf(printed, sizeof(printed), "%.*e", precision - 1, size)
        at = 0
        have[0] = 0
        mantissa = 0
        while printed[at] != 101:   # up to the e
            if printed[at] >= 48 and printed[at] <= 57:
                digits[have[0]] = <uint8_t> printed[at]
                mantissa = 10 * mantissa + printed[at] - 48
                have[0] += 1
            at += 1
        exponent = atoi(printed + at + 1)
        if precision == 17 or strtod(printed, NULL) == size:
            break
        # the doubles above a power of two lie wider than those below: the next decimal up may be near enough
        snprintf(above, sizeof(above), "%llde%d", <long long> mantissa + 1, exponent - precision + 1)
        if strtod(above, NULL) == size:
            have[0] = snprintf(<char *> digits, 24, "%lld", <long long> mantissa + 1)
            exponent += have[0] - precision
            break
        precision += 1
    while have[0] > 1 and digits[have[0] - 1] == 48:
        have[0] -= 1
    return exponent


cdef inline int text_double(Bytes *out, double value) noexcept nogil:
    """The shortest decimal that reads back as ``value``, in ECMAScript's layout with Go's exponent (1e+21, 1e-7)."""
    cdef uint8_t[24] digits
    cdef double size = fabs(value)
    cdef int exponent
    cdef int32_t have
    if isnan(value):
        return bytes_append(out, b"NaN", 3)
    if isinf(value):
        return bytes_append(out, b"-Infinity" if value < 0 else b"Infinity", 9 if value < 0 else 8)
    if value == 0 and signbit(value):
        return bytes_append(out, b"-0", 2)
    if size < 1e15 and <double> <int64_t> value == value:
        return text_int(out, <int64_t> value)
    exponent = shortest_digits(size, digits, &have)
    if bytes_reserve(out, 48):
        return ERR_MEMORY
    if value < 0:
        out.data[out.len] = 45
        out.len += 1
    if size < 1e-6 or size >= 1e21:
        put_digits(out, digits, 0, 1, have)
        if have > 1:
            out.data[out.len] = 46
            out.len += 1
            put_digits(out, digits, 1, have, have)
        out.data[out.len] = 101
        out.data[out.len + 1] = 45 if exponent < 0 else 43
        out.len += 2
        return text_int(out, exponent if exponent >= 0 else -exponent)
    if exponent < 0:
        out.data[out.len] = 48
        out.data[out.len + 1] = 46
        out.len += 2
        put_digits(out, digits, exponent + 1, have, have)
        return 0
    put_digits(out, digits, 0, exponent + 1, have)
    if have > exponent + 1:
        out.data[out.len] = 46
        out.len += 1
        put_digits(out, digits, exponent + 1, have, have)
    return 0


cdef inline int text_base64(Bytes *out, const uint8_t *p, int32_t size) noexcept nogil:
    """RFC 4648, section 4, padded."""
    cdef uint8_t *o
    cdef uint64_t word
    cdef int32_t left = size
    if bytes_reserve(out, (<size_t> size + 2) // 3 * 4):
        return ERR_MEMORY
    o = out.data + out.len
    while left > 0:
        word = <uint64_t> p[0] << 16
        if left > 1:
            word |= <uint64_t> p[1] << 8
        if left > 2:
            word |= p[2]
        o[0] = BASE64[(word >> 18) & 63]
        o[1] = BASE64[(word >> 12) & 63]
        o[2] = BASE64[(word >> 6) & 63] if left > 1 else 61
        o[3] = BASE64[word & 63] if left > 2 else 61
        o += 4
        p += 3
        left -= 3
    out.len = o - out.data
    return 0


cdef inline int32_t utf8_size(const uint8_t *p, const uint8_t *end) noexcept nogil:
    """Bytes of the UTF-8 sequence at ``p`` (RFC 3629, section 4); 0 when it is none."""
    cdef uint8_t c = p[0]
    cdef uint8_t low = 0x80
    cdef uint8_t high = 0xBF
    cdef int32_t size, i
    if c < 0x80:
        return 1
    if 0xC2 <= c <= 0xDF:
        size = 2
    elif 0xE0 <= c <= 0xEF:
        size = 3
        low = 0xA0 if c == 0xE0 else 0x80
        high = 0x9F if c == 0xED else 0xBF
    elif 0xF0 <= c <= 0xF4:
        size = 4
        low = 0x90 if c == 0xF0 else 0x80
        high = 0x8F if c == 0xF4 else 0xBF
    else:
        return 0
    if end - p < size or not low <= p[1] <= high:
        return 0
    for i in range(2, size):
        if not 0x80 <= p[i] <= 0xBF:
            return 0
    return size


cdef inline int json_string(Bytes *out, const uint8_t *p, int32_t size) noexcept nogil:
    """A JSON string as Go's encoding/json writes it without HTML escapes."""
    cdef const uint8_t *end = p + size
    cdef uint8_t c
    cdef uint8_t short_
    cdef uint8_t *o
    cdef int32_t n
    if bytes_reserve(out, 6 * <size_t> size + 2):
        return ERR_MEMORY
    o = out.data + out.len
    o[0] = 34
    o += 1
    while p < end:
        c = p[0]
        if c >= 0x80:
            n = utf8_size(p, end)
            if n == 0:
                memcpy(o, b"\\ufffd", 6)
                o += 6
                p += 1
            elif n == 3 and c == 0xE2 and p[1] == 0x80 and (p[2] == 0xA8 or p[2] == 0xA9):
                memcpy(o, b"\\u2028" if p[2] == 0xA8 else b"\\u2029", 6)
                o += 6
                p += 3
            else:
                memcpy(o, p, n)
                o += n
                p += n
            continue
        p += 1
        if c >= 0x20 and c != 34 and c != 92:
            o[0] = c
            o += 1
            continue
        short_ = 0
        if c == 34 or c == 92:
            short_ = c
        elif c == 8:
            short_ = 98     # \b
        elif c == 9:
            short_ = 116    # \t
        elif c == 10:
            short_ = 110    # \n
        elif c == 12:
            short_ = 102    # \f
        elif c == 13:
            short_ = 114    # \r
        o[0] = 92
        if short_:
            o[1] = short_
            o += 2
        else:
            memcpy(o + 1, b"u00", 3)
            o[4] = HEX[c >> 4]
            o[5] = HEX[c & 15]
            o += 6
    o[0] = 34
    out.len = o + 1 - out.data
    return 0


cdef inline int compare_entries(const void *a, const void *b) noexcept nogil:
    """By key; equal keys in the order of the message, of which the last is the one that counts."""
    cdef const Entry *x = <const Entry *> a
    cdef const Entry *y = <const Entry *> b
    cdef int order = memcmp(x.key, y.key, x.key_size if x.key_size < y.key_size else y.key_size)
    if order == 0:
        order = x.key_size - y.key_size
    if order == 0:
        order = 1 if x.key > y.key else -1
    return order


cdef inline int json_map(Bytes *out, AnyView view, int depth) noexcept nogil:
    cdef const uint8_t *p = view.data
    cdef const uint8_t *end = p + view.size
    cdef int32_t number, wire, size, i
    cdef uint64_t scalar
    cdef const uint8_t *data
    cdef int32_t count = 0
    cdef int status = 0
    cdef bint first = True
    cdef Entry *entries
    while p < end:
        p = read_field(p, end, &number, &wire, &scalar, &data, &size)
        count += 1
    entries = <Entry *> malloc((count + 1) * sizeof(Entry))
    if entries == NULL:
        return ERR_MEMORY
    p = view.data
    count = 0
    while p < end:
        p = read_field(p, end, &number, &wire, &scalar, &data, &size)
        if number == 1 and wire == 2:
            entries[count] = key_value(data, size)
            count += 1
    qsort(entries, count, sizeof(Entry), compare_entries)
    status = bytes_append(out, b"{", 1)
    for i in range(count):
        if (i + 1 < count and entries[i].key_size == entries[i + 1].key_size
                and memcmp(entries[i].key, entries[i + 1].key, entries[i].key_size) == 0):
            continue
        if status == 0 and not first:
            status = bytes_append(out, b",", 1)
        first = False
        if status == 0:
            status = json_string(out, entries[i].key, entries[i].key_size)
        if status == 0:
            status = bytes_append(out, b":", 1)
        if status == 0:
            status = json_any(out, any_view(entries[i].value, entries[i].value_size), depth + 1)
        if status:
            break
    free(entries)
    return status or bytes_append(out, b"}", 1)


cdef inline int json_array(Bytes *out, AnyView view, int depth) noexcept nogil:
    cdef const uint8_t *p = view.data
    cdef const uint8_t *end = p + view.size
    cdef int32_t number, wire, size
    cdef uint64_t scalar
    cdef const uint8_t *data
    cdef int status = bytes_append(out, b"[", 1)
    cdef bint first = True
    while p < end and status == 0:
        p = read_field(p, end, &number, &wire, &scalar, &data, &size)
        if number != 1 or wire != 2:
            continue
        if not first:
            status = bytes_append(out, b",", 1)
        first = False
        if status == 0:
            status = json_any(out, any_view(data, size), depth + 1)
    return status or bytes_append(out, b"]", 1)


cdef inline int json_any(Bytes *out, AnyView view, int depth) noexcept nogil:
    """An AnyValue as JSON; TEXT_UNSUPPORTED when a double in it has no JSON."""
    cdef int status
    if view.kind == KIND_STRING:
        return json_string(out, view.data, view.size)
    if view.kind == KIND_BOOL:
        return bytes_append(out, b"true" if view.i else b"false", 4 if view.i else 5)
    if view.kind == KIND_INT:
        return text_int(out, view.i)
    if view.kind == KIND_DOUBLE:
        return TEXT_UNSUPPORTED if isnan(view.d) or isinf(view.d) else text_double(out, view.d)
    if view.kind == KIND_BYTES:
        status = bytes_append(out, b'"', 1) or text_base64(out, view.data, view.size)
        return status or bytes_append(out, b'"', 1)
    if view.kind == KIND_NULL or depth > MAX_DEPTH:
        return bytes_append(out, b"null", 4)
    return json_map(out, view, depth) if view.is_map else json_array(out, view, depth)


cdef inline int any_text(Bytes *out, AnyView view) noexcept nogil:
    """Append the text of an AnyValue."""
    cdef size_t start = out.len
    cdef int status
    if view.kind == KIND_STRING:
        return bytes_append(out, view.data, view.size)
    if view.kind == KIND_BYTES:
        return text_base64(out, view.data, view.size)
    if view.kind == KIND_DOUBLE:
        return text_double(out, view.d)
    if view.kind == KIND_NULL:
        return 0
    status = json_any(out, view, 0)
    if status == TEXT_UNSUPPORTED:
        out.len = start
        return 0
    return status


cdef inline int value_text(Bytes *out, Value value, const uint8_t *arena) noexcept nogil:
    """Append the text of a Batch value; nothing for one that is absent. ``out`` is not the arena."""
    cdef AnyView view
    if value.kind == KIND_ABSENT or value.kind == KIND_NULL:
        return 0
    if value.kind == KIND_ANY:
        return any_text(out, any_view(arena + value.u.s.off, value.u.s.len))
    view.kind = value.kind
    view.is_map = False
    view.data = NULL
    view.size = 0
    view.i = 0
    view.d = 0
    if value.kind == KIND_DOUBLE:
        view.d = value.u.d
    elif value.kind == KIND_STRING or value.kind == KIND_BYTES:
        view.data = arena + value.u.s.off
        view.size = value.u.s.len
    else:
        view.i = value.u.i
    return any_text(out, view)
