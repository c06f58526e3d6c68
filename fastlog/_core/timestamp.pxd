"""Timestamps: runs a compiled time layout over bytes and yields nanoseconds since 1970-01-01T00:00:00Z.

The semantics are Go's ``time.ParseInLocation`` (strptime layouts are rewritten to it, as the collector does) and then
the collector's two corrections: a year that the layout lacks is inferred from the clock, and a zone abbreviation is
looked up as an IANA location. ``fastlog/operators/layouts.py`` compiles a layout; nothing here depends on Python.

A log's timestamps repeat their date, hour and minute, so ``time_parse`` remembers the bytes before the seconds and the
bytes after the fraction of the last stamp that it parsed in full, with the instant of that minute. As long as both
repeat, a stamp costs two compares, two digits, the fraction and an addition. Only this is inline; the rest is in
timestamp.pyx.

The result wraps around like Go's ``UnixNano`` outside 1677..2262; the encoders write it as unsigned, which makes years
up to 2554 right. Go's zero time (year 1, the first nanosecond, UTC) gives 0, "not set".
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from fastlog._core.calendar cimport TimeLocation

cdef extern from * nogil:
    """
    #ifndef FASTLOG_POW10
    #define FASTLOG_POW10
    #include <stdint.h>
    static const uint32_t fastlog_pow10[10] = {
        1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};
    #endif
    """
    const uint32_t* TIME_POW10 "fastlog_pow10"
    int ctz64 "__builtin_ctzll" (uint64_t word)
    bint likely "__builtin_expect" (bint condition, long expected)


cdef enum:
    # What a program parses.
    TIME_LAYOUT = 0
    TIME_EPOCH_S = 1
    TIME_EPOCH_MS = 2
    TIME_EPOCH_US = 3
    TIME_EPOCH_NS = 4
    TIME_EPOCH_S_MS = 5
    TIME_EPOCH_S_US = 6
    TIME_EPOCH_S_NS = 7

    # Steps. The names of the layout elements are those of Go's package time.
    TIME_END = 0
    TIME_YEAR2 = 1  # 06
    TIME_YEAR4 = 2  # 2006
    TIME_YEAR4_OR_2 = 3  # strptime %D and %x
    TIME_MONTH_SHORT = 4  # Jan
    TIME_MONTH_LONG = 5  # January
    TIME_MONTH_NUMBER = 6  # 1, 01
    TIME_WEEKDAY_SHORT = 7  # Mon
    TIME_WEEKDAY_LONG = 8  # Monday
    TIME_DAY = 9  # 2, _2, 02
    TIME_YEAR_DAY = 10  # __2, 002
    TIME_HOUR = 11  # 15
    TIME_HOUR12 = 12  # 3, 03
    TIME_MINUTE = 13  # 4, 04
    TIME_SECOND = 14  # 5, 05
    TIME_FRACTION = 15  # .999: any number of digits, or none
    TIME_FRACTION_FIXED = 16  # .000: arg digits
    TIME_PM_UPPER = 17  # PM
    TIME_PM_LOWER = 18  # pm
    TIME_ZONE_NAME = 19  # MST
    TIME_ZONE = 20  # -07, -0700, -07:00, -070000, -07:00:00: arg says which
    TIME_ZONE_ANY = 21  # strptime %z: Z, +hhmm, +hh:mm, +hh

    # TimeStep.flags
    TIME_FIXED_WIDTH = 1  # the number has all its digits (01, 02, 03, 04, 05, 002)
    TIME_PADDED = 2  # a leading space stands for a digit (_2, __2)
    TIME_LEADING_SPACE = 4  # strptime: white space before the element is skipped
    TIME_Z = 8  # a Z stands for UTC (Z0700 and its kin)
    TIME_NO_IMPLIED_FRACTION = 16  # seconds: the layout has a fraction of its own next

    # TimeStep.arg of TIME_ZONE
    TIME_ZONE_HH = 0
    TIME_ZONE_HHMM = 1
    TIME_ZONE_HH_MM = 2
    TIME_ZONE_HHMMSS = 3
    TIME_ZONE_HH_MM_SS = 4

    # Results. fastlog/operators/layouts.py has the messages.
    TIME_OK = 0
    TIME_BAD_LITERAL = 1
    TIME_BAD_ELEMENT = 2
    TIME_EXTRA_TEXT = 3
    TIME_BAD_MONTH = 4
    TIME_BAD_HOUR = 5
    TIME_BAD_MINUTE = 6
    TIME_BAD_SECOND = 7
    TIME_BAD_FRACTION = 8
    TIME_BAD_ZONE_HOUR = 9
    TIME_BAD_ZONE_MINUTE = 10
    TIME_BAD_ZONE_SECOND = 11
    TIME_BAD_YEAR_DAY = 12
    TIME_YEAR_DAY_NOT_MONTH = 13
    TIME_YEAR_DAY_NOT_DAY = 14
    TIME_BAD_DAY = 15
    TIME_UNKNOWN_ZONE = 16
    TIME_BAD_EPOCH = 17
    TIME_BAD_TYPE = 18

    TIME_PREFIX_MAX = 32  # longest prefix and tail that are cached, in bytes
    TIME_TAIL_MAX = 16
    TIME_PADDING = 64  # bytes that are readable past a stamp

cdef enum:
    TIME_CACHE_NEVER = -1  # TimeProgram.fraction: this layout's stamps are not cached
    TIME_CACHE_ANY = 0  # any number of fraction digits or none; > 0: exactly so many


cdef struct TimeStep:
    uint8_t op
    uint8_t flags
    uint16_t arg
    uint32_t literal  # text before the element: offset in TimeProgram.literals, and length
    uint32_t literal_length


cdef struct TimeProgram:
    int kind
    int fraction  # what may follow cached seconds: TIME_CACHE_*
    int steps_count
    TimeStep* steps  # the last is TIME_END
    uint8_t* literals
    int locations_count
    TimeLocation* locations  # [0] where a stamp without zone is; [1] the machine's; then those named by abbreviation
    int64_t now_ns  # the clock for year inference; 0 = the machine's clock, read once for each TimeCache


cdef struct TimeCache:
    # Scratch of one caller, on its stack; all zeros is empty. Not to be kept beyond a block, as it holds the clock.
    uint64_t prefix[4]
    uint64_t prefix_mask[4]
    uint64_t tail[2]
    uint64_t tail_mask[2]
    int64_t minute_ns
    int prefix_length  # 0 = nothing is cached
    int tail_length
    # The clock, once it was needed.
    bint clock_known
    int clock_year
    int64_t horizon_seconds  # now + 7 days: a stamp beyond it is last year's
    int horizon_nanos
    # Of the last error: the step that failed and where in the stamp.
    int error_step
    int error_at


# Defined in timestamp.pyx: a stamp that the cache doesn't know, and values of an epoch. Each returns TIME_OK and sets
# *out, or returns an error and sets error_step and error_at in the cache.
cdef int time_parse_full(
    const TimeProgram* program, TimeCache* cache, const uint8_t* s, Py_ssize_t n, int64_t* out
) noexcept nogil
cdef int time_epoch_text(
    const TimeProgram* program, TimeCache* cache, const uint8_t* s, Py_ssize_t n, int64_t* out
) noexcept nogil
cdef int time_epoch_int(
    const TimeProgram* program, TimeCache* cache, int64_t value, int64_t* out
) noexcept nogil
cdef int time_epoch_double(
    const TimeProgram* program, TimeCache* cache, double value, int64_t* out
) noexcept nogil


cdef inline int time_parse(
    const TimeProgram* program, TimeCache* cache, const uint8_t* s, Py_ssize_t n, int64_t* out
) noexcept nogil:
    """Parse the stamp s[0:n] into *out; TIME_OK or an error, then with error_step and error_at set in the cache.

    s is readable TIME_PADDING bytes past its end.
    """
    cdef uint64_t difference
    cdef Py_ssize_t at
    cdef uint8_t tens, ones
    cdef int digits = 0
    cdef int64_t nanos = 0
    if cache.prefix_length != 0:
        at = cache.prefix_length
        difference = (time_word(s) ^ cache.prefix[0]) & cache.prefix_mask[0]
        difference |= (time_word(s + 8) ^ cache.prefix[1]) & cache.prefix_mask[1]
        difference |= (time_word(s + 16) ^ cache.prefix[2]) & cache.prefix_mask[2]
        difference |= (time_word(s + 24) ^ cache.prefix[3]) & cache.prefix_mask[3]
        tens = s[at] - 0x30
        ones = s[at + 1] - 0x30
        if likely(difference == 0 and tens <= 5 and ones <= 9, 1):
            at += 2
            if (s[at] == 0x2E or s[at] == 0x2C) and <uint8_t> (s[at + 1] - 0x30) <= 9:
                nanos = time_digits(s + at + 1, &digits)
                at += 1 + digits
                if digits > 9:
                    while at < n and <uint8_t> (s[at] - 0x30) <= 9:
                        at += 1
                        digits += 1
            # Digits past the end of the stamp make the length differ.
            if at + cache.tail_length == n and (program.fraction == TIME_CACHE_ANY or program.fraction == digits):
                difference = (time_word(s + at) ^ cache.tail[0]) & cache.tail_mask[0]
                difference |= (time_word(s + at + 8) ^ cache.tail[1]) & cache.tail_mask[1]
                if likely(difference == 0, 1):
                    # Unsigned, because the sum may wrap around.
                    nanos += (tens * 10 + ones) * <int64_t> 1000000000
                    out[0] = <int64_t> (<uint64_t> cache.minute_ns + <uint64_t> nanos)
                    return TIME_OK
    return time_parse_full(program, cache, s, n, out)


cdef inline uint64_t time_word(const uint8_t* s) noexcept nogil:
    cdef uint64_t word
    memcpy(&word, s, 8)
    return word


cdef inline int64_t time_digits(const uint8_t* s, int* count) noexcept nogil:
    """Nanoseconds of the fraction digits at s, where one is; *count = how many there are, 10 = ten or more."""
    cdef uint64_t word = time_word(s) ^ <uint64_t> 0x3030303030303030
    cdef uint64_t other
    cdef int digits
    other = (((word & <uint64_t> 0x7F7F7F7F7F7F7F7F) + <uint64_t> 0x7676767676767676) | word)
    other &= <uint64_t> 0x8080808080808080
    digits = ctz64(other) >> 3 if other != 0 else 8
    # Shift the digits to the end of the word, so that leading zeros make it eight; then add up pairs, fours, all.
    word <<= 64 - 8 * digits
    word = word * 10 + (word >> 8)
    word = (
        (word & <uint64_t> 0x000000FF000000FF) * <uint64_t> 0x000F424000000064
        + ((word >> 16) & <uint64_t> 0x000000FF000000FF) * <uint64_t> 0x0000271000000001
    ) >> 32
    if digits == 8 and <uint8_t> (s[8] - 0x30) <= 9:
        count[0] = 10 if <uint8_t> (s[9] - 0x30) <= 9 else 9
        return <int64_t> word * 10 + (s[8] - 0x30)
    count[0] = digits
    return <int64_t> word * TIME_POW10[9 - digits]


cdef class TimeParser:
    """Owner of a TimeProgram; the program lives as long as this object and is read-only but for now_ns."""

    cdef TimeProgram program
    cdef readonly str layout_type
    cdef readonly str layout
    cdef readonly tuple elements
    cdef int add_location(self, object source) except -1
