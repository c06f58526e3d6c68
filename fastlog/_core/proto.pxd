"""Protobuf wire format (protobuf.dev, Encoding): varint sizes and writers into memory that was reserved before."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

# Copies in 32-byte steps that may overrun by 31 bytes at both ends: sources are arenas, targets are reserved buffers,
# and both keep PADDING bytes behind them. Most values are shorter than one step. C, because Cython can't say "constant size".
cdef extern from * nogil:
    """
    #ifndef FASTLOG_COPY
    #define FASTLOG_COPY
    static inline uint8_t *fastlog_copy(uint8_t *out, const uint8_t *s, size_t n) {
        size_t i = 0;
        do {
            __builtin_memcpy(out + i, s + i, 32);
            i += 32;
        } while (__builtin_expect(i < n, 0));
        return out + n;
    }
    static inline uint8_t *fastlog_copy_long(uint8_t *out, const uint8_t *s, size_t n) {
        if (n > 1024) { __builtin_memcpy(out, s, n); return out + n; }
        for (size_t i = 0; i < n; i += 32) __builtin_memcpy(out + i, s + i, 32);
        return out + n;
    }
    #endif
    """
    uint8_t *copy_short "fastlog_copy" (uint8_t *out, const uint8_t *s, size_t n)
    uint8_t *copy_long "fastlog_copy_long" (uint8_t *out, const uint8_t *s, size_t n)


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
