from __future__ import annotations

import pytest

from fastlog.operators.severity import SEVERITY_TEXT, SeverityError, compile_severity


def test_texts_are_the_collectors() -> None:
    assert len(SEVERITY_TEXT) == 25
    assert [SEVERITY_TEXT[number] for number in (0, 1, 4, 5, 9, 13, 17, 18, 24)] == [
        "DEFAULT", "TRACE", "TRACE4", "DEBUG", "INFO", "WARN", "ERROR", "ERROR2", "FATAL4",
    ]  # fmt: skip


def test_words_that_the_default_preset_does_not_know() -> None:
    table = compile_severity()
    for word in (b"notice", b"critical", b"crit", b"emergency", b"alert", b"panic", b"information", b"", b"x" * 300):
        assert table.find(word) == 0


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"error": 1.5}, "type float64 cannot be parsed as a severity; use a word"),
        ({"error": [["x"]]}, "cannot be parsed as a severity"),
        ({"error": True}, "write the word in quotes"),
        ({"error": {"min": 0, "max": 10**9}}, "at most 1000000 are allowed"),
        ({"error": "x" * 256}, "a severity value of 256 bytes; at most 255"),
    ],
)
def test_mappings_that_are_refused(mapping: dict[str, object], message: str) -> None:
    with pytest.raises(SeverityError) as caught:
        compile_severity("", mapping)
    assert message in str(caught.value)


def test_the_last_mapping_wins() -> None:
    assert compile_severity("", {"error": "x", "info": "x"}).find(b"X") == 9


def test_long_keys_and_full_tables() -> None:
    mapping: dict[str, object] = {"error": ["x" * 255, "y" * 16, {"min": 0, "max": 5000}]}
    table = compile_severity("none", mapping)
    assert table.find(b"X" * 255) == 17
    assert table.find(b"y" * 16) == 17
    assert table.find(b"y" * 15) == 0
    assert [table.find(number) for number in (0, 5000, 5001, -1)] == [17, 17, 0, 0]
