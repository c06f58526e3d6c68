"""Encodings that are decoded before the kernels: where lines end, and what comes out."""

from __future__ import annotations

import pytest

from fastlog.receivers.filelog.encoding import Transcoder


@pytest.mark.parametrize(
    "name", ["utf-16le", "utf-16be", "UTF-16", "big5", "gb18030", "shift_jis", "iso-8859-1", "windows-1252"]
)
def test_lines_are_found_and_decoded(name: str) -> None:
    codec = {"UTF-16": "utf-16-le", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}.get(name, name)
    text = "one\ntwo\nthr"
    data = text.encode(codec)
    transcoder = Transcoder(name)
    complete = transcoder.complete(data)
    assert data[:complete].decode(codec) == "one\ntwo\n"
    assert transcoder.decode(data[:complete]) == b"one\ntwo\n"


def test_two_bytes_of_different_characters_are_no_line_feed() -> None:
    # U+0A00-range characters put 0x0A where a careless search finds the LF of the other byte order.
    data = "\u0a05\u0005".encode("utf-16-le")
    assert b"\n\0" not in data[::2]
    assert Transcoder("utf-16be").complete("\u000a\u0a00x".encode("utf-16-be")) == 2
    assert Transcoder("utf-16le").complete("\u0a41\u4100".encode("utf-16-le")) == 0
    assert Transcoder("utf-16le").complete("a\n\u0a41\u4100".encode("utf-16-le")) == 4


def test_what_is_no_character_is_replaced() -> None:
    assert Transcoder("utf-16le").decode(b"a\0\x00\xd8b\0") == "a\ufffdb".encode()
    assert Transcoder("shift_jis").decode(b"a\xffb") == "a\ufffdb".encode()


def test_a_byte_order_mark_is_text() -> None:
    assert Transcoder("utf-16").decode("\ufeffa".encode("utf-16-le")) == "\ufeffa".encode()


def test_a_forced_cut_does_not_split_a_code_unit() -> None:
    assert Transcoder("utf-16le").whole(7) == 6
    assert Transcoder("big5").whole(7) == 7


@pytest.mark.parametrize("name", ["utf-99", "base64", "rot13", "idna", "unicode_escape", "utf-7"])
def test_names_that_are_no_encoding_of_text_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="use utf-8"):
        Transcoder(name)


def test_encodings_whose_line_feed_is_longer_are_refused() -> None:
    with pytest.raises(ValueError, match="one byte"):
        Transcoder("utf-32-le")
