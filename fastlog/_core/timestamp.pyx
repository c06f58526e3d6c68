"""Timestamps: all but the cached path, which is inline in timestamp.pxd. Also the Python owner of a program."""

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdio cimport snprintf
from libc.stdlib cimport calloc, free
from libc.string cimport memchr, memcmp, memcpy, memset
from libc.time cimport time_t

from fastlog._core.calendar cimport (
    TimeLocation,
    time_civil,
    time_days,
    time_find_zone,
    time_from_local,
    time_kind,
    time_leap,
    time_offset,
    time_pack,
)

cdef extern from "<time.h>" nogil:
    struct timespec:
        time_t tv_sec
        long tv_nsec
    int clock_gettime(int clock, timespec* now)
    int CLOCK_REALTIME

cdef extern from * nogil:
    """
    #include <stdint.h>
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
    """
    const int16_t* TIME_DAYS_BEFORE "fastlog_days_before"  # [month], of a common year; [13] is the year's length
    const char* TIME_MONTH "fastlog_month" (int index)
    const char* TIME_WEEKDAY "fastlog_weekday" (int index)
    const uint8_t* TIME_MONTH_LENGTH "fastlog_month_length"
    const uint8_t* TIME_WEEKDAY_LENGTH "fastlog_weekday_length"

PADDING = TIME_PADDING


cdef struct TimeFields:
    int year, month, day, year_day, hour, minute, second, nanos
    bint pm, am, utc
    int zone_offset  # -1 = none, as in Go
    const uint8_t* zone_name
    int zone_name_length  # 0 = none


cdef int time_parse_full(
    const TimeProgram* program, TimeCache* cache, const uint8_t* s, Py_ssize_t n, int64_t* out
) noexcept nogil:
    """time_parse without the cache's help; fills the cache."""
    cdef TimeFields fields
    cdef Py_ssize_t seconds_at = 0, seconds_end = 0, tail
    cdef int64_t first, last
    cdef int error, second, nanos
    if program.kind != TIME_LAYOUT:
        return time_epoch_text(program, cache, s, n, out)
    error = time_scan(program, cache, s, n, &fields, &seconds_at, &seconds_end)
    if error != TIME_OK:
        return error
    tail = n - seconds_end
    if program.fraction != TIME_CACHE_NEVER and 0 < seconds_at <= TIME_PREFIX_MAX and tail <= TIME_TAIL_MAX:
        second = fields.second
        nanos = fields.nanos
        fields.second = 0
        fields.nanos = 0
        error = time_finish(program, cache, &fields, &first)
        fields.second = 59
        fields.nanos = 999999999
        # A zone transition, or the horizon of the year inference, can fall inside the minute: then it isn't one minute.
        if (
            error == TIME_OK
            and time_finish(program, cache, &fields, &last) == TIME_OK
            and <uint64_t> last - <uint64_t> first == <uint64_t> 59999999999
        ):
            cache.minute_ns = first
            cache.prefix_length = <int> seconds_at
            cache.tail_length = <int> tail
            time_remember(cache.prefix, cache.prefix_mask, 4, s, seconds_at)
            time_remember(cache.tail, cache.tail_mask, 2, s + seconds_end, tail)
            out[0] = <int64_t> (<uint64_t> first + <uint64_t> second * 1000000000 + <uint64_t> nanos)
            return TIME_OK
        fields.second = second
        fields.nanos = nanos
    error = time_finish(program, cache, &fields, out)
    if error == TIME_UNKNOWN_ZONE:
        cache.error_at = <int> (fields.zone_name - s)
    return error


