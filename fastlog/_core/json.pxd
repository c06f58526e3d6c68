"""JSON text to typed values: one pass over the bytes into a flat list of tokens, then containers to AnyValue messages.

The dialect is the one of the collector's ``json_parser`` (goccy/go-json 0.10.6 into a ``map[string]any``). It is RFC
8259 with these freedoms: raw control characters in strings, numbers that Go's ParseFloat takes (``01``, ``1.``,
``-.5``), a bare ``null`` for an empty key or an empty object, and a NUL ends the text. The last of equal keys wins.
Strings are taken as they are: text was repaired to UTF-8 when it was framed; lone surrogates in escapes become U+FFFD.

Strings without escapes are spans of the text itself; unescaped ones are appended to the arena. Nothing recurses.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcmp, memcpy, memset

from fastlog._core.batch cimport BatchData, key_hash
from fastlog._core.memory cimport bytes_reserve
from fastlog._core.proto cimport delimited_size, put_varint
from fastlog._core.types cimport (
    ERR_MEMORY,
    KIND_ABSENT,
    KIND_ANY,
    KIND_BOOL,
    KIND_DOUBLE,
    KIND_INT,
    KIND_NULL,
    KIND_STRING,
    Span,
    Value,
)
from fastlog._core.value cimport ANY_ARRAY, ANY_MAP, LIST_ENTRY, PAIR_KEY, PAIR_VALUE, put_value, value_size

# The first '"', '\\' or NUL at or after s; the text is closed by a NUL. Reads up to 31 bytes past it.
# And strtod for JSON numbers whatever the process's locale. C, because it is intrinsics and platform headers.
cdef extern from * nogil:
    """
    #ifndef FASTLOG_JSON_SCAN
    #define FASTLOG_JSON_SCAN
    #include <locale.h>
    #include <stdlib.h>
    #if defined(__APPLE__)
    #include <xlocale.h>
    #endif
    #if defined(__AVX2__)
    #include <immintrin.h>
    #elif defined(__SSE2__)
    #include <emmintrin.h>
    #elif defined(__ARM_NEON)
    #include <arm_neon.h>
    #endif

    static inline const uint8_t *fastlog_json_scan(const uint8_t *s) {
    #if defined(__AVX2__)
        const __m256i quote = _mm256_set1_epi8('"'), slash = _mm256_set1_epi8('\\\\'), nul = _mm256_setzero_si256();
        for (;; s += 32) {
            const __m256i v = _mm256_loadu_si256((const __m256i *)s);
            const __m256i hit = _mm256_or_si256(_mm256_cmpeq_epi8(v, nul), _mm256_or_si256(
                _mm256_cmpeq_epi8(v, quote), _mm256_cmpeq_epi8(v, slash)));
            const uint32_t mask = (uint32_t)_mm256_movemask_epi8(hit);
            if (mask) return s + __builtin_ctz(mask);
        }
    #elif defined(__SSE2__)
        const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\\\'), nul = _mm_setzero_si128();
        for (;; s += 16) {
            const __m128i v = _mm_loadu_si128((const __m128i *)s);
            const __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
                                             _mm_cmpeq_epi8(v, nul));
            const uint32_t mask = (uint32_t)_mm_movemask_epi8(hit);
            if (mask) return s + __builtin_ctz(mask);
        }
    #elif defined(__ARM_NEON)
        const uint8x16_t quote = vdupq_n_u8('"'), slash = vdupq_n_u8('\\\\'), nul = vdupq_n_u8(0);
        for (;; s += 16) {
            const uint8x16_t v = vld1q_u8(s);
            const uint8x16_t hit = vorrq_u8(vorrq_u8(vceqq_u8(v, quote), vceqq_u8(v, slash)), vceqq_u8(v, nul));
            const uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(hit), 4)), 0);
            if (mask) return s + (__builtin_ctzll(mask) >> 2);
        }
    #else
        while (*s != '"' && *s != '\\\\' && *s != 0) s++;
        return s;
    #endif
    }

    static double fastlog_json_strtod(const uint8_t *s) {
        static locale_t c_locale;
        locale_t locale = __atomic_load_n(&c_locale, __ATOMIC_ACQUIRE);
        if (locale == (locale_t)0) {
            locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
            __atomic_store_n(&c_locale, locale, __ATOMIC_RELEASE);
        }
        return strtod_l((const char *)s, NULL, locale);
    }

    static const double fastlog_json_pow10[23] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22};
    #endif
    """
    const uint8_t *json_scan "fastlog_json_scan" (const uint8_t *s)
    double json_strtod "fastlog_json_strtod" (const uint8_t *s)
    const double *JSON_POW10 "fastlog_json_pow10"
    bint unlikely "__builtin_expect" (bint condition, long expected)


cdef enum:
    # Containers, while they are tokens; above every Kind.
    JSON_OBJECT = 32
    JSON_ARRAY = 33

    # json_parse: flags
    JSON_INTS = 1           # numbers without fraction or exponent that fit are int64 (json_parser's parse_ints)
    JSON_STREAM = 2         # what follows the value is ignored, and a comma or colon before it (Go's json.Decoder)
    JSON_ANY = 4            # any value, not an object or null only
    JSON_OPEN = 8           # equal keys of the outermost object are left to the caller

    # json_parse: results. fastlog/operators/failures.py has the messages.
    JSON_OK = 0
    JSON_VALUE = 1          # no value begins here
    JSON_STRING = 2         # an unfinished string
    JSON_ESCAPE = 3         # an unknown or unfinished escape
    JSON_NUMBER = 4
    JSON_RANGE = 5          # a number that no double holds
    JSON_LITERAL = 6        # neither true, false nor null
    JSON_KEY = 7            # a key was expected
    JSON_COLON = 8
    JSON_COMMA = 9          # a comma or the end of the object or array was expected
    JSON_TRAILING = 10
    JSON_DEPTH = 11
    JSON_NO_OBJECT = 12
    JSON_NO_MEMORY = 13

    JSON_DEEPEST = 10000    # go-json's limit
    JSON_NARROW = 16        # an object of more members is searched for equal keys through a hash table


cdef struct JsonToken:
    Value value             # its kind may be JSON_OBJECT or JSON_ARRAY
    Span key                # of an object's member
    int32_t parent          # the token of the container; -1 for the outermost
    int32_t end             # the token after this one and everything in it
    int32_t size            # of a container: its members while parsing, then the bytes of its entries
    bint dead               # a later member has the same key


cdef struct Json:
    # The tokens of the text parsed last, and scratch; one a thread, all zeros at first, freed by json_free.
    JsonToken *tokens
    int32_t count
    int32_t cap
    int32_t *slots
    int32_t slots_cap
    int32_t error_at        # where the text went wrong, in the arena


cdef inline void json_free(Json *j) noexcept nogil:
    free(j.tokens)
    free(j.slots)
    memset(j, 0, sizeof(Json))


cdef inline bint json_grow(Json *j) noexcept nogil:
    cdef int32_t cap = 2 * j.cap + 256
    cdef JsonToken *tokens = <JsonToken *> realloc(j.tokens, cap * sizeof(JsonToken))
    if tokens == NULL:
        return False
    j.tokens = tokens
    j.cap = cap
    return True


cdef inline bint json_blank(uint8_t c) noexcept nogil:
    return c == 32 or c == 10 or c == 9 or c == 13


cdef inline int json_hex(uint8_t c) noexcept nogil:
    """The value of a hexadecimal digit, or -1."""
    if 48 <= c <= 57:
        return c - 48
    c |= 32
    return c - 87 if 97 <= c <= 102 else -1


cdef inline int json_unit(const uint8_t *s) noexcept nogil:
    """The code unit of four hexadecimal digits, or -1."""
    cdef int unit = 0, i, digit
    for i in range(4):
        digit = json_hex(s[i])
        if digit < 0:
            return -1
        unit = unit << 4 | digit
    return unit


cdef inline uint8_t *json_put_rune(uint8_t *out, int code) noexcept nogil:
    """UTF-8 of a code point; U+FFFD for half a surrogate pair."""
    if 0xD800 <= code <= 0xDFFF:
        code = 0xFFFD
    if code < 0x80:
        out[0] = <uint8_t> code
        return out + 1
    if code < 0x800:
        out[0] = <uint8_t> (0xC0 | code >> 6)
        out[1] = <uint8_t> (0x80 | code & 0x3F)
        return out + 2
    if code < 0x10000:
        out[0] = <uint8_t> (0xE0 | code >> 12)
        out[1] = <uint8_t> (0x80 | code >> 6 & 0x3F)
        out[2] = <uint8_t> (0x80 | code & 0x3F)
        return out + 3
    out[0] = <uint8_t> (0xF0 | code >> 18)
    out[1] = <uint8_t> (0x80 | code >> 12 & 0x3F)
    out[2] = <uint8_t> (0x80 | code >> 6 & 0x3F)
    out[3] = <uint8_t> (0x80 | code & 0x3F)
    return out + 4


cdef inline int json_unescape(BatchData *b, int32_t *at, int32_t start, Span *out) noexcept nogil:
    """The string from ``start`` whose first backslash is at ``at``, unescaped to the arena's end; there is room."""
    cdef const uint8_t *s = b.arena.data + start
    cdef const uint8_t *p = b.arena.data + at[0]
    cdef uint8_t *to = b.arena.data + b.arena.len
    cdef int code, low
    cdef uint8_t c
    out.off = <int32_t> b.arena.len
    while True:
        memcpy(to, s, p - s)
        to += p - s
        at[0] = <int32_t> (p - b.arena.data)
        if p[0] != 92:
            break
        c = p[1]
        s = p + 2
        if c == 34 or c == 92 or c == 47:
            to[0] = c
        elif c == 110:
            to[0] = 10
        elif c == 116:
            to[0] = 9
        elif c == 114:
            to[0] = 13
        elif c == 98:
            to[0] = 8
        elif c == 102:
            to[0] = 12
        elif c == 117:
            code = json_unit(s)
            if code < 0:
                return JSON_ESCAPE
            s += 4
            if 0xD800 <= code < 0xDC00 and s[0] == 92 and s[1] == 117:
                low = json_unit(s + 2)
                if 0xDC00 <= low < 0xE000:
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                    s += 6
            to = json_put_rune(to, code) - 1
        else:
            return JSON_ESCAPE
        to += 1
        p = json_scan(s)
    if p[0] == 0:
        return JSON_STRING
    at[0] += 1
    out.len = <int32_t> (to - b.arena.data) - out.off
    b.arena.len = to - b.arena.data
    return JSON_OK


