"""The JSON kernel against the recorded answers of the collector's library, and against Python's json on proper ones."""

from __future__ import annotations

import base64
import gzip
import json
import math
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastlog._core.json import parse
from tests.property.jsongen import texts

BAD_UNIT = re.compile(rb"\\u(?![0-9a-fA-F]{4})")
RECORDED = Path(__file__).parents[1] / "golden/json/generated.jsonl.gz"


def recorded(answer: Any) -> Any:
    """A recorded value in the form of ``got``."""
    if isinstance(answer, bool):
        return answer
    if answer == "null":
        return None
    ((kind, content),) = answer.items()
    if kind == "o":
        return {key: recorded(value) for key, value in content.items()}
    if kind == "a":
        return [recorded(value) for value in content]
    if kind == "s":
        return base64.b64decode(content or "").decode("utf-8", "surrogateescape")
    return ("int", int(content)) if kind == "i" else ("double", content)


def got(value: Any) -> Any:
    """A value of the kernel with its numbers marked by type, doubles by their bits."""
    if isinstance(value, dict):
        return {key: got(item) for key, item in value.items()}
    if isinstance(value, list):
        return [got(item) for item in value]
    if isinstance(value, float):
        return "double", struct.pack(">d", value).hex()
    if isinstance(value, int) and not isinstance(value, bool):
        return "int", value
    return value


def cases() -> list[dict[str, Any]]:
    with gzip.open(RECORDED, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("mode", ["plain", "ints"])
def test_it_answers_as_the_collectors_library_does(mode: str) -> None:
    different = []
    for case in cases():
        text = base64.b64decode(case["text"])
        if mode == "ints" and (text == b"nul" or BAD_UNIT.search(text)):
            continue  # the library's Decoder takes any character for a digit, even half of one, and an unfinished null
        value = parse(text, parse_ints=True, stream=True) if mode == "ints" else parse(text)
        if case[mode] is None:
            same = isinstance(value, tuple)
        else:
            same = not isinstance(value, tuple) and got(value) == recorded(case[mode])
        if not same:
            different.append((text[:80], case[mode], value))
    assert different == []


def test_the_recorded_texts_are_the_generated_ones() -> None:
    assert [base64.b64decode(case["text"]) for case in cases()] == [text.encode() for text in texts()]


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_characters="\0")),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=9), inner, max_size=20)),
)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=9), values, max_size=24), st.booleans(), st.sampled_from([None, 2]))
def test_proper_texts_are_read_as_python_reads_them(
    value: dict[str, Any], ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    assert got(parse(text, parse_ints=True)) == got(value)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 20))
def test_doubles_are_the_nearest(value: float, places: int) -> None:
    for text in (repr(value), f"{value:.{places}e}", f"{value:.{places}f}"):
        expected = float(text)
        if math.isinf(expected):
            assert parse(b'{"a":%s}' % text.encode()) == (5, 5 + len(text))
        else:
            assert got(parse(b'{"a":%s}' % text.encode())["a"]) == got(expected)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_to_the_end_at_most(text: bytes) -> None:
    value = parse(b"{" + text, any_value=True)
    assert not isinstance(value, tuple) or 0 <= value[1] <= len(text) + 1
