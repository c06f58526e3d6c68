"""Timestamps: runs a compiled time layout over bytes and yields nanoseconds since 1970-01-01T00:00:00Z.

The semantics are Go's ``time.ParseInLocation`` (strptime layouts are rewritten to it, as the collector does) and then
the collector's two corrections: a year that the layout lacks is inferred from the clock, and a zone abbreviation is
looked up as an IANA location. ``fastlog/operators/layouts.py`` compiles a layout; nothing here depends on Python.

A log's timestamps repeat their date, hour and minute, so ``time_parse`` remembers the bytes before the seconds and the
bytes after the fraction of the last stamp that it parsed in full, with the instant of that minute. As long as both
repeat, a stamp costs two compares, two digits, the fraction and an addition.

The result wraps around like Go's ``UnixNano`` outside 1677..2262; the encoders write it as unsigned, which makes years
up to 2554 right. Go's zero time (year 1, the first nanosecond, UTC) gives 0, "not set".
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdio cimport snprintf
from libc.string cimport memchr, memcmp, memcpy
from libc.time cimport time_t

cdef extern from "<time.h>" nogil:
    struct timespec:
        time_t tv_sec
        long tv_nsec
    int clock_gettime(int clock, timespec* now)
    int CLOCK_REALTIME

cdef extern from * nogil:
    """
    #ifndef FASTLOG_TIME_TABLES
    #define FASTLOG_TIME_TABLES
    #include <stdint.h>
    static const uint32_t fastlog_pow10[10] = {
        1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};
    static const int16_t fastlog_days_before[14] = {
        0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    static const char fastlog_months[12][10] = {
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december"};
    static const char fastlog_weekdays[7][10] = {
        "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
    static const uint8_t fastlog_month_length[12] = {7, 8, 5, 5, 3, 4, 4, 6, 9, 7, 8, 8};
    static const uint8_t fastlog_weekday_length[7] = {6, 6, 7, 9, 8, 6, 8};
    static inline const char *fastlog_month(int index) { return fastlog_months[index]; }
    static inline const char *fastlog_weekday(int index) { return fastlog_weekdays[index]; }
    #endif
    """
    const uint32_t* TIME_POW10 "fastlog_pow10"
    const int16_t* TIME_DAYS_BEFORE "fastlog_days_before"  # [month], of a common year; [13] is the year's length
    const char* TIME_MONTH "fastlog_month" (int index)
    const char* TIME_WEEKDAY "fastlog_weekday" (int index)
    const uint8_t* TIME_MONTH_LENGTH "fastlog_month_length"
    const uint8_t* TIME_WEEKDAY_LENGTH "fastlog_weekday_length"
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


cdef struct TimeLocation:
    # The clock changes of one IANA location.
    int64_t* when  # count instants, ascending
    uint8_t* kind  # count + 1 indexes: kind[i] holds before when[i], kind[count] after the last
    int count
    int64_t repeats_from  # an instant more than 400 years after the first yearly rule: from it on, the table repeats
    int32_t* offset  # of each kind: seconds east of UTC
    uint64_t* name  # of each kind: abbreviation, zero-padded
    int kinds  # in the order of the time zone file, which decides between equal abbreviations
    uint64_t title  # the name of the location itself when it can stand in a stamp (EST, CET), zero-padded


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


cdef struct TimeFields:
    int year, month, day, year_day, hour, minute, second, nanos
    bint pm, am, utc
    int zone_offset  # -1 = none, as in Go
    const uint8_t* zone_name
    int zone_name_length  # 0 = none


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
                    out[0] = cache.minute_ns + (tens * 10 + ones) * <int64_t> 1000000000 + nanos
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


cdef inline int time_parse_full(
    const TimeProgram* program, TimeCache* cache, const uint8_t* s, Py_ssize_t n, int64_t* out
) noexcept nogil:
    """time_parse without the cache's help; fills the cache."""
    cdef TimeFields fields
    cdef Py_ssize_t seconds_at = 0, seconds_end = 0, tail
    cdef int64_t first, last
    cdef int error
    if program.kind != TIME_LAYOUT:
        return time_epoch_text(program, cache, s, n, out)
    error = time_scan(program, cache, s, n, &fields, &seconds_at, &seconds_end)
    if error == TIME_OK:
        error = time_finish(program, cache, &fields, out)
        if error == TIME_UNKNOWN_ZONE:
            cache.error_at = <int> (fields.zone_name - s)
    if error != TIME_OK or program.fraction == TIME_CACHE_NEVER:
        return error
    tail = n - seconds_end
    if seconds_at < 1 or seconds_at > TIME_PREFIX_MAX or tail > TIME_TAIL_MAX:
        return TIME_OK
    # A zone transition, or the horizon of the year inference, can fall inside the minute: then it isn't one minute.
    fields.second = 59
    fields.nanos = 999999999
    if time_finish(program, cache, &fields, &last) != TIME_OK:
        return TIME_OK
    fields.second = 0
    fields.nanos = 0
    if time_finish(program, cache, &fields, &first) != TIME_OK:
        return TIME_OK
    if last - first == <int64_t> 59999999999:
        cache.minute_ns = first
        cache.prefix_length = <int> seconds_at
        cache.tail_length = <int> tail
        time_remember(cache.prefix, cache.prefix_mask, 4, s, seconds_at)
        time_remember(cache.tail, cache.tail_mask, 2, s + seconds_end, tail)
    return TIME_OK


cdef inline void time_remember(
    uint64_t* words, uint64_t* masks, int count, const uint8_t* s, Py_ssize_t n
) noexcept nogil:
    """Keep s[0:n] and the mask of its n bytes in `count` words."""
    cdef int i
    cdef Py_ssize_t rest
    for i in range(count):
        words[i] = 0
        masks[i] = 0
        rest = n - 8 * i
        if rest >= 8:
            masks[i] = ~(<uint64_t> 0)
            memcpy(&words[i], s + 8 * i, 8)
        elif rest > 0:
            masks[i] = ((<uint64_t> 1) << (8 * rest)) - 1
            memcpy(&words[i], s + 8 * i, rest)


cdef inline int time_number(const uint8_t* s, Py_ssize_t n, int most, bint fixed, int* value) noexcept nogil:
    """Up to `most` digits (exactly so many if `fixed`) at s: how many were read, 0 if there is no such number."""
    cdef int i = 0, number = 0
    while i < most and i < n and <uint8_t> (s[i] - 0x30) <= 9:
        number = number * 10 + (s[i] - 0x30)
        i += 1
    value[0] = number
    return 0 if fixed and i != most else i


cdef inline bint time_same_letters(const uint8_t* s, const char* lower, int n) noexcept nogil:
    """Whether s[0:n] is the lower-case word, ignoring the case of ASCII letters."""
    cdef int i
    for i in range(n):
        if (s[i] | 0x20) != <uint8_t> lower[i]:
            return False
    return True


cdef inline int time_zone_name(const uint8_t* s, Py_ssize_t n) noexcept nogil:
    """Length of the zone abbreviation at s as Go recognises one, or 0."""
    cdef int letters = 0
    if n < 3:
        return 0
    if n >= 4 and (memcmp(s, <const char*> b"ChST", 4) == 0 or memcmp(s, <const char*> b"MeST", 4) == 0):
        return 4
    if memcmp(s, <const char*> b"GMT", 3) == 0:
        return 3 + time_zone_hours(s + 3, n - 3)
    if s[0] == 0x2B or s[0] == 0x2D:
        return time_zone_hours(s, n)
    while letters < 6 and letters < n and 0x41 <= s[letters] <= 0x5A:
        letters += 1
    if letters == 3 or (letters == 5 and s[4] == 0x54):
        return letters
    if letters == 4 and (s[3] == 0x54 or memcmp(s, <const char*> b"WITA", 4) == 0):
        return letters
    return 0


cdef inline int time_zone_hours(const uint8_t* s, Py_ssize_t n) noexcept nogil:
    """Length of a sign and hours up to 23 at s, or 0. Any number of leading zeros counts, as in Go."""
    cdef int i = 1, hours = 0
    if n < 2 or (s[0] != 0x2B and s[0] != 0x2D):
        return 0
    while i < n and <uint8_t> (s[i] - 0x30) <= 9:
        hours = hours * 10 + (s[i] - 0x30)
        if hours > 23:
            return 0
        i += 1
    return i if i > 1 else 0


cdef inline int time_zone(
    const uint8_t* s, Py_ssize_t n, int form, TimeFields* fields, Py_ssize_t* length
) noexcept nogil:
    """Read a numeric zone of the given form at s."""
    cdef int hours = 0, minutes = 0, seconds = 0, error = TIME_OK
    cdef bint colons = form == TIME_ZONE_HH_MM or form == TIME_ZONE_HH_MM_SS
    cdef Py_ssize_t at = 3
    cdef Py_ssize_t size = 3
    if form == TIME_ZONE_HHMM:
        size = 5
    elif form == TIME_ZONE_HH_MM:
        size = 6
    elif form == TIME_ZONE_HHMMSS:
        size = 7
    elif form == TIME_ZONE_HH_MM_SS:
        size = 9
    if n < size or (colons and s[3] != 0x3A) or (form == TIME_ZONE_HH_MM_SS and s[6] != 0x3A):
        return TIME_BAD_ELEMENT
    length[0] = size
    if time_number(s + 1, 2, 2, True, &hours) == 0:
        error = TIME_BAD_ELEMENT
    if error == TIME_OK and size > 3:
        at += colons
        if time_number(s + at, 2, 2, True, &minutes) == 0:
            error = TIME_BAD_ELEMENT
        at += 2 + colons
    if error == TIME_OK and size > 6:
        if time_number(s + at, 2, 2, True, &seconds) == 0:
            error = TIME_BAD_ELEMENT
    if s[0] != 0x2B and s[0] != 0x2D:
        error = TIME_BAD_ELEMENT
    # 24, 60 and 60 pass: people write them.
    if hours > 24:
        error = TIME_BAD_ZONE_HOUR
    if minutes > 60:
        error = TIME_BAD_ZONE_MINUTE
    if seconds > 60:
        error = TIME_BAD_ZONE_SECOND
    if error == TIME_OK:
        fields.zone_offset = (hours * 60 + minutes) * 60 + seconds
        if s[0] == 0x2D:
            fields.zone_offset = -fields.zone_offset
    return error


cdef inline int time_fail(TimeCache* cache, int error, Py_ssize_t step, Py_ssize_t at) noexcept nogil:
    cache.error_step = <int> step
    cache.error_at = <int> at
    return error


cdef inline int time_scan(
    const TimeProgram* program, TimeCache* cache, const uint8_t* s, Py_ssize_t n, TimeFields* fields,
    Py_ssize_t* seconds_at, Py_ssize_t* seconds_end
) noexcept nogil:
    """Run the steps over s[0:n]. Also tells where the seconds begin and where they and their fraction end."""
    cdef Py_ssize_t i = 0, k, at, length
    cdef const TimeStep* step
    cdef const uint8_t* literal
    cdef const uint8_t* end
    cdef int number, read, error, j
    cdef int64_t sign
    fields.year = 0
    fields.month = -1
    fields.day = -1
    fields.year_day = -1
    fields.hour = 0
    fields.minute = 0
    fields.second = 0
    fields.nanos = 0
    fields.pm = False
    fields.am = False
    fields.utc = False
    fields.zone_offset = -1
    fields.zone_name = NULL
    fields.zone_name_length = 0
    for k in range(program.steps_count):
        step = program.steps + k
        # The literal before the element; a run of spaces in it stands for any run, also for none at the stamp's end.
        literal = program.literals + step.literal
        end = literal + step.literal_length
        while literal < end:
            if literal[0] == 0x20:
                if i < n and s[i] != 0x20:
                    return time_fail(cache, TIME_BAD_LITERAL, k, i)
                while literal < end and literal[0] == 0x20:
                    literal += 1
                while i < n and s[i] == 0x20:
                    i += 1
            else:
                if i >= n or s[i] != literal[0]:
                    return time_fail(cache, TIME_BAD_LITERAL, k, i)
                literal += 1
                i += 1
        if step.flags & TIME_LEADING_SPACE:
            # RE2's \s
            while i < n and (s[i] == 0x20 or (0x09 <= s[i] <= 0x0D and s[i] != 0x0B)):
                i += 1
        number = 0
        read = 0
        if step.op == TIME_END:
            if i < n:
                return time_fail(cache, TIME_EXTRA_TEXT, k, i)
        elif step.op == TIME_MONTH_SHORT or step.op == TIME_MONTH_LONG:
            for j in range(12):
                length = 3 if step.op == TIME_MONTH_SHORT else TIME_MONTH_LENGTH[j]
                if n - i >= length and time_same_letters(s + i, TIME_MONTH(j), <int> length):
                    fields.month = j + 1
                    i += length
                    break
            else:
                return time_fail(cache, TIME_BAD_ELEMENT, k, i)
        elif step.op == TIME_DAY:
            at = i
            if step.flags & TIME_PADDED and i < n and s[i] == 0x20:
                i += 1
            read = time_number(s + i, n - i, 2, step.flags & TIME_FIXED_WIDTH, &fields.day)
            if read == 0:
                return time_fail(cache, TIME_BAD_ELEMENT, k, at)
            i += read
        elif step.op == TIME_HOUR or step.op == TIME_HOUR12:
            read = time_number(s + i, n - i, 2, step.flags & TIME_FIXED_WIDTH, &fields.hour)
            if read == 0:
                return time_fail(cache, TIME_BAD_ELEMENT, k, i)
            i += read
            if fields.hour > (23 if step.op == TIME_HOUR else 12):
                return time_fail(cache, TIME_BAD_HOUR, k, i)
        elif step.op == TIME_MINUTE:
            read = time_number(s + i, n - i, 2, step.flags & TIME_FIXED_WIDTH, &fields.minute)
            if read == 0:
                return time_fail(cache, TIME_BAD_ELEMENT, k, i)
            i += read
            if fields.minute > 59:
                return time_fail(cache, TIME_BAD_MINUTE, k, i)
        elif step.op == TIME_SECOND:
            seconds_at[0] = i
            read = time_number(s + i, n - i, 2, step.flags & TIME_FIXED_WIDTH, &fields.second)
            if read == 0:
                return time_fail(cache, TIME_BAD_ELEMENT, k, i)
            i += read
            if fields.second > 59:
                return time_fail(cache, TIME_BAD_SECOND, k, i)
            if not step.flags & TIME_NO_IMPLIED_FRACTION:
                i += time_fraction(s + i, n - i, &fields.nanos)
            seconds_end[0] = i
        elif step.op == TIME_FRACTION:
            i += time_fraction(s + i, n - i, &fields.nanos)
            seconds_end[0] = i
        elif step.op == TIME_FRACTION_FIXED:
            length = step.arg
            if n - i < 1 + length or (s[i] != 0x2E and s[i] != 0x2C):
                return time_fail(cache, TIME_BAD_ELEMENT, k, i)
            # Go reads nine bytes of it at most, as an integer, so that a sign passes where the first digit belongs.
            sign = 1
            at = i + 1
            number = 0
            j = <int> length if length < 9 else 9
            if s[at] == 0x2B or s[at] == 0x2D:
                sign = -1 if s[at] == 0x2D else 1
                at += 1
            while at < i + 1 + j:
                if <uint8_t> (s[at] - 0x30) > 9:
                    return time_fail(cache, TIME_BAD_ELEMENT, k, i)
                number = number * 10 + (s[at] - 0x30)
                at += 1
            if sign < 0 and number != 0:
                return time_fail(cache, TIME_BAD_FRACTION, k, i + 1 + length)
            fields.nanos = number * <int> TIME_POW10[9 - j]
            i += 1 + length
            seconds_end[0] = i
        elif step.op == TIME_YEAR4 or step.op == TIME_YEAR4_OR_2 or step.op == TIME_YEAR2:
            if step.op != TIME_YEAR2 and time_number(s + i, n - i, 4, True, &number) == 4:
                fields.year = number
                i += 4
            elif step.op == TIME_YEAR4 or n - i < 2:
                return time_fail(cache, TIME_BAD_ELEMENT, k, i)
            else:
                # Two bytes as an integer: a sign and a digit pass, as in Go.
                if s[i] == 0x2B or s[i] == 0x2D:
                    read = time_number(s + i + 1, 1, 1, True, &number)
                    number = -number if s[i] == 0x2D else number
                else:
                    read = time_number(s + i, 2, 2, True, &number)
                if read == 0:
                    return time_fail(cache, TIME_BAD_ELEMENT, k, i)
                fields.year = number + (1900 if number >= 69 else 2000)
                i += 2
        elif step.op == TIME_MONTH_NUMBER:
            read = time_number(s + i, n - i, 2, step.flags & TIME_FIXED_WIDTH, &fields.month)
            if read == 0:
                return time_fail(cache, TIME_BAD_ELEMENT, k, i)
            i += read
            if fields.month < 1 or fields.month > 12:
                return time_fail(cache, TIME_BAD_MONTH, k, i)
        elif step.op == TIME_ZONE or step.op == TIME_ZONE_ANY:
            if step.flags & TIME_Z and i < n and s[i] == 0x5A:
                fields.utc = True
                i += 1
                continue
            if step.op == TIME_ZONE:
                error = time_zone(s + i, n - i, step.arg, fields, &length)
            else:
                error = time_zone(s + i, n - i, TIME_ZONE_HHMM, fields, &length)
                if error != TIME_OK:
                    error = time_zone(s + i, n - i, TIME_ZONE_HH_MM, fields, &length)
                if error != TIME_OK:
                    error = time_zone(s + i, n - i, TIME_ZONE_HH, fields, &length)
            if error != TIME_OK:
                return time_fail(cache, error, k, i)
            i += length
        elif step.op == TIME_WEEKDAY_SHORT or step.op == TIME_WEEKDAY_LONG:
            for j in range(7):
                length = 3 if step.op == TIME_WEEKDAY_SHORT else TIME_WEEKDAY_LENGTH[j]
                if n - i >= length and time_same_letters(s + i, TIME_WEEKDAY(j), <int> length):
                    i += length
                    break
            else:
                return time_fail(cache, TIME_BAD_ELEMENT, k, i)
        elif step.op == TIME_PM_UPPER or step.op == TIME_PM_LOWER:
            j = 0x20 if step.op == TIME_PM_LOWER else 0
            if n - i < 2 or s[i + 1] != 0x4D + j or (s[i] != 0x50 + j and s[i] != 0x41 + j):
                return time_fail(cache, TIME_BAD_ELEMENT, k, i)
            if s[i] == 0x50 + j:
                fields.pm = True
            else:
                fields.am = True
            i += 2
        elif step.op == TIME_ZONE_NAME:
            if n - i >= 3 and memcmp(s + i, <const char*> b"UTC", 3) == 0:
                fields.utc = True
                i += 3
                continue
            read = time_zone_name(s + i, n - i)
            if read == 0:
                return time_fail(cache, TIME_BAD_ELEMENT, k, i)
            fields.zone_name = s + i
            fields.zone_name_length = read
            i += read
        else:  # TIME_YEAR_DAY
            at = i
            while i < at + 2 and step.flags & TIME_PADDED and i < n and s[i] == 0x20:
                i += 1
            read = time_number(s + i, n - i, 3, step.flags & TIME_FIXED_WIDTH, &fields.year_day)
            if read == 0:
                return time_fail(cache, TIME_BAD_ELEMENT, k, at)
            i += read
    # What follows concerns the whole stamp; its place is the end.
    cache.error_step = program.steps_count - 1
    cache.error_at = <int> n
    return TIME_OK


cdef inline Py_ssize_t time_fraction(const uint8_t* s, Py_ssize_t n, int* nanos) noexcept nogil:
    """Length of a dot or comma and at least one digit at s, or 0; digits beyond the ninth are cut off."""
    cdef Py_ssize_t i = 1
    cdef int number = 0
    if n < 2 or (s[0] != 0x2E and s[0] != 0x2C) or <uint8_t> (s[1] - 0x30) > 9:
        return 0
    while i < n and <uint8_t> (s[i] - 0x30) <= 9:
        if i <= 9:
            number = number * 10 + (s[i] - 0x30)
        i += 1
    nanos[0] = number * <int> TIME_POW10[10 - i] if i < 10 else number
    return i


cdef inline bint time_leap(int64_t year) noexcept nogil:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


cdef inline int64_t time_days(int64_t year, int month, int day) noexcept nogil:
    """Days from 1970-01-01 to the given day of the proleptic Gregorian calendar (any year)."""
    # Years begin in March, so that a leap day is the last of its year; 400 years have 146 097 days.
    cdef int64_t shifted = year - (month <= 2)
    cdef int64_t era = (shifted if shifted >= 0 else shifted - 399) // 400
    cdef int64_t of_era = shifted - era * 400
    cdef int64_t of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


cdef inline void time_civil(int64_t days, int64_t* year, int* month, int* day) noexcept nogil:
    """Inverse of time_days."""
    cdef int64_t shifted = days + 719468
    cdef int64_t era = (shifted if shifted >= 0 else shifted - 146096) // 146097
    cdef int64_t of_era = shifted - era * 146097
    cdef int64_t years = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    cdef int64_t of_year = of_era - (365 * years + years // 4 - years // 100)
    cdef int64_t shifted_month = (5 * of_year + 2) // 153
    day[0] = <int> (of_year - (153 * shifted_month + 2) // 5 + 1)
    month[0] = <int> (shifted_month + (3 if shifted_month < 10 else -9))
    year[0] = years + era * 400 + (month[0] <= 2)


cdef inline int time_kind(const TimeLocation* location, int64_t seconds) noexcept nogil:
    """Index of the kind of time (offset, abbreviation) in force at an instant."""
    cdef int low = 0, high = location.count, middle
    cdef int64_t cycle = <int64_t> 146097 * 86400  # 400 Gregorian years
    if seconds >= location.repeats_from:
        seconds -= ((seconds - location.repeats_from) // cycle + 1) * cycle
    while low < high:
        middle = (low + high) >> 1
        if location.when[middle] <= seconds:
            low = middle + 1
        else:
            high = middle
    return location.kind[low]


cdef inline int64_t time_offset(const TimeLocation* location, int64_t seconds) noexcept nogil:
    """Seconds east of UTC at an instant."""
    return location.offset[time_kind(location, seconds)]


cdef inline int64_t time_from_local(const TimeLocation* location, int64_t local) noexcept nogil:
    """Instant of a local time given as if it were UTC; in a gap or an overlap the one that Go's time.Date gives."""
    return local - time_offset(location, local - time_offset(location, local))


cdef inline uint64_t time_pack(const uint8_t* s, int n) noexcept nogil:
    """An abbreviation of up to 8 bytes, zero-padded; all ones if it is longer."""
    cdef uint64_t word = 0
    if n > 8:
        return ~(<uint64_t> 0)
    memcpy(&word, s, n)
    return word


cdef inline bint time_find_zone(
    const TimeLocation* location, uint64_t name, int64_t local, int64_t* offset
) noexcept nogil:
    """Offset of an abbreviation of this location, best the one in force at the local time (Go's lookupName)."""
    cdef int k, found
    for k in range(location.kinds):
        if location.name[k] == name:
            found = time_kind(location, local - location.offset[k])
            if location.name[found] == name:
                offset[0] = location.offset[found]
                return True
    for k in range(location.kinds):
        if location.name[k] == name:
            offset[0] = location.offset[k]
            return True
    return False


cdef inline const TimeLocation* time_find_location(const TimeProgram* program, uint64_t title) noexcept nogil:
    """The location that is itself called like the abbreviation (lives as long as the program), or NULL."""
    cdef int k
    for k in range(2, program.locations_count):
        if program.locations[k].title == title:
            return program.locations + k
    return NULL


cdef inline int64_t time_nanos(int64_t seconds, int64_t nanos) noexcept nogil:
    """Nanoseconds of an instant, wrapping around; 0 for Go's zero time."""
    if seconds == -<int64_t> 62135596800 and nanos == 0:
        return 0
    return <int64_t> (<uint64_t> seconds * 1000000000 + <uint64_t> nanos)


cdef inline void time_clock(const TimeProgram* program, TimeCache* cache) noexcept nogil:
    """Read the clock into the cache: this year, and the instant seven days from now, where this machine is."""
    cdef const TimeLocation* here = program.locations + 1
    cdef timespec now
    cdef int64_t seconds, local, year
    cdef int nanos, month, day
    if program.now_ns != 0:
        seconds = program.now_ns // 1000000000
        nanos = <int> (program.now_ns % 1000000000)
        if nanos < 0:
            seconds -= 1
            nanos += 1000000000
    else:
        clock_gettime(CLOCK_REALTIME, &now)
        seconds = now.tv_sec
        nanos = <int> now.tv_nsec
    local = seconds + time_offset(here, seconds)
    time_civil((local if local >= 0 else local - 86399) // 86400, &year, &month, &day)
    cache.clock_year = <int> year
    cache.horizon_seconds = time_from_local(here, local + 7 * 86400)
    cache.horizon_nanos = nanos
    cache.clock_known = True


cdef inline int64_t time_with_year(
    const TimeProgram* program, TimeCache* cache, int month, int day, int64_t of_day, int nanos,
    const TimeLocation* location, int64_t offset
) noexcept nogil:
    """Nanoseconds of a local date without year: this year's, last year's if that is more than 7 days ahead.

    The local time is of `location`, or of the fixed `offset` if that is NULL. Feb 29 takes the last leap year.
    """
    cdef int64_t year, local, seconds = 0
    cdef int attempt
    if not cache.clock_known:
        time_clock(program, cache)
    year = cache.clock_year
    for attempt in range(2):
        if month == 2 and day == 29:
            while not time_leap(year):
                year -= 1
        local = time_days(year, month, day) * 86400 + of_day
        seconds = time_from_local(location, local) if location != NULL else local - offset
        if seconds < cache.horizon_seconds or (seconds == cache.horizon_seconds and nanos <= cache.horizon_nanos):
            break
        if attempt == 0:
            year -= 1
    return time_nanos(seconds, nanos)


cdef inline int time_finish(
    const TimeProgram* program, TimeCache* cache, const TimeFields* fields, int64_t* out
) noexcept nogil:
    """Check the date and turn the fields into nanoseconds."""
    cdef int month = fields.month, day = fields.day, year_day = fields.year_day, hour = fields.hour
    cdef int of_month = 0, of_day = 0
    cdef int64_t local, seconds, offset = 0, year, shown
    cdef const TimeLocation* location = NULL
    cdef const TimeLocation* other
    cdef uint64_t name
    cdef int k
    if fields.pm and hour < 12:
        hour += 12
    elif fields.am and hour == 12:
        hour = 0
    if year_day >= 0:
        if time_leap(fields.year):
            if year_day == 60:
                of_month = 2
                of_day = 29
            elif year_day > 60:
                year_day -= 1
        if year_day < 1 or year_day > 365:
            return TIME_BAD_YEAR_DAY
        if of_month == 0:
            of_month = (year_day - 1) // 31 + 1
            if TIME_DAYS_BEFORE[of_month + 1] < year_day:
                of_month += 1
            of_day = year_day - TIME_DAYS_BEFORE[of_month]
        if month >= 0 and month != of_month:
            return TIME_YEAR_DAY_NOT_MONTH
        if day >= 0 and day != of_day:
            return TIME_YEAR_DAY_NOT_DAY
        month = of_month
        day = of_day
    else:
        month = 1 if month < 0 else month
        day = 1 if day < 0 else day
    k = TIME_DAYS_BEFORE[month + 1] - TIME_DAYS_BEFORE[month] + (month == 2 and time_leap(fields.year))
    if day < 1 or day > k:
        return TIME_BAD_DAY
    local = time_days(fields.year, month, day) * 86400 + hour * 3600 + fields.minute * 60 + fields.second

    # The instant, and the place (a location, or a fixed offset if it is NULL) whose calendar says which year it is.
    if fields.utc:
        seconds = local
    elif fields.zone_offset != -1:
        offset = fields.zone_offset
        seconds = local - offset
        if fields.year <= 1 or fields.zone_name_length != 0:
            k = time_kind(program.locations, seconds)
            name = program.locations.name[k]
            if fields.zone_name_length != 0:
                name = time_pack(fields.zone_name, fields.zone_name_length)
                # The collector looks up an abbreviation whose offset is zero, and fails if there is no such location.
                if offset == 0 and name != program.locations.name[k] and time_find_location(program, name) == NULL:
                    return TIME_UNKNOWN_ZONE
            if program.locations.offset[k] == offset and program.locations.name[k] == name:
                location = program.locations
    elif fields.zone_name_length != 0:
        name = time_pack(fields.zone_name, fields.zone_name_length)
        if time_find_zone(program.locations, name, local, &offset):
            location = program.locations
            seconds = local - offset
        else:
            # An unknown abbreviation leaves the clock as it is; hours after GMT are only shown, never applied.
            seconds = local
            offset = 0
            if fields.zone_name_length > 3 and memcmp(fields.zone_name, <const char*> b"GMT", 3) == 0:
                for k in range(4, fields.zone_name_length):
                    offset = offset * 10 + (fields.zone_name[k] - 0x30)
                offset *= -3600 if fields.zone_name[3] == 0x2D else 3600
            if offset == 0:
                other = time_find_location(program, name)
                if other == NULL:
                    return TIME_UNKNOWN_ZONE
                if time_find_zone(other, name, local, &offset):
                    location = other
                    seconds = local - offset
    else:
        location = program.locations
        seconds = time_from_local(location, local)

    if fields.year > 1:
        out[0] = time_nanos(seconds, fields.nanos)
        return TIME_OK
    shown = seconds + (time_offset(location, seconds) if location != NULL else offset)
    time_civil((shown if shown >= 0 else shown - 86399) // 86400, &year, &month, &day)
    if year > 0:
        out[0] = time_nanos(seconds, fields.nanos)
    else:
        out[0] = time_with_year(
            program, cache, month, day, ((shown % 86400) + 86400) % 86400, fields.nanos, location, offset
        )
    return TIME_OK


cdef inline int64_t time_from_epoch(
    const TimeProgram* program, TimeCache* cache, int64_t seconds, int64_t nanos
) noexcept nogil:
    """Nanoseconds of seconds + nanos (any signed amount); a year before 1 is replaced, as the collector does."""
    cdef const TimeLocation* here = program.locations + 1
    cdef int64_t carry = nanos // 1000000000, shown, year
    cdef int month, day
    nanos -= carry * 1000000000
    if nanos < 0:
        nanos += 1000000000
        carry -= 1
    seconds = <int64_t> (<uint64_t> seconds + <uint64_t> carry)
    # Only far below zero is the year in doubt; beyond any calendar it is the wrapped sum that counts, as in Go.
    if seconds >= -<int64_t> 62135500000 or seconds < -((<int64_t> 1) << 60):
        return time_nanos(seconds, nanos)
    shown = seconds + time_offset(here, seconds)
    time_civil((shown if shown >= 0 else shown - 86399) // 86400, &year, &month, &day)
    if year > 0:
        return time_nanos(seconds, nanos)
    return time_with_year(program, cache, month, day, ((shown % 86400) + 86400) % 86400, <int> nanos, here, 0)


cdef inline int time_integer(const uint8_t* s, Py_ssize_t n, int64_t* out) noexcept nogil:
    """Go's ParseInt(s, 10, 64): an optional sign and digits; 0 if it is one that fits."""
    cdef uint64_t value = 0, most = <uint64_t> 9223372036854775807
    cdef Py_ssize_t i = 0
    cdef uint8_t digit
    if n > 0 and (s[0] == 0x2B or s[0] == 0x2D):
        i = 1
        most += s[0] == 0x2D
    if i == n:
        return TIME_BAD_EPOCH
    while i < n:
        digit = s[i] - 0x30
        if digit > 9 or value > (most - digit) // 10:
            return TIME_BAD_EPOCH
        value = value * 10 + digit
        i += 1
    out[0] = <int64_t> (0 - value if s[0] == 0x2D else value)
    return TIME_OK


cdef inline int time_epoch_int(
    const TimeProgram* program, TimeCache* cache, int64_t value, int64_t* out
) noexcept nogil:
    """Time of an integer value; TIME_BAD_TYPE unless the layout is an epoch's."""
    cdef int64_t unit
    if program.kind == TIME_EPOCH_NS:
        out[0] = value
    elif program.kind == TIME_EPOCH_MS or program.kind == TIME_EPOCH_US:
        unit = 1000 if program.kind == TIME_EPOCH_MS else 1000000
        out[0] = time_from_epoch(program, cache, value // unit, value % unit * (1000000000 // unit))
    elif program.kind == TIME_LAYOUT:
        return time_fail(cache, TIME_BAD_TYPE, 0, 0)
    else:
        out[0] = time_from_epoch(program, cache, value, 0)
    return TIME_OK


cdef inline int time_epoch_text(
    const TimeProgram* program, TimeCache* cache, const uint8_t* s, Py_ssize_t n, int64_t* out
) noexcept nogil:
    """Time of the decimal text of an epoch: an integer, or two integers around a dot for the layouts s.ms, s.us, s.ns.

    The second integer counts milli-, micro- or nanoseconds whatever its digits, as in the collector: 1.5 is 1.005 s.
    """
    cdef int64_t seconds = 0, part = 0, unit = 1
    cdef const uint8_t* dot
    if program.kind <= TIME_EPOCH_NS:
        if time_integer(s, n, &seconds) != TIME_OK:
            return time_fail(cache, TIME_BAD_EPOCH, 0, 0)
        return time_epoch_int(program, cache, seconds, out)
    dot = <const uint8_t*> memchr(s, 0x2E, n)
    if dot == NULL or time_integer(s, dot - s, &seconds) != TIME_OK:
        return time_fail(cache, TIME_BAD_EPOCH, 0, 0)
    if time_integer(dot + 1, n - (dot - s) - 1, &part) != TIME_OK:
        return time_fail(cache, TIME_BAD_EPOCH, 0, 0)
    if program.kind == TIME_EPOCH_S_MS:
        unit = 1000000
    elif program.kind == TIME_EPOCH_S_US:
        unit = 1000
    out[0] = time_from_epoch(program, cache, seconds, <int64_t> (<uint64_t> part * <uint64_t> unit))
    return TIME_OK


cdef inline int time_epoch_double(
    const TimeProgram* program, TimeCache* cache, double value, int64_t* out
) noexcept nogil:
    """Time of a floating-point value; TIME_BAD_TYPE unless the layout is an epoch's.

    For s.ms, s.us and s.ns the collector prints it in ten columns and parses that, so that a value of few digits,
    padded with spaces, is an error.
    """
    cdef char text[400]
    cdef int length
    if program.kind == TIME_LAYOUT:
        return time_fail(cache, TIME_BAD_TYPE, 0, 0)
    if program.kind <= TIME_EPOCH_NS:
        # Out of range is what the conversion gives on x86-64.
        if -9223372036854775808.0 <= value < 9223372036854775808.0:
            return time_epoch_int(program, cache, <int64_t> value, out)
        return time_epoch_int(program, cache, -(<int64_t> 9223372036854775807) - 1, out)
    if program.kind == TIME_EPOCH_S_MS:
        length = snprintf(text, sizeof(text), "%10.3f", value)
    elif program.kind == TIME_EPOCH_S_US:
        length = snprintf(text, sizeof(text), "%10.6f", value)
    else:
        length = snprintf(text, sizeof(text), "%10.9f", value)
    return time_epoch_text(program, cache, <const uint8_t*> text, length, out)


cdef class TimeParser:
    """Owner of a TimeProgram; the program lives as long as this object and is read-only but for now_ns."""

    cdef TimeProgram program
    cdef readonly str layout_type
    cdef readonly str layout
    cdef readonly tuple elements
    cdef int add_location(self, object source) except -1
