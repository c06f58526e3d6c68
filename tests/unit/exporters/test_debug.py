"""The debug exporter writes what the collector's does (recorded from collector 0.160)."""

from __future__ import annotations

from typing import Any

import pytest

from fastlog._core.batch import Batch
from fastlog.exporters.debug import COMPONENT, Config, severity_name
from fastlog.types import ComponentID, Context, Origin, Outcome

RECORDS: list[dict[str, Any]] = [
    {
        "time_unix_nano": 3_000_000_000,
        "observed_time_unix_nano": 1_581_452_773_000_000_789,
        "severity_number": 9,
        "severity_text": "info",
        "body": "first",
        "attributes": {"n": 3.0, "i": 7, "t": True, "nul": None, "m": {"b": "<", "a": [1.5, "x"]}, "raw": b"\x00\xff"},
        "resource": {"host.name": "h1", "x": "y"},
    },
    {
        "time_unix_nano": 0,
        "observed_time_unix_nano": 1_581_452_773_000_000_789,
        "body": "plain",
        "attributes": {},
        "resource": {"host.name": "h1", "x": "y"},
    },
]


def shown(capsys: pytest.CaptureFixture[str], **keys: Any) -> tuple[str, str]:
    """``(standard output, standard error)`` after RECORDS were exported."""
    exporter = COMPONENT.create(Config(**keys), Context(ComponentID("debug"), "exporters::debug"))
    batch = Batch.from_records(RECORDS)
    batch.origin = Origin("s", 0, 1, 0)
    chunk = exporter.encode(batch)
    assert chunk.records == 2
    assert exporter.send([chunk], 1.0).kind == Outcome.DELIVERED
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_basic(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys) == ("", "Logs\tresource logs: 1\tlog records: 2\n")


def test_normal(capsys: pytest.CaptureFixture[str]) -> None:
    _, err = shown(capsys, verbosity="normal")
    assert err.splitlines()[1:] == [
        "ResourceLog #0 host.name=h1 x=y",
        "ScopeLog #0",
        r'first n=3 i=7 t=true nul= m={"a":[1.5,"x"],"b":"\u003c"} raw=AP8=',
        "plain",
    ]


def test_detailed(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = shown(capsys, verbosity="detailed", use_internal_logger=False)
    assert err == ""
    assert (
        out
        == r"""Logs	resource logs: 1	log records: 2
ResourceLog #0
Resource SchemaURL: 
Resource attributes:
     -> host.name: Str(h1)
     -> x: Str(y)
ScopeLogs #0
ScopeLogs SchemaURL: 
InstrumentationScope  
LogRecord #0
ObservedTimestamp: 2020-02-11 20:26:13.000000789 +0000 UTC
Timestamp: 1970-01-01 00:00:03 +0000 UTC
SeverityText: info
SeverityNumber: Info(9)
Body: Str(first)
Attributes:
     -> n: Double(3)
     -> i: Int(7)
     -> t: Bool(true)
     -> nul: Empty()
     -> m: Map({"a":[1.5,"x"],"b":"\u003c"})
     -> raw: Bytes(AP8=)
Trace ID: 
Span ID: 
Flags: 0
LogRecord #1
ObservedTimestamp: 2020-02-11 20:26:13.000000789 +0000 UTC
Timestamp: 1970-01-01 00:00:00 +0000 UTC
SeverityText: 
SeverityNumber: Unspecified(0)
Body: Str(plain)
Trace ID: 
Span ID: 
Flags: 0
"""
    )


def test_other_places_are_refused() -> None:
    with pytest.raises(ValueError, match="write stdout or stderr, or use the file exporter"):
        Config(output_paths=["/tmp/x"])


@pytest.mark.parametrize(
    ("number", "name"), [(0, "Unspecified"), (1, "Trace"), (11, "Info3"), (24, "Fatal4"), (25, "Unspecified")]
)
def test_severity_names(number: int, name: str) -> None:
    assert severity_name(number) == name
