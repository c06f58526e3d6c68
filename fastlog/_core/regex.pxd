"""Runs the tagged automaton of a regular expression over a line: linear time, no allocation, no GIL.

``fastlog.operators.regex`` compiles a pattern into a :class:`Program`, which owns the tables; kernels cimport
:func:`regex_match` and call it with ``&program.rx``. A Regex is read-only and lives as long as its Program, so any
number of threads may share it.

A node is a state of the automaton with its short cuts, tried in this order: the bytes that keep the state are skipped
by a vector scan; the bytes that most likely follow are compared at once (``chain``); else the next byte is looked up in
the table.
"""

from libc.stdint cimport int16_t, int32_t, uint8_t, uint16_t, uint32_t

cdef extern from "scan.h" nogil:
    ctypedef struct ScanSet:
        uint8_t low[16]
        uint8_t high[16]
        uint32_t bitmap[8]
    ctypedef struct ScanRanges:
        uint8_t low[16]
        uint8_t span[16]
    ctypedef struct ScanBlock:
        pass
    void scan_load(ScanBlock *block, const uint8_t *p)
    const uint8_t *scan_set(ScanBlock *block, const uint8_t *p, const uint8_t *end, const ScanSet *set)
    const uint8_t *scan_byte(ScanBlock *block, const uint8_t *p, const uint8_t *end, uint8_t b)
    int scan_expected(const uint8_t *p, const ScanRanges *ranges)
    int scan_all_expected(const uint8_t *p, const ScanRanges *ranges)
    int scan_word(const uint8_t *p, const uint8_t *word, const uint8_t *mask)


cdef enum:
    DEAD = 0xFFFFFFFF   # as a target: nothing goes on
    CHAIN_BYTES = 16
    WORD_BYTES = 8
    CHAIN_SETS = 4
    ENTRY_SETS = 2

cdef enum ScanKind:
    SCAN_NONE = 0
    SCAN_ALL = 1        # every byte keeps the state
    SCAN_BYTE = 2       # all but one
    SCAN_SET = 3

cdef enum ChainKind:
    CHAIN_NONE = 0
    CHAIN_WORD = 1      # single bytes, up to WORD_BYTES
    CHAIN_RANGES = 2    # up to CHAIN_BYTES

cdef enum Move:         # a word of Regex.code; its operands follow
    MOVE_END = 0
    MOVE_HERE = 1       # slot: the present position
    MOVE_COPY = 2       # slot, slot
    MOVE_UNSET = 3      # slot: -1


cdef struct Edge:
    uint32_t target             # where in Regex.nodes the next node is, in bytes; or DEAD
    uint32_t code               # index into Regex.code; 0 = nothing to do, or at a dead end: no match


cdef struct Turn:               # a step that a comparison finds without the table
    uint32_t target             # as Edge.target; DEAD = there is none
    uint16_t slot[ENTRY_SETS]   # set to the present position
    uint8_t low                 # the bytes that take it: low to low + span
    uint8_t span


cdef struct Node:
    const ScanSet *set          # SCAN_SET
    const uint32_t *chain_nodes         # the node after one byte of the chain, after two, ...; as Edge.target
    uint8_t word[WORD_BYTES]            # CHAIN_WORD
    uint8_t mask[WORD_BYTES]
    uint32_t chain_target       # the last of them
    uint8_t scan                # ScanKind
    uint8_t stop                # SCAN_BYTE
    uint8_t plus                # the scan must take a byte; it makes the step into the state that loops (then_*)
    uint8_t chain_kind          # ChainKind
    uint8_t chain_len
    uint8_t chain_sets
    uint8_t chain_delta[CHAIN_SETS]
    uint16_t chain_slot[CHAIN_SETS]     # set to where the chain began + delta
    uint16_t entry_slot[ENTRY_SETS]     # set to where the scan began, if plus
    Turn turn                   # the likeliest step with which the scan does not begin
    Turn then_turn              # the likeliest step after the scan, but for the chain's
    uint16_t end                # code of a match at the end of the text, 0 = none
    uint16_t then_end           # the same after the scan
    uint32_t row                # in Regex.cells
    uint32_t then_row           # the same after the scan
    ScanRanges chain[2]


cdef struct Regex:
    int32_t groups              # capturing groups, without the whole match
    int32_t tags                # 2 * (groups + 1): what regex_match leaves in its array
    int32_t slots               # how many int32 that array must have room for
    int32_t saved               # slot of the first tag of a match that a preferred one may replace; 0: never one
    const uint8_t *nodes        # Node after Node
    const uint16_t *cells       # [state][class]: index into edges
    const Edge *edges
    const int16_t *code
    uint8_t class_of[256]