cdef inline int json_string(BatchData *b, int32_t *at, Span *out) noexcept nogil:
    """The string whose opening quote is at ``at``, which is then past the closing one."""
    cdef const uint8_t *p = json_scan(b.arena.data + at[0] + 1)
    cdef int32_t start = at[0] + 1
    at[0] = <int32_t> (p - b.arena.data)
    if p[0] == 34:
        out.off = start
        out.len = at[0] - start
        at[0] += 1
        return JSON_OK
    if p[0] == 0:
        return JSON_STRING
    return json_unescape(b, at, start, out)


cdef inline int json_number(const uint8_t *arena, int32_t *at, int flags, Value *out) noexcept nogil:
    """The number at ``at``, as Go's ParseFloat reads the longest run of digits, dots, signs and e's."""
    cdef const uint8_t *s = arena + at[0]
    cdef const uint8_t *p = s
    cdef uint64_t mantissa = 0
    cdef int digits = 0, scale = 0, exponent = 0
    cdef bint negative = s[0] == 45, whole = True, exponent_negative = False, wide = False
    cdef uint8_t digit
    if negative:
        p += 1
    while True:
        digit = p[0] - 48
        if digit > 9:
            if p[0] != 46 or not whole:
                break
            whole = False
            p += 1
            continue
        # Past 18 digits the mantissa may not be exact: strtod does it.
        if mantissa >= <uint64_t> 100000000000000000:
            wide = True
        else:
            mantissa = mantissa * 10 + digit
            scale -= not whole
        digits += 1
        p += 1
    if digits == 0:
        at[0] = <int32_t> (p - arena)
        return JSON_NUMBER
    if p[0] | 32 == 101:
        whole = False
        p += 1
        if p[0] == 43 or p[0] == 45:
            exponent_negative = p[0] == 45
            p += 1
        if <uint8_t> (p[0] - 48) > 9:
            at[0] = <int32_t> (p - arena)
            return JSON_NUMBER
        while <uint8_t> (p[0] - 48) <= 9:
            if exponent < 100000:
                exponent = exponent * 10 + (p[0] - 48)
            p += 1
        scale += -exponent if exponent_negative else exponent
    at[0] = <int32_t> (p - arena)
    if p[0] == 46 or p[0] == 43 or p[0] == 45 or p[0] | 32 == 101:
        return JSON_NUMBER
    if whole and flags & JSON_INTS:
        if not wide or json_int64(s, p, &mantissa):
            out.kind = KIND_INT
            out.u.i = <int64_t> (0 - mantissa if negative else mantissa)
            return JSON_OK
    out.kind = KIND_DOUBLE
    if not wide and mantissa <= <uint64_t> 1 << 53 and -22 <= scale <= 22:
        # Both are exact doubles, so one rounding gives the nearest one (Clinger's fast path).
        out.u.d = <double> mantissa
        if scale < 0:
            out.u.d /= JSON_POW10[-scale]
        else:
            out.u.d *= JSON_POW10[scale]
        if negative:
            out.u.d = -out.u.d
        return JSON_OK
    out.u.d = json_strtod(s)
    return JSON_RANGE if out.u.d - out.u.d != 0 else JSON_OK


