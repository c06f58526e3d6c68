"""Python owner of a severity lookup table; the lookups are inline functions in severity.pxd."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

KEY_MAX = SEVERITY_KEY_MAX


cdef class SeverityMap:
    """A table from severity words to SeverityNumbers.

    keys: lower-case UTF-8 words, at most KEY_MAX bytes each, with their SeverityNumber (0 to 24).
    folds: ascending pairs (code point, code point it lowers to) of the non-ASCII characters that lower to one of a key.
    """

    def __cinit__(self, dict keys not None, list folds not None):
        cdef uint64_t size = 4, at, state
        cdef Py_ssize_t total = 0, length, i
        cdef const uint8_t* text
        cdef bytes key
        for key in keys:
            if len(key) > SEVERITY_KEY_MAX:
                raise ValueError(f"severity value {key!r} is longer than {SEVERITY_KEY_MAX} bytes")
            total += (len(key) + 7) & ~7
        while size < 2 * <uint64_t> len(keys) + 1:
            size *= 2
        # The words read 8 bytes at a time: 8 spare bytes keep the last one inside the block.
        self.table.slots = <SeveritySlot*> calloc(size, sizeof(SeveritySlot))
        self.table.keys = <uint8_t*> calloc(total + 8, 1)
        self.table.fold_from = <uint32_t*> calloc(len(folds) + 1, sizeof(uint32_t))
        self.table.fold_to = <uint32_t*> calloc(len(folds) + 1, sizeof(uint32_t))
        if (self.table.slots == NULL or self.table.keys == NULL or self.table.fold_from == NULL
                or self.table.fold_to == NULL):
            raise MemoryError
        self.table.mask = size - 1
        total = 0
        for key, number in keys.items():
            length = len(key)
            text = self.table.keys + total
            memcpy(<void*> text, <const uint8_t*> key, length)
            state = <uint64_t> length
            for i in range(0, length, 8):
                state = severity_mix(state, severity_word(text + i, length - i))
            at = state & self.table.mask
            while self.table.slots[at].used:
                at = (at + 1) & self.table.mask
            self.table.slots[at] = SeveritySlot(offset=total, used=1, length=length, number=number)
            self.table.longest = max(self.table.longest, length)
            total += (length + 7) & ~7
        for i, (source, target) in enumerate(folds):
            self.table.fold_from[i] = source
            self.table.fold_to[i] = target
        self.table.fold_count = len(folds)

    def __dealloc__(self):
        free(self.table.slots)
        free(self.table.keys)
        free(self.table.fold_from)
        free(self.table.fold_to)

    def find(self, value) -> int:
        """SeverityNumber of a bytes, int or float value; 0 when unknown. A float with a fraction: ValueError."""
        cdef int number
        cdef bytes padded
        if isinstance(value, bytes):
            padded = value + bytes(8)
            return severity_find(&self.table, <const uint8_t*> padded, len(value))
        if isinstance(value, int):
            return severity_find_int(&self.table, value)
        number = severity_find_double(&self.table, value)
        if number == SEVERITY_NOT_WHOLE:
            raise ValueError("type float64 cannot be a severity unless it is a whole number")
        return number
