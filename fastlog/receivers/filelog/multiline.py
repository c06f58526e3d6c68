"""Records that a pattern divides: compiling it, in the two forms that framing needs."""

from __future__ import annotations

from fastlog._core.regex import Program
from fastlog.errors import RegexSyntaxError
from fastlog.operators.regex import TooManyStates
from fastlog.operators.regex import compile as compile_regex


def compile_pattern(pattern: str) -> Program:
    """``pattern`` with ``^`` and ``$`` at line ends, as the collector has it. ValueError says what is wrong with it."""
    return _compile("(?m)" + pattern, pattern)


def compile_following(pattern: str) -> Program:
    """Finds, as group 1, the first match of ``pattern`` that begins after the first character of a text."""
    return _compile(rf"(?m)\A(?s:.)(?s:.*?)({pattern})", pattern)


def _compile(text: str, pattern: str) -> Program:
    try:
        return compile_regex(text)
    except RegexSyntaxError as error:
        raise ValueError(f"{pattern!r}: {error}") from error
    except TooManyStates as error:
        raise ValueError(f"{pattern!r} is too large to divide records with; write a shorter pattern") from error
