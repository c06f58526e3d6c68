"""A raw block to rows: lines, cut, trimmed and repaired in the collector's order (stanza: split, flush, trim,
decode)."""

from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from fastlog._core.batch cimport Batch, BatchData, batch_begin_rows, column_values
from fastlog._core.memory cimport bytes_reserve, slab_alloc
from fastlog._core.plan cimport Framer
from fastlog._core.regex cimport Program, Regex, regex_match
from fastlog._core.types cimport ERR_MEMORY, KIND_BYTES, Span
from fastlog._core.utf8 cimport utf8_repair, utf8_valid_prefix

# Where the line feeds and the bytes above 0x7F are in 64 bytes, as two bit masks. Reads 64 bytes: arenas are padded.
# C, because it is intrinsics; the variant is chosen by the flags of the module (setup.py, HOT).
cdef extern from * nogil:
    """
    #include <string.h>
    #if defined(__AVX2__)
    #include <immintrin.h>
    #elif defined(__SSE2__)
    #include <emmintrin.h>
    #elif defined(__ARM_NEON)
    #include <arm_neon.h>
    #endif

    static inline void fastlog_line_masks(const uint8_t *s, uint64_t *newlines, uint64_t *high) {
    #if defined(__AVX2__)
        const __m256i lf = _mm256_set1_epi8(10);
        const __m256i a = _mm256_loadu_si256((const __m256i *)s);
        const __m256i b = _mm256_loadu_si256((const __m256i *)(s + 32));
        *newlines = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, lf))
                  | (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, lf)) << 32;
        *high = (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
    #elif defined(__SSE2__)
        const __m128i lf = _mm_set1_epi8(10);
        uint64_t n = 0, h = 0;
        for (int i = 0; i < 4; i++) {
            const __m128i v = _mm_loadu_si128((const __m128i *)(s + 16 * i));
            n |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, lf)) << 16 * i;
            h |= (uint64_t)(uint32_t)_mm_movemask_epi8(v) << 16 * i;
        }
        *newlines = n;
        *high = h;
    #elif defined(__ARM_NEON)
        static const uint8_t bits[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
        const uint8x16_t bit = vld1q_u8(bits);
        uint64_t n = 0, h = 0;
        for (int i = 0; i < 4; i++) {
            const uint8x16_t v = vld1q_u8(s + 16 * i);
            const uint8x16_t l = vandq_u8(vceqq_u8(v, vdupq_n_u8(10)), bit);
            const uint8x16_t g = vandq_u8(vcgeq_u8(v, vdupq_n_u8(0x80)), bit);
            n |= (uint64_t)(vaddv_u8(vget_low_u8(l)) | vaddv_u8(vget_high_u8(l)) << 8) << 16 * i;
            h |= (uint64_t)(vaddv_u8(vget_low_u8(g)) | vaddv_u8(vget_high_u8(g)) << 8) << 16 * i;
        }
        *newlines = n;
        *high = h;
    #else
        uint64_t n = 0, h = 0;
        for (int i = 0; i < 64; i++) {
            n |= (uint64_t)(s[i] == 10) << i;
            h |= (uint64_t)(s[i] >> 7) << i;
        }
        *newlines = n;
        *high = h;
    #endif
    }
    """
    void line_masks "fastlog_line_masks" (const uint8_t *s, uint64_t *newlines, uint64_t *high)
    int ctz64 "__builtin_ctzll" (uint64_t)
    int popcount64 "__builtin_popcountll" (uint64_t)


cdef enum Encoding:
    ENCODING_UTF8 = 0       # ill-formed bytes become U+FFFD
    ENCODING_RAW = 1        # bytes pass as they are
    ENCODING_NOP = 2        # no lines, no trimming: one bytes body a block


cdef struct LineRules:
    int32_t max_log_size    # bytes; a longer line is cut into records of this size
    int encoding
    bint trim_leading       # " \t\r\n"
    bint trim_trailing


cdef inline bint is_blank(uint8_t c) noexcept nogil:
    return c == 32 or c == 9 or c == 13 or c == 10


cdef int repair_body(BatchData *b, Span *body) noexcept nogil:
    """Put U+FFFD for ill-formed UTF-8 into a copy of ``body`` at the end of the arena. The arena may move."""
    cdef const uint8_t *s = b.arena.data + body.off
    cdef Py_ssize_t size
    cdef int status
    if utf8_valid_prefix(s, body.len) == body.len:
        return 0
    status = bytes_reserve(&b.arena, <size_t> body.len * 3)
    if status:
        return status
    size = utf8_repair(b.arena.data + body.off, body.len, b.arena.data + b.arena.len)
    body.off = <int32_t> b.arena.len
    body.len = <int32_t> size
    b.arena.len += size
    return 0


