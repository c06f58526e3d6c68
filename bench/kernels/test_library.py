"""A block of 1 MiB of syslog to an encoded request: fastlog.Encoder against re, fromisoformat and opentelemetry-proto.

``extra_info`` has the records of a block; records per CPU second are those divided by the time, which is CPU time
(``--benchmark-timer=time.process_time``). The peer parses 1/20 of the block, as it takes so long. Building the messages
alone, from fields that are parsed already, is the third row.
"""

from __future__ import annotations

import re
import sys
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

import fastlog

sys.path.append(str(Path(__file__).parents[1]))
import gen

LINES = 8000
REGEX = r"^(?P<timestamp>\S+) (?P<hostname>\S+) (?P<unit>\S+?)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$"
OPERATORS = [
    {"type": "regex_parser", "regex": REGEX},
    {
        "type": "time_parser",
        "parse_from": "attributes.timestamp",
        "layout_type": "gotime",
        "layout": "2006-01-02T15:04:05.999999-07:00",
    },
]
ATTRIBUTES = {"source": "ec2-host-logs", "log.file.name": "syslog"}
MATCH = re.compile(REGEX, re.ASCII).match
FIELDS = list[tuple[str, int, dict[str, str]]]


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return list(islice(gen.lines("modern", 1), LINES))


def parse(lines: list[bytes]) -> FIELDS:
    fields = []
    for line in lines:
        text = line.decode().rstrip("\n")
        found = MATCH(text)
        assert found is not None
        groups = found.groupdict("")
        fields.append((text, int(datetime.fromisoformat(groups["timestamp"]).timestamp() * 1e6) * 1000, groups))
    return fields


def build(fields: FIELDS) -> bytes:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for text, time, groups in fields:
        record = scope.log_records.add(time_unix_nano=time)
        record.body.string_value = text
        for key, value in (*groups.items(), *ATTRIBUTES.items()):
            record.attributes.add(key=key).value.string_value = value
    data: bytes = request.SerializeToString()
    return data


def report(benchmark: Any, group: str, records: int) -> None:
    benchmark.group = group
    benchmark.extra_info["records"] = records


def test_encode(benchmark: Any, lines: list[bytes]) -> None:
    report(benchmark, "request", LINES)
    data = b"".join(lines)
    encoder = fastlog.Encoder(OPERATORS, attributes=ATTRIBUTES)
    assert len(benchmark(encoder.encode, data)) > len(data)


def test_encode_python(benchmark: Any, lines: list[bytes]) -> None:
    some = lines[: LINES // 20]
    report(benchmark, "request", len(some))
    assert len(benchmark(lambda: build(parse(some)))) > 0


def test_encode_opentelemetry_proto_alone(benchmark: Any, lines: list[bytes]) -> None:
    some = lines[: LINES // 20]
    report(benchmark, "request", len(some))
    fields = parse(some)
    assert len(benchmark(build, fields)) > 0


def test_times(benchmark: Any, lines: list[bytes]) -> None:
    report(benchmark, "times", LINES)
    data = b"".join(lines)
    encoder = fastlog.Encoder(OPERATORS)

    def run() -> int:
        batch = encoder.parse(data)
        latest = int(np.asarray(batch.column("time_unix_nano")).max())
        batch.release()
        return latest

    assert benchmark(run) > 0


def test_times_python(benchmark: Any, lines: list[bytes]) -> None:
    some = lines[: LINES // 20]
    report(benchmark, "times", len(some))
    assert benchmark(lambda: max(time for _, time, _ in parse(some))) > 0
