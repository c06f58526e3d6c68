"""Any way of cutting a file into blocks gives the same records: the reader's blocks, framed, against a slow twin of the
collector's split functions (pkg/stanza v0.160, split/split.go) that sees the whole file at once."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastlog.receivers.filelog import COMPONENT, reader
from fastlog.types import ComponentID, Context

PATTERNS = [r"^\d{4}-", r"LOG ", r"^(ERROR|INFO)\b", r"^START$", r"\d+", r"^>", r"e\n"]
WORDS = ["2025-", "LOG ", "ERROR", "INFO", "START", "12", ">", "e\n", "\n", "\r\n", " ", "x", "é", "LOG LOG ", "1"]


def one_by_one(data: bytes, pattern: str, ends: bool, omit: bool) -> list[bytes]:
    """The records of the collector, untrimmed, when all of ``data`` is there and is flushed in the end."""
    regex = re.compile(b"(?m)" + pattern.encode())
    records = []
    while data:
        first = regex.search(data)
        if ends:
            if first is None or first.end() == 0:
                break
            records.append(data[: first.start() if omit else first.end()])
            data = data[first.end() :]
            continue
        if first is None:
            break
        if first.start():
            records.append(data[: first.start()])
            data = data[first.start() :]
            continue
        second = next((match for match in regex.finditer(data, first.end()) if match.start() > first.end()), None)
        if second is None:
            break
        records.append(data[first.end() if omit else 0 : second.start()])
        data = data[second.start() :]
    return [*records, data] if data else records


def lines(data: bytes) -> list[bytes]:
    return data.split(b"\n")


def read(data: bytes, block: int, monkeypatch: pytest.MonkeyPatch, **config: Any) -> list[str]:
    """The records of a file of ``data`` that is read in blocks of ``block`` bytes, then flushed."""
    monkeypatch.setattr(reader, "BLOCK", block)
    parsed = COMPONENT.config.model_validate({"include": ["x"], **config})
    receiver = COMPONENT.create(parsed, Context(ComponentID("filelog"), "receivers::filelog"))
    blocks = receiver._reader
    fd = os.memfd_create("log")
    try:
        os.write(fd, data)
        records, offset, flush = [], 0, False
        while offset < len(data):
            found = blocks.read(fd, offset, len(data), flush)
            if found is None:
                assert not flush, "what is flushed is taken"
                flush = True
                continue
            batch, size = found
            assert size > 0
            offset += size
            batch.plan.run(batch)
            records += [record["body"] for record in batch.to_records()]
            batch.release()
        return records
    finally:
        os.close(fd)


def trimmed(records: list[bytes]) -> list[str]:
    return [text.decode() for record in records if (text := record.strip(b" \t\r\n"))]


TEXTS = st.lists(st.sampled_from(WORDS), max_size=40).map(lambda words: "".join(words).encode())


@given(data=TEXTS, block=st.integers(1, 64))
def test_lines(data: bytes, block: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert read(data, block, monkeypatch) == trimmed(lines(data))


@given(data=TEXTS, block=st.integers(1, 64), size=st.integers(4, 20))
def test_lines_over_the_limit_are_cut_at_the_same_bytes(data: bytes, block: int, size: int) -> None:
    pieces = []
    for line in lines(data.replace(b"\r", b"").replace("é".encode(), b"e")):
        pieces += [line[at : at + size] for at in range(0, len(line), size)]
    with pytest.MonkeyPatch.context() as monkeypatch:
        plain = data.replace(b"\r", b"").replace("é".encode(), b"e")
        assert read(plain, block, monkeypatch, max_log_size=size) == trimmed(pieces)


@pytest.mark.parametrize("omit", [False, True])
@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=40)
@given(data=TEXTS, block=st.sampled_from([1 << 20, 1, 2, 3, 5, 16, 33]))
def test_records_divided_by_a_pattern(pattern: str, ends: bool, omit: bool, data: bytes, block: int) -> None:
    multiline = {"line_end_pattern" if ends else "line_start_pattern": pattern, "omit_pattern": omit}
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert read(data, block, monkeypatch, multiline=multiline) == trimmed(one_by_one(data, pattern, ends, omit))


@pytest.mark.parametrize("name", ["utf-16le", "utf-16be", "gb18030"])
@given(data=TEXTS, block=st.integers(4, 64))
def test_other_encodings(name: str, data: bytes, block: int) -> None:
    encoded = data.decode().encode({"utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}.get(name, name))
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert read(encoded, block, monkeypatch, encoding=name) == trimmed(lines(data))
        multiline = {"line_start_pattern": "LOG "}
        expected = trimmed(one_by_one(data, "LOG ", False, False))
        assert read(encoded, block, monkeypatch, encoding=name, multiline=multiline) == expected


@given(
    data=st.lists(st.sampled_from([b"\xff", b"\xe2\x82", b"LOG a", b"\n", b"a", b"\x80"]), max_size=30).map(b"".join)
)
def test_a_pattern_divides_text_that_is_not_well_formed(data: bytes) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        got = read(data, 1 << 20, monkeypatch, multiline={"line_start_pattern": "LOG "}, encoding="utf-8-raw")
    pieces = [piece for part in re.split(rb"(?=LOG )", data) if (piece := part.strip(b" \t\r\n"))]
    assert [record.encode("utf-8", "surrogateescape") for record in got] == pieces