cdef inline int add_record(const LineRules *rules, BatchData *b, int32_t start, int32_t end, bint high) noexcept nogil:
    """One record of arena[start:end], unless nothing is left of it after trimming."""
    cdef const uint8_t *s = b.arena.data
    cdef Span body
    cdef int status
    b.lines[b.rows].off = start
    b.lines[b.rows].len = end - start
    if rules.trim_leading and s[start] <= 32:
        while start < end and is_blank(s[start]):
            start += 1
    if rules.trim_trailing and end > start and s[end - 1] <= 32:
        while start < end and is_blank(s[end - 1]):
            end -= 1
    if start == end:
        return 0
    body.off = start
    body.len = end - start
    if high and rules.encoding == ENCODING_UTF8:
        status = repair_body(b, &body)
        if status:
            return status
    b.body.spans[b.rows] = body
    b.rows += 1
    return 0


cdef inline int add_line(const LineRules *rules, BatchData *b, int32_t start, int32_t end, bint high) noexcept nogil:
    """The records of one line, whose line feed is at ``end``."""
    if end > start and b.arena.data[end - 1] == 13:
        end -= 1
    return add_pieces(rules, b, start, end, high)


cdef inline int add_pieces(const LineRules *rules, BatchData *b, int32_t start, int32_t end, bint high) noexcept nogil:
    """arena[start:end] as one record, or several of at most max_log_size."""
    cdef int status
    while end - start > rules.max_log_size:
        status = add_record(rules, b, start, start + rules.max_log_size, high)
        if status:
            return status
        start += rules.max_log_size
    return add_record(rules, b, start, end, high)


cdef int32_t find_newlines(const BatchData *b, int32_t *ends, bint *high) noexcept nogil:
    """Where the line feeds of the raw block are: ``ends`` has room for one a byte. Whether a byte is above 0x7F.

    A store for each of a word's first three whether they are there or not: lines are longer than that makes sense to
    branch on, and the branch is what costs.
    """
    cdef int32_t at = b.data_start, n = 0, i
    cdef int32_t *out
    cdef uint64_t newlines, mask, seen = 0
    while at < b.data_end:
        line_masks(b.arena.data + at, &newlines, &mask)
        if b.data_end - at < 64:
            newlines &= (<uint64_t> 1 << (b.data_end - at)) - 1
            mask &= (<uint64_t> 1 << (b.data_end - at)) - 1
        seen |= mask
        out = ends + n
        n += popcount64(newlines)
        for i in range(3):
            out[i] = at + ctz64(newlines | <uint64_t> 1 << 63)
            newlines &= newlines - 1
        i = 3
        while newlines:
            out[i] = at + ctz64(newlines)
            newlines &= newlines - 1
            i += 1
        at += 64
    high[0] = seen != 0
    return n


cdef int begin(BatchData *b, int64_t most) noexcept nogil:
    """Room for ``most`` rows; none are there yet."""
    cdef int status
    if most > INT32_MAX // 64:
        most = INT32_MAX // 64
    status = batch_begin_rows(b, <int32_t> most)
    b.rows = 0
    return status


