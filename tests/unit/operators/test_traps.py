"""The warning about days below 10, which syslog pads with a space."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from fastlog.operators.traps import padded_day

LEGACY = r"^(?P<timestamp>\w+ \d+ \d{2}:\d{2}:\d{2}) (?P<hostname>\S+) (?P<message>.*)$"
FIXED = r"(?P<timestamp>\w+\s+\d+ \d{2}:\d{2}:\d{2})"


def regex_parser(regex: str, **more: Any) -> Any:
    return SimpleNamespace(type="regex_parser", regex=regex, **more)


def time_parser(layout: str, layout_type: str = "strptime", name: str = "timestamp") -> Any:
    field = SimpleNamespace(names=(name,))
    return SimpleNamespace(type="time_parser", layout=layout, layout_type=layout_type, parse_from=field)


@pytest.mark.parametrize(
    ("layout", "layout_type"),
    [
        ("%b %d %H:%M:%S", "strptime"),
        ("%b %e %H:%M:%S", "strptime"),
        ("%h %d %H:%M:%S", "strptime"),
        ("%b %d %T", "strptime"),
        ("Jan _2 15:04:05", "gotime"),
        ("Jan 2 15:04:05", "gotime"),
    ],
)
def test_the_guide_s_pattern(layout: str, layout_type: str) -> None:
    other = SimpleNamespace(type="add")
    (warning,) = padded_day([other, regex_parser(LEGACY), time_parser(layout, layout_type)])
    assert warning.path == ("operators", 1, "regex")
    assert "matches 'Nov 17 22:14:15' but not 'Nov  7 22:14:15'" in warning.message
    assert warning.fix == f"write {FIXED}"


def test_an_embedded_timestamp() -> None:
    block = time_parser("%b %d %H:%M:%S")
    (warning,) = padded_day([regex_parser(LEGACY, timestamp=block)])
    assert warning.fix == f"write {FIXED}"


@pytest.mark.parametrize(
    ("pattern", "fixed"),
    [
        (r"(?P<t>[A-Z][a-z]{2} \d{1,2} [\d:]+)", r"[A-Z][a-z]{2}\s+\d{1,2} [\d:]+"),
        (r"(?<t>\w{3}\s\d\d? (?:\d\d:){2}\d\d)", r"\w{3}\s+\d\d? (?:\d\d:){2}\d\d"),
        (r"(?P<t>\w+[ ]\d+[ ]\S+)", r"\w+\s+\d+[ ]\S+"),
    ],
)
def test_other_patterns_are_fixed_at_the_right_space(pattern: str, fixed: str) -> None:
    (warning,) = padded_day([regex_parser(pattern), time_parser("%b %d %H:%M:%S", name="t")])
    assert warning.fix == f"write (?P<t>{fixed})"
    assert re.fullmatch(fixed, "Nov  7 22:14:15")


def test_a_pattern_that_needs_more_than_a_space() -> None:
    (warning,) = padded_day([regex_parser(r"(?P<t>\w+ \d\d [\d:]+)"), time_parser("%b %d %H:%M:%S", name="t")])
    assert warning.fix == r"allow two spaces before the day, as in '\w+\s+\d+'"


@pytest.mark.parametrize(
    "operators",
    [
        [],
        [regex_parser(LEGACY)],  # nothing says that it is a time
        [regex_parser(LEGACY), time_parser("%b %d %H:%M:%S", name="other")],
        [time_parser("%b %d %H:%M:%S"), regex_parser(LEGACY)],  # read before it is there
        [regex_parser(LEGACY.replace(r"\w+ ", r"\w+\s+")), time_parser("%b %d %H:%M:%S")],
        [regex_parser(r"^(?P<timestamp>\S+) "), time_parser("2006-01-02T15:04:05.999999-07:00", "gotime")],
        [regex_parser(r"^(?P<timestamp>\S+ \S+) "), time_parser("%Y-%m-%d %H:%M:%S")],
        [regex_parser(r"^(?P<timestamp>\d+) "), time_parser("s", "epoch")],
        [regex_parser(r"^(?P<timestamp>\pL+ \d+ [\d:]+) "), time_parser("%b %d %H:%M:%S")],  # not for Python's re
        [regex_parser(r"^(?P<timestamp>.{15}) "), time_parser("%b %d %H:%M:%S")],
    ],
)
def test_no_warning(operators: list[Any]) -> None:
    assert list(padded_day(operators)) == []
