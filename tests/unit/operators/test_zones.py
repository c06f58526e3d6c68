from __future__ import annotations

import bisect
import random
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fastlog.operators import zones
from fastlog.operators.zones import Location, UnknownLocationError, load_location, local_location, parse_tzif

CYCLE = 146097 * 86400


def at(location: Location, seconds: int) -> tuple[int, str]:
    """(offset, abbreviation) at an instant: the slow twin of the kernel's lookup."""
    if seconds >= location.repeats_from:
        seconds -= ((seconds - location.repeats_from) // CYCLE + 1) * CYCLE
    k = bisect.bisect_right(location.transitions, (seconds, 1 << 30))
    return location.kinds[location.transitions[k - 1][1] if k else location.first_kind]


@pytest.mark.parametrize(
    "name",
    [
        "Africa/Casablanca",
        "America/Caracas",
        "America/Godthab",
        "America/New_York",
        "Antarctica/Troll",
        "Asia/Gaza",
        "Asia/Kolkata",
        "Asia/Tehran",
        "Australia/Lord_Howe",
        "Etc/GMT+5",
        "Europe/Dublin",
        "Europe/London",
        "Pacific/Apia",
    ],
)
def test_tables_are_zoneinfos(name: str) -> None:
    location = load_location(name)
    info = zoneinfo.ZoneInfo(name)
    r = random.Random(name)
    for _ in range(1000):
        seconds = r.randrange(-2_000_000_000, 30_000_000_000)
        moment = datetime.fromtimestamp(seconds, info)
        offset = moment.utcoffset()
        assert offset is not None
        assert at(location, seconds) == (offset.total_seconds(), moment.tzname()), moment


def test_every_location_of_the_system_loads() -> None:
    names = zoneinfo.available_timezones() - {"localtime"}
    for name in names:
        location = load_location(name)
        assert location.transitions == sorted(location.transitions)
        offset = datetime.fromtimestamp(1763620000, zoneinfo.ZoneInfo(name)).utcoffset()
        assert offset is not None
        assert at(location, 1763620000)[0] == offset.total_seconds(), name
    assert len(names) > 300


@pytest.mark.parametrize("name", ["", "UTC"])
def test_utc_needs_no_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoneinfo, "TZPATH", ())
    assert load_location(name) is zones.UTC


@pytest.mark.parametrize("name", ["Nowhere", "../etc/passwd", "/etc/localtime", "Europe", "europe/nowhere"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(UnknownLocationError):
        load_location(name)


def test_local_location(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    berlin = load_location("Europe/Berlin")
    for value in ("Europe/Berlin", ":Europe/Berlin", str(zones._find("Europe/Berlin"))):
        monkeypatch.setenv("TZ", value)
        assert local_location().kinds == berlin.kinds
    # Go knows no POSIX rules in TZ either.
    for value in ("", "UTC", "EST5EDT,M3.2.0,M11.1.0", "Nowhere", str(tmp_path / "none")):
        monkeypatch.setenv("TZ", value)
        assert local_location() is zones.UTC
    monkeypatch.delenv("TZ")
    offset = datetime.now(UTC).astimezone().utcoffset()
    assert offset is not None
    assert at(local_location(), int(datetime.now(UTC).timestamp()))[0] == offset.total_seconds()


@pytest.mark.parametrize(
    "data",
    [b"", b"TZif2", b"not a zone file" * 9, b"TZif2" + bytes(39) + b"TZif2" + bytes(39) + b"\n\n"],
)
def test_malformed_files(data: bytes) -> None:
    with pytest.raises((ValueError, zones.struct.error)):
        parse_tzif("x", data)