cdef inline void regex_moves(const int16_t *op, int32_t *tags, int32_t here) noexcept nogil:
    while op[0] != MOVE_END:
        if op[0] == MOVE_HERE:
            tags[op[1]] = here
            op += 2
        elif op[0] == MOVE_COPY:
            tags[op[1]] = tags[op[2]]
            op += 3
        else:
            tags[op[1]] = -1
            op += 2


cdef inline int regex_failed(const Regex *rx, int32_t *tags) noexcept nogil:
    """Nothing goes on: the match that was saved last holds, if there is one."""
    cdef int32_t tag
    if rx.saved == 0 or tags[rx.saved + 1] < 0:
        return 0
    for tag in range(rx.tags):
        tags[tag] = tags[rx.saved + tag]
    return 1


cdef inline int regex_match(const Regex *rx, const uint8_t *s, const uint8_t *end, int32_t *tags) noexcept nogil:
    """Find the leftmost match in the bytes from ``s`` up to ``end``, as Go's ``FindSubmatchIndex`` does.

    Returns 1 with ``tags[2 * g]`` and ``tags[2 * g + 1]`` the start and end of group ``g`` relative to ``s`` (-1 where
    it took no part; group 0 is the match), else 0. ``tags`` has room for ``rx.slots`` numbers, of which those beyond
    ``rx.tags`` are working space. The text is valid UTF-8, and 64 bytes after ``end`` are readable.
    """
    cdef const Node *node = <const Node *> rx.nodes
    cdef ScanBlock block
    cdef const uint8_t *p = s
    cdef const uint8_t *q
    cdef const Edge *edge
    cdef const Turn *turn
    cdef uint32_t row
    cdef uint16_t stop
    cdef int32_t here
    cdef int i, taken, whole
    cdef bint stuck
    scan_load(&block, s)
    tags[0] = 0
    if rx.saved:
        tags[rx.saved + 1] = -1
    while True:
        stuck = False
        if node.scan == SCAN_SET:
            q = scan_set(&block, p, end, node.set)
        elif node.scan == SCAN_BYTE:
            q = scan_byte(&block, p, end, node.stop)
        elif node.scan == SCAN_ALL:
            q = end
        else:
            q = p
        if node.plus & (q == p):
            stuck = True
        else:
            here = <int32_t> (p - s)
            tags[node.entry_slot[0]] = here
            tags[node.entry_slot[1]] = here
            p = q
        if node.chain_len and not stuck:
            here = <int32_t> (p - s)
            if node.chain_kind == CHAIN_WORD:
                whole = scan_word(p, node.word, node.mask)
            else:
                whole = scan_all_expected(p, node.chain)
            if whole and node.chain_len <= end - p:
                tags[node.chain_slot[0]] = here + node.chain_delta[0]
                if node.chain_sets > 1:
                    tags[node.chain_slot[1]] = here + node.chain_delta[1]
                    tags[node.chain_slot[2]] = here + node.chain_delta[2]
                    tags[node.chain_slot[3]] = here + node.chain_delta[3]
                p += node.chain_len
                node = <const Node *> (rx.nodes + node.chain_target)
                continue
            if node.chain_len > 1:
                taken = scan_expected(p, node.chain)
                if taken > end - p:
                    taken = <int> (end - p)
                for i in range(node.chain_sets):
                    if node.chain_delta[i] < taken:
                        tags[node.chain_slot[i]] = here + node.chain_delta[i]
                if taken:
                    p += taken
                    node = <const Node *> (rx.nodes + node.chain_nodes[taken - 1])
                    # Neither a scan nor a chain applies to the byte at which the chain broke, so on to the table.
        if p >= end:
            stop = node.end if stuck else node.then_end
            if stop == 0:
                return regex_failed(rx, tags)
            regex_moves(rx.code + stop, tags, <int32_t> (p - s))
            return 1
        turn = &node.turn if stuck else &node.then_turn
        if turn.target != DEAD and <uint8_t> (p[0] - turn.low) <= turn.span:
            here = <int32_t> (p - s)
            tags[turn.slot[0]] = here
            tags[turn.slot[1]] = here
            node = <const Node *> (rx.nodes + turn.target)
            p += 1
            continue
        row = node.row if stuck else node.then_row
        edge = rx.edges + rx.cells[row + rx.class_of[p[0]]]
        if edge.code:
            regex_moves(rx.code + edge.code, tags, <int32_t> (p - s))
        if edge.target == DEAD:
            return 1 if edge.code else regex_failed(rx, tags)
        node = <const Node *> (rx.nodes + edge.target)
        p += 1


cdef class Program:
    cdef Regex rx
    cdef Node *nodes
    cdef ScanSet *sets
    cdef uint32_t *chain_nodes
    cdef uint16_t *cells
    cdef Edge *edges
    cdef int16_t *code
    cdef readonly str pattern
    cdef readonly tuple names
    cdef fill(self, Py_ssize_t number, made)
