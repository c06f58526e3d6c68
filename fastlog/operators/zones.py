"""IANA locations as tables of clock changes, read from the system's time zone files.

Python's ``zoneinfo`` finds the files but does not show what is in them: the order of the kinds of time and the rule
for the years after the last change decide what Go's ``time`` package, and so the collector, makes of an abbreviation.
Format: RFC 9636 (TZif) sections 3 and 4 (the rule in the footer).
"""

from __future__ import annotations

import calendar
import functools
import itertools
import os
import re
import struct
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

DAY = 86400
MEAN_YEAR = 31556952
CYCLE_YEARS = 400  # the Gregorian calendar, weekdays included, repeats
NEVER = 2**63 - 1
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

# Locations whose own name reads as a zone abbreviation in a time stamp; the collector loads such a name.
ABBREVIATED = (
    "CET",
    "EET",
    "EST",
    "GMT",
    "GMT+0",
    "GMT-0",
    "HST",
    "MET",
    "MST",
    "PRC",
    "ROC",
    "ROK",
    "UCT",
    "WET",
)


class UnknownLocationError(ValueError):
    """No time zone file of that name."""

    def __init__(self, name: str) -> None:
        path = ".." in name or name[:1] in ("/", "\\")
        super().__init__("time: invalid location name" if path else f"unknown time zone {name}")


@dataclass(frozen=True, slots=True)
class Location:
    """One place's clock.

    kinds: (seconds east of UTC, abbreviation), in file order; transitions: (instant in s, index of the kind from then
    on), ascending; first_kind holds before the first; from repeats_from on, the table repeats every 400 years.
    """

    name: str
    kinds: list[tuple[int, str]]
    transitions: list[tuple[int, int]] = field(default_factory=list)
    first_kind: int = 0
    repeats_from: int = NEVER


UTC = Location("UTC", [(0, "UTC")])


def load_location(name: str) -> Location:
    """The location of an IANA name, as Go's ``time.LoadLocation``: "" is UTC, "Local" the machine's.

    Raises UnknownLocationError.
    """
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        return local_location()
    if ".." in name or name[0] in "/\\":
        raise UnknownLocationError(name)
    return _read(name, _find(name))


def local_location() -> Location:
    """The machine's location: ``TZ`` (a name or a path, not a POSIX rule), else /etc/localtime, else UTC."""
    name = os.environ.get("TZ")
    try:
        if name is None:
            return _read("Local", Path("/etc/localtime"))
        name = name.removeprefix(":")
        if name in ("", "UTC"):
            return UTC
        return _read(name, Path(name) if name.startswith("/") else _find(name))
    except UnknownLocationError:
        return UTC


def abbreviated_locations() -> list[Location]:
    """Those of ABBREVIATED that this machine has."""
    found = []
    for name in ABBREVIATED:
        try:
            found.append(load_location(name))
        except UnknownLocationError:
            continue
    return found


def _find(name: str) -> Path:
    for directory in zoneinfo.TZPATH:
        path = Path(directory, name)
        if path.is_file():
            return path
    # Not at the top: it is slow to import, and few systems need the package.
    import importlib.resources

    try:
        return Path(str(importlib.resources.files("tzdata")), "zoneinfo", name)
    except ModuleNotFoundError:
        raise UnknownLocationError(name) from None


@functools.lru_cache(maxsize=64)
def _read(name: str, path: Path) -> Location:
    try:
        return parse_tzif(name, path.read_bytes())
    except (OSError, ValueError, struct.error):
        raise UnknownLocationError(name) from None


def parse_tzif(name: str, data: bytes) -> Location:
    """The location in a TZif file of any version. Raises ValueError or struct.error if it is malformed."""
    at, width = 0, 4
    version, counts = _header(data, at)
    if version >= 2:
        # The first block has 32-bit times; the one that counts follows it.
        utc, standard, leaps, times, types, chars = counts
        at = 44 + times * 5 + types * 6 + chars + leaps * 8 + standard + utc
        width = 8
        _, counts = _header(data, at)
    utc, standard, leaps, times, types, chars = counts
    if types == 0:
        raise ValueError("no kind of time in the file")
    at += 44
    when = struct.unpack_from(f">{times}{'q' if width == 8 else 'l'}", data, at)
    at += times * width
    indexes = data[at : at + times]
    at += times
    entries = list(struct.iter_unpack(">lBB", data[at : at + types * 6]))
    at += types * 6
    names = data[at : at + chars]
    at += chars + leaps * (width + 4) + standard + utc
    kinds = [(offset, names[index : names.index(0, index)].decode("ascii")) for offset, _, index in entries]
    summer = [bool(is_dst) for _, is_dst, _ in entries]
    if any(index >= types for index in indexes):
        raise ValueError("a transition to a kind of time that the file does not define")
    transitions = list(zip(when, indexes, strict=True))
    first = _first_kind(indexes, summer)
    rule = data[at + 1 : data.index(b"\n", at + 1)].decode("ascii") if width == 8 and at < len(data) else ""
    if not rule:
        return Location(name, kinds, transitions, first)
    return _extend(Location(name, kinds, transitions, first), rule)


