"""ClickHouse Native encoding against the simplest Python that does the job.

Counted is the time for COUNT records with five attributes and a resource of eight, as the demo's configuration makes
them; `python -m pytest bench/kernels/test_native.py`.
"""

from __future__ import annotations

import struct
from typing import Any

import pytest

from fastlog._core.batch import Batch
from fastlog._core.native import Encoder, slice_block

COUNT = 8192
RESOURCE = {f"cloud.attribute.{i}": f"value {i}" for i in range(7)} | {"service.name": "ec2-demo"}
RECORDS: list[dict[str, Any]] = [
    {
        "time_unix_nano": 1_762_842_301_123_456_000 + i * 1_000_003,
        "observed_time_unix_nano": 1_762_862_400_000_000_000,
        "severity_number": 9,
        "severity_text": "info",
        "body": f"2025-11-11T06:25:01.123+00:00 prod-web-01 sshd[{i}]: Failed password of root from 192.0.2.{i % 250}",
        "attributes": {
            "timestamp": "2025-11-11T06:25:01.123456+00:00",
            "hostname": "prod-web-01",
            "unit": "sshd",
            "pid": str(i),
            "message": f"Failed password for root from 203.0.113.{i % 250}",
        },
        "resource": RESOURCE,
    }
    for i in range(COUNT)
]


def note(benchmark: Any, size: int) -> None:
    benchmark.extra_info["ns_a_record"] = round(benchmark.stats.stats.median / COUNT * 1e9, 1)
    benchmark.extra_info["bytes_a_record"] = round(size / COUNT, 1)


def test_kernel(benchmark: Any) -> None:
    batch, encoder = Batch.from_records(RECORDS), Encoder()

    def encode() -> int:
        buffer = encoder.encode(batch)
        size = len(buffer)
        buffer.release()
        return size

    note(benchmark, benchmark(encode))


@pytest.mark.parametrize("count", [1, COUNT // 2], ids=["one", "half"])
def test_slice(benchmark: Any, count: int) -> None:
    block = bytes(Encoder().encode(Batch.from_records(RECORDS)))
    note(benchmark, len(benchmark(slice_block, block, COUNT // 4, count)))


def test_python(benchmark: Any) -> None:
    note(benchmark, len(benchmark(python_block, RECORDS)))


def python_block(records: list[dict[str, Any]]) -> bytes:
    """The same columns with struct and bytes.join, without dictionaries; every value is a string already."""

    def string(text: str) -> bytes:
        data = text.encode()
        size, prefix = len(data), b""
        while size > 127:
            prefix += bytes((size & 127 | 128,))
            size >>= 7
        return prefix + bytes((size,)) + data

    def strings(values: list[str]) -> bytes:
        return b"".join(map(string, values))

    def maps(values: list[dict[str, str]]) -> bytes:
        ends, total = [], 0
        for value in values:
            total += len(value)
            ends.append(total)
        keys = strings([key for value in values for key in value])
        return (
            struct.pack(f"<{len(ends)}Q", *ends) + keys + strings([item for value in values for item in value.values()])
        )

    count = len(records)
    columns = [
        ("Timestamp", "DateTime64(9)", struct.pack(f"<{count}q", *(record["time_unix_nano"] for record in records))),
        ("SeverityText", "String", strings([record["severity_text"] for record in records])),
        ("SeverityNumber", "UInt8", bytes(record["severity_number"] for record in records)),
        ("ServiceName", "String", strings([record["resource"]["service.name"] for record in records])),
        ("Body", "String", strings([record["body"] for record in records])),
        ("ResourceAttributes", "Map(String, String)", maps([record["resource"] for record in records])),
        ("LogAttributes", "Map(String, String)", maps([record["attributes"] for record in records])),
    ]
    head = bytes((len(columns), count & 127 | 128, count >> 7))
    return head + b"".join(string(name) + string(type_) + data for name, type_, data in columns)
