"""The tables of a compiled regular expression, and a way to run it on one text (kernels call ``regex_match``)."""

from libc.stdint cimport int16_t, int32_t, uint8_t, uint16_t, uint32_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

cdef enum:
    PADDING = 64


cdef void *allocated(size_t count, size_t size) except NULL:
    cdef void *p = calloc(count + 1, size)
    if p == NULL:
        raise MemoryError(f"no memory for {count} entries of a regular expression's tables")
    return p


cdef set_turn(Turn *turn, made):
    cdef Py_ssize_t i
    turn.target = DEAD if made.target is None else made.target * sizeof(Node)
    turn.low = made.low
    turn.span = made.span
    for i in range(ENTRY_SETS):
        turn.slot[i] = made.slots[i]


cdef class Program:
    """A regular expression, ready to run. Made by ``fastlog.operators.regex.compile`` from its ``assemble.Tables``."""

    def __cinit__(self, str pattern, tuple names, tables):
        cdef Py_ssize_t i, j
        self.pattern = pattern
        self.names = names
        self.rx.groups = len(names)
        self.rx.tags = 2 * (self.rx.groups + 1)
        self.rx.slots = tables.slots
        self.rx.saved = tables.saved
        self.nodes = <Node *> allocated(len(tables.nodes), sizeof(Node))
        self.sets = <ScanSet *> allocated(len(tables.sets), sizeof(ScanSet))
        self.chain_nodes = <uint32_t *> allocated(len(tables.nodes) * CHAIN_BYTES, sizeof(uint32_t))
        self.cells = <uint16_t *> allocated(len(tables.cells), sizeof(uint16_t))
        self.edges = <Edge *> allocated(len(tables.edges), sizeof(Edge))
        self.code = <int16_t *> allocated(len(tables.code), sizeof(int16_t))
        for i in range(256):
            self.rx.class_of[i] = tables.class_of[i]
        for i, cell in enumerate(tables.cells):
            self.cells[i] = cell
        for i, (target, code) in enumerate(tables.edges):
            self.edges[i].target = DEAD if target is None else target * sizeof(Node)
            self.edges[i].code = code
        for i, word in enumerate(tables.code):
            self.code[i] = word
        for i, made in enumerate(tables.sets):
            for j in range(16):
                self.sets[i].low[j] = made.low[j]
                self.sets[i].high[j] = made.high[j]
            for j in range(8):
                self.sets[i].bitmap[j] = made.stops >> 32 * j & 0xFFFFFFFF
        for i, made in enumerate(tables.nodes):
            self.fill(i, made)
        self.rx.nodes = <const uint8_t *> self.nodes
        self.rx.cells = self.cells
        self.rx.edges = self.edges
        self.rx.code = self.code

    cdef fill(self, Py_ssize_t number, made):
        cdef Node *node = &self.nodes[number]
        cdef uint32_t *chain_nodes = self.chain_nodes + number * CHAIN_BYTES
        cdef Py_ssize_t j, k
        node.scan = made.scan
        node.stop = made.stop
        node.set = &self.sets[made.set]
        node.plus = made.plus
        node.end = made.end
        node.row = made.row
        node.then_end = made.then_end
        node.then_row = made.then_row
        for j in range(ENTRY_SETS):
            node.entry_slot[j] = made.entry_slots[j]
        set_turn(&node.turn, made.turn)
        set_turn(&node.then_turn, made.then_turn)
        node.chain_kind = made.chain_kind
        node.chain_len = len(made.chain)
        node.chain_sets = made.chain_sets
        for j in range(CHAIN_SETS):
            node.chain_slot[j], node.chain_delta[j] = made.chain_slots[j]
        node.chain_nodes = chain_nodes
        for j in range(CHAIN_BYTES):
            chained = j < len(made.chain)
            ranges = made.chain[j] if chained else ((0, 255), (0, 255))
            for k in range(2):
                node.chain[k].low[j], node.chain[k].span[j] = ranges[k]
            if chained:
                chain_nodes[j] = node.chain_target = made.chain_targets[j] * sizeof(Node)
        for j in range(WORD_BYTES):
            node.word[j] = node.chain[0].low[j]
            node.mask[j] = 255 if j < len(made.chain) else 0

    def __dealloc__(self):
        free(self.nodes)
        free(self.sets)
        free(self.chain_nodes)
        free(self.cells)
        free(self.edges)
        free(self.code)

    @property
    def groups(self):
        """The number of capturing groups."""
        return self.rx.groups

    @property
    def groupindex(self):
        """Name → number of each named group; of several groups with one name, the last."""
        return {name: number for number, name in enumerate(self.names, 1) if name}

    def match(self, const uint8_t[::1] text not None):
        """The (start, end) of the leftmost match and of each group in ``text``, (-1, -1) for a group that took no part;
        None if there is no match. ``text`` is valid UTF-8."""
        cdef size_t size = text.shape[0]
        cdef int found
        cdef int32_t tag
        cdef uint8_t *copy = <uint8_t *> malloc(size + PADDING)
        cdef int32_t *tags = <int32_t *> malloc(self.rx.slots * sizeof(int32_t))
        try:
            if copy == NULL or tags == NULL:
                raise MemoryError(f"no memory to match a text of {size} bytes")
            if size:
                memcpy(copy, &text[0], size)
            with nogil:
                found = regex_match(&self.rx, copy, copy + size, tags)
            if not found:
                return None
            return [(tags[2 * tag], tags[2 * tag + 1]) for tag in range(self.rx.groups + 1)]
        finally:
            free(copy)
            free(tags)
