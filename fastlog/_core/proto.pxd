"""Protobuf wire format (protobuf.dev, Encoding): varint sizes and writers into memory that was reserved before."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

# Copies in 32-byte steps that overrun, by less than PADDING, what they read and what they write: sources are arenas and
# slabs, targets are reserved buffers. Lengths of log fields vary, so a branch on a length is a branch that is
# mispredicted: short values take one step, others four before the first look. C, because Cython can't say "this many
# bytes, inline".
cdef extern from * nogil:
    """
    #ifndef FASTLOG_COPY
    #define FASTLOG_COPY
    #include <stdint.h>
    #include <string.h>
    #if defined(__AVX2__)
    #include <immintrin.h>
    #define FASTLOG_STEP(out, s) \
        _mm256_storeu_si256((__m256i *)(out), _mm256_loadu_si256((const __m256i *)(s)))
    #else
    #define FASTLOG_STEP(out, s) memcpy((out), (s), 32)
    #endif
    static inline uint8_t *fastlog_copy(uint8_t *out, const uint8_t *s, size_t n) {
        FASTLOG_STEP(out, s);
        if (__builtin_expect(n > 32, 0)) {
            FASTLOG_STEP(out + 32, s + 32);
            FASTLOG_STEP(out + 64, s + 64);
            FASTLOG_STEP(out + 96, s + 96);
            if (__builtin_expect(n > 128, 0)) memcpy(out + 128, s + 128, n - 128);
        }
        return out + n;
    }
    static inline uint8_t *fastlog_copy_long(uint8_t *out, const uint8_t *s, size_t n) {
        FASTLOG_STEP(out, s);
        FASTLOG_STEP(out + 32, s + 32);
        FASTLOG_STEP(out + 64, s + 64);
        FASTLOG_STEP(out + 96, s + 96);
        if (n > 128) {
            FASTLOG_STEP(out + 128, s + 128);
            FASTLOG_STEP(out + 160, s + 160);
            if (__builtin_expect(n > 192, 0)) memcpy(out + 192, s + 192, n - 192);
        }
        return out + n;
    }
    /* A varint below 1 << 14, without a branch. */
    static inline uint8_t *fastlog_put_varint14(uint8_t *out, uint32_t v) {
        const uint32_t two = v >= 128;
        const uint16_t word = two ? (uint16_t)((v & 0x7F) | 0x80 | (v >> 7) << 8) : (uint16_t)v;
        memcpy(out, &word, 2);
        return out + 1 + two;
    }
    #endif
    """
    uint8_t *copy_short "fastlog_copy" (uint8_t *out, const uint8_t *s, size_t n)
    uint8_t *copy_long "fastlog_copy_long" (uint8_t *out, const uint8_t *s, size_t n)
    uint8_t *put_varint14 "fastlog_put_varint14" (uint8_t *out, uint32_t v)


cdef inline int32_t varint_size(uint32_t v) noexcept nogil:
    return 1 + (v >= 1 << 7) + (v >= 1 << 14) + (v >= 1 << 21) + (v >= 1 << 28)


cdef inline int32_t varint64_size(uint64_t v) noexcept nogil:
    cdef int32_t n = 1
    while v >= 0x80:
        v >>= 7
        n += 1
    return n


cdef inline uint8_t *put_varint(uint8_t *out, uint64_t v) noexcept nogil:
    while v >= 0x80:
        out[0] = <uint8_t> (v | 0x80)
        out += 1
        v >>= 7
    out[0] = <uint8_t> v
    return out + 1


cdef inline uint8_t *put_fixed64(uint8_t *out, uint8_t tag, int64_t v) noexcept nogil:
    out[0] = tag
    memcpy(out + 1, &v, 8)
    return out + 9


cdef inline int32_t delimited_size(int32_t n) noexcept nogil:
    """A one-byte tag, the length and ``n`` bytes."""
    return 1 + varint_size(<uint32_t> n) + n
