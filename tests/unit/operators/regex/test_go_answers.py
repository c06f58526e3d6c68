"""The engine gives Go's recorded answers (bench/peers/goregex), matches and messages alike."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastlog.operators import regex

GOLDEN = Path(__file__).parents[3] / "golden" / "regex"


def recorded(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(GOLDEN / f"{name}.jsonl.gz", "rt") as lines:
        for line in lines:
            yield json.loads(line)


def flat(spans: list[tuple[int, int]] | None) -> list[int] | None:
    return None if spans is None else [position for span in spans for position in span]


@pytest.mark.parametrize("name", ["edge", "everyday", "errors"])
def test_go_answers(name: str) -> None:
    for answer in recorded(name):
        pattern = answer["pattern"]
        if "error" in answer:
            with pytest.raises(regex.RegexSyntaxError) as caught:
                regex.compile(pattern)
            assert str(caught.value) == answer["error"], pattern
            continue
        program = regex.compile(pattern)
        assert list(program.names) == answer["names"], pattern
        for line, expected in zip(answer["lines"], answer["matches"], strict=True):
            text = base64.b64decode(line)
            assert flat(program.match(text)) == expected, (pattern, text)
