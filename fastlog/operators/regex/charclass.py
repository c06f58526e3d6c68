"""Sets of runes: sorted, disjoint ``(low, high)`` ranges, and the named sets of RE2 syntax.

Source of the sets: https://github.com/google/re2/wiki/Syntax; of ``\\p{…}`` and of simple case folding: Go's
``unicode`` package (``unicode_data.py``, imported only by a pattern that needs it, because most log patterns do not).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

Ranges = tuple[tuple[int, int], ...]

MAX_RUNE = 0x10FFFF
ANY: Ranges = ((0, MAX_RUNE),)
NOT_NEWLINE: Ranges = ((0, 9), (11, MAX_RUNE))

_DIGIT = ((48, 57),)
_SPACE = ((9, 10), (12, 13), (32, 32))  # \s has no vertical tab; [[:space:]] does
_WORD = ((48, 57), (65, 90), (95, 95), (97, 122))
PERL: dict[str, Ranges] = {"d": _DIGIT, "s": _SPACE, "w": _WORD}
POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGIT,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": _WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}

# The two letters outside ASCII that fold into it: U+017F is a long s, U+212A the Kelvin sign.
_LONG_S, _KELVIN = 0x17F, 0x212A


def normalised(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Sorted, with overlapping and adjacent ranges joined."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            if high > out[-1][1]:
                out[-1] = (out[-1][0], high)
        else:
            out.append((low, high))
    return tuple(out)


def negated(ranges: Ranges) -> Ranges:
    """Every rune that is not in ``ranges`` (which are normalised)."""
    out: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if low > start:
            out.append((start, low - 1))
        start = high + 1
    if start <= MAX_RUNE:
        out.append((start, MAX_RUNE))
    return tuple(out)


def folded(ranges: Ranges) -> Ranges:
    """``ranges`` and every rune that equals one of them under simple case folding."""
    out = list(ranges)
    for low, high in ranges:
        if high < 128:
            out += _folded_ascii(low, high)
        elif (low, high) != (0, MAX_RUNE):
            orbits = _orbits()
            members = range(low, high + 1) if high - low < len(orbits) else (r for r in orbits if low <= r <= high)
            out += [(other, other) for rune in members for other in orbits.get(rune, ())]
    return normalised(out)


def _folded_ascii(low: int, high: int) -> Iterable[tuple[int, int]]:
    for first, last, shift in ((65, 90, 32), (97, 122, -32)):
        overlap = max(low, first), min(high, last)
        if overlap[0] <= overlap[1]:
            yield overlap[0] + shift, overlap[1] + shift
    for letter, other in (("k", _KELVIN), ("s", _LONG_S)):
        if low <= ord(letter) <= high or low <= ord(letter.upper()) <= high:
            yield other, other


@cache
def _orbits() -> dict[int, list[int]]:
    from fastlog.operators.regex.unicode_data import ORBITS

    out: dict[int, list[int]] = {}
    for word in ORBITS.split():
        orbit = [int(rune, 36) for rune in word.split(",")]
        for rune in orbit:
            out[rune] = orbit
    return out


def unicode_class(name: str) -> Ranges | None:
    """The runes of ``\\p{name}``: a category, an alias of one, a script, Any, Assigned or ASCII; None if there is none
    such.

    Case, blanks, ``_`` and ``-`` in the name do not matter.
    """
    from fastlog.operators.regex.unicode_data import ALIASES, CATEGORIES, SCRIPTS

    key = _canonical(name)
    if key == "Any":
        return ANY
    if key == "Assigned":
        return negated(_decoded(CATEGORIES["Cn"]))
    if key == "Ascii":
        return POSIX["ascii"]
    if key == "Lc":
        return _decoded(CATEGORIES["LC"])
    # Go before 1.25 knew the scripts' names with underscores (Old_Italic); later versions refuse these names.
    if table := CATEGORIES.get(key) or SCRIPTS.get(key) or SCRIPTS.get(name):
        return _decoded(table)
    for alias, category in ALIASES.items():
        if _canonical(alias) == key:
            return _decoded(CATEGORIES[category])
    return None


def _canonical(name: str) -> str:
    joined = "".join(c for c in name if c not in "_- ")
    return joined[:1].upper() + joined[1:].lower() if joined.isascii() else joined


def _decoded(table: str) -> Ranges:
    numbers = [int(word, 36) for word in table.split()]
    out: list[tuple[int, int]] = []
    position = 0
    for gap, more in zip(numbers[::2], numbers[1::2], strict=True):
        low = position + gap
        out.append((low, low + more))
        position = low + more + 1
    return tuple(out)
