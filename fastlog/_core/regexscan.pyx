"""A regular expression over every line of a block, in one call without the GIL."""

from libc.stdint cimport int32_t, uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcpy

from fastlog._core.regex cimport Program, Regex, regex_match

cdef enum:
    PADDING = 64


cdef long long run(
    const Regex *rx, const uint8_t *p, const uint8_t *end, int32_t *out, int32_t width, long long *lines
) noexcept nogil:
    """Match each line from ``p``, with the tags of each ``width`` numbers after those of the line before in ``out``.
    Counts the lines, returns how many matched."""
    cdef const uint8_t *newline
    cdef long long matched = 0
    cdef int32_t tag
    lines[0] = 0
    while p < end:
        newline = <const uint8_t *> memchr(p, 10, end - p)
        if newline == NULL:
            newline = end
        if regex_match(rx, p, newline, out):
            matched += 1
        else:
            for tag in range(rx.tags):
                out[tag] = -1
        out += width
        lines[0] += 1
        p = newline + 1
    return matched


cdef uint8_t *padded(const uint8_t[::1] data) except NULL:
    """A copy of ``data`` that may be read past its end."""
    cdef size_t size = data.shape[0]
    cdef uint8_t *copy = <uint8_t *> malloc(size + PADDING)
    if copy == NULL:
        raise MemoryError(f"no memory for {size} bytes of lines")
    if size:
        memcpy(copy, &data[0], size)
    return copy


def count_matches(Program program not None, const uint8_t[::1] data not None):
    """How many lines of ``data`` match ``program`` (LF ends a line; the last may lack it). ``data`` is valid UTF-8."""
    cdef size_t size = data.shape[0]
    cdef long long lines = 0
    cdef long long matched
    cdef int32_t *tags = <int32_t *> malloc(program.rx.slots * sizeof(int32_t))
    cdef uint8_t *copy = NULL
    try:
        if tags == NULL:
            raise MemoryError("no memory for the tags of a match")
        copy = padded(data)
        with nogil:
            matched = run(&program.rx, copy, copy + size, tags, 0, &lines)
        return matched
    finally:
        free(copy)
        free(tags)


def match_lines(Program program not None, const uint8_t[::1] data not None):
    """Match ``program`` against each line of ``data`` (LF ends a line; the last may lack it).

    Returns how many lines matched, and their tags: native int32, ``2 * (program.groups + 1)`` a line, start and end of
    each group relative to the line, all -1 for a line that does not match. ``data`` is valid UTF-8.
    """
    cdef size_t size = data.shape[0]
    cdef size_t count = 1
    cdef size_t i
    cdef long long lines = 0
    cdef long long matched
    cdef uint8_t *copy = NULL
    cdef int32_t *out
    for i in range(size):
        count += data[i] == 10
    out = <int32_t *> malloc((count * program.rx.tags + program.rx.slots) * sizeof(int32_t))
    try:
        if out == NULL:
            raise MemoryError(f"no memory for the matches of {count} lines")
        copy = padded(data)
        with nogil:
            matched = run(&program.rx, copy, copy + size, out, program.rx.tags, &lines)
        return matched, (<uint8_t *> out)[:lines * program.rx.tags * sizeof(int32_t)]
    finally:
        free(copy)
        free(out)
