"""The timestamp kernel against the collector's recorded answers, and against itself without its cache.

The answers are in tests/golden/time, recorded by bench/peers/gotime from the requests of timegen.py.
"""

from __future__ import annotations

import array
import gzip
import json
import random
import sys
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastlog._core.timestamp import PADDING, TimeParser
from fastlog.operators.layouts import LayoutError, compile_layout, describe

sys.path.insert(0, str(Path(__file__).parent))
import timegen

GOLDEN = Path(__file__).parent.parent / "golden" / "time"
Request = dict[str, Any]


def recorded(name: str) -> list[Request]:
    with gzip.open(GOLDEN / f"{name}.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def compile_request(request: Request, monkeypatch: pytest.MonkeyPatch) -> TimeParser:
    monkeypatch.setenv("TZ", request.get("local") or "UTC")
    location = request.get("location")
    parser = compile_layout(request.get("layout_type", ""), request.get("layout", ""), location)
    parser.now_ns = request["now"]
    return parser


def answer(parser: TimeParser, value: str | int | float) -> str | dict[str, str]:
    """What the kernel makes of a value, in the form of the recording."""
    data = value.encode() if isinstance(value, str) else value
    code, nanos, step, at = parser.run(data)
    if code == 0:
        return str(nanos % 2**64)
    return {"error": describe(parser, code, data, step, at)}


def same(mine: str | dict[str, str], theirs: str | dict[str, str]) -> bool:
    """Whether both are the same time, or both an error; messages are compared in test_messages."""
    if isinstance(mine, str) and isinstance(theirs, str):
        return mine == theirs or leap_day_moved(mine, theirs)
    return isinstance(mine, dict) and isinstance(theirs, dict)


def leap_day_moved(mine: str, theirs: str) -> bool:
    """Whether the collector made Mar 1 of a Feb 29 without a year, where fastlog keeps it in the last leap year."""
    ours, collectors = (datetime.fromtimestamp(int(stamp) // 10**9, UTC) for stamp in (mine, theirs))
    march = datetime(collectors.year, 3, 1, tzinfo=UTC)
    return (
        ours.year % 4 == 0
        and collectors.year in (ours.year + 1, ours.year + 2, ours.year + 3)
        and abs(ours - datetime(ours.year, 2, 29, tzinfo=UTC)) < timedelta(days=2)
        and ours - datetime(ours.year, 2, 29, tzinfo=UTC) == collectors - march
    )


@pytest.mark.parametrize("name", ["layouts", "elements", "zones", "years", "epochs", "config"])
def test_kernel_agrees_with_the_collector(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    differences = []
    compared = 0
    for request in recorded(name):
        head = (
            request.get("layout_type", ""),
            request.get("layout", ""),
            request.get("location"),
            request.get("local"),
        )
        try:
            parser = compile_request(request, monkeypatch)
        except LayoutError as error:
            if not str(error).startswith(request.get("config_error", "\0")):
                differences.append((*head, str(error), request.get("config_error")))
            continue
        if "config_error" in request:
            differences.append((*head, "compiles", request["config_error"]))
            continue
        for value, theirs in zip(request["values"], request["answers"], strict=True):
            mine = answer(parser, value)
            compared += 1
            if not same(mine, theirs):
                differences.append((*head, value, mine, theirs))
    assert not differences, "\n".join(map(str, differences[:20]))
    assert compared > 10


def test_messages_are_the_collectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of gotime and epoch exactly; strptime's but for a few that name a directive far from the fault."""
    equal, different = 0, []
    for name in ("layouts", "elements", "zones", "epochs"):
        for request in recorded(name):
            parser = compile_request(request, monkeypatch)
            for value, theirs in zip(request["values"], request["answers"], strict=True):
                if isinstance(theirs, str):
                    continue
                mine = answer(parser, value)
                if mine == theirs or theirs["error"].startswith("type int "):  # json_parser's numbers are floats
                    equal += 1
                else:
                    different.append((parser.layout_type, mine, theirs))
    assert [entry for entry in different if entry[0] != "strptime"] == []
    assert len(different) < 0.01 * equal


# Layouts whose stamps are cached, and one of each reason why some are not.
CACHED = [entry for entry in timegen.USED if "05" in entry[2]]


def spans(stamps: list[bytes], between: bytes) -> tuple[bytes, array.array[int], array.array[int], array.array[int]]:
    """The stamps in one buffer, each followed by `between`: (data, offsets, lengths, room for the times)."""
    offsets, lengths = array.array("q"), array.array("q")
    data = bytearray()
    for stamp in stamps:
        offsets.append(len(data))
        lengths.append(len(stamp))
        data += stamp + between
    return bytes(data) + bytes(PADDING), offsets, lengths, array.array("q", bytes(8 * len(stamps)))


def neighbours(r: random.Random, text: str) -> Iterator[bytes]:
    """Stamps that share most bytes with this one, as the next lines of a log do: what a cache could get wrong."""
    yield text.encode()
    for _ in range(6):
        at = r.randrange(len(text) + 1)
        kind = r.random()
        if kind < 0.6 and at < len(text) and text[at].isdigit():
            yield (text[:at] + r.choice("0123456789") + text[at + 1 :]).encode()
        elif kind < 0.8:
            yield (text[:at] + r.choice("0123456789.,+ ") + text[at:]).encode()
        else:
            yield (text[:at] + text[at + 1 :]).encode()


@pytest.mark.parametrize("location", [None, "America/New_York", "Africa/Monrovia"])
@pytest.mark.parametrize("entry", CACHED, ids=lambda entry: entry[1])
def test_cache_changes_nothing(entry: tuple[str, str, list[str]], location: str | None) -> None:
    """A block parsed with one cache is each stamp parsed alone, whatever bytes follow the stamps."""
    layout_type, layout, pieces = entry
    parser = compile_layout(layout_type, layout, location)
    parser.now_ns = timegen.NOW
    r = random.Random(layout)
    stamps: list[bytes] = []
    for _ in range(60):
        stamps += neighbours(r, timegen._write(r, pieces, 0))
    alone = [parser.parse(stamp) or 0 for stamp in stamps]
    for between in (b"", b" ", b"0", b".5", b"999999999999999+00:00"):
        data, offsets, lengths, times = spans(stamps, between)
        failed = parser.parse_spans(data, offsets, lengths, times)
        assert times.tolist() == alone
        assert failed == sum(parser.run(stamp)[0] != 0 for stamp in stamps)


@settings(max_examples=300, deadline=None)
@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2261, 1, 1)),
    st.lists(st.integers(-90, 90), min_size=1, max_size=6),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_a_run_of_stamps_is_what_datetime_says(start: datetime, steps: list[int], zone: str) -> None:
    """The slow twin is datetime with zoneinfo. In a gap or an overlap either of its two readings will do here."""
    moments = [start]
    for step in steps:
        moments.append(moments[-1] + timedelta(seconds=step, microseconds=step * 997))
    parser = compile_layout("gotime", "2006-01-02 15:04:05.000000", zone)
    info = zoneinfo.ZoneInfo(zone)
    data, offsets, lengths, times = spans([m.isoformat(" ", "microseconds").encode() for m in moments], b" x")
    assert parser.parse_spans(data, offsets, lengths, times) == 0
    for moment, nanos in zip(moments, times, strict=True):
        expected = {
            (moment.replace(tzinfo=info, fold=fold).astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC))
            // timedelta(microseconds=1)
            for fold in (0, 1)
        }
        assert nanos // 1000 in expected


@pytest.mark.parametrize(
    ("now", "stamp", "expected"),
    [
        ("2025-03-01", "Feb 29 10:00:00", "2024-02-29T10:00:00"),
        ("2024-03-01", "Feb 29 10:00:00", "2024-02-29T10:00:00"),
        ("2024-02-25", "Feb 29 10:00:00", "2024-02-29T10:00:00"),
        ("2024-02-01", "Feb 29 10:00:00", "2020-02-29T10:00:00"),
        ("2027-12-31", "Feb 29 23:59:59", "2024-02-29T23:59:59"),
        ("2101-01-01", "Feb 29 00:00:00", "2096-02-29T00:00:00"),
        ("2025-01-01", "Dec 31 23:59:59", "2024-12-31T23:59:59"),
        ("2024-12-31", "Jan  1 00:00:01", "2024-01-01T00:00:01"),
        ("2025-06-10", "Jun 17 00:00:00", "2025-06-17T00:00:00"),
        ("2025-06-10", "Jun 17 00:00:01", "2024-06-17T00:00:01"),
    ],
)
def test_missing_year(now: str, stamp: str, expected: str) -> None:
    parser = compile_layout("strptime", "%b %d %H:%M:%S", "UTC")
    clock = int(datetime.fromisoformat(now).replace(tzinfo=UTC).timestamp()) * 10**9
    assert parser.parse(stamp.encode(), clock) == nanoseconds(expected)


def test_the_end_of_int64_inside_a_minute() -> None:
    parser = compile_layout("gotime", "2006-01-02T15:04:05Z07:00")
    stamps = [f"2262-04-11T23:47:{second}Z".encode() for second in ("00", "16.854775807", "16.854775808", "59")]
    data, offsets, lengths, times = spans(stamps, b" ")
    assert parser.parse_spans(data, offsets, lengths, times) == 0
    assert [nanos % 2**64 for nanos in times] == [9223372020 * 10**9, 2**63 - 1, 2**63, 9223372079 * 10**9]


def test_horizon_inside_a_minute() -> None:
    """Stamps of one minute on both sides of now + 7 days get different years, whichever comes first."""
    parser = compile_layout("gotime", "Jan _2 15:04:05", "UTC")
    parser.now_ns = nanoseconds("2025-06-10T12:00:30")
    stamps = [f"Jun 17 12:00:{second:02d}".encode() for second in (29, 31, 30, 59, 0)]
    data, offsets, lengths, times = spans(stamps, b" ")
    assert parser.parse_spans(data, offsets, lengths, times) == 0
    years = [datetime.fromtimestamp(nanos // 10**9, UTC).year for nanos in times]
    assert years == [2025, 2024, 2025, 2024, 2025]


def test_the_collector_hangs_here_and_the_kernel_does_not() -> None:
    assert compile_layout("strptime", "%d %m %Y").parse(b"11 13 2025") is None


def nanoseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9
