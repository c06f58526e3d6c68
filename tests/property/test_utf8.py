"""The UTF-8 kernel against the collector's recorded decoder, and against Python's.

The answers are in tests/golden/time/utf8.jsonl.gz, recorded by bench/peers/gotime.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fastlog._core import utf8

GOLDEN = Path(__file__).parent.parent / "golden" / "time" / "utf8.jsonl.gz"

pieces = st.one_of(
    st.binary(max_size=6),
    st.text(max_size=6).map(str.encode),
    st.integers(0, 70).map(lambda n: b"x" * n),
    st.sampled_from(
        [b"\x80", b"\xc0", b"\xe0\x80", b"\xed", b"\xed\xa0\x80", b"\xe2\x82", b"\xf0\x9f\x98", b"\xf4\x90", b"\xf5"]
    ),
)
lines = st.lists(pieces, max_size=8).map(b"".join)


def test_repair_is_the_collectors() -> None:
    compared = 0
    with gzip.open(GOLDEN, "rt") as requests:
        for text in requests:
            request = json.loads(text)
            for line, answer in zip(request["values"], request["answers"], strict=True):
                assert utf8.repair(bytes.fromhex(line)).hex() == answer, line
                compared += 1
    assert compared > 3000


@settings(max_examples=500, deadline=None)
@given(lines)
def test_repair_and_validation_are_pythons(line: bytes) -> None:
    assert utf8.repair(line) == line.decode("utf-8", "replace").encode()
    try:
        line.decode("utf-8")
        valid = len(line)
    except UnicodeDecodeError as error:
        valid = error.start
    assert utf8.valid_prefix(line) == valid


def test_every_short_sequence() -> None:
    """All of two bytes, and all leads with edge continuations."""
    edges = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF)
    two = [bytes((a, b)) for a in range(256) for b in range(256)]
    four = [bytes((a, b, c, d)) for a in range(0xE0, 256) for b in edges for c in edges for d in edges]
    for line in two + four:
        assert utf8.repair(line) == line.decode("utf-8", "replace").encode(), line.hex()


def test_every_place_of_a_bad_byte() -> None:
    """The vector scan hands over to the scalar one at any offset."""
    for length in range(1, 100):
        for at in range(length):
            line = b"a" * at + b"\xff" + b"a" * (length - at - 1)
            assert utf8.valid_prefix(line) == at
            assert utf8.repair(line) == line.replace(b"\xff", "\ufffd".encode())


def test_nothing_is_nothing() -> None:
    assert utf8.repair(b"") == b""
    assert utf8.valid_prefix(b"") == 0