cdef inline bint json_int64(const uint8_t *s, const uint8_t *end, uint64_t *magnitude) noexcept nogil:
    """The digits of s[0:end], after a sign, as the magnitude of an int64; False when it does not fit."""
    cdef uint64_t value = 0, most = <uint64_t> 9223372036854775807
    if s[0] == 45:
        most += 1
        s += 1
    while s < end:
        if value > (most - (s[0] - 48)) // 10:
            return False
        value = value * 10 + (s[0] - 48)
        s += 1
    magnitude[0] = value
    return True


cdef inline int json_literal(const uint8_t *s, int32_t *at, Value *out) noexcept nogil:
    """true, false or null; ``at`` is past it."""
    out.u.i = 0
    if memcmp(s, <const char *> b"true", 4) == 0:
        out.kind = KIND_BOOL
        out.u.i = 1
        at[0] += 4
    elif memcmp(s, <const char *> b"false", 5) == 0:
        out.kind = KIND_BOOL
        at[0] += 5
    elif memcmp(s, <const char *> b"null", 4) == 0:
        out.kind = KIND_NULL
        at[0] += 4
    else:
        return JSON_LITERAL
    return JSON_OK


cdef inline int json_key(BatchData *b, int32_t *at, Span *out) noexcept nogil:
    """A member's key and the colon after it."""
    cdef const uint8_t *s = b.arena.data
    cdef Value null
    cdef int code
    while json_blank(s[at[0]]):
        at[0] += 1
    if s[at[0]] == 34:
        code = json_string(b, at, out)
        if code:
            return code
    elif s[at[0]] == 110:
        code = json_literal(s + at[0], at, &null)
        if code:
            return code
        out.off = at[0]
        out.len = 0
    else:
        return JSON_KEY
    while json_blank(s[at[0]]):
        at[0] += 1
    if s[at[0]] != 58:
        return JSON_COLON
    at[0] += 1
    return JSON_OK


