/* Vector scans over a line, chosen at compile time: AVX2, SSE2, NEON, or plain C.

   A set of bytes is tested with two 16-entry tables, one for each half of the byte: its bit groups are the distinct rows of the
   16 x 16 matrix (high half x low half), of which a set may have eight (W. Mula and D. Lemire's "shufti"). Reads may pass the
   end of the text by up to 64 bytes; results never do. */
#ifndef FASTLOG_SCAN_H
#define FASTLOG_SCAN_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX2__) || defined(__SSE2__)
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

/* The 64 bytes of the text that were loaded last. Which of them stop a scan does not depend on where in them the scan begins,
   so the scans of short fields follow one another at the latency of a shift and a bit count, not of a load and a shuffle. */
typedef struct {
#if defined(__AVX2__)
    __m256i first, second;
    uint64_t stops;      /* the bytes of the block that are in set */
    const ScanSet *set;  /* NULL: stops is not known */
#endif
    const uint8_t *at;
} ScanBlock;

#if defined(__AVX2__)

static inline void scan_load(ScanBlock *block, const uint8_t *p) {
    block->at = p;
    block->first = _mm256_loadu_si256((const __m256i *)p);
    block->second = _mm256_loadu_si256((const __m256i *)(p + 32));
    block->stops = 0;
    block->set = 0;
}

static inline uint64_t scan_bits(__m256i first, __m256i second) {
    return (uint32_t)_mm256_movemask_epi8(first) | (uint64_t)(uint32_t)_mm256_movemask_epi8(second) << 32;
}

static inline __m256i scan_outside(__m256i v, __m256i low, __m256i high) {
    const __m256i half = _mm256_set1_epi8(15);
    const __m256i a = _mm256_shuffle_epi8(low, _mm256_and_si256(v, half));
    const __m256i b = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), half));
    return _mm256_cmpeq_epi8(_mm256_and_si256(a, b), _mm256_setzero_si256());
}

/* The bytes of the block that are in the set, as bits. */
static inline uint64_t scan_stops(ScanBlock *block, const ScanSet *set) {
    if (block->set != set) {
        const __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)set->low));
        const __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)set->high));
        block->stops = ~scan_bits(scan_outside(block->first, low, high), scan_outside(block->second, low, high));
        block->set = set;
    }
    return block->stops;
}

#define SCAN_BLOCKS(stops)                                      \
    do {                                                        \
        uint64_t stop;                                          \
        if ((size_t)(p - block->at) >= 64) scan_load(block, p); \
        stop = (stops) >> (p - block->at);                      \
        while (!stop) {                                         \
            p = block->at + 64;                                 \
            if (p >= end) return end;                           \
            scan_load(block, p);                                \
            stop = (stops);                                     \
        }                                                       \
        p += __builtin_ctzll(stop);                             \
        return p < end ? p : end;                               \
    } while (0)

#elif defined(__ARM_NEON) && defined(__aarch64__)

static inline void scan_load(ScanBlock *block, const uint8_t *p) { block->at = p; }

#define SCAN_BLOCKS(hits)                                                                                         \
    do {                                                                                                          \
        for (; p < end; p += 16) {                                                                                \
            const uint8x16_t v = vld1q_u8(p);                                                                     \
            const uint64_t stop = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(hits), 4)), 0); \
            if (stop) {                                                                                           \
                p += __builtin_ctzll(stop) >> 2;                                                                  \
                return p < end ? p : end;                                                                         \
            }                                                                                                     \
        }                                                                                                         \
        return end;                                                                                               \
    } while (0)

#else

static inline void scan_load(ScanBlock *block, const uint8_t *p) { block->at = p; }

#endif

/* The first byte of the set at or after p, or end. p does not lie before the block. */
static inline const uint8_t *scan_set(ScanBlock *block, const uint8_t *p, const uint8_t *end, const ScanSet *set) {
#if defined(__AVX2__)
    SCAN_BLOCKS(scan_stops(block, set));
#elif defined(__ARM_NEON) && defined(__aarch64__)
    const uint8x16_t low = vld1q_u8(set->low), high = vld1q_u8(set->high), half = vdupq_n_u8(15);
    SCAN_BLOCKS(vtstq_u8(vqtbl1q_u8(low, vandq_u8(v, half)), vqtbl1q_u8(high, vshrq_n_u8(v, 4))));
#else
    (void)block;
    while (p < end && !SCAN_STOPS(set, *p)) p++;
    return p;
#endif
}

