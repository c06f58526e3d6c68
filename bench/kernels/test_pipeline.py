"""The whole kernel path of config (a): syslog bytes to OTLP, step by step and together, in CPU time on one core.

    pytest bench/kernels/test_pipeline.py -s

Each step's cost is the difference to the steps before it, so that every one is measured on the columns it finds in use.
What is left out: reading the file (a block is copied into the arena before the clock starts) and sending.
"""

from __future__ import annotations

import re
import sys
import time
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from pydantic import TypeAdapter

from fastlog._core import hot
from fastlog.operators import Operators, compile_plan

sys.path.append(str(Path(__file__).parents[1]))
import gen

BLOCK = 1 << 20
BLOCKS = 32
ROUNDS = 9
REGEX = r"^(?P<timestamp>\S+) (?P<hostname>\S+) (?P<unit>\S+?)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$"
OPERATORS: list[dict[str, Any]] = [
    {"type": "regex_parser", "regex": REGEX, "parse_from": "body", "parse_to": "attributes"},
    {
        "type": "time_parser",
        "parse_from": "attributes.timestamp",
        "layout_type": "gotime",
        "layout": "2006-01-02T15:04:05.999999-07:00",
    },
    {"type": "add", "field": "attributes.source", "value": "ec2-host-logs"},
]
STEPS = {"frame": 0, "regex": 1, "time": 2, "add": 3}


@pytest.fixture(scope="module")
def blocks() -> list[bytes]:
    out, block, size = [], [], 0
    for line in gen.lines("modern", 1):
        block.append(line)
        size += len(line)
        if size >= BLOCK:
            out.append(b"".join(block))
            block, size = [], 0
            if len(out) == BLOCKS:
                return out
    raise AssertionError("the generator ended")


def seconds(blocks: list[bytes], operators: int, *, encode: bool = False) -> float:
    """CPU seconds for all blocks, median of the rounds."""
    plan = compile_plan(
        TypeAdapter(Operators).validate_python(OPERATORS[:operators]),
        framer=hot.frame.LineFramer(),
        constants=["log.file.name"],
    )
    rounds = []
    for _ in range(ROUNDS):
        total = 0.0
        for block in blocks:
            batch = plan.new_batch()
            batch.fill(block)
            start = time.process_time()
            plan.run(batch)
            if encode:
                batch.set_constant(b"log.file.name", "syslog")
                buffer, _ = hot.otlp.encode(batch)
                buffer.release()
            total += time.process_time() - start
            batch.release()
        rounds.append(total)
    return median(rounds)


def test_config_a(blocks: list[bytes]) -> None:
    lines = sum(block.count(b"\n") for block in blocks)
    size = sum(map(len, blocks))
    before = 0.0
    parts = []
    for name, operators in STEPS.items():
        spent = seconds(blocks, operators)
        parts.append(f"{name} {(spent - before) / lines * 1e9:.1f}")
        before = spent
    whole = seconds(blocks, len(OPERATORS), encode=True)
    parts.append(f"encode {(whole - before) / lines * 1e9:.1f}")
    print(
        f"\n{hot.level} build, {lines:,} lines of {size / lines:.0f} bytes: {', '.join(parts)} ns a line; "
        f"together {whole / lines * 1e9:.1f} ns a line, {size / whole / 1e9:.2f} GB and {lines / whole / 1e6:.1f} M "
        f"records a CPU second"
    )


def test_fastlog(benchmark: Any, blocks: list[bytes]) -> None:
    plan = compile_plan(TypeAdapter(Operators).validate_python(OPERATORS), framer=hot.frame.LineFramer())

    def run() -> int:
        batch = plan.new_batch()
        batch.fill(blocks[0])
        plan.run(batch)
        buffer, records = hot.otlp.encode(batch)
        buffer.release()
        batch.release()
        return records

    assert benchmark(run) == blocks[0].count(b"\n")


def test_python(benchmark: Any, blocks: list[bytes]) -> None:
    """The simplest Python that does the job: ``re``, ``datetime`` and opentelemetry-proto."""
    match = re.compile(REGEX, re.ASCII).match

    def run() -> int:
        request = ExportLogsServiceRequest()
        records = request.resource_logs.add().scope_logs.add().log_records
        for line in blocks[0].splitlines():
            record = records.add()
            text = line.decode("utf-8", "replace").strip(" \t\r\n")
            record.body.string_value = text
            found = match(text)
            if found:
                for key, value in found.groupdict("").items():
                    attribute = record.attributes.add(key=key)
                    attribute.value.string_value = value
                record.time_unix_nano = int(datetime.fromisoformat(found["timestamp"]).timestamp() * 1e6) * 1000
            attribute = record.attributes.add(key="source")
            attribute.value.string_value = "ec2-host-logs"
        request.SerializeToString()
        return len(records)

    assert benchmark.pedantic(run, rounds=3) == blocks[0].count(b"\n")
