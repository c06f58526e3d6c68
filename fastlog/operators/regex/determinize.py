"""From the nondeterministic automaton to a tagged deterministic one with one symbol of look-ahead, TDFA(1).

Source: A. Trofimovich, "Tagged Deterministic Finite Automata with Lookahead" (2017), with leftmost-first priorities
and with assertions. A state is a list of configurations in order of preference, each a state of the NFA with

* ``mask``: which kinds of symbol may come next for it to go on (``\\b``, ``$`` and their like leave some out);
* ``look``: tags that lie exactly here. They are recorded when the next symbol is read, so that nothing is recorded for
  a configuration that dies at once;
* ``registers``: for each tag the register that holds its value, :data:`UNSET` if it has none. Registers are numbered
  for each state and tag from 0 in the order of the configurations, which makes equal situations equal states.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fastlog.operators.regex.errors import TooManyStates
from fastlog.operators.regex.nfa import ALL_BYTES, ASCII_BYTES, CONTINUATION_BYTES, LEAD_BYTES, Kind, Nfa
from fastlog.operators.regex.syntax import Look

UNSET = -1  # no value: the group took no part
HERE = -2  # the position of the symbol that is being read

# Kinds of the next symbol, as bits of a mask.
NEWLINE, WORD, OTHER, END = 1, 2, 4, 8
ANYTHING = NEWLINE | WORD | OTHER | END
BEGIN = 16  # only as the previous symbol

_NEWLINE_BYTES = 1 << 10
_WORD_BYTES = sum(1 << b for b in b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")

Config = tuple[int, int, int, tuple[int, ...]]  # q, mask, look, registers
Op = tuple[int, int, int]  # tag, register in the next state, register in this state or HERE


@dataclass(slots=True)
class Edge:
    """What one class of bytes does in a state.

    ``accept`` holds the value of each tag if a match that ends before this byte is found (unless a preferred one goes
    on from ``target`` and succeeds); ``target`` is None where nothing goes on. ``fired`` are the configurations that
    take the byte, as bits, the most preferred lowest: a hint at what the pattern's author expects here.
    """

    target: int | None
    ops: tuple[Op, ...]
    accept: tuple[int, ...] | None
    fired: int = 0


@dataclass(slots=True)
class Tdfa:
    """``classes[c]`` is a set of bytes, ``edges[s][c]`` what it does in state ``s``; ``end[s]`` the tags of a match at
    the end."""

    tags: int
    anchored: bool
    classes: list[int]
    edges: list[list[Edge]] = field(default_factory=list)
    end: list[tuple[int, ...] | None] = field(default_factory=list)


def determinize(nfa: Nfa, budget: int) -> Tdfa:
    """Raises :class:`TooManyStates` when there would be more than ``budget`` states."""
    tdfa = _Builder(nfa, budget).build()
    _drop_idle_continuations(tdfa)
    _drop_dead(tdfa)
    return _minimized(tdfa)


def byte_classes(nfa: Nfa) -> list[int]:
    """Bytes that no set of the automaton, and no assertion, tells apart."""
    splitters = {ASCII_BYTES, LEAD_BYTES, CONTINUATION_BYTES, *nfa.sets}
    if nfa.looks & _LINE_OR_WORD:
        splitters |= {_NEWLINE_BYTES, _WORD_BYTES}
    classes = [ALL_BYTES]
    for splitter in splitters:
        split = []
        for members in classes:
            inside = members & splitter
            split += [part for part in (inside, members ^ inside) if part]
        classes = split
    return sorted(classes, key=lambda members: members & -members)


_LINE_OR_WORD = {Look.BEGIN_LINE, Look.END_LINE, Look.BOUNDARY, Look.NOT_BOUNDARY}


class _Builder:
    def __init__(self, nfa: Nfa, budget: int) -> None:
        self.nfa = nfa
        self.budget = budget
        self.classes = byte_classes(nfa)
        sensitive = bool(nfa.looks & _LINE_OR_WORD)
        self.symbols = [
            (WORD if members & _WORD_BYTES else NEWLINE if members & _NEWLINE_BYTES else OTHER) if sensitive else OTHER
            for members in self.classes
        ]
        self.continuation = [bool(members & CONTINUATION_BYTES) for members in self.classes]
        # The classes that each state of the NFA consumes, as bits.
        distinct = {
            byte_set: sum(1 << c for c, members in enumerate(self.classes) if members & byte_set)
            for byte_set in set(nfa.sets)
        }
        self.takes = [distinct[byte_set] for byte_set in nfa.sets]
        self.live = _live_tags(nfa)
        self.closures: dict[tuple[int, int], list[tuple[int, int, int, int]]] = {}
        self.numbers: dict[tuple[Config, ...], int] = {}
        self.states: list[tuple[Config, ...]] = []

    def build(self) -> Tdfa:
        nfa = self.nfa
        tdfa = Tdfa(nfa.tags, nfa.anchored, self.classes)
        unset = (UNSET,) * nfa.tags
        first = [(q, mask, look, unset) for q, mask, look, _ in self.closure(nfa.start, BEGIN)]
        self.number(tuple(_cut_after_match(first, nfa.final)))
        done = 0
        while done < len(self.states):
            state = self.states[done]
            tdfa.end.append(self.accept(state, END))
            memo: dict[tuple[object, ...], Edge] = {}
            edges = []
            for c in range(len(self.classes)):
                fired, accepted = self.fired(state, c)
                key = (*fired, accepted, self.symbols[c], self.continuation[c])
                if key not in memo:
                    memo[key] = self.edge(state, c, fired)
                edges.append(memo[key])
            tdfa.edges.append(edges)
            done += 1
        return tdfa

    def number(self, state: tuple[Config, ...]) -> int:
        found = self.numbers.get(state)
        if found is None:
            found = len(self.states)
            if found >= self.budget:
                raise TooManyStates(f"its automaton needs more than {self.budget} states")
            self.numbers[state] = found
            self.states.append(state)
        return found

    def closure(self, q: int, previous: int) -> list[tuple[int, int, int, int]]:
        """What ``q`` reaches without consuming anything: (state, mask, tags passed, live tags), preferred ones
        first."""
        cached = self.closures.get((q, previous))
        if cached is not None:
            return cached
        nfa, live = self.nfa, self.live
        out: list[tuple[int, int, int, int]] = []
        seen: dict[int, int] = {}
        stack = [(q, ANYTHING, 0)]
        while stack:
            q0, mask, look = stack.pop()
            mask &= ~seen.get(q0, 0)
            if not mask:
                continue
            seen[q0] = seen.get(q0, 0) | mask
            kind = nfa.kinds[q0]
            if kind == Kind.CHAR or kind == Kind.FINAL:
                out.append((q0, mask, look & live[q0], live[q0]))
            elif kind == Kind.SPLIT:
                stack += [(target, mask, look) for target in reversed(nfa.outs[q0])]
            elif kind == Kind.TAG:
                stack.append((nfa.outs[q0][0], mask, look | 1 << nfa.args[q0]))
            else:
                stack.append((nfa.outs[q0][0], mask & _allowed(nfa.args[q0], previous), look))
        self.closures[q, previous] = out
        return out

    def fired(self, state: tuple[Config, ...], c: int) -> tuple[list[int], int]:
        """The configurations that go on with class ``c``, and the one that has matched before it (-1: none)."""
        nfa, bit, symbol = self.nfa, 1 << c, self.symbols[c]
        if self.continuation[c]:
            going = [i for i, (q, _, _, _) in enumerate(state) if self.takes[q] & bit or not nfa.inside[q]]
            return going, -1
        fired: list[int] = []
        for i, (q, mask, _, _) in enumerate(state):
            if mask & symbol:
                if q == nfa.final:
                    return fired, i
                if self.takes[q] & bit:
                    fired.append(i)
        return fired, -1

    def accept(self, state: tuple[Config, ...], symbol: int) -> tuple[int, ...] | None:
        for q, mask, look, registers in state:
            if q == self.nfa.final and mask & symbol:
                return tuple(HERE if look >> tag & 1 else register for tag, register in enumerate(registers))
        return None

    def edge(self, state: tuple[Config, ...], c: int, fired: list[int]) -> Edge:
        nfa, previous = self.nfa, self.symbols[c]
        continuation = self.continuation[c]
        following: list[Config] = []
        seen: dict[int, int] = {}
        bit = 1 << c
        for i in fired:
            q, mask, look, registers = state[i]
            if continuation and not nfa.inside[q]:
                # In the middle of a rune that has been taken already: nothing happens.
                mask &= ~seen.get(q, 0)
                if mask:
                    seen[q] = seen.get(q, 0) | mask
                    following.append((q, mask, look, registers))
                continue
            if not self.takes[q] & bit:
                continue
            if look:
                registers = tuple(HERE if look >> tag & 1 else register for tag, register in enumerate(registers))
            for target, reach, passed, live in self.closure(nfa.outs[q][0], previous):
                reach &= ~seen.get(target, 0)
                if not reach:
                    continue
                seen[target] = seen.get(target, 0) | reach
                dead = passed | ~live
                kept = tuple(UNSET if dead >> tag & 1 else register for tag, register in enumerate(registers))
                following.append((target, reach, passed, kept))
        accept = None if continuation else self.accept(state, self.symbols[c])
        following = _cut_after_match(following, nfa.final)
        if not following:
            return Edge(None, (), accept)
        renumbered, ops = _renumbered(following)
        return Edge(self.number(renumbered), ops, accept, sum(1 << i for i in fired))


def _cut_after_match(configs: list[Config], final: int) -> list[Config]:
    """Without what is less preferred than a match."""
    out: list[Config] = []
    matched = 0
    for q, mask, look, registers in configs:
        mask &= ~matched
        if mask:
            out.append((q, mask, look, registers))
            if q == final:
                matched |= mask
    return out


def _renumbered(configs: list[Config]) -> tuple[tuple[Config, ...], tuple[Op, ...]]:
    """The configurations with their registers renumbered, and the moves that take the old registers to the new."""
    new: dict[tuple[int, int], int] = {}
    counts: dict[int, int] = {}
    out: list[Config] = []
    for q, mask, look, registers in configs:
        renamed = list(registers)
        for tag, register in enumerate(registers):
            if register != UNSET:
                number = new.get((tag, register))
                if number is None:
                    number = new[tag, register] = counts.get(tag, 0)
                    counts[tag] = number + 1
                renamed[tag] = number
        out.append((q, mask, look, tuple(renamed)))
    return tuple(out), tuple(sorted((tag, number, register) for (tag, register), number in new.items()))


def _allowed(look: int, previous: int) -> int:
    """The kinds of next symbol with which an assertion holds after ``previous``."""
    match look:
        case Look.BEGIN_TEXT:
            return ANYTHING if previous == BEGIN else 0
        case Look.END_TEXT:
            return END
        case Look.BEGIN_LINE:
            return ANYTHING if previous in (BEGIN, NEWLINE) else 0
        case Look.END_LINE:
            return END | NEWLINE
        case Look.BOUNDARY:
            return ANYTHING & ~WORD if previous == WORD else WORD
        case _:
            return WORD if previous == WORD else ANYTHING & ~WORD


def _live_tags(nfa: Nfa) -> list[int]:
    """For each state the tags whose present value can still be part of the result: those not set again on every way
    on."""
    every = (1 << nfa.tags) - 1
    live = [0] * len(nfa.kinds)
    live[nfa.final] = every
    changed = True
    while changed:
        changed = False
        for q, kind in enumerate(nfa.kinds):
            if kind == Kind.FINAL:
                continue
            new = 0
            for target in nfa.outs[q]:
                new |= live[target]
            if kind == Kind.TAG:
                new &= ~(1 << nfa.args[q])
            if new != live[q]:
                live[q] = new
                changed = True
    return live


def _drop_idle_continuations(tdfa: Tdfa) -> None:
    """Continuation bytes are skipped only in states that follow a byte beyond ASCII; elsewhere valid UTF-8 has none."""
    wide = [c for c, members in enumerate(tdfa.classes) if not members & ASCII_BYTES]
    after_wide = {
        edges[c].target
        for s, edges in enumerate(tdfa.edges)
        for c in wide
        if edges[c].target != s or tdfa.classes[c] & LEAD_BYTES
    }
    for s, edges in enumerate(tdfa.edges):
        if s not in after_wide:
            for c in wide:
                if edges[c].target == s and tdfa.classes[c] & CONTINUATION_BYTES:
                    edges[c] = Edge(None, (), None)


def _drop_dead(tdfa: Tdfa) -> None:
    """Cut the edges into states from which no match is reached."""
    sources: list[set[int]] = [set() for _ in tdfa.edges]
    useful: set[int] = set()
    for s, edges in enumerate(tdfa.edges):
        if tdfa.end[s] is not None or any(edge.accept is not None for edge in edges):
            useful.add(s)
        for edge in edges:
            if edge.target is not None:
                sources[edge.target].add(s)
    todo = list(useful)
    while todo:
        for s in sources[todo.pop()] - useful:
            useful.add(s)
            todo.append(s)
    for edges in tdfa.edges:
        for c, edge in enumerate(edges):
            if edge.target is not None and edge.target not in useful:
                edges[c] = Edge(None, (), edge.accept)


def _minimized(tdfa: Tdfa) -> Tdfa:
    """States that behave alike, registers included, become one (Moore); unreachable ones go."""
    block: list[int] = [0] * len(tdfa.edges)
    count = 0
    signatures: dict[object, int] = {}
    local = [
        (end, tuple((edge.target is None, edge.ops, edge.accept) for edge in edges))
        for edges, end in zip(tdfa.edges, tdfa.end, strict=True)
    ]
    for s, signature in enumerate(local):
        block[s] = signatures.setdefault(signature, len(signatures))
    while count != len(signatures):
        count = len(signatures)
        signatures = {}
        refined = [
            (block[s], tuple(-1 if edge.target is None else block[edge.target] for edge in edges))
            for s, edges in enumerate(tdfa.edges)
        ]
        block = [signatures.setdefault(signature, len(signatures)) for signature in refined]
    order: list[int] = [0]
    number = {block[0]: 0}
    out = Tdfa(tdfa.tags, tdfa.anchored, tdfa.classes)
    for s in order:
        edges = []
        for edge in tdfa.edges[s]:
            target = None
            if edge.target is not None:
                if block[edge.target] not in number:
                    number[block[edge.target]] = len(order)
                    order.append(edge.target)
                target = number[block[edge.target]]
            edges.append(Edge(target, edge.ops, edge.accept, edge.fired))
        out.edges.append(edges)
        out.end.append(tdfa.end[s])
    return _with_fewer_classes(out)


def _with_fewer_classes(tdfa: Tdfa) -> Tdfa:
    """Join classes of bytes that no state tells apart any more."""
    columns: dict[object, int] = {}
    members: list[int] = []
    kept: list[int] = []
    for c, byte_set in enumerate(tdfa.classes):
        column = tuple((edges[c].target, edges[c].ops, edges[c].accept) for edges in tdfa.edges)
        number = columns.setdefault(column, len(columns))
        if number == len(members):
            members.append(byte_set)
            kept.append(c)
        else:
            members[number] |= byte_set
    tdfa.classes = members
    tdfa.edges = [[edges[c] for c in kept] for edges in tdfa.edges]
    return tdfa


def simulate(tdfa: Tdfa, text: bytes) -> list[int] | None:
    """Run the automaton as it is defined, for explanation and tests: the positions of each tag, or None."""
    class_of = {byte: c for c, members in enumerate(tdfa.classes) for byte in range(256) if members >> byte & 1}
    registers: dict[tuple[int, int], int] = {}
    found: list[int] | None = None

    def values(accept: tuple[int, ...], at: int) -> list[int]:
        out = [at if r == HERE else r if r == UNSET else registers[tag, r] for tag, r in enumerate(accept)]
        out[1] = at
        if tdfa.anchored:
            out[0] = 0
        return out

    state: int | None = 0
    for at, byte in enumerate(text):
        assert state is not None
        edge = tdfa.edges[state][class_of[byte]]
        if edge.accept is not None:
            found = values(edge.accept, at)
        if edge.target is None:
            return found
        registers = {(tag, to): at if source == HERE else registers[tag, source] for tag, to, source in edge.ops}
        state = edge.target
    assert state is not None
    end = tdfa.end[state]
    return found if end is None else values(end, len(text))
