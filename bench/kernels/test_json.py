"""JSON lines to OTLP: 10 000 lines over 2 000 distinct keys, and lines that all have the same keys.

The peer is the simplest Python that does the job: orjson to a dict, then the OTLP attributes of it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from fastlog._core.anyvalue import encode_map
from fastlog._core.hot import frame, otlp
from fastlog.operators import compile_plan
from fastlog.operators.json_parser import Config

LINES = 10_000


def distinct() -> bytes:
    """Each line has 12 of 2 000 keys."""
    rng = random.Random(7)
    keys = [f"service.{rng.randrange(10**6)}.field{i}" for i in range(2000)]
    return b"".join(line(rng, rng.sample(keys, 12)) for _ in range(LINES))


def same() -> bytes:
    """Each line has the same 12 keys."""
    rng = random.Random(7)
    keys = ["time", "level", "logger", "msg", "trace", "span", "user", "status", "took", "bytes", "path", "method"]
    return b"".join(line(rng, keys) for _ in range(LINES))


def line(rng: random.Random, keys: list[str]) -> bytes:
    makers: list[Callable[[], Any]] = [
        lambda: rng.randrange(10**6),
        lambda: round(rng.uniform(0, 100), 3),
        lambda: f"request {rng.randrange(10**9)} finished",
        lambda: rng.choice(["info", "warn", "GET", "/api/v1/items"]),
        lambda: {"a": rng.randrange(9), "b": [1, "x"]} if rng.random() < 0.2 else True,
    ]
    return json.dumps({key: makers[i % 5]() for i, key in enumerate(keys)}, separators=(",", ":")).encode() + b"\n"


def with_fastlog(data: bytes) -> int:
    plan = compile_plan([Config(type="json_parser")], framer=frame.LineFramer())
    batch = plan.new_batch()
    batch.fill(data)
    plan.run(batch)
    buffer, records = otlp.encode(batch)
    buffer.release()
    batch.release()
    return records


def with_orjson(data: bytes) -> int:
    return sum(1 for text in data.splitlines() if encode_map(orjson.loads(text), 6))


@pytest.mark.parametrize("run", [with_fastlog, with_orjson])
@pytest.mark.parametrize("lines", [distinct, same])
def test_json_lines_to_otlp(benchmark: Any, lines: Callable[[], bytes], run: Callable[[bytes], int]) -> None:
    data = lines()
    benchmark.extra_info["bytes"] = len(data)
    assert benchmark(run, data) == LINES
