/* Vector scans over a line, chosen at compile time: AVX2, SSSE3, SSE2, NEON, or plain C.

   A set of bytes is tested with two 16-entry tables, one for each half of the byte: its bit groups are the distinct rows of the
   16 x 16 matrix (high half x low half), of which a set may have eight (W. Mula and D. Lemire's "shufti"). Reads may pass the
   end of the text by up to 63 bytes; results never do. */
#ifndef FASTLOG_SCAN_H
#define FASTLOG_SCAN_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX2__) || defined(__SSSE3__) || defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

typedef struct {
    uint8_t low[16];     /* by low half: the groups it is in */
    uint8_t high[16];    /* by high half: its group */
    uint32_t bitmap[8];  /* the bytes at which the scan stops, for plain C */
} ScanSet;

#define SCAN_STOPS(set, byte) ((set)->bitmap[(byte) >> 5] >> ((byte) & 31) & 1)

/* The first byte of the set at or after p, or end. */
static inline const uint8_t *scan_set(const uint8_t *p, const uint8_t *end, const ScanSet *set) {
#if defined(__AVX2__)
    const __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)set->low));
    const __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)set->high));
    const __m256i half = _mm256_set1_epi8(15);
    for (; p < end; p += 32) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)p);
        const __m256i a = _mm256_shuffle_epi8(low, _mm256_and_si256(v, half));
        const __m256i b = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), half));
        const __m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(a, b), _mm256_setzero_si256());
        const uint32_t stop = ~(uint32_t)_mm256_movemask_epi8(none);
        if (stop) {
            p += __builtin_ctz(stop);
            return p < end ? p : end;
        }
    }
    return end;
#elif defined(__SSSE3__)
    const __m128i low = _mm_loadu_si128((const __m128i *)set->low);
    const __m128i high = _mm_loadu_si128((const __m128i *)set->high);
    const __m128i half = _mm_set1_epi8(15);
    for (; p < end; p += 16) {
        const __m128i v = _mm_loadu_si128((const __m128i *)p);
        const __m128i a = _mm_shuffle_epi8(low, _mm_and_si128(v, half));
        const __m128i b = _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(v, 4), half));
        const uint32_t stop = 0xFFFF ^ (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_and_si128(a, b), _mm_setzero_si128()));
        if (stop) {
            p += __builtin_ctz(stop);
            return p < end ? p : end;
        }
    }
    return end;
#elif defined(__ARM_NEON) && defined(__aarch64__)
    const uint8x16_t low = vld1q_u8(set->low), high = vld1q_u8(set->high), half = vdupq_n_u8(15);
    for (; p < end; p += 16) {
        const uint8x16_t v = vld1q_u8(p);
        const uint8x16_t hit = vtstq_u8(vqtbl1q_u8(low, vandq_u8(v, half)), vqtbl1q_u8(high, vshrq_n_u8(v, 4)));
        const uint64_t stop = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(hit), 4)), 0);
        if (stop) {
            p += __builtin_ctzll(stop) >> 2;
            return p < end ? p : end;
        }
    }
    return end;
#else
    while (p < end && !SCAN_STOPS(set, *p)) p++;
    return p;
#endif
}

/* The first byte equal to b at or after p, or end. */
static inline const uint8_t *scan_byte(const uint8_t *p, const uint8_t *end, uint8_t b) {
#if defined(__AVX2__)
    const __m256i wanted = _mm256_set1_epi8((char)b);
    for (; p < end; p += 32) {
        const uint32_t stop =
            (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)p), wanted));
        if (stop) {
            p += __builtin_ctz(stop);
            return p < end ? p : end;
        }
    }
    return end;
#elif defined(__SSE2__)
    const __m128i wanted = _mm_set1_epi8((char)b);
    for (; p < end; p += 16) {
        const uint32_t stop = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), wanted));
        if (stop) {
            p += __builtin_ctz(stop);
            return p < end ? p : end;
        }
    }
    return end;
#elif defined(__ARM_NEON) && defined(__aarch64__)
    const uint8x16_t wanted = vdupq_n_u8(b);
    for (; p < end; p += 16) {
        const uint8x16_t hit = vceqq_u8(vld1q_u8(p), wanted);
        const uint64_t stop = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(hit), 4)), 0);
        if (stop) {
            p += __builtin_ctzll(stop) >> 2;
            return p < end ? p : end;
        }
    }
    return end;
#else
    const uint8_t *found = p < end ? (const uint8_t *)memchr(p, b, (size_t)(end - p)) : 0;
    return found ? found : end;
#endif
}

/* Whether each of the 16 bytes at p lies in its range: low[i] <= p[i] <= low[i] + span[i]. */
static inline int scan_in_ranges(const uint8_t *p, const uint8_t *low, const uint8_t *span) {
#if defined(__SSE2__)
    const __m128i over = _mm_subs_epu8(
        _mm_sub_epi8(_mm_loadu_si128((const __m128i *)p), _mm_loadu_si128((const __m128i *)low)),
        _mm_loadu_si128((const __m128i *)span));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(over, _mm_setzero_si128())) == 0xFFFF;
#elif defined(__ARM_NEON) && defined(__aarch64__)
    const uint8x16_t over = vqsubq_u8(vsubq_u8(vld1q_u8(p), vld1q_u8(low)), vld1q_u8(span));
    return vmaxvq_u8(over) == 0;
#else
    int i, over = 0;
    for (i = 0; i < 16; i++) over |= (uint8_t)(p[i] - low[i]) > span[i];
    return !over;
#endif
}

#endif
