"""The guide's modern pattern gets the short cuts that its speed stands on."""

from __future__ import annotations

from fastlog.operators.regex.explain import explain

MODERN = r"^(?P<timestamp>\S+) (?P<hostname>\S+) (?P<unit>\S+?)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$"


def test_modern_syslog() -> None:
    lines = explain(MODERN).splitlines()
    assert lines[0] == "15 states, 9 classes of bytes, 13 slots for 12 tags, only at the start of the text"
    assert lines[1].startswith("0: skip 1 or more of [^\\t-\\n\\x0c-\\r ]; expect   → 2;")
    assert any("skip 1 or more of [0-9]; expect ]:  → " in line for line in lines)
    assert any("skip 1 or more of [^\\n]; table → 14; may end here" in line for line in lines)


def test_cases_fold_into_ranges() -> None:
    assert "expect [Aa][Bb]" in explain("(?i)^ab")
