"""From the tree to a nondeterministic automaton over bytes, Thompson's way, priorities in the order of alternatives.

Input is valid UTF-8, which allows a compact form for the commonest classes (``\\S``, ``.``, ``[^"]``): a set that
holds every rune beyond ASCII takes any lead byte, and the continuation bytes after it are skipped by whatever state
comes next. Only a set that holds some of these runes is spelled out in sequences of bytes; their inner states are
marked ``inside``.

Loops over something that can match the empty string follow Go since 1.17: ``x*`` is ``(x+)?`` there, so that the first
empty iteration ends the loop (https://go.dev/issue/46123).
"""

from __future__ import annotations

from enum import IntEnum

from fastlog.operators.regex import charclass
from fastlog.operators.regex.charclass import Ranges
from fastlog.operators.regex.errors import TooManyStates
from fastlog.operators.regex.syntax import (
    UNBOUNDED,
    Alternate,
    Assertion,
    Capture,
    Chars,
    Concat,
    Empty,
    Look,
    Node,
    Pattern,
    Repeat,
)

MAX_HEIGHT = 250  # of the tree: the builder is recursive
ASCII_BYTES = (1 << 128) - 1
CONTINUATION_BYTES = ((1 << 64) - 1) << 128
LEAD_BYTES = ((1 << 64) - 1) << 192
ALL_BYTES = (1 << 256) - 1


class Kind(IntEnum):
    CHAR = 0  # consumes a byte of ``sets[q]``, goes to ``outs[q][0]``
    SPLIT = 1  # goes to each of ``outs[q]``, the first preferred
    TAG = 2  # records the position in tag ``args[q]``
    LOOK = 3  # goes on if the assertion ``args[q]`` holds
    FINAL = 4


class Nfa:
    """States are numbers; ``sets[q]`` is a set of bytes as a 256-bit integer.

    Tags ``2 * i`` and ``2 * i + 1`` are the start and the end of group ``i``. The end of the match is known when it is
    found, so tag 1 is never recorded; nor is tag 0 when the match can only start at the beginning (``anchored``).
    """

    def __init__(self, pattern: Pattern, budget: int) -> None:
        if pattern.root.height > MAX_HEIGHT:
            raise TooManyStates(f"its groups nest {pattern.root.height} deep, more than {MAX_HEIGHT}")
        self.budget = budget
        self.kinds: list[Kind] = []
        self.sets: list[int] = []
        self.outs: list[tuple[int, ...]] = []
        self.args: list[int] = []
        self.inside: list[bool] = []
        self.looks: set[Look] = set()
        self.tags = 2 * (len(pattern.names) + 1)
        self.anchored = _begins_text(pattern.root)
        self.final = self.add(Kind.FINAL)
        if self.anchored:
            self.start = self.build(pattern.root, self.final)
        else:
            # A match may start anywhere, the earlier the better: a lazy (?s:.)*? before it.
            self.start = self.add(Kind.SPLIT)
            inner = self.add(Kind.TAG, self.build(pattern.root, self.final), arg=0)
            skip = self.add(Kind.CHAR, self.start, byte_set=ASCII_BYTES | LEAD_BYTES)
            self.outs[self.start] = (inner, skip)

    def add(self, kind: Kind, *outs: int, byte_set: int = 0, arg: int = 0, inside: bool = False) -> int:
        if len(self.kinds) >= self.budget:
            raise TooManyStates(f"its automaton needs more than {self.budget} nondeterministic states")
        self.kinds.append(kind)
        self.sets.append(byte_set)
        self.outs.append(outs)
        self.args.append(arg)
        self.inside.append(inside)
        return len(self.kinds) - 1

    def build(self, node: Node, then: int) -> int:
        """The entry of an automaton that matches ``node`` and then goes on in ``then``."""
        match node:
            case Empty():
                return then
            case Chars(ranges=ranges):
                return self.chars(ranges, then)
            case Assertion(look=look):
                self.looks.add(look)
                return self.add(Kind.LOOK, then, arg=look)
            case Capture(index=index, sub=sub):
                end = self.add(Kind.TAG, then, arg=2 * index + 1)
                return self.add(Kind.TAG, self.build(sub, end), arg=2 * index)
            case Concat(subs=subs):
                for sub in reversed(subs):
                    then = self.build(sub, then)
                return then
            case Alternate(subs=subs):
                return self.add(Kind.SPLIT, *[self.build(sub, then) for sub in subs])
            case Repeat():
                return self.repeat(node, then)

    def split(self, body: int, out: int, greedy: bool) -> int:
        return self.add(Kind.SPLIT, *((body, out) if greedy else (out, body)))

    def plus(self, sub: Node, greedy: bool, then: int) -> int:
        loop = self.add(Kind.SPLIT)
        entry = self.build(sub, loop)
        self.outs[loop] = (entry, then) if greedy else (then, entry)
        return entry

    def repeat(self, node: Repeat, then: int) -> int:
        sub, low, high, greedy = node.sub, node.low, node.high, node.greedy
        if high == 0 or isinstance(sub, Empty):
            return then
        if high == UNBOUNDED:
            if low > 0:
                then, low = self.plus(sub, greedy, then), low - 1
            elif _nullable(sub):
                then = self.split(self.plus(sub, greedy, then), then, greedy)
            else:
                loop = self.add(Kind.SPLIT)
                entry = self.build(sub, loop)
                self.outs[loop] = (entry, then) if greedy else (then, entry)
                then = loop
        else:
            out = then
            for _ in range(high - low):
                then = self.split(self.build(sub, then), out, greedy)
        for _ in range(low):
            then = self.build(sub, then)
        return then

    def chars(self, ranges: Ranges, then: int) -> int:
        """One rune of ``ranges``, in UTF-8."""
        first = 0  # bytes after which the rune is complete, or only bytes to skip follow
        wide: list[tuple[int, int]] = []
        for low, high in ranges:
            if low < 128:
                first |= (2 << min(high, 127)) - (1 << low)
            if high >= 128:
                wide.append((max(low, 128), high))
        if wide == [(128, charclass.MAX_RUNE)]:
            return self.add(Kind.CHAR, then, byte_set=first | LEAD_BYTES)
        branches: list[int] = []
        if wide:
            memo: dict[tuple[int, Ranges], int] = {}
            for lead, low_limit, high_limit, length in _LENGTHS:
                part = _clipped(wide, low_limit, high_limit)
                if part:
                    full, partial = self.sequences(part, length, lead, then, memo)
                    first |= full
                    branches += partial
        entry = self.add(Kind.CHAR, then, byte_set=first)
        return self.add(Kind.SPLIT, entry, *branches) if branches else entry

    def sequences(
        self, ranges: Ranges, length: int, lead: int, then: int, memo: dict[tuple[int, Ranges], int]
    ) -> tuple[int, list[int]]:
        """The first of ``length`` bytes (its value over ``lead``) that encode ``ranges``.

        Returns the set of bytes whose every continuation is in ``ranges``, and states for the others.
        """
        size = 64 ** (length - 1)
        inside = lead == 0x80
        full = 0
        tails: dict[Ranges, int] = {}
        for low, high in ranges:
            first, last = low // size, high // size
            if low % size:
                _append(tails, first, (low % size, min(high - first * size, size - 1)), lead)
                first += 1
            if last >= first and high % size != size - 1:
                _append(tails, last, (0, high % size), lead)
                last -= 1
            if last >= first:
                full |= (2 << (lead + last)) - (1 << (lead + first))
        states: list[int] = []
        # A byte may head several ranges: put its tails together before they are built.
        by_byte: dict[int, list[tuple[int, int]]] = {}
        for tail, members in tails.items():
            for byte in _members(members):
                by_byte.setdefault(byte, []).extend(tail)
        by_tail: dict[Ranges, int] = {}
        for byte, tail_ranges in by_byte.items():
            key = charclass.normalised(tail_ranges)
            by_tail[key] = by_tail.get(key, 0) | 1 << byte
        for tail, members in by_tail.items():
            states.append(self.add(Kind.CHAR, self.tail(tail, length - 1, then, memo), byte_set=members, inside=inside))
        return full, states

    def tail(self, ranges: Ranges, length: int, then: int, memo: dict[tuple[int, Ranges], int]) -> int:
        """The entry of ``length`` continuation bytes that encode ``ranges``."""
        key = (length, ranges)
        if key not in memo:
            full, states = self.sequences(ranges, length, 0x80, then, memo)
            if full:
                states.append(self.add(Kind.CHAR, then, byte_set=full, inside=True))
            memo[key] = states[0] if len(states) == 1 else self.add(Kind.SPLIT, *states)
        return memo[key]