cdef inline bint json_same_key(const uint8_t *arena, Span one, Span other) noexcept nogil:
    """Compared word by word: most keys are too short to be worth a call of memcmp. Reads up to 7 bytes past the
    keys."""
    cdef const uint8_t *s = arena + one.off
    cdef const uint8_t *t = arena + other.off
    cdef int32_t left = one.len
    cdef uint64_t a, b
    if one.len != other.len:
        return False
    while left > 0:
        memcpy(&a, s, 8)
        memcpy(&b, t, 8)
        if left < 8:
            return (a ^ b) << (64 - 8 * left) == 0
        if a != b:
            return False
        s += 8
        t += 8
        left -= 8
    return True


cdef inline bint json_bury(Json *j, const uint8_t *arena, int32_t object_) noexcept nogil:
    """Mark the members of a finished object that a later one of the same key replaces. False when memory is out."""
    cdef int32_t members = j.tokens[object_].size, end = j.tokens[object_].end
    cdef int32_t one = object_ + 1, other, size = 64
    cdef uint32_t slot
    if members <= JSON_NARROW:
        while one < end:
            other = j.tokens[one].end
            while other < end:
                if json_same_key(arena, j.tokens[one].key, j.tokens[other].key):
                    j.tokens[one].dead = True
                    break
                other = j.tokens[other].end
            one = j.tokens[one].end
        return True
    while size < 2 * members:
        size *= 2
    if size > j.slots_cap:
        free(j.slots)
        j.slots = <int32_t *> realloc(NULL, size * sizeof(int32_t))
        j.slots_cap = size if j.slots != NULL else 0
        if j.slots == NULL:
            return False
    memset(j.slots, 0xFF, size * sizeof(int32_t))
    while one < end:
        slot = key_hash(arena + j.tokens[one].key.off, j.tokens[one].key.len) & <uint32_t> (size - 1)
        while j.slots[slot] >= 0 and not json_same_key(arena, j.tokens[j.slots[slot]].key, j.tokens[one].key):
            slot = (slot + 1) & <uint32_t> (size - 1)
        if j.slots[slot] >= 0:
            j.tokens[j.slots[slot]].dead = True
        j.slots[slot] = one
        one = j.tokens[one].end
    return True


