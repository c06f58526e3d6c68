"""Timestamps, UTF-8 and severity words: each kernel against the simplest Python that does the job.

Counted is the time for COUNT stamps, lines or words; `python -m pytest bench/kernels/test_timestamp.py`.
"""

from __future__ import annotations

import array
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fastlog._core import utf8
from fastlog._core.timestamp import PADDING
from fastlog.operators.layouts import compile_layout
from fastlog.operators.severity import compile_severity

COUNT = 20_000
START = datetime(2025, 11, 11, 6, 25, 1, 123456, tzinfo=UTC)

# (layout type, layout, how a stamp is written, how Python reads it)
LAYOUTS: dict[str, tuple[str, str, Callable[[datetime], str], Callable[[str], datetime]]] = {
    "modern": ("gotime", "2006-01-02T15:04:05.999999-07:00", datetime.isoformat, datetime.fromisoformat),
    "legacy": (
        "strptime",
        "%b %d %H:%M:%S",
        lambda t: t.strftime("%b %e %H:%M:%S"),
        lambda text: datetime.strptime(f"2025 {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC),
    ),
}


def stamps(name: str, step: timedelta) -> list[str]:
    write = LAYOUTS[name][2]
    return [write(START + k * step) for k in range(COUNT)]


@pytest.mark.parametrize(
    "step", [timedelta(milliseconds=1.37), timedelta(minutes=1.37)], ids=["cached", "every-minute"]
)
@pytest.mark.parametrize("name", LAYOUTS)
def test_kernel(benchmark: Any, name: str, step: timedelta) -> None:
    layout_type, layout, _, _ = LAYOUTS[name]
    parser = compile_layout(layout_type, layout, "UTC")
    lines = [text.encode() for text in stamps(name, step)]
    offsets, lengths = array.array("q"), array.array("q", map(len, lines))
    at = 0
    for line in lines:
        offsets.append(at)
        at += len(line) + 7
    data = b" host x".join(lines) + bytes(PADDING)
    times = array.array("q", bytes(8 * COUNT))
    assert benchmark(parser.parse_spans, data, offsets, lengths, times) == 0
    benchmark.extra_info["ns_each"] = round(benchmark.stats.stats.median / COUNT * 1e9, 2)


@pytest.mark.parametrize("name", LAYOUTS)
def test_python(benchmark: Any, name: str) -> None:
    read = LAYOUTS[name][3]
    lines = stamps(name, timedelta(milliseconds=1.37))
    benchmark(lambda: [read(line).timestamp() for line in lines])


TEXTS = {
    "ascii": b"Nov 11 06:25:01 prod-web-01 sshd[4242]: Failed password for root from 203.0.113.7 port 4242 ssh2\n"
    * 10_000,
    "japanese": "ログ記録：接続に失敗しました 203.0.113.7\n".encode() * 20_000,
}


@pytest.mark.parametrize("name", TEXTS)
def test_utf8_validation(benchmark: Any, name: str) -> None:
    text = TEXTS[name]
    assert benchmark(utf8.valid_prefix, text) == len(text)
    benchmark.extra_info["GB_per_s"] = round(len(text) / benchmark.stats.stats.median / 1e9, 2)


@pytest.mark.parametrize("name", TEXTS)
def test_utf8_validation_python(benchmark: Any, name: str) -> None:
    benchmark(TEXTS[name].decode)


def test_utf8_repair(benchmark: Any) -> None:
    text = TEXTS["ascii"].replace(b"root", b"r\xf6t")
    assert benchmark(utf8.repair, text) == text.decode("utf-8", "replace").encode()


def test_utf8_repair_python(benchmark: Any) -> None:
    text = TEXTS["ascii"].replace(b"root", b"r\xf6t")
    benchmark(lambda: text.decode("utf-8", "replace").encode())


def test_severity(benchmark: Any) -> None:
    """One call a word from Python, so that most of what is counted is the call."""
    table = compile_severity()
    words = random.Random(1).choices([b"INFO", b"warning", b"Error", b"debug", b"notice", b"unknown word"], k=COUNT)
    benchmark(lambda: [table.find(word) for word in words])
