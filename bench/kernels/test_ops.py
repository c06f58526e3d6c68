"""Operator lists over generated syslog, each against the simplest Python that does the job on the same lines."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from fastlog._core.hot import frame
from fastlog.operators import Operators, compile_plan

sys.path.append(str(Path(__file__).parents[1]))
import gen

LINES = 10_000
REGEX = r"^(?P<timestamp>\S+) (?P<hostname>\S+) (?P<unit>\S+?)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$"
PARSE = {"type": "regex_parser", "regex": REGEX}
TIME = {
    "type": "time_parser",
    "parse_from": "attributes.timestamp",
    "layout_type": "gotime",
    "layout": "2006-01-02T15:04:05.999999-07:00",
}
SOURCE = {"type": "add", "field": "attributes.source", "value": "ec2-host-logs"}
ROWS = list[dict[str, Any]]


def parse(rows: ROWS) -> None:
    match = re.compile(REGEX, re.ASCII).match
    for row in rows:
        found = match(row["body"])
        if found:
            row["attributes"].update(found.groupdict(""))


def time(rows: ROWS) -> None:
    for row in rows:
        row["time"] = datetime.fromisoformat(row["attributes"]["timestamp"])


def source(rows: ROWS) -> None:
    for row in rows:
        row["attributes"]["source"] = "ec2-host-logs"


def nested(rows: ROWS) -> None:
    match = re.compile(REGEX, re.ASCII).match
    for row in rows:
        found = match(row["body"])
        if found:
            row["attributes"]["parsed"] = found.groupdict("")


def moves(rows: ROWS) -> None:
    for row in rows:
        attributes = row["attributes"]
        attributes["unit.name"] = attributes.pop("unit")
        row["body"] = attributes["message"]
        del attributes["timestamp"]


def severity(rows: ROWS) -> None:
    numbers = {"info": 9, "warn": 13, "error": 17}
    for row in rows:
        row["severity"] = numbers.get(row["attributes"]["unit"].lower(), 0)


CASES: dict[str, tuple[list[dict[str, Any]], list[Callable[[ROWS], None]]]] = {
    "regex": ([PARSE], [parse]),
    "regex, time, add": ([PARSE, TIME, SOURCE], [parse, time, source]),
    "regex to a map": ([{**PARSE, "parse_to": "attributes.parsed"}], [nested]),
    "regex, severity": ([PARSE, {"type": "severity_parser", "parse_from": "attributes.unit"}], [parse, severity]),
    "regex, move, copy, remove": (
        [
            PARSE,
            {"type": "move", "from": "attributes.unit", "to": "attributes['unit.name']"},
            {"type": "copy", "from": "attributes.message", "to": "body"},
            {"type": "remove", "field": "attributes.timestamp"},
        ],
        [parse, moves],
    ),
}


def syslog() -> bytes:
    return b"".join(line for line, _ in zip(gen.lines("modern", 1), range(LINES), strict=False))


@pytest.mark.parametrize("name", CASES)
def test_fastlog(benchmark: Any, name: str) -> None:
    data = syslog()
    plan = compile_plan(TypeAdapter(Operators).validate_python(CASES[name][0]), framer=frame.LineFramer())

    def run() -> int:
        batch = plan.new_batch()
        batch.fill(data)
        plan.run(batch)
        rows: int = batch.rows
        batch.release()
        return rows

    benchmark.extra_info["bytes"] = len(data)
    assert benchmark(run) == LINES


@pytest.mark.parametrize("name", CASES)
def test_python(benchmark: Any, name: str) -> None:
    data = syslog()

    def run() -> int:
        rows: ROWS = [{"body": line.decode(), "attributes": {}} for line in data.splitlines()]
        for step in CASES[name][1]:
            step(rows)
        return len(rows)

    benchmark.extra_info["bytes"] = len(data)
    assert benchmark(run) == LINES
