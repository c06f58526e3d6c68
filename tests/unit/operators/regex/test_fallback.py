"""A pattern over the state budget is refused by the engine and run by RE2, with the same answers."""

from __future__ import annotations

import pytest

from fastlog.operators import regex
from fastlog.operators.regex.fallback import Re2Fallback

LARGE = r"(?P<a>x\w{40}y|\S).*(?P<b>[ab].{9}) é"


def test_budget() -> None:
    with pytest.raises(regex.TooManyStates, match="more than 100 states"):
        regex.compile(LARGE, state_budget=100)


def test_same_answers() -> None:
    program = regex.compile(r"^(?P<a>\S+?)(?:\[(?P<b>\d+)\])?: (.*)$")
    fallback = Re2Fallback(program.pattern)
    assert (fallback.groups, fallback.groupindex) == (program.groups, program.groupindex) == (3, {"a": 1, "b": 2})
    for text in (b"cron[12]: x", b"cron: x", b"cron", "é[1]: 中".encode()):
        assert fallback.match(text) == program.match(text)


def test_syntax_errors_are_the_same() -> None:
    with pytest.raises(regex.RegexSyntaxError, match="missing closing"):
        Re2Fallback("(")
