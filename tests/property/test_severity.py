"""Severity tables against the collector's recorded answers, and folding against Python's character data.

The answers are in tests/golden/time/severity.jsonl.gz, recorded by bench/peers/gotime.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastlog._core.severity import SeverityMap
from fastlog.operators.severity import SeverityError, compile_severity, folds, lower

GOLDEN = Path(__file__).parent.parent / "golden" / "time" / "severity.jsonl.gz"


def test_numbers_are_the_collectors() -> None:
    compared = 0
    with gzip.open(GOLDEN, "rt") as requests:
        for text in requests:
            request = json.loads(text)
            preset, mapping = request.get("preset", ""), request.get("mapping", {})
            if "config_error" in request:
                with pytest.raises(SeverityError) as caught:
                    compile_severity(preset, mapping)
                assert str(caught.value).startswith(request["config_error"])
                continue
            table = compile_severity(preset, mapping)
            for value, answer in zip(request["values"], request["answers"], strict=True):
                if value is None or isinstance(value, bool):
                    assert "error" in answer  # no such value reaches the table
                elif isinstance(answer, dict):
                    with pytest.raises(ValueError, match=answer["error"].removeprefix("parse: ")):
                        table.find(value)
                else:
                    assert table.find(value.encode() if isinstance(value, str) else value) == answer[0], (
                        mapping,
                        value,
                    )
                compared += 1
    assert compared > 2000


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.text(max_size=20), st.integers(1, 24), max_size=40), st.lists(st.text(max_size=20), max_size=20)
)
def test_table_is_a_dictionary_of_lowered_words(words: dict[str, int], others: list[str]) -> None:
    expected = {lower(word): number for word, number in words.items()}
    table = SeverityMap({word.encode(): number for word, number in expected.items()}, folds(expected))
    for word in [*words, *(word.upper() for word in words), *(word.title() for word in words), *others]:
        assert table.find(word.encode()) == expected.get(lower(word), 0), word


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_are_looked_up_as_text(number: int) -> None:
    table = SeverityMap({str(number).encode(): 7, b"0": 1}, [])
    assert table.find(number) == (7 if number else 1)
    assert table.find(number ^ 1) == (1 if number ^ 1 == 0 else 0)


def test_folding_knows_every_character() -> None:
    """Every character that lowers to another one, on its own and inside a word of that other one's script."""
    characters = [chr(code) for code in range(0x80, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    changing = [character for character in characters if lower(character) != character]
    assert len(changing) > 1000
    for character in changing:
        word = f"x{lower(character)}y"
        table = SeverityMap({word.encode(): 3}, folds([word]))
        assert table.find(f"X{character}Y".encode()) == 3, character