cdef int frame_lines(void *ctx, BatchData *b) noexcept nogil:
    cdef const LineRules *rules = <const LineRules *> ctx
    cdef int32_t start = b.data_start, size = b.data_end - b.data_start
    cdef int32_t i, count, end, row = 0
    cdef bint high = False, plain
    cdef const uint8_t *s
    cdef Span *lines
    cdef Span *bodies
    # Mostly never touched, so never mapped.
    cdef int32_t *ends = <int32_t *> slab_alloc(&b.slab, (<size_t> size + 64) * sizeof(int32_t))
    cdef int status
    if ends == NULL:
        return ERR_MEMORY
    count = find_newlines(b, ends, &high)
    status = begin(b, count + size // rules.max_log_size + 1)
    plain = not (high and rules.encoding == ENCODING_UTF8)
    s = b.arena.data
    lines = b.lines
    bodies = b.body.spans
    for i in range(count):
        if status:
            return status
        end = ends[i]
        if plain and s[start] > 32 and s[end - 1] > 32 and end - start <= rules.max_log_size:
            # nothing to cut, trim or repair: nearly every line
            lines[row].off = bodies[row].off = start
            lines[row].len = bodies[row].len = end - start
            row += 1
        else:
            b.rows = row
            status = add_line(rules, b, start, end, high)
            row = b.rows
            s = b.arena.data
        start = end + 1
    b.rows = row
    if status == 0 and start < b.data_end:
        status = add_line(rules, b, start, b.data_end, high)
    return status


cdef int frame_whole(void *ctx, BatchData *b) noexcept nogil:
    """``encoding: nop``: the block as bytes bodies of at most max_log_size."""
    cdef const LineRules *rules = <const LineRules *> ctx
    cdef int32_t start = b.data_start, row = 0
    cdef int32_t size
    cdef int status = begin(b, (b.data_end - start) // rules.max_log_size + 1)
    if status:
        return status
    while start < b.data_end:
        size = min(b.data_end - start, rules.max_log_size)
        b.lines[row].off = b.body.spans[row].off = start
        b.lines[row].len = b.body.spans[row].len = size
        start += size
        row += 1
    b.rows = row
    status = column_values(b, &b.body)
    if status == 0:
        for row in range(b.rows):
            b.body.values[row].kind = KIND_BYTES
    return status


cdef int frame_one(void *ctx, BatchData *b) noexcept nogil:
    """The block is one record."""
    cdef const LineRules *rules = <const LineRules *> ctx
    cdef int32_t size = b.data_end - b.data_start
    cdef int status = begin(b, size // rules.max_log_size + 1)
    if status or size == 0:
        return status
    return add_pieces(rules, b, b.data_start, b.data_end, True)


# ---- multiline: records begin, or end, where a pattern matches (pkg/stanza v0.160, split/split.go)

cdef struct PatternRules:
    LineRules lines
    const Regex *pattern        # finds a match
    const Regex *following      # starts: finds, as its group 1, a match that begins after the first character
    int32_t slots               # int32 that a match needs room for
    bint ends                   # the pattern ends records; else it starts them
    bint omit                   # what it matches is no part of the record


cdef struct Text:
    const uint8_t *s            # offsets in it are those of the block; well-formed UTF-8
    int32_t end
    bint more                   # something follows that is not here: a match that reaches the end may be another then


cdef int32_t next_record(const PatternRules *rules, const Text *text, int32_t at, int32_t *tags,
                         Span *body) noexcept nogil:
    """Where the record that begins at ``at`` ends and the next begins, or -1 while that can't be told."""
    cdef const uint8_t *s = text.s + at
    cdef const uint8_t *end = text.s + text.end
    cdef int32_t first
    if s == end or not regex_match(rules.pattern, s, end, tags):
        return -1
    body.off = at
    if text.more and s + tags[1] == end:
        return -1
    if rules.ends:
        if tags[1] == 0:
            return -1           # a pattern that matches nothing ends nothing
        body.len = tags[0] if rules.omit else tags[1]
        return at + tags[1]
    if tags[0] > 0:             # before the first start: a record of its own
        body.len = tags[0]
        return at + tags[0]
    first = tags[1]
    if s + first == end or not regex_match(rules.following, s + first, end, tags):
        return -1
    if text.more and s + first + tags[3] == end:
        return -1
    if rules.omit:
        body.off += first
    body.len = at + first + tags[2] - body.off
    return at + first + tags[2]


cdef int readable(BatchData *b, int32_t *shift) noexcept nogil:
    """Make the block well-formed for matching: ``shift`` bytes after it lies a copy with 0x7F for each byte that is in
    no character, behind the used part of the arena; 0 when it is well-formed itself. The arena may move."""
    cdef Py_ssize_t n = b.data_end - b.data_start, done
    cdef uint8_t *p
    cdef int status
    shift[0] = 0
    if utf8_valid_prefix(b.arena.data + b.data_start, n) == n:
        return 0
    status = bytes_reserve(&b.arena, <size_t> n)
    if status:
        return status
    p = b.arena.data + b.arena.len
    memcpy(p, b.arena.data + b.data_start, <size_t> n)
    shift[0] = <int32_t> (b.arena.len - b.data_start)
    while True:
        done = utf8_valid_prefix(p, n)
        if done == n:
            return 0
        p[done] = 0x7F
        p += done + 1
        n -= done + 1


cdef int frame_pattern(void *ctx, BatchData *b) noexcept nogil:
    cdef const PatternRules *rules = <const PatternRules *> ctx
    cdef int32_t size = b.data_end - b.data_start, at = b.data_start, to, count = 0, i, shift
    cdef int32_t *tags = <int32_t *> slab_alloc(&b.slab, rules.slots * sizeof(int32_t))
    cdef Span *bodies = <Span *> slab_alloc(&b.slab, (<size_t> size + 1) * sizeof(Span))    # mostly never touched
    cdef Text text
    cdef int status
    if tags == NULL or bodies == NULL:
        return ERR_MEMORY
    status = readable(b, &shift)
    if status:
        return status
    text.s = b.arena.data + shift
    text.end = b.data_end
    text.more = False
    while at < b.data_end:
        to = next_record(rules, &text, at, tags, &bodies[count])
        if to < 0:              # the block was cut where the next record begins
            bodies[count].off = at
            bodies[count].len = b.data_end - at
            if rules.omit and not rules.ends and regex_match(rules.pattern, text.s + at, text.s + text.end, tags):
                if tags[0] == 0:
                    bodies[count].off += tags[1]
                    bodies[count].len -= tags[1]
            to = b.data_end
        at = to
        count += 1
    status = begin(b, count + size // rules.lines.max_log_size)
    for i in range(count):
        if status:
            return status
        status = add_pieces(&rules.lines, b, bodies[i].off, bodies[i].off + bodies[i].len, True)
    return status


cdef class LineFramer(Framer):
    """Records are lines ending in LF; a CR before it goes too (DESIGN, section 3; the collector's ``filelog``).

    ``max_log_size`` is in bytes. ``encoding``: "utf-8", "utf-8-raw" or "nop"; other encodings are decoded before.
    """

    cdef LineRules rules

    def __init__(self, max_log_size=1 << 20, encoding="utf-8", trim_leading=True, trim_trailing=True):
        encodings = {"utf-8": ENCODING_UTF8, "utf-8-raw": ENCODING_RAW, "nop": ENCODING_NOP}
        if encoding not in encodings:
            raise ValueError(f"{encoding!r} is not an encoding of the line framer; use one of {', '.join(encodings)}")
        if not 0 < max_log_size <= 1 << 30:
            raise ValueError(f"max_log_size must be between 1 byte and 1 GiB, not {max_log_size}")
        self.rules.max_log_size = max_log_size
        self.rules.encoding = encodings[encoding]
        self.rules.trim_leading = trim_leading
        self.rules.trim_trailing = trim_trailing
        self.ctx = &self.rules
        self.frame = frame_whole if self.rules.encoding == ENCODING_NOP else frame_lines


cdef class RecordFramer(LineFramer):
    """The block is one record, or several of max_log_size: the unfinished end of a file whose records a pattern
    divides."""

    def __init__(self, **rules):
        super().__init__(**rules)
        self.frame = frame_one


cdef class PatternFramer(LineFramer):
    """Records begin with a match of ``pattern`` or, with ``ends``, end with one; ``omit`` leaves the match out of them.

    ``pattern`` and ``following`` are compiled with the flag m. ``following`` has the pattern as its group 1 and finds
    the first match that begins after the first character: ``\\A(?s:.)(?s:.*?)(PATTERN)``; None with ``ends``.
    """

    cdef PatternRules pattern_rules
    cdef Program pattern
    cdef Program following

    def __init__(self, Program pattern, Program following=None, ends=False, omit=False, **rules):
        super().__init__(**rules)
        if following is None and not ends:
            raise TypeError("a pattern that starts records needs the one that finds the next")
        self.pattern = pattern
        self.following = following
        self.pattern_rules.lines = self.rules
        self.pattern_rules.pattern = &pattern.rx
        self.pattern_rules.slots = pattern.rx.slots
        if following is not None:
            self.pattern_rules.following = &following.rx
            self.pattern_rules.slots = max(pattern.rx.slots, following.rx.slots)
        self.pattern_rules.ends = ends
        self.pattern_rules.omit = omit
        self.ctx = &self.pattern_rules
        self.frame = frame_pattern

    def complete(self, Batch batch, bint at_end):
        """How many bytes of the raw block are records whose end is certain. ``at_end``: nothing follows in the
        source."""
        cdef BatchData *b = &batch.d
        cdef int32_t at = b.data_start, to, shift
        cdef int32_t *tags = <int32_t *> slab_alloc(&b.slab, self.pattern_rules.slots * sizeof(int32_t))
        cdef Span body
        cdef Text text
        if tags == NULL:
            raise MemoryError
        batch.check(readable(b, &shift))
        text.s = b.arena.data + shift
        text.end = b.data_end
        text.more = not at_end
        with nogil:
            while True:
                to = next_record(&self.pattern_rules, &text, at, tags, &body)
                if to < 0:
                    break
                at = to
        return at - b.data_start
