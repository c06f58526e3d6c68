"""Cutting encoded OTLP and writing it as JSON: 10 000 records with seven attributes.

The peer is the simplest Python that does the job: opentelemetry-proto to objects, and back to bytes or to JSON.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import orjson
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from fastlog._core.otlp_json import to_json
from fastlog._core.otlp_split import split

RECORDS = 10_000
PART = 1000


@pytest.fixture(scope="module")
def request_bytes() -> bytes:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for index in range(RECORDS):
        message = f"Failed password for invalid user admin from 203.0.113.{index % 256} port {index} ssh2"
        record = scope.log_records.add(time_unix_nano=1_762_819_200_000_000_000 + index)
        record.body.string_value = f"2025-11-11T00:00:00.{index:06d}+00:00 ip-10-0-3-57 sshd[{index}]: {message}"
        for key, value in {
            "timestamp": f"2025-11-11T00:00:00.{index:06d}+00:00",
            "hostname": "ip-10-0-3-57",
            "unit": "sshd",
            "pid": str(index),
            "message": message,
            "source": "ec2-host-logs",
            "log.file.name": "syslog",
        }.items():
            record.attributes.add(key=key).value.string_value = value
    data: bytes = request.SerializeToString()
    return data


def python_split(data: bytes) -> list[bytes]:
    parts = []
    for resource in ExportLogsServiceRequest.FromString(data).resource_logs:
        for scope in resource.scope_logs:
            records = iter(scope.log_records)
            while some := list(islice(records, PART)):
                part = ExportLogsServiceRequest()
                inner = part.resource_logs.add(resource=resource.resource).scope_logs.add(scope=scope.scope)
                inner.log_records.extend(some)
                parts.append(part.SerializeToString())
    return parts


def python_json(data: bytes) -> bytes:
    return orjson.dumps(json_format.MessageToDict(ExportLogsServiceRequest.FromString(data)))


@pytest.mark.parametrize("program", [lambda data: split(data, PART, 1 << 24), python_split], ids=["kernel", "python"])
def test_split(benchmark: Any, request_bytes: bytes, program: Any) -> None:
    benchmark.group = "split"
    assert len(benchmark(program, request_bytes)) == RECORDS // PART


@pytest.mark.parametrize("program", [lambda data: to_json([data]), python_json], ids=["kernel", "python"])
def test_json(benchmark: Any, request_bytes: bytes, program: Any) -> None:
    benchmark.group = "json"
    assert len(benchmark(program, request_bytes)) > len(request_bytes)
