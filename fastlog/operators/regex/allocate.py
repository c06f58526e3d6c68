"""Places for registers: a slot of the caller's array for each register of each state, with as few moves as possible.

The slot with the number of a tag holds that tag when the match ends, so a register that lives there from the beginning
costs nothing at the end. Almost every tag of almost every pattern has one register in all states and needs nothing
else.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastlog.operators.regex.determinize import HERE, Tdfa

Moves = tuple[tuple[int, int], ...]
"""(slot, source): another slot, :data:`HERE` or :data:`UNSET`; to be done in this order."""


@dataclass(slots=True, eq=False, repr=False)
class Slots:
    """``of[s][tag, register]`` is a slot; ``count`` of them are used, among them ``scratch`` to break cycles of
    moves."""

    of: list[dict[tuple[int, int], int]]
    count: int
    scratch: int


def allocate(tdfa: Tdfa) -> Slots:
    live: list[dict[int, int]] = [{} for _ in tdfa.edges]  # state → tag → number of registers
    for edges in tdfa.edges:
        for edge in edges:
            if edge.target is not None:
                for tag, register, _ in edge.ops:
                    live[edge.target][tag] = max(live[edge.target].get(tag, 0), register + 1)
    crowded = {tag for counts in live for tag, count in counts.items() if count > 1}
    of: list[dict[tuple[int, int], int]] = [{(tag, 0): tag for tag in counts if tag not in crowded} for counts in live]
    count = tdfa.tags
    moves = _moves(tdfa, crowded)
    accepts = [
        (state, accept)
        for state, end in enumerate(tdfa.end)
        for accept in {end, *[edge.accept for edge in tdfa.edges[state]]}
        if accept is not None
    ]
    busy: list[set[int]] = []  # for each slot beyond the tags': the states where it is taken
    for tag in sorted(crowded):
        webs = _webs(tag, live, moves[tag], accepts)
        home: set[int] = set()
        for web in webs:
            states = set(web)
            if not states & home:
                slot = tag
                home |= states
            else:
                slot = next((tdfa.tags + i for i, taken in enumerate(busy) if not states & taken), count)
                if slot == count:
                    busy.append(set())
                    count += 1
                busy[slot - tdfa.tags] |= states
            for state, register in web.items():
                of[state][tag, register] = slot
    return Slots(of, count + 1, count)


_Move = tuple[bool, int, int, int, int]
"""Whether it leaves the state, the state and the register it moves from, those it moves to."""


def _moves(tdfa: Tdfa, tags: set[int]) -> dict[int, set[_Move]]:
    """The moves between registers of each of ``tags``."""
    moves: dict[int, set[_Move]] = {tag: set() for tag in tags}
    for state, edges in enumerate(tdfa.edges):
        for edge in edges:
            if edge.target is not None:
                for tag, register, source in edge.ops:
                    if source != HERE and tag in tags:
                        moves[tag].add((edge.target != state, state, source, edge.target, register))
    return moves


def _webs(
    tag: int, live: list[dict[int, int]], moves: set[_Move], accepts: list[tuple[int, tuple[int, ...]]]
) -> list[dict[int, int]]:
    """The registers of one tag, joined along moves where no two of a state would share a slot; most used at the end
    first.

    A web is state → register.
    """
    web_of: dict[tuple[int, int], dict[int, int]] = {}
    for state, counts in enumerate(live):
        for register in range(counts.get(tag, 0)):
            web_of[state, register] = {state: register}
    for _, state, source, target, register in sorted(moves):  # loops first
        left, right = web_of[state, source], web_of[target, register]
        if left is not right and not left.keys() & right.keys():
            left |= right
            for member in right.items():
                web_of[member] = left
    uses: dict[int, int] = {}
    for state, accept in accepts:
        if accept[tag] >= 0:
            web = web_of[state, accept[tag]]
            uses[id(web)] = uses.get(id(web), 0) + 1
    unique = {id(web): web for web in web_of.values()}
    return sorted(unique.values(), key=lambda web: (-uses.get(id(web), 0), -len(web)))


def edge_moves(slots: Slots, state: int, target: int, ops: tuple[tuple[int, int, int], ...]) -> Moves:
    """The moves of an edge, ordered so that nothing is overwritten before it is read."""
    wanted = []
    here = []
    for tag, register, source in ops:
        slot = slots.of[target][tag, register]
        if source == HERE:
            here.append((slot, HERE))
        else:
            wanted.append((slot, slots.of[state][tag, source]))
    pending = [(to, source) for to, source in wanted if to != source]
    ordered: list[tuple[int, int]] = []
    while pending:
        read = {source for _, source in pending}
        free = next((move for move in pending if move[0] not in read), None)
        if free is None:  # a cycle: keep one value aside
            to, source = pending[0]
            ordered.append((slots.scratch, to))
            pending = [(t, slots.scratch if s == to else s) for t, s in pending]
        else:
            ordered.append(free)
            pending.remove(free)
    return tuple(ordered + here)


def accept_moves(slots: Slots, state: int, accept: tuple[int, ...], anchored: bool) -> Moves:
    """The moves that leave each tag in its own slot when a match ends in ``state``."""
    moves = []
    for tag, register in enumerate(accept):
        if tag == 1:
            moves.append((tag, HERE))
        elif tag == 0 and anchored:
            continue
        elif register < 0:
            moves.append((tag, register))
        elif slots.of[state][tag, register] != tag:
            moves.append((tag, slots.of[state][tag, register]))
    return tuple(moves)
