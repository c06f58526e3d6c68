"""UTF-8 validation and repair (RFC 3629; repair as the Encoding Standard and golang.org/x/text do it).

Well-formed means what RFC 3629 section 4 says: no overlong form, no surrogate, nothing above U+10FFFF. Repair puts one
U+FFFD in place of each *maximal subpart* of an ill-formed sequence (Unicode 15, section 3.9, table 3-8), which is what
the collector's decoder for ``encoding: utf-8`` does: a stray byte becomes one U+FFFD, a truncated character one as
well, an encoded surrogate three.

All functions stay inside ``s[0:n]``; none needs padding.
"""

from libc.stdint cimport uint8_t
from libc.string cimport memcpy

# The scan is C because it is intrinsics. Which one is compiled in depends on the flags of the module that cimports it,
# so a module built for x86-64-v3 gets 32-byte steps.
cdef extern from * nogil:
    """
    #ifndef FASTLOG_ASCII_PREFIX
    #define FASTLOG_ASCII_PREFIX
    #include <stddef.h>
    #include <stdint.h>
    #include <string.h>
    #if defined(__AVX2__)
    #include <immintrin.h>
    #elif defined(__SSE2__)
    #include <emmintrin.h>
    #elif defined(__ARM_NEON)
    #include <arm_neon.h>
    #endif

    /* Index of the first byte >= 0x80 in s[0:n], or n. */
    static inline ptrdiff_t fastlog_ascii_prefix(const uint8_t *s, ptrdiff_t n) {
        ptrdiff_t i = 0;
    #if defined(__AVX2__)
        for (; i + 32 <= n; i += 32) {
            unsigned high = (unsigned)_mm256_movemask_epi8(_mm256_loadu_si256((const __m256i *)(s + i)));
            if (high) return i + __builtin_ctz(high);
        }
    #elif defined(__SSE2__)
        for (; i + 16 <= n; i += 16) {
            unsigned high = (unsigned)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(s + i)));
            if (high) return i + __builtin_ctz(high);
        }
    #elif defined(__ARM_NEON)
        while (i + 16 <= n && vmaxvq_u8(vld1q_u8(s + i)) < 0x80) i += 16;
    #endif
        for (; i + 8 <= n; i += 8) {
            uint64_t word;
            memcpy(&word, s + i, 8);
            if (word & 0x8080808080808080u) break;
        }
        while (i < n && s[i] < 0x80) i++;
        return i;
    }
    #endif
    """
    Py_ssize_t utf8_ascii_prefix "fastlog_ascii_prefix" (const uint8_t *s, Py_ssize_t n)


cdef inline bint utf8_is_ascii(const uint8_t* s, Py_ssize_t n) noexcept nogil:
    """True when s[0:n] holds no byte above 0x7F."""
    return utf8_ascii_prefix(s, n) == n


cdef inline int utf8_sequence(const uint8_t* s, Py_ssize_t n) noexcept nogil:
    """Length of the character at s (n >= 1): 1 to 4, or minus the length of the ill-formed maximal subpart."""
    cdef uint8_t lead = s[0], low = 0x80, high = 0xBF
    cdef int size, i
    if lead < 0x80:
        return 1
    if lead < 0xC2 or lead > 0xF4:
        return -1
    if lead < 0xE0:
        size = 2
    elif lead < 0xF0:
        size = 3
        if lead == 0xE0:
            low = 0xA0
        elif lead == 0xED:
            high = 0x9F
    else:
        size = 4
        if lead == 0xF0:
            low = 0x90
        elif lead == 0xF4:
            high = 0x8F
    if n < 2 or s[1] < low or s[1] > high:
        return -1
    for i in range(2, size):
        if i >= n or (s[i] & 0xC0) != 0x80:
            return -i
    return size


cdef inline Py_ssize_t utf8_valid_prefix(const uint8_t* s, Py_ssize_t n) noexcept nogil:
    """Index of the first byte of s[0:n] that is not part of a well-formed character, or n."""
    cdef Py_ssize_t i = 0
    cdef int size
    while i < n:
        if s[i] < 0x80:
            i += utf8_ascii_prefix(s + i, n - i)
            continue
        # Text in other scripts is runs of two- and three-byte characters: stay here while they last.
        while i < n and s[i] >= 0x80:
            size = utf8_sequence(s + i, n - i)
            if size < 0:
                return i
            i += size
    return n


cdef inline Py_ssize_t utf8_repair(const uint8_t* s, Py_ssize_t n, uint8_t* dst) noexcept nogil:
    """Copy s[0:n] to dst with U+FFFD for each ill-formed maximal subpart; returns the bytes written, at most 3 * n.

    dst must not overlap s.
    """
    cdef Py_ssize_t i = 0, out = 0, good
    while i < n:
        good = utf8_valid_prefix(s + i, n - i)
        memcpy(dst + out, s + i, good)
        i += good
        out += good
        if i < n:
            dst[out] = 0xEF
            dst[out + 1] = 0xBF
            dst[out + 2] = 0xBD
            out += 3
            i -= utf8_sequence(s + i, n - i)
    return out