cdef void time_remember(
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


cdef int time_zone_name(const uint8_t* s, Py_ssize_t n) noexcept nogil:
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


cdef int time_zone_hours(const uint8_t* s, Py_ssize_t n) noexcept nogil:
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


cdef int time_zone(
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


cdef int time_scan(
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


cdef const TimeLocation* time_find_location(const TimeProgram* program, uint64_t title) noexcept nogil:
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


cdef void time_clock(const TimeProgram* program, TimeCache* cache) noexcept nogil:
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


cdef int64_t time_with_year(
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


cdef int time_finish(
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


cdef int64_t time_from_epoch(
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


cdef int time_integer(const uint8_t* s, Py_ssize_t n, int64_t* out) noexcept nogil:
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


cdef int time_epoch_int(
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


cdef int time_epoch_text(
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


cdef int time_epoch_double(
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


cdef void* reserve(size_t count, size_t size) except NULL:
    """Zeroed memory for count items (at least one), for free()."""
    cdef void* block = calloc(count + 1, size)
    if block == NULL:
        raise MemoryError
    return block


cdef uint64_t pack(bytes name) except? 0:
    """A name of at most 8 bytes as a zero-padded word; longer ones are none that a stamp can hold."""
    cdef uint64_t word = 0
    if len(name) <= 8:
        memcpy(&word, PyBytes_AS_STRING(name), len(name))
    return word


cdef class TimeParser:
    """A compiled time layout. Build one with ``fastlog.operators.layouts.compile_layout``.

    kind: TIME_LAYOUT or one of TIME_EPOCH_*; fraction: TIME_CACHE_* or a number of digits;
    steps: (op, flags, arg, literal before the element); locations: objects with the attributes of
    ``fastlog.operators.zones.Location``, in the order that TimeProgram.locations asks for;
    elements: the layout's text of each step, for error messages.
    """

    def __cinit__(
        self,
        str layout_type not None,
        str layout not None,
        int kind,
        int fraction,
        list steps not None,
        list locations not None,
        tuple elements not None,
    ):
        cdef Py_ssize_t k, total = 0
        cdef TimeStep* step
        self.layout_type = layout_type
        self.layout = layout
        self.elements = elements
        self.program.kind = kind
        self.program.fraction = fraction
        self.program.steps = <TimeStep*> reserve(len(steps), sizeof(TimeStep))
        self.program.literals = <uint8_t*> reserve(sum([len(literal) for _, _, _, literal in steps]), 1)
        for k, (op, flags, arg, literal) in enumerate(steps):
            step = self.program.steps + k
            step.op = op
            step.flags = flags
            step.arg = arg
            step.literal = <uint32_t> total
            step.literal_length = <uint32_t> len(literal)
            memcpy(self.program.literals + total, PyBytes_AS_STRING(literal), len(literal))
            total += len(literal)
        self.program.steps_count = <int> len(steps)
        self.program.locations = <TimeLocation*> reserve(len(locations), sizeof(TimeLocation))
        for location in locations:
            self.add_location(location)

    cdef int add_location(self, object source) except -1:
        cdef TimeLocation* location = self.program.locations + self.program.locations_count
        cdef list transitions = source.transitions
        cdef list kinds = source.kinds
        cdef Py_ssize_t k
        self.program.locations_count += 1
        location.when = <int64_t*> reserve(len(transitions), sizeof(int64_t))
        location.kind = <uint8_t*> reserve(len(transitions) + 1, 1)
        location.offset = <int32_t*> reserve(len(kinds), sizeof(int32_t))
        location.name = <uint64_t*> reserve(len(kinds), sizeof(uint64_t))
        location.kind[0] = source.first_kind
        for k, (when, kind) in enumerate(transitions):
            location.when[k] = when
            location.kind[k + 1] = kind
        for k, (offset, name) in enumerate(kinds):
            location.offset[k] = offset
            location.name[k] = pack(name.encode())
        location.count = <int> len(transitions)
        location.repeats_from = source.repeats_from
        location.kinds = <int> len(kinds)
        location.title = pack(source.name.encode())
        return 0

    def __dealloc__(self):
        cdef int k
        for k in range(self.program.locations_count):
            free(self.program.locations[k].when)
            free(self.program.locations[k].kind)
            free(self.program.locations[k].offset)
            free(self.program.locations[k].name)
        free(self.program.locations)
        free(self.program.steps)
        free(self.program.literals)

    @property
    def now_ns(self) -> int:
        """The clock that missing years are inferred from; 0 is the machine's."""
        return self.program.now_ns

    @now_ns.setter
    def now_ns(self, int64_t value):
        self.program.now_ns = value

    def run(self, value) -> tuple:
        """Parse one bytes, int or float: (code, nanoseconds, step that failed, where in the stamp it failed)."""
        cdef TimeCache cache
        cdef int64_t nanos = 0
        cdef int code
        cdef bytes padded
        memset(&cache, 0, sizeof(cache))
        if isinstance(value, bytes):
            padded = value + bytes(TIME_PADDING)
            code = time_parse(&self.program, &cache, <const uint8_t*> padded, len(value), &nanos)
        elif isinstance(value, float):
            code = time_epoch_double(&self.program, &cache, value, &nanos)
        else:
            code = time_epoch_int(&self.program, &cache, value, &nanos)
        return code, nanos, cache.error_step, cache.error_at

    def parse(self, value, now_ns=None) -> int | None:
        """Nanoseconds since the epoch of one bytes, int or float; None if it does not parse."""
        cdef int64_t saved = self.program.now_ns
        if now_ns is not None:
            self.program.now_ns = now_ns
        try:
            code, nanos, _, _ = self.run(value)
        finally:
            self.program.now_ns = saved
        return nanos if code == TIME_OK else None

    def parse_spans(
        self,
        const uint8_t[::1] data not None,
        const int64_t[::1] offsets not None,
        const int64_t[::1] lengths not None,
        int64_t[::1] times not None,
    ) -> int:
        """Parse the stamps data[offsets[i]:][:lengths[i]] into times with one cache; returns how many failed (0 there).

        Every stamp must end at least TIME_PADDING bytes before the end of data.
        """
        cdef Py_ssize_t i, count = offsets.shape[0]
        cdef int failed = 0
        cdef TimeCache cache
        if lengths.shape[0] != count or times.shape[0] < count:
            raise ValueError("offsets and lengths must be equally long, and times no shorter")
        for i in range(count):
            if not 0 <= lengths[i] <= data.shape[0] or not 0 <= offsets[i] <= data.shape[0] - TIME_PADDING - lengths[i]:
                raise ValueError(f"stamp {i} does not end {TIME_PADDING} bytes before the end of data")
        memset(&cache, 0, sizeof(cache))
        with nogil:
            for i in range(count):
                if time_parse(&self.program, &cache, &data[offsets[i]], lengths[i], &times[i]) != TIME_OK:
                    times[i] = 0
                    failed += 1
        return failed
