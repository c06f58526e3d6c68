"""Operator lists that are valid and still don't do what their author meant; ``fastlog validate`` warns about them.

``padded_day``: syslog writes a day below 10 with a second space (``Nov  7 22:14:15``; RFC 3164, section 4.1.2), which a
pattern such as ``\\w+ \\d+`` does not match, so for a third of each month every line arrives unparsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from fastlog.errors import Problem

_DAY = 17
_SAMPLE = datetime(2025, 11, _DAY, 22, 14, 15, 123456)

_STRPTIME_MONTH_DAY = re.compile(r"%[bBh]\s+%[de]")
_GO_MONTH_DAY = re.compile(r"Jan(uary)?\s+(_2|02|2(?!\d))")
_GO_ELEMENTS = {
    "January": "November",
    "Jan": "Nov",
    "Monday": "Monday",
    "Mon": "Mon",
    "2006": "2025",
    "_2": str(_DAY),
    "02": str(_DAY),
    "2": str(_DAY),
    "15": "22",
    "03": "10",
    "3": "10",
    "04": "14",
    "4": "14",
    "05": "15",
    "5": "15",
    "PM": "PM",
    "MST": "UTC",
    "Z07:00": "Z",
    "-07:00": "+00:00",
    "-0700": "+0000",
}
_GO_ELEMENT = re.compile("|".join(map(re.escape, sorted(_GO_ELEMENTS, key=len, reverse=True))))


def padded_day(operators: Sequence[Any]) -> Iterator[Problem]:
    """A warning for each ``regex_parser`` whose time stamp group matches ``Nov 17 …`` and not ``Nov  7 …``, where a
    time layout says that such stamps are meant."""
    for index, operator in enumerate(operators):
        if operator.type != "regex_parser":
            continue
        for name, layout_type, layout in _times(operator, operators[index + 1 :]):
            group = _group(operator.regex, name)
            stamps = _stamps(layout_type, layout)
            if group is None or stamps is None:
                continue
            two_digits, padded = stamps
            if not _matches(group, two_digits) or _matches(group, padded):
                continue
            fixed = _with_wider_space(group, two_digits, padded)
            yield Problem(
                ("operators", index, "regex"),
                f"(?P<{name}>{group}) matches '{two_digits}' but not '{padded}', as syslog writes days below 10: "
                "such lines arrive unparsed",
                f"write (?P<{name}>{fixed})" if fixed else "allow two spaces before the day, as in '\\w+\\s+\\d+'",
            )


def _times(parser: Any, later: Sequence[Any]) -> Iterator[tuple[str, str, str]]:
    """``(group, layout type, layout)`` of the times that are read from a named group of ``parser``."""
    blocks = [getattr(parser, "timestamp", None), *(one for one in later if one.type == "time_parser")]
    for block in blocks:
        names = getattr(getattr(block, "parse_from", None), "names", ())
        if block is not None and names and block.layout:
            yield names[-1], block.layout_type, block.layout


def _stamps(layout_type: str, layout: str) -> tuple[str, str] | None:
    """A stamp of ``layout`` on the 17th and one on the 7th as syslog pads it; None if no day follows a month's name."""
    if layout_type == "gotime" and (found := _GO_MONTH_DAY.search(layout)):
        stamp = _GO_ELEMENT.sub(lambda match: _GO_ELEMENTS[match[0]], layout)
        before = _GO_ELEMENT.sub(lambda match: _GO_ELEMENTS[match[0]], layout[: found.end()])
    elif layout_type == "strptime" and (found := _STRPTIME_MONTH_DAY.search(layout)):
        stamp = _SAMPLE.strftime(layout)
        before = _SAMPLE.strftime(layout[: found.end()])
    else:
        return None
    at = len(before) - 2
    return stamp, f"{stamp[:at]} {_DAY % 10}{stamp[at + 2 :]}"


def _group(pattern: str, name: str) -> str | None:
    """What is inside the group ``name`` of ``pattern``."""
    opening = re.search(rf"\(\?P?<{re.escape(name)}>", pattern)
    if opening is None:
        return None
    depth, at, in_class = 1, opening.end(), False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif in_class:
            in_class = char != "]" or pattern[at - 1] == "["
        elif char == "[":
            in_class = True
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth == 0:
                return pattern[opening.end() : at]
        at += 1
    return None


def _matches(group: str, stamp: str) -> bool:
    """Whether ``stamp`` as a whole is matched. A pattern that only RE2 knows matches nothing here: no warning, then."""
    try:
        return re.fullmatch(group, stamp, re.ASCII) is not None
    except re.error:
        return False


def _with_wider_space(group: str, *stamps: str) -> str:
    """``group`` with the first of its spaces widened that makes it match all ``stamps``; ``""`` if none does."""
    for space in re.finditer(r"\\s|\[ \]| ", group):
        wider = rf"{group[: space.start()]}\s+{group[space.end() :]}"
        if all(_matches(wider, stamp) for stamp in stamps):
            return wider
    return ""