def _append(tails: dict[Ranges, int], value: int, tail: tuple[int, int], lead: int) -> None:
    tails[(tail,)] = tails.get((tail,), 0) | 1 << (lead + value)


def _members(byte_set: int) -> list[int]:
    return [byte for byte in range(256) if byte_set >> byte & 1]


# Lead byte of the smallest value, first and last rune, bytes. Runes are relative to the lead byte's zero.
_LENGTHS = ((0xC0, 0x80, 0x7FF, 2), (0xE0, 0x800, 0xFFFF, 3), (0xF0, 0x10000, charclass.MAX_RUNE, 4))
_SURROGATES = (0xD800, 0xDFFF)


def _clipped(ranges: list[tuple[int, int]], low_limit: int, high_limit: int) -> Ranges:
    """The part of ``ranges`` between the limits, widened over what valid UTF-8 can't hold, so that more of it is full.

    Overlong forms lie below ``low_limit``, surrogates in the middle, and numbers over U+10FFFF above.
    """
    out: list[tuple[int, int]] = []
    for low, high in ranges:
        low, high = max(low, low_limit), min(high, high_limit)
        if low <= high:
            out.append((0 if low == low_limit else low, 0x1FFFFF if high == charclass.MAX_RUNE else high))
    if any(high == _SURROGATES[0] - 1 for _, high in out):
        out.append(_SURROGATES)
    return charclass.normalised(out)


def _nullable(node: Node) -> bool:
    match node:
        case Chars():
            return False
        case Capture(sub=sub):
            return _nullable(sub)
        case Concat(subs=subs):
            return all(_nullable(sub) for sub in subs)
        case Alternate(subs=subs):
            return any(_nullable(sub) for sub in subs)
        case Repeat(sub=sub, low=low):
            return low == 0 or _nullable(sub)
        case _:
            return True


def _begins_text(node: Node) -> bool:
    """Whether every match starts at the beginning of the text."""
    match node:
        case Assertion(look=look):
            return look == Look.BEGIN_TEXT
        case Capture(sub=sub):
            return _begins_text(sub)
        case Concat(subs=subs):
            return _begins_text(subs[0])
        case Alternate(subs=subs):
            return all(_begins_text(sub) for sub in subs)
        case Repeat(sub=sub, low=low):
            return low > 0 and _begins_text(sub)
        case _:
            return False
