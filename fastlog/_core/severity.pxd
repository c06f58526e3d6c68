"""Lookup of severity words: bytes to an OTel SeverityNumber, ignoring case as Go's ``strings.ToLower`` does.

The keys of a table are lower-case UTF-8 already; a value is lowered while it is looked up. ASCII values take the fast
path. In others, each character that lowers to a character of some key is replaced by it (``fold_from`` to ``fold_to``,
which also knows that the Kelvin sign is a k); any other character cannot match and is left alone.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from fastlog._core.utf8 cimport utf8_is_ascii, utf8_sequence


cdef enum:
    SEVERITY_KEY_MAX = 255  # bytes in the longest key; also the size of the folding buffer
    SEVERITY_NOT_WHOLE = -1  # severity_find_double: the value has a fraction


cdef struct SeveritySlot:
    uint32_t offset  # of the key in SeverityTable.keys
    uint8_t used
    uint8_t length
    uint8_t number


cdef struct SeverityTable:
    SeveritySlot* slots  # open addressing, linear probing, at most half full
    uint64_t mask  # number of slots - 1
    uint8_t* keys  # lower-case, each padded with zeros to a multiple of 8
    uint32_t* fold_from  # code points, ascending
    uint32_t* fold_to
    int fold_count
    int longest  # bytes of the longest key


cdef inline uint64_t severity_word(const uint8_t* s, Py_ssize_t n) noexcept nogil:
    """Bytes s[0:min(n, 8)], zero-padded, ASCII letters lowered. Reads 8 bytes whatever n is."""
    cdef uint64_t word, upper
    cdef uint64_t ones = 0x0101010101010101
    memcpy(&word, s, 8)
    if n < 8:
        word &= ((<uint64_t> 1) << (8 * n)) - 1
    # Bit 7 of each byte of `upper`: that byte is in 'A'..'Z'. No carry crosses a byte as bit 7 is masked off first.
    upper = ((word & 0x7F * ones) + (0x80 - 0x41) * ones) & ~((word & 0x7F * ones) + (0x80 - 0x5B) * ones)
    upper &= ~word & 0x80 * ones
    return word | (upper >> 2)


cdef inline uint64_t severity_mix(uint64_t state, uint64_t word) noexcept nogil:
    state = (state ^ word) * <uint64_t> 0x9E3779B97F4A7C15
    return state ^ (state >> 32)


cdef inline int severity_lookup(const SeverityTable* table, const uint8_t* s, Py_ssize_t n) noexcept nogil:
    """Number of the ASCII (or already folded) value s[0:n], or 0. Reads up to 8 bytes past n."""
    cdef uint64_t state = <uint64_t> n
    cdef Py_ssize_t i
    cdef const SeveritySlot* slot
    cdef uint64_t key
    if n > table.longest:
        return 0
    for i in range(0, n, 8):
        state = severity_mix(state, severity_word(s + i, n - i))
    while True:
        slot = table.slots + (state & table.mask)
        if not slot.used:
            return 0
        if slot.length == n:
            for i in range(0, n, 8):
                memcpy(&key, table.keys + slot.offset + i, 8)
                if key != severity_word(s + i, n - i):
                    break
            else:
                return slot.number
        state += 1


cdef inline int severity_fold(const SeverityTable* table, const uint8_t* s, Py_ssize_t n, uint8_t* dst) noexcept nogil:
    """Lower the non-ASCII value s[0:n] into dst (SEVERITY_KEY_MAX + 8 bytes); its length, or -1 if it fits no key."""
    cdef Py_ssize_t i = 0
    cdef int out = 0, size, low, high, mid
    cdef uint32_t code
    while i < n:
        size = utf8_sequence(s + i, n - i)
        if size < 0 or out + 4 > SEVERITY_KEY_MAX:
            return -1
        if size == 1:
            code = s[i]
        elif size == 2:
            code = ((s[i] & 0x1F) << 6) | (s[i + 1] & 0x3F)
        elif size == 3:
            code = ((s[i] & 0x0F) << 12) | ((s[i + 1] & 0x3F) << 6) | (s[i + 2] & 0x3F)
        else:
            code = ((s[i] & 7) << 18) | ((s[i + 1] & 0x3F) << 12) | ((s[i + 2] & 0x3F) << 6) | (s[i + 3] & 0x3F)
        i += size
        low = 0
        high = table.fold_count
        while low < high:
            mid = (low + high) >> 1
            if table.fold_from[mid] < code:
                low = mid + 1
            else:
                high = mid
        if low < table.fold_count and table.fold_from[low] == code:
            code = table.fold_to[low]
        if code < 0x80:
            dst[out] = <uint8_t> code
            out += 1
        elif code < 0x800:
            dst[out] = <uint8_t> (0xC0 | (code >> 6))
            dst[out + 1] = <uint8_t> (0x80 | (code & 0x3F))
            out += 2
        elif code < 0x10000:
            dst[out] = <uint8_t> (0xE0 | (code >> 12))
            dst[out + 1] = <uint8_t> (0x80 | ((code >> 6) & 0x3F))
            dst[out + 2] = <uint8_t> (0x80 | (code & 0x3F))
            out += 3
        else:
            dst[out] = <uint8_t> (0xF0 | (code >> 18))
            dst[out + 1] = <uint8_t> (0x80 | ((code >> 12) & 0x3F))
            dst[out + 2] = <uint8_t> (0x80 | ((code >> 6) & 0x3F))
            dst[out + 3] = <uint8_t> (0x80 | (code & 0x3F))
            out += 4
    return out


cdef inline int severity_find(const SeverityTable* table, const uint8_t* s, Py_ssize_t n) noexcept nogil:
    """SeverityNumber of the string s[0:n]; 0 (unspecified) when no key matches. s is readable 8 bytes past n."""
    cdef uint8_t folded[SEVERITY_KEY_MAX + 9]
    cdef int length
    # A character may lower to a shorter one (three bytes of Kelvin sign to one k), so only a wide bound is safe here.
    if n > 4 * table.longest:
        return 0
    if utf8_is_ascii(s, n):
        return severity_lookup(table, s, n)
    length = severity_fold(table, s, n, folded)
    return 0 if length < 0 else severity_lookup(table, folded, length)


cdef inline int severity_find_int(const SeverityTable* table, int64_t value) noexcept nogil:
    """SeverityNumber of an integer: of its decimal form, as the collector looks it up."""
    cdef uint8_t text[40]
    cdef int start = 20
    cdef uint64_t rest = <uint64_t> value
    if value < 0:
        rest = 0 - rest
    while True:
        start -= 1
        text[start] = <uint8_t> (0x30 + rest % 10)
        rest //= 10
        if rest == 0:
            break
    if value < 0:
        start -= 1
        text[start] = 0x2D
    return severity_lookup(table, text + start, 20 - start)


cdef inline int severity_find_double(const SeverityTable* table, double value) noexcept nogil:
    """SeverityNumber of a whole double, 0 if there is none, SEVERITY_NOT_WHOLE if it has a fraction."""
    # 2**63 is the first double that int64 cannot hold; NaN fails both comparisons.
    if not (-9223372036854775808.0 <= value < 9223372036854775808.0) or value != <double> (<int64_t> value):
        return SEVERITY_NOT_WHOLE
    return severity_find_int(table, <int64_t> value)


cdef class SeverityMap:
    """Owner of a SeverityTable; the table lives as long as this object."""

    cdef SeverityTable table
