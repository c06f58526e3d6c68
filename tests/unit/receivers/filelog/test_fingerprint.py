"""Fingerprints, and finding what a file's beginning is known as."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fastlog.receivers.filelog.fingerprint import Fingerprint, Index


def test_a_fingerprint_knows_content_that_begins_as_it_did() -> None:
    fingerprint = Fingerprint.of(b"first line\n")
    assert fingerprint.begins(b"first line\n")
    assert fingerprint.begins(b"first line\nsecond\n")
    assert not fingerprint.begins(b"first lime\nsecond\n")
    assert not fingerprint.begins(b"first")


def test_reads_no_more_than_its_size(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 5000)
    fd = os.open(path, os.O_RDONLY)
    try:
        assert Fingerprint.read(fd, 1000) == Fingerprint.of(b"x" * 1000)
    finally:
        os.close(fd)


def test_survives_the_checkpoint_file() -> None:
    fingerprint = Fingerprint.of(b"first line\n")
    assert Fingerprint.from_facts(fingerprint.facts()) == fingerprint


@pytest.mark.parametrize("facts", [[], [1, 2], ["x", 1, "00"], [1, 1, "zz"], None])
def test_other_facts_are_refused(facts: list[object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Fingerprint.from_facts(facts)


def test_the_longest_beginning_is_found_first_and_equal_ones_newest_first() -> None:
    index: Index[str] = Index()
    for name, data in [
        ("short", b"abc"),
        ("other", b"abx"),
        ("old", b"abcdef"),
        ("new", b"abcdef"),
        ("long", b"abcdefgh"),
    ]:
        index.add(Fingerprint.of(data), name)
    assert index.longest == 8
    assert index.find(b"abcdefg") == ["new", "old", "short"]
    assert index.find(b"ab") == []


def test_what_was_removed_is_not_found() -> None:
    index: Index[str] = Index()
    fingerprint = Fingerprint.of(b"abc")
    first, second = "first", "second"
    index.add(fingerprint, first)
    index.add(fingerprint, second)
    index.remove(fingerprint, first)
    assert index.find(b"abc") == ["second"]
    index.remove(fingerprint, second)
    assert index.find(b"abc") == []
    assert index.longest == 0
