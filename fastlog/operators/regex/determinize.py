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
_CONTINUATION = 0  # not a symbol: a byte inside one

_NEWLINE_BYTES = 1 << 10
_WORD_BYTES = sum(1 << b for b in b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")

Config = tuple[int, int, int, int]  # q, mask, look, registers (an index into _Builder.vectors)
Op = tuple[int, int, int]  # tag, register in the next state, register in this state or HERE

_CONFIGS_A_STATE = 40  # on average, over the budget of states
_MAX_ROUNDS = 100  # of minimization


@dataclass(slots=True, eq=False, repr=False)
class Edge:
    """What the bytes of some classes (bits of ``classes``) do in a state.

    ``accept`` holds the value of each tag if a match that ends before this byte is found (unless a preferred one goes
    on from ``target`` and succeeds); ``target`` is None where nothing goes on. ``fired`` are the configurations that
    take the byte, as bits, the most preferred lowest: a hint at what the pattern's author expects here.
    """

    classes: int
    target: int | None
    ops: tuple[Op, ...]
    accept: tuple[int, ...] | None
    fired: int = 0


@dataclass(slots=True, eq=False, repr=False)
class Tdfa:
    """``classes[c]`` is a set of bytes; ``edges[s]`` cover all classes, each once; ``end[s]`` are the tags of a match
    at the end of the text."""

    tags: int
    anchored: bool
    classes: list[int]
    edges: list[list[Edge]] = field(default_factory=list)
    end: list[tuple[int, ...] | None] = field(default_factory=list)

    def bytes_of(self, classes: int) -> int:
        """The set of bytes of some classes."""
        return sum(members for c, members in enumerate(self.classes) if classes >> c & 1)

    def classes_of(self, members: int) -> int:
        """The classes that have one of these bytes, as bits."""
        return sum(1 << c for c, each in enumerate(self.classes) if each & members)


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
        self.configs_left = budget * _CONFIGS_A_STATE
        self.tdfa = Tdfa(nfa.tags, nfa.anchored, byte_classes(nfa))
        # Classes by what they are to an assertion. Continuation bytes are never the first of a symbol.
        single = ALL_BYTES ^ CONTINUATION_BYTES
        kinds = {OTHER: single}
        if nfa.looks & _LINE_OR_WORD:
            kinds = {NEWLINE: _NEWLINE_BYTES, WORD: _WORD_BYTES, OTHER: single ^ _NEWLINE_BYTES ^ _WORD_BYTES}
        self.kinds = [(self.tdfa.classes_of(members), kind) for kind, members in kinds.items()]
        self.kinds.append((self.tdfa.classes_of(CONTINUATION_BYTES), _CONTINUATION))
        distinct = {byte_set: self.tdfa.classes_of(byte_set) for byte_set in set(nfa.sets)}
        self.takes = [distinct[byte_set] for byte_set in nfa.sets]  # the classes that each state of the NFA consumes
        self.live = _live_tags(nfa)
        self.closures: dict[tuple[int, int], list[tuple[int, int, int, int]]] = {}
        self.numbers: dict[tuple[Config, ...], int] = {}
        self.states: list[tuple[Config, ...]] = []
        # Registers of a configuration, interned; a vector under way to a new state may hold HERE.
        self.vectors: list[tuple[int, ...]] = []
        self.vector_numbers: dict[tuple[int, ...], int] = {}
        self.moved: dict[tuple[int, int, int], int] = {}
        self.renumberings: dict[tuple[int, ...], tuple[tuple[int, ...], tuple[Op, ...]]] = {}

    def build(self) -> Tdfa:
        nfa, tdfa = self.nfa, self.tdfa
        unset = self.vector((UNSET,) * nfa.tags)
        first = [(q, mask, look, unset) for q, mask, look, _ in self.closure(nfa.start, BEGIN)]
        self.number(tuple(_cut_after_match(first, nfa.final)))
        while len(tdfa.edges) < len(self.states):
            state = self.states[len(tdfa.edges)]
            ends = [i for i, (q, mask, _, _) in enumerate(state) if q == nfa.final and mask & END]
            tdfa.end.append(self.tags_of(state[ends[0]]) if ends else None)
            tdfa.edges.append([self.edge(state, *group) for group in self.groups(state)])
        return tdfa

    def vector(self, registers: tuple[int, ...]) -> int:
        number = self.vector_numbers.setdefault(registers, len(self.vectors))
        if number == len(self.vectors):
            self.vectors.append(registers)
        return number

    def number(self, state: tuple[Config, ...]) -> int:
        found = self.numbers.get(state)
        if found is None:
            found = len(self.states)
            self.configs_left -= len(state)
            if found >= self.budget or self.configs_left < 0:
                raise TooManyStates(f"its automaton needs more than {self.budget} states, or states too large")
            self.numbers[state] = found
            self.states.append(state)
        return found

    def closure(self, q: int, previous: int) -> list[tuple[int, int, int, int]]:
        """What ``q`` reaches without consuming anything: (state, mask, tags passed, tags whose value before this is of
        no use any more), preferred ones first."""
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
                out.append((q0, mask, look & live[q0], look | ~live[q0]))
            elif kind == Kind.SPLIT:
                stack += [(target, mask, look) for target in reversed(nfa.outs[q0])]
            elif kind == Kind.TAG:
                stack.append((nfa.outs[q0][0], mask, look | 1 << nfa.args[q0]))
            else:
                stack.append((nfa.outs[q0][0], mask & _allowed(nfa.args[q0], previous), look))
        self.closures[q, previous] = out
        return out

    def groups(self, state: tuple[Config, ...]) -> list[tuple[int, int, list[int], int]]:
        """The classes of bytes that do the same in ``state``: (classes, kind, the configurations that take them, the
        one that has matched before them or -1)."""
        final, inside = self.nfa.final, self.nfa.inside
        groups: list[tuple[int, int, list[int]]] = [(classes, kind, []) for classes, kind in self.kinds if classes]
        done: list[tuple[int, int, list[int], int]] = []
        for i, (q, mask, _, _) in enumerate(state):
            takes = self.takes[q]
            split: list[tuple[int, int, list[int]]] = []
            for group in groups:
                classes, kind, fired = group
                if kind == _CONTINUATION and not inside[q]:
                    split.append((classes, kind, [*fired, i]))
                elif kind != _CONTINUATION and not mask & kind:
                    split.append(group)
                elif q == final:
                    done.append((classes, kind, fired, i))
                elif taken := classes & takes:
                    split.append((taken, kind, [*fired, i]))
                    if taken != classes:
                        split.append((classes ^ taken, kind, fired))
                else:
                    split.append(group)
            groups = split
        return done + [(classes, kind, fired, -1) for classes, kind, fired in groups]

    def tags_of(self, config: Config) -> tuple[int, ...]:
        """The value of each tag for a match in this configuration."""
        return self.vectors[self.kept(config[3], config[2], 0)]

    def kept(self, registers: int, look: int, dead: int) -> int:
        """The vector with the tags of ``look`` set here, and those of ``dead`` forgotten."""
        key = (registers, look, dead)
        found = self.moved.get(key)
        if found is None:
            found = self.moved[key] = self.vector(
                tuple(
                    UNSET if dead >> tag & 1 else HERE if look >> tag & 1 else register
                    for tag, register in enumerate(self.vectors[registers])
                )
            )
        return found

    def edge(self, state: tuple[Config, ...], classes: int, kind: int, fired: list[int], accepted: int) -> Edge:
        nfa = self.nfa
        previous = OTHER if kind == _CONTINUATION else kind
        following: list[Config] = []
        seen: dict[int, int] = {}
        for i in fired:
            q, mask, look, registers = state[i]
            if kind == _CONTINUATION and not nfa.inside[q]:
                # In the middle of a rune that has been taken already: nothing happens.
                mask &= ~seen.get(q, 0)
                if mask:
                    seen[q] = seen.get(q, 0) | mask
                    following.append((q, mask, look, registers))
                continue
            for target, reach, passed, dead in self.closure(nfa.outs[q][0], previous):
                before = seen.get(target, 0)
                reach &= ~before
                if reach:
                    seen[target] = before | reach
                    following.append((target, reach, passed, self.kept(registers, look, dead)))
        accept = self.tags_of(state[accepted]) if accepted >= 0 else None
        if nfa.final in seen:
            following = _cut_after_match(following, nfa.final)
        if not following:
            return Edge(classes, None, (), accept)
        renumbered, ops = self.renumbered(tuple([config[3] for config in following]))
        target_state = tuple(
            [(q, mask, look, new) for (q, mask, look, _), new in zip(following, renumbered, strict=True)]
        )
        return Edge(classes, self.number(target_state), ops, accept, sum(1 << i for i in fired))

    def renumbered(self, vectors: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[Op, ...]]:
        """The vectors with their registers renumbered, and the moves that take the old registers to the new."""
        found = self.renumberings.get(vectors)
        if found is None:
            new: dict[tuple[int, int], int] = {}
            counts: dict[int, int] = {}
            out: list[int] = []
            for registers in vectors:
                renamed = list(self.vectors[registers])
                for tag, register in enumerate(renamed):
                    if register != UNSET:
                        number = new.get((tag, register))
                        if number is None:
                            number = new[tag, register] = counts.get(tag, 0)
                            counts[tag] = number + 1
                        renamed[tag] = number
                out.append(self.vector(tuple(renamed)))
            ops = tuple(sorted((tag, number, register) for (tag, register), number in new.items()))
            found = self.renumberings[vectors] = tuple(out), ops
        return found


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
    lead, skipped = tdfa.classes_of(LEAD_BYTES), tdfa.classes_of(CONTINUATION_BYTES)
    after_wide = {
        edge.target
        for s, edges in enumerate(tdfa.edges)
        for edge in edges
        if edge.classes & lead or (edge.classes & skipped and edge.target != s)
    }
    for s, edges in enumerate(tdfa.edges):
        if s not in after_wide:
            for i, edge in enumerate(edges):
                if edge.target == s and edge.classes & skipped:
                    edges[i] = Edge(edge.classes, None, (), None)


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
        for i, edge in enumerate(edges):
            if edge.target is not None and edge.target not in useful:
                edges[i] = Edge(edge.classes, None, (), edge.accept)


def _minimized(tdfa: Tdfa) -> Tdfa:
    """States that behave alike, registers included, become one (Moore); unreachable ones go.

    A long counted repetition would take as many rounds as it counts and has nothing to join, so rounds are limited.
    """
    numbers: dict[object, int] = {}  # of what edges do besides leading on: compared often, so compared as numbers
    does = [[numbers.setdefault((edge.ops, edge.accept), len(numbers)) for edge in edges] for edges in tdfa.edges]
    block = [numbers.setdefault(("end", end), len(numbers)) for end in tdfa.end]
    count = 0
    for _ in range(_MAX_ROUNDS):
        signatures: dict[object, int] = {}
        refined = []
        for s, edges in enumerate(tdfa.edges):
            actions: dict[tuple[int, int], int] = {}
            for edge, done in zip(edges, does[s], strict=True):
                action = (-1 if edge.target is None else block[edge.target], done)
                actions[action] = actions.get(action, 0) | edge.classes
            refined.append(signatures.setdefault((block[s], frozenset(actions.items())), len(signatures)))
        block = refined
        if len(signatures) == count:
            break
        count = len(signatures)
    else:
        block = list(range(len(tdfa.edges)))
    order: list[int] = [0]
    number = {block[0]: 0}
    out = Tdfa(tdfa.tags, tdfa.anchored, tdfa.classes)
    for s in order:
        joined: dict[object, Edge] = {}
        for edge in tdfa.edges[s]:
            target = None
            if edge.target is not None:
                if block[edge.target] not in number:
                    number[block[edge.target]] = len(order)
                    order.append(edge.target)
                target = number[block[edge.target]]
            key = (target, edge.ops, edge.accept)
            if key in joined:
                joined[key].classes |= edge.classes
                joined[key].fired |= edge.fired
            else:
                joined[key] = Edge(edge.classes, target, edge.ops, edge.accept, edge.fired)
        out.edges.append(list(joined.values()))
        out.end.append(tdfa.end[s])
    _join_classes(out)
    return out


def _join_classes(tdfa: Tdfa) -> None:
    """Make one of the classes of bytes that no state tells apart any more."""
    groups = [(1 << len(tdfa.classes)) - 1]
    for splitter in {edge.classes for edges in tdfa.edges for edge in edges}:
        groups = [part for group in groups for part in (group & splitter, group & ~splitter) if part]
    members = [tdfa.bytes_of(group) for group in groups]
    memo: dict[int, int] = {}
    for edges in tdfa.edges:
        for edge in edges:
            if edge.classes not in memo:
                memo[edge.classes] = sum(1 << c for c, group in enumerate(groups) if group & edge.classes)
            edge.classes = memo[edge.classes]
    tdfa.classes = members


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
        edge = next(edge for edge in tdfa.edges[state] if edge.classes >> class_of[byte] & 1)
        if edge.accept is not None:
            found = values(edge.accept, at)
        if edge.target is None:
            return found
        registers = {(tag, to): at if source == HERE else registers[tag, source] for tag, to, source in edge.ops}
        state = edge.target
    assert state is not None
    end = tdfa.end[state]
    return found if end is None else values(end, len(text))