/* The first byte equal to b at or after p, or end. p does not lie before the block. */
static inline const uint8_t *scan_byte(ScanBlock *block, const uint8_t *p, const uint8_t *end, uint8_t b) {
#if defined(__AVX2__)
    const __m256i wanted = _mm256_set1_epi8((char)b);
    SCAN_BLOCKS(scan_bits(_mm256_cmpeq_epi8(block->first, wanted), _mm256_cmpeq_epi8(block->second, wanted)));
#elif defined(__ARM_NEON) && defined(__aarch64__)
    const uint8x16_t wanted = vdupq_n_u8(b);
    SCAN_BLOCKS(vceqq_u8(v, wanted));
#elif defined(__SSE2__)
    const __m128i wanted = _mm_set1_epi8((char)b);
    (void)block;
    for (; p < end; p += 16) {
        const uint32_t stop = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), wanted));
        if (stop) {
            p += __builtin_ctz(stop);
            return p < end ? p : end;
        }
    }
    return end;
#else
    const uint8_t *found = p < end ? (const uint8_t *)memchr(p, b, (size_t)(end - p)) : 0;
    (void)block;
    return found ? found : end;
#endif
}

/* Bytes that are expected at 16 positions, each in one of two ranges: low[i] <= p[i] <= low[i] + span[i]. */
typedef struct {
    uint8_t low[16];
    uint8_t span[16];
} ScanRanges;

#if defined(__SSE2__)

static inline int scan_in_ranges(const uint8_t *p, const ScanRanges *ranges) {
    const __m128i v = _mm_loadu_si128((const __m128i *)p);
    const __m128i over_one = _mm_subs_epu8(_mm_sub_epi8(v, _mm_loadu_si128((const __m128i *)ranges[0].low)),
                                           _mm_loadu_si128((const __m128i *)ranges[0].span));
    const __m128i over_two = _mm_subs_epu8(_mm_sub_epi8(v, _mm_loadu_si128((const __m128i *)ranges[1].low)),
                                           _mm_loadu_si128((const __m128i *)ranges[1].span));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(over_one, over_two), _mm_setzero_si128()));
}

#elif defined(__ARM_NEON) && defined(__aarch64__)

static inline uint64_t scan_out_of_ranges(const uint8_t *p, const ScanRanges *ranges) {
    const uint8x16_t v = vld1q_u8(p);
    const uint8x16_t over_one = vqsubq_u8(vsubq_u8(v, vld1q_u8(ranges[0].low)), vld1q_u8(ranges[0].span));
    const uint8x16_t over_two = vqsubq_u8(vsubq_u8(v, vld1q_u8(ranges[1].low)), vld1q_u8(ranges[1].span));
    const uint8x16_t out = vcgtq_u8(vminq_u8(over_one, over_two), vdupq_n_u8(0));
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(out), 4)), 0);
}

#endif

/* How many bytes at p, the first on, are as expected, up to 16. */
static inline int scan_expected(const uint8_t *p, const ScanRanges *ranges) {
#if defined(__SSE2__)
    return __builtin_ctz(~scan_in_ranges(p, ranges));
#elif defined(__ARM_NEON) && defined(__aarch64__)
    const uint64_t out = scan_out_of_ranges(p, ranges);
    return out ? __builtin_ctzll(out) >> 2 : 16;
#else
    int i = 0;
    while (i < 16 && ((uint8_t)(p[i] - ranges[0].low[i]) <= ranges[0].span[i] ||
                      (uint8_t)(p[i] - ranges[1].low[i]) <= ranges[1].span[i]))
        i++;
    return i;
#endif
}

/* Whether all 16 bytes at p are as expected. */
static inline int scan_all_expected(const uint8_t *p, const ScanRanges *ranges) {
#if defined(__SSE2__)
    return scan_in_ranges(p, ranges) == 0xFFFF;
#elif defined(__ARM_NEON) && defined(__aarch64__)
    return scan_out_of_ranges(p, ranges) == 0;
#else
    return scan_expected(p, ranges) == 16;
#endif
}

/* Whether the 8 bytes at p are those of word where mask has ones. */
static inline int scan_word(const uint8_t *p, const uint8_t *word, const uint8_t *mask) {
    uint64_t v, w, m;
    memcpy(&v, p, 8);
    memcpy(&w, word, 8);
    memcpy(&m, mask, 8);
    return ((v ^ w) & m) == 0;
}

#endif