cdef inline int json_tokens(Json *j, BatchData *b, int32_t *place, int flags) noexcept nogil:
    """Tokens of the value at ``place``, which is then past it. The text is closed by a NUL, the arena does not move."""
    cdef const uint8_t *s = b.arena.data
    cdef int32_t at = place[0]
    cdef int32_t current = -1, depth = 0
    cdef JsonToken *token
    cdef Span key
    cdef int code = JSON_OK
    cdef uint8_t c
    j.count = 0
    key.off = at
    key.len = 0
    while True:
        # A value.
        while json_blank(s[at]):
            at += 1
        if unlikely(j.count == j.cap, 0) and not json_grow(j):
            return JSON_NO_MEMORY
        token = &j.tokens[j.count]
        token.key = key
        token.parent = current
        token.dead = False
        if current >= 0:
            j.tokens[current].size += 1
        c = s[at]
        if c == 34:
            token.value.kind = KIND_STRING
            code = json_string(b, &at, &token.value.u.s)
        elif c == 123 or c == 91:
            token.value.kind = JSON_OBJECT if c == 123 else JSON_ARRAY
            token.size = 0
            depth += 1
            if depth > JSON_DEEPEST:
                code = JSON_DEPTH
            else:
                at += 1
                current = j.count
                j.count += 1
                while json_blank(s[at]):
                    at += 1
                if s[at] != c + 2:      # "}" follows "{", and "]" follows "[", at a distance of two
                    if c == 123:
                        code = json_key(b, &at, &key)
                    if code == JSON_OK:
                        continue
        elif c == 45 or <uint8_t> (c - 48) <= 9:
            code = json_number(s, &at, flags, &token.value)
        elif c == 116 or c == 102 or c == 110:
            code = json_literal(s + at, &at, &token.value)
        else:
            code = JSON_VALUE
        if code:
            break
        if token.value.kind < JSON_OBJECT:
            j.count += 1
            token.end = j.count
        # After a value: out of every container that ends here, then to the next value.
        while current >= 0:
            while json_blank(s[at]):
                at += 1
            c = s[at]
            if j.tokens[current].value.kind == JSON_OBJECT:
                if c == 44:
                    at += 1
                    code = json_key(b, &at, &key)
                    break
                if c != 125:
                    code = JSON_COMMA
                    break
                j.tokens[current].end = j.count
                if j.tokens[current].size > 1 and (current > 0 or not flags & JSON_OPEN):
                    if not json_bury(j, s, current):
                        return JSON_NO_MEMORY
            else:
                if c == 44:
                    at += 1
                    break
                if c != 93:
                    code = JSON_COMMA
                    break
                j.tokens[current].end = j.count
            at += 1
            depth -= 1
            current = j.tokens[current].parent
        if code or current < 0:
            break
    place[0] = at
    return code