def _header(data: bytes, at: int) -> tuple[int, tuple[int, ...]]:
    """Version of the header and its six counts: UT flags, standard flags, leap seconds, transitions, kinds, letters."""
    if data[at : at + 4] != b"TZif":
        raise ValueError("not a time zone file")
    version = data[at + 4]
    return (version - ord("0") if version else 1), struct.unpack_from(">6l", data, at + 20)


def _first_kind(indexes: bytes, summer: list[bool]) -> int:
    """The kind of time before the first transition, as tzcode and Go choose it: rather not summer time."""
    if 0 not in indexes:
        return 0
    if summer[indexes[0]]:
        for index in range(indexes[0] - 1, -1, -1):
            if not summer[index]:
                return index
    return summer.index(False) if False in summer else 0


_NAME = r"(?:<([^>]*)>|([^-+0-9,<]{3,}))"
_RULE = re.compile(rf"{_NAME}([-+0-9:]+)(?:{_NAME}([-+0-9:]*))?(?:[,;]([^,]+),([^,]+))?")
_DATE = re.compile(r"(?:M(\d+)\.(\d+)\.(\d+)|(J?)(\d+))(?:/([-+0-9:]+))?")


def _extend(location: Location, rule: str) -> Location:
    """The location with what its rule says about the time after its last transition."""
    match = _RULE.fullmatch(rule)
    if match is None:
        raise ValueError(f"rule {rule!r}")
    kinds = list(location.kinds)

    def kind(offset: int, abbreviation: str) -> int:
        if (offset, abbreviation) not in kinds:
            kinds.append((offset, abbreviation))
        return kinds.index((offset, abbreviation))

    standard_offset = -_seconds(match[3])
    standard = kind(standard_offset, match[1] or match[2])
    before = location.transitions[:-1]
    last = location.transitions[-1][0] if location.transitions else None
    if match[4] is None and match[5] is None:
        if last is None:
            return Location(location.name, kinds, [], standard)
        return Location(location.name, kinds, [*before, (last, standard)], location.first_kind)
    summer_offset = -_seconds(match[6]) if match[6] else standard_offset + 3600
    summer = kind(summer_offset, match[4] or match[5])
    starts, ends = match[7] or "M3.2.0", match[8] or "M11.1.0"
    # More than one cycle after the last transition, so that every later instant has its like one cycle earlier.
    first_year = 1900 if last is None else max(1600, 1970 + last // MEAN_YEAR - 2)
    changes = sorted(_changes(first_year, starts, standard_offset, summer, ends, summer_offset, standard))
    if last is None:
        return Location(location.name, kinds, changes, standard, changes[-1][0])
    current = [standard, *(index for when, index in changes if when <= last)][-1]
    later = [change for change in changes if change[0] > last]
    return Location(location.name, kinds, [*before, (last, current), *later], location.first_kind, later[-1][0])


def _changes(
    first_year: int, starts: str, standard_offset: int, summer: int, ends: str, summer_offset: int, standard: int
) -> Iterator[tuple[int, int]]:
    start, end = _Day.parse(starts), _Day.parse(ends)
    for year in range(first_year, first_year + CYCLE_YEARS + 60):
        yield start.instant(year) - standard_offset, summer
        yield end.instant(year) - summer_offset, standard


@dataclass(frozen=True, slots=True)
class _Day:
    """The day of a rule: a weekday (0 = Sunday) of a month's week (5 = the last), or if month is 0 a day of the year,
    counted from 1 without leap days (julian) or from 0 with them; and the local time of day in seconds.
    """

    month: int
    week: int
    day: int
    julian: bool
    time: int

    @classmethod
    def parse(cls, text: str) -> _Day:
        match = _DATE.fullmatch(text)
        if match is None:
            raise ValueError(f"date {text!r} in a rule")
        month, week, weekday, julian, day, time = match.groups()
        seconds = _seconds(time) if time else 7200
        return cls(int(month or 0), int(week or 0), int(weekday or day), bool(julian), seconds)

    def instant(self, year: int) -> int:
        """When it is in a year, in seconds as if local time were UTC."""
        january = date(year, 1, 1).toordinal()
        if self.month:
            first = date(year, self.month, 1).toordinal()
            ordinal = first + (self.day - first) % 7  # ordinals are 0 modulo 7 on Sundays
            ordinal += 7 * min(self.week - 1, (calendar.monthrange(year, self.month)[1] - 1 - (ordinal - first)) // 7)
        elif self.julian:
            ordinal = january + self.day - 1 + (self.day >= 60 and calendar.isleap(year))
        else:
            ordinal = january + self.day
        return (ordinal - EPOCH_ORDINAL) * DAY + self.time


def _seconds(text: str) -> int:
    """``[+-]hh[:mm[:ss]]`` in seconds."""
    parts = [int(part) for part in text.lstrip("+-").split(":")]
    total = sum(part * unit for part, unit in zip(parts, itertools.chain((3600, 60, 1)), strict=False))
    return -total if text.startswith("-") else total
