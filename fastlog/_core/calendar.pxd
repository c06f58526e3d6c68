"""The proleptic Gregorian calendar, and the clock of an IANA location.

A local time is written as the seconds that it would be since 1970-01-01 if the place were at UTC. What a location's
abbreviations mean, and which instant a local time in a gap or an overlap is, follows Go's package ``time``.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy


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
