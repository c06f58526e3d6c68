"""The engine gives Go's recorded answers (bench/peers/goregex), matches and messages alike."""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from fastlog._core.cpu import x86_64_v3
from fastlog._core.regex import Program
from fastlog.operators import regex
from fastlog.operators.regex.fallback import Re2Fallback

GOLDEN = Path(__file__).parents[3] / "golden" / "regex"
BUILDS = [import_module(f"fastlog._core{level}.regexscan") for level in ([".v3", ""] if x86_64_v3() else [""])]
# One in so many of the generated patterns; FASTLOG_ALL_PATTERNS=1 takes all of them (some minutes).
STRIDE = 1 if os.environ.get("FASTLOG_ALL_PATTERNS") else 12


def recorded(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(GOLDEN / f"{name}.jsonl.gz", "rt") as lines:
        for line in lines:
            yield json.loads(line)


def flat(spans: list[tuple[int, int]] | None) -> list[int] | None:
    return None if spans is None else [position for span in spans for position in span]


def check(answer: dict[str, Any], program: Program | Re2Fallback) -> None:
    assert list(program.names) == answer["names"], answer["pattern"]
    texts = [base64.b64decode(line) for line in answer["lines"]]
    for text, expected in zip(texts, answer["matches"], strict=True):
        assert flat(program.match(text)) == expected, (answer["pattern"], text)
    if isinstance(program, Program):
        # The same in each build of the kernel, and line after line in one buffer.
        rows = [
            (text, expected or [-1] * (2 * program.groups + 2))
            for text, expected in zip(texts, answer["matches"], strict=True)
            if b"\n" not in text
        ]
        data = b"".join(text + b"\n" for text, _ in rows)
        for build in BUILDS:
            _, tags = build.match_lines(program, data)
            assert memoryview(tags).cast("i").tolist() == [tag for _, row in rows for tag in row], answer["pattern"]


def test_everyday_patterns_never_fall_back() -> None:
    for answer in recorded("everyday"):
        check(answer, regex.compile(answer["pattern"]))


@pytest.mark.parametrize("name", ["edge", "errors"])
def test_corners(name: str) -> None:
    fallbacks = 0
    for answer in recorded(name):
        if "error" in answer:
            with pytest.raises(regex.RegexSyntaxError) as caught:
                regex.compile(answer["pattern"])
            assert str(caught.value) == answer["error"], answer["pattern"]
            continue
        try:
            check(answer, regex.compile(answer["pattern"]))
        except regex.TooManyStates:
            fallbacks += 1
            check(answer, Re2Fallback(answer["pattern"]))
    assert fallbacks <= 1  # a{1000}


def test_generated_patterns() -> None:
    compiled = fallbacks = 0
    for number, answer in enumerate(recorded("generated")):
        if number % STRIDE or "error" in answer:
            continue
        try:
            check(answer, regex.compile(answer["pattern"], state_budget=200))
            compiled += 1
        except regex.TooManyStates:
            fallbacks += 1
    assert compiled > 4 * fallbacks
