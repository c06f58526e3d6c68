"""From the automaton to the tables that ``_core/regex.pxd`` runs: a node for each state, with its short cuts.

A *scan* skips the bytes that keep a state and change nothing. A *plus* node is entered before such a state and makes
the step into it too (``\\S+`` is one node, not two). A *chain* is the run of bytes that is expected next, each in one
or two ranges (``"]: "``, ``\\d\\d:[0-9a-f]``), compared 8 or 16 at a time; where it breaks the table decides, so a
wrong guess costs only time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from fastlog.operators.regex.allocate import Moves, accept_moves, allocate, edge_moves
from fastlog.operators.regex.determinize import HERE, UNSET, Edge, Tdfa
from fastlog.operators.regex.errors import TooManyStates
from fastlog.operators.regex.nfa import ALL_BYTES, ASCII_BYTES, CONTINUATION_BYTES

CHAIN_BYTES, WORD_BYTES, CHAIN_SETS, ENTRY_SETS = 16, 8, 4, 2
SCAN_NONE, SCAN_ALL, SCAN_BYTE, SCAN_SET = range(4)
CHAIN_NONE, CHAIN_WORD, CHAIN_RANGES = range(3)
_MOVE_END, _MOVE_HERE, _MOVE_COPY, _MOVE_UNSET = range(4)
_GROUPS = 8  # bits of a byte in the tables of a scan
_MAX_INDEX = 0xFFFE
_COMMON_BYTES = ASCII_BYTES & ~(1 << 10 | 1 << 13)  # in lines that end with LF


@dataclass(frozen=True, slots=True)
class Turn:
    """A step from one range of bytes; see ``_core/regex.pxd``."""

    target: int | None = None
    low: int = 0
    span: int = 0
    slots: tuple[int, ...] = (0,) * ENTRY_SETS


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """One entry of ``Regex.nodes``; the fields are explained there."""

    row: int
    then_row: int
    end: int = 0
    then_end: int = 0
    scan: int = SCAN_NONE
    stop: int = 0
    stops: int = 0  # the set of bytes that stop the scan
    set: int = 0  # its place in Tables.sets
    plus: bool = False
    entry_slots: tuple[int, ...] = ()
    turn: Turn = Turn()
    then_turn: Turn = Turn()
    chain: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    chain_kind: int = CHAIN_NONE
    chain_sets: int = 0
    chain_slots: list[tuple[int, int]] = field(default_factory=list)
    chain_targets: list[int] = field(default_factory=list)


@dataclass(slots=True, eq=False, repr=False)
class ScanSet:
    """The bytes that stop a scan, and their tables for ``scan_set``."""

    stops: int
    low: bytes
    high: bytes


@dataclass(slots=True, eq=False, repr=False)
class Tables:
    """Everything a :class:`fastlog._core.regex.Program` copies."""

    slots: int
    saved: int
    class_of: bytes
    cells: list[int]
    edges: list[tuple[int | None, int]]
    code: list[int]
    sets: list[ScanSet]
    nodes: list[Node]


@dataclass(slots=True, eq=False, repr=False)
class _Step:
    """What ``members`` do: ``moves`` on the way to ``target``; ``special`` if a match is saved or found as well."""

    members: int
    target: int | None
    moves: Moves
    special: bool
    fired: int

    @property
    def only_sets(self) -> bool:
        return not self.special and all(source == HERE for _, source in self.moves)


def assemble(tdfa: Tdfa) -> Tables:
    """Raises :class:`TooManyStates` when an index would not fit its field."""
    return _Assembler(tdfa).tables()


class _Assembler:
    def __init__(self, tdfa: Tdfa) -> None:
        self.tdfa = tdfa
        self.slots = allocate(tdfa)
        self.saved = 0
        self.code: list[int] = [_MOVE_END]
        self.code_at: dict[Moves, int] = {(): 0}
        self.edges: dict[tuple[int | None, int], int] = {}
        self.cells: list[int] = []
        self.sets: dict[int, ScanSet] = {}
        self.set_numbers: dict[int, int] = {}
        self.members = {
            classes: tdfa.bytes_of(classes) for classes in {edge.classes for edges in tdfa.edges for edge in edges}
        }
        self.covered = [self.always_matches(s) for s in range(len(tdfa.edges))]
        self.steps: list[list[_Step]] = []
        for s, edges in enumerate(tdfa.edges):
            row = [0] * len(tdfa.classes)
            self.steps.append([])
            for edge in edges:
                step, cell = self.step(s, edge)
                self.steps[s].append(step)
                for c in range(len(row)):
                    if edge.classes >> c & 1:
                        row[c] = cell
            self.cells += row
        if max(len(self.edges), len(self.code), len(self.steps)) > _MAX_INDEX:
            raise TooManyStates(f"its tables need more than {_MAX_INDEX} entries")
        self.loops = [self.loop(s) for s in range(len(self.steps))]

    def tables(self) -> Tables:
        tdfa = self.tdfa
        class_of = bytearray(256)
        for c, members in enumerate(tdfa.classes):
            for byte in range(256):
                if members >> byte & 1:
                    class_of[byte] = c
        nodes = [self.node(s) for s in range(len(self.steps))]
        slots = self.saved + tdfa.tags if self.saved else self.slots.count
        return Tables(
            slots, self.saved, bytes(class_of), self.cells, list(self.edges), self.code, list(self.sets.values()), nodes
        )

    # -- edges ---------------------------------------------------------------------------------------------------------

    def always_matches(self, s: int) -> bool:
        """Whether a match is found in ``s`` whatever comes next, so that an earlier one need not be kept."""
        return self.tdfa.end[s] is not None and all(
            edge.accept is not None or not self.members[edge.classes] & ~CONTINUATION_BYTES
            for edge in self.tdfa.edges[s]
        )

    def step(self, s: int, edge: Edge) -> tuple[_Step, int]:
        tdfa, members = self.tdfa, self.members[edge.classes]
        if edge.target is None:
            moves = accept_moves(self.slots, s, edge.accept, tdfa.anchored) if edge.accept is not None else ()
            return _Step(members, None, moves, True, edge.fired), self.edge(None, moves)
        moves = edge_moves(self.slots, s, edge.target, edge.ops)
        saves: Moves = ()
        if edge.accept is not None and not self.covered[edge.target]:
            self.saved = self.saved or self.slots.count
            saves = tuple((self.saved + tag, self.value(s, tag, register)) for tag, register in enumerate(edge.accept))
        return _Step(members, edge.target, moves, bool(saves), edge.fired), self.edge(edge.target, saves + moves)

    def value(self, s: int, tag: int, register: int) -> int:
        """Where the value of a tag is when a match ends in ``s``, as the source of a move."""
        if tag == 1:
            return HERE
        if tag == 0 and self.tdfa.anchored:
            return 0  # its own slot, which is 0 from the start
        return self.slots.of[s][tag, register] if register >= 0 else register

    def edge(self, target: int | None, moves: Moves) -> int:
        return self.edges.setdefault((target, self.coded(moves)), len(self.edges))

    def coded(self, moves: Moves) -> int:
        if moves not in self.code_at:
            self.code_at[moves] = len(self.code)
            for slot, source in moves:
                if source == HERE:
                    self.code += [_MOVE_HERE, slot]
                elif source == UNSET:
                    self.code += [_MOVE_UNSET, slot]
                else:
                    self.code += [_MOVE_COPY, slot, source]
            self.code.append(_MOVE_END)
        return self.code_at[moves]

    def end(self, s: int) -> int:
        accept = self.tdfa.end[s]
        return 0 if accept is None else self.coded(accept_moves(self.slots, s, accept, self.tdfa.anchored))

    # -- short cuts ----------------------------------------------------------------------------------------------------

    def loop(self, s: int) -> int:
        """The bytes that keep ``s`` and change nothing."""
        return sum(step.members for step in self.steps[s] if step.target == s and not step.moves and not step.special)

    def node(self, s: int) -> Node:
        width = len(self.tdfa.classes)
        node = Node(row=s * width, then_row=s * width, end=self.end(s), then_end=self.end(s))
        looping, entry = s, _Step(0, s, (), False, 0)
        if not self.scannable(s) and (plus := self.plus(s)) is not None:
            looping, entry = plus
            node.plus = True
            node.then_row, node.then_end = looping * width, self.end(looping)
        if self.scannable(looping):
            self.set_scan(node, ALL_BYTES & ~self.loops[looping])
        node.entry_slots = self.padded(entry)
        self.set_chain(node, looping)
        node.turn = self.turn(s)
        node.then_turn = self.turn(looping)
        return node

    def padded(self, step: _Step) -> tuple[int, ...]:
        slots = [slot for slot, _ in step.moves]
        return (*slots, *[self.slots.scratch] * (ENTRY_SETS - len(slots)))

    def turn(self, s: int) -> Turn:
        """The likeliest step but for the expected one, if it is simple."""
        for step in self.likely[s][1:]:
            if len(ranges := byte_ranges(step.members)) == 1 and len(step.moves) <= ENTRY_SETS:
                return Turn(step.target, *ranges[0], self.padded(step))
        return Turn()

    def scannable(self, s: int) -> bool:
        """Whether a scan pays in ``s``: not for the few bytes that continue a rune."""
        return (self.loops[s] & ASCII_BYTES).bit_count() > 1

    def plus(self, s: int) -> tuple[int, _Step] | None:
        """A state that loops, and the step into it from ``s`` with any byte it loops on, if that step is expected."""
        step = self.expected[s]
        if step is None or step.target is None or len(step.moves) > ENTRY_SETS or not self.scannable(step.target):
            return None
        missing = self.loops[step.target] & ~step.members
        return (step.target, step) if step.target != s and not missing & ~self.impossible(s) else None

    def impossible(self, s: int) -> int:
        """Continuation bytes, in a state that valid UTF-8 never reaches before one."""
        goes_on = any(step.target is not None and step.members & CONTINUATION_BYTES for step in self.steps[s])
        return 0 if goes_on else CONTINUATION_BYTES

    @cached_property
    def expected(self) -> list[_Step | None]:
        """For each state the step that is most likely in a line that matches."""
        return [steps[0] if steps else None for steps in self.likely]

    @cached_property
    def likely(self) -> list[list[_Step]]:
        """For each state its steps, the likelier before the others.

        Steps that get on (never to come back) come before those that may loop, and then what the pattern prefers, or
        else what was begun first (where the text may end: the one with more bytes). But if alternatives don't compete
        for the same bytes (``-?\\d``), the one with more bytes comes first.
        """
        parts = _components([[step.target for step in row if step.target is not None] for row in self.steps])
        out: list[list[_Step]] = []
        for s, row in enumerate(self.steps):
            ends = self.tdfa.end[s] is not None
            ranked = [
                (
                    parts[step.target] == parts[s],
                    step.fired & -step.fired,
                    -step.members.bit_count() if ends else -step.fired,
                    step,
                )
                for step in row
                if step.target is not None
                and step.only_sets
                and (step.target != s or step.moves)
                and step.members & _COMMON_BYTES
            ]
            ranked.sort(key=lambda item: item[:3])
            steps = [step for _, _, _, step in ranked]
            if steps:
                rivals = [
                    step
                    for stays, _, _, step in ranked
                    if stays == ranked[0][0] and (step is steps[0] or not step.fired & steps[0].fired)
                ]
                first = max(rivals, key=lambda step: step.members.bit_count())
                steps.remove(first)
                steps.insert(0, first)
            out.append(steps)
        return out

    def set_chain(self, node: Node, s: int) -> None:
        sets: dict[int, int] = {}
        at = s
        passed: list[int] = []
        while len(node.chain) < CHAIN_BYTES:
            if passed and (at in passed or self.scannable(at) or self.plus(at) is not None):
                break
            step = self.expected[at]
            if step is None:
                break
            ranges = byte_ranges(step.members)
            if len(ranges) > 2:
                break
            new = {**sets, **{slot: len(node.chain) for slot, _ in step.moves}}
            if len(new) > CHAIN_SETS or len(new) < len(sets) + len(step.moves):
                break
            sets = new
            node.chain.append((ranges[0], ranges[-1]))
            assert step.target is not None
            passed.append(at)
            at = step.target
            node.chain_targets.append(at)
        node.chain_sets = len(sets)
        if node.chain:
            single = all(one == two and one[1] == 0 for one, two in node.chain)
            node.chain_kind = CHAIN_WORD if single and len(node.chain) <= WORD_BYTES else CHAIN_RANGES
        spare = (self.slots.scratch, 0)
        node.chain_slots = [*sets.items(), *[spare] * (CHAIN_SETS - len(sets))]

    def set_scan(self, node: Node, stops: int) -> None:
        node.stops = stops
        if stops == 0:
            node.scan = SCAN_ALL
        elif stops.bit_count() == 1:
            node.scan = SCAN_BYTE
            node.stop = stops.bit_length() - 1
        else:
            node.scan = SCAN_SET
            if stops not in self.sets:
                self.set_numbers[stops] = len(self.sets)
                self.sets[stops] = ScanSet(stops, *_nibble_tables(stops))
            node.set = self.set_numbers[stops]


def byte_ranges(members: int) -> list[tuple[int, int]]:
    """The ranges of bytes in a set, as (first, length - 1)."""
    out = []
    while members:
        low = (members & -members).bit_length() - 1
        length = (~(members >> low) & (members >> low) + 1).bit_length() - 1
        out.append((low, length - 1))
        members &= ~((1 << low + length) - 1)
    return out


def _nibble_tables(stops: int) -> tuple[bytes, bytes]:
    """The two tables of ``scan_set``. Should the set have too many distinct rows, rows are joined: stopping at a byte
    more is allowed, the table of edges then keeps the state."""
    rows = [stops >> 16 * high & 0xFFFF for high in range(16)]
    groups = sorted({row for row in rows if row})
    while len(groups) > _GROUPS:
        pairs = [(a, b) for i, a in enumerate(groups) for b in groups[i + 1 :]]
        a, b = min(pairs, key=lambda pair: (pair[0] ^ pair[1]).bit_count())
        rows = [a | b if row in (a, b) else row for row in rows]
        groups = sorted({row for row in rows if row})
    low = bytes(sum(1 << g for g, row in enumerate(groups) if row >> nibble & 1) for nibble in range(16))
    high = bytes(1 << groups.index(row) if row else 0 for row in rows)
    return low, high


def _components(targets: list[list[int]]) -> list[int]:
    """For each state a number that it shares with the states it can reach and come back from (Tarjan, iteratively)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    component = [-1] * len(targets)
    path: list[int] = []
    for root in range(len(targets)):
        work = [(root, iter(targets[root]))] if root not in index else []
        if work:
            index[root] = low[root] = len(index)
            path.append(root)
        while work:
            s, rest = work[-1]
            for target in rest:
                if target not in index:
                    index[target] = low[target] = len(index)
                    path.append(target)
                    work.append((target, iter(targets[target])))
                    break
                if component[target] < 0:
                    low[s] = min(low[s], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[s])
                if low[s] == index[s]:
                    while component[s] < 0:
                        component[path.pop()] = s
    return component