cdef inline int json_parse(Json *j, BatchData *b, Span text, int flags) noexcept nogil:
    """Parse ``text`` of the arena into ``j``; JSON_OK or an error, then with ``error_at`` set.

    Without JSON_ANY the first token is an object or null. The arena may move.
    """
    cdef int32_t at = text.off, end = text.off + text.len
    cdef uint8_t saved
    cdef uint8_t *s
    cdef int code
    j.error_at = at
    # Unescaped strings are never longer than the text, so after this nothing moves.
    if bytes_reserve(&b.arena, <size_t> text.len + 8):
        return JSON_NO_MEMORY
    if <size_t> end == b.arena.len:
        b.arena.len += 1
    s = b.arena.data
    saved = s[end]
    s[end] = 0
    while json_blank(s[at]):
        at += 1
    if flags & JSON_STREAM and (s[at] == 44 or s[at] == 58):
        at += 1
    if flags & JSON_ANY or s[at] == 123 or s[at] == 110 or (flags & JSON_STREAM and json_blank(s[at])):
        code = json_tokens(j, b, &at, flags)
        if code == JSON_OK and not flags & JSON_STREAM:
            while json_blank(s[at]):
                at += 1
            if s[at] != 0:
                code = JSON_TRAILING
        if code == JSON_OK and not flags & JSON_ANY:
            if j.tokens[0].value.kind != JSON_OBJECT and j.tokens[0].value.kind != KIND_NULL:
                code = JSON_NO_OBJECT
    else:
        code = JSON_NO_OBJECT
    s[end] = saved
    j.error_at = at
    return code


cdef inline int32_t json_entry_size(const Json *j, int32_t token, int32_t any_) noexcept nogil:
    """Bytes of a token as an entry of its container, its AnyValue being ``any_`` bytes."""
    if j.tokens[j.tokens[token].parent].value.kind == JSON_OBJECT:
        return delimited_size(delimited_size(j.tokens[token].key.len) + delimited_size(any_))
    return delimited_size(any_)


cdef inline int32_t json_any_size(const Json *j, int32_t token) noexcept nogil:
    """Bytes of a token's AnyValue message; a container was measured."""
    if j.tokens[token].value.kind < JSON_OBJECT:
        return value_size(&j.tokens[token].value)
    return delimited_size(j.tokens[token].size)


cdef inline int json_value(Json *j, BatchData *b, int32_t token, Value *out) noexcept nogil:
    """The token's value; a container's message is appended to the arena. A status of types.pxd; the arena may move."""
    cdef int32_t first = token, i, size, end = j.tokens[token].end
    cdef const JsonToken *t
    cdef uint8_t *to
    cdef int status
    if j.tokens[token].value.kind < JSON_OBJECT:
        out[0] = j.tokens[token].value
        return 0
    for i in range(first, end):
        if j.tokens[i].value.kind >= JSON_OBJECT:
            j.tokens[i].size = 0
    for i in range(end - 1, first, -1):
        if not j.tokens[i].dead:
            j.tokens[j.tokens[i].parent].size += json_entry_size(j, i, json_any_size(j, i))
    size = json_any_size(j, first)
    status = bytes_reserve(&b.arena, size)
    if status:
        return status
    out.kind = KIND_ANY
    out.u.s.off = <int32_t> b.arena.len
    out.u.s.len = size
    to = b.arena.data + b.arena.len
    i = first
    while i < end:
        t = &j.tokens[i]
        if t.dead and i != first:
            i = t.end
            continue
        if i != first:
            size = json_any_size(j, i)
            to[0] = LIST_ENTRY
            if j.tokens[t.parent].value.kind == JSON_OBJECT:
                to = put_varint(to + 1, <uint32_t> (delimited_size(t.key.len) + delimited_size(size)))
                to[0] = PAIR_KEY
                to = put_varint(to + 1, <uint32_t> t.key.len)
                memcpy(to, b.arena.data + t.key.off, t.key.len)
                to += t.key.len
                to[0] = PAIR_VALUE
            to = put_varint(to + 1, <uint32_t> size)
        if t.value.kind >= JSON_OBJECT:
            to[0] = ANY_MAP if t.value.kind == JSON_OBJECT else ANY_ARRAY
            to = put_varint(to + 1, <uint32_t> t.size)
        else:
            to = put_value(to, b.arena.data, &t.value)
        i += 1
    b.arena.len = to - b.arena.data
    return 0
