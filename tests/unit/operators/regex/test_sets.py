"""Sets of runes and of bytes."""

from __future__ import annotations

import random

import pytest

from fastlog.operators import regex
from fastlog.operators.regex import charclass
from fastlog.operators.regex.assemble import _nibble_tables, byte_ranges


def test_negation_is_an_involution() -> None:
    ranges = charclass.normalised([(5, 9), (0, 3), (8, 20), (21, 22)])
    assert ranges == ((0, 3), (5, 22))
    assert charclass.negated(charclass.negated(ranges)) == ranges
    assert charclass.negated(()) == charclass.ANY


def test_folding_leaves_ascii_where_go_does() -> None:
    assert charclass.folded(((ord("k"), ord("k")),)) == ((0x4B, 0x4B), (0x6B, 0x6B), (0x212A, 0x212A))
    assert charclass.folded(((0x3C3, 0x3C3),)) == ((0x3A3, 0x3A3), (0x3C2, 0x3C3))


@pytest.mark.parametrize("name", ["Greek", "greek", "Lu", "Uppercase Letter", "uppercase_letter", "Any", "LC"])
def test_unicode_names(name: str) -> None:
    assert charclass.unicode_class(name)


def test_unknown_unicode_name() -> None:
    assert charclass.unicode_class("Klingon") is None


def test_tables_of_a_scan_hold_the_set() -> None:
    r = random.Random(5)
    for _ in range(300):
        members = sum({1 << r.randrange(256) for _ in range(r.choice([1, 3, 9, 40, 120]))})
        low, high = _nibble_tables(members)
        held = sum(1 << byte for byte in range(256) if low[byte & 15] & high[byte >> 4])
        assert members & ~held == 0
        if len({members >> 16 * row & 0xFFFF for row in range(16)} - {0}) <= 8:
            assert held == members
        assert sum((2 << first + span) - (1 << first) for first, span in byte_ranges(members)) == members


def test_runes_beyond_ascii_are_whole() -> None:
    program = regex.compile(r"^(.)([^é])([\x{4e00}-\x{9fff}])(\PL)$")
    assert program.match("é中文€".encode()) == [(0, 11), (0, 2), (2, 5), (5, 8), (8, 11)]
    assert program.match("éé文€".encode()) is None
