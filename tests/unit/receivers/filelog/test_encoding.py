"""Encodings that are decoded before the kernels: where lines end, and what comes out."""

from __future__ import annotations

import pytest

from fastlog.receivers.filelog.encoding import Transcoder

NAMES = ["utf-16le", "utf-16be", "UTF-16", "big5", "gb18030", "shift_jis", "iso-8859-1", "windows-1252"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_whole_is_decoded_and_counted_in_bytes_of_the_file(name: str) -> None:
    codec = {"UTF-16": "utf-16-le", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}.get(name, name)
    data = "one\ntwo\nthr".encode(codec)
    transcoder = Transcoder(name)
    text = transcoder.text(data)
    assert text == b"one\ntwo\nthr"
    assert data[: transcoder.length(data, text[:8])].decode(codec) == "one\ntwo\n"


def test_a_character_that_is_cut_is_left_for_the_next_block() -> None:
    transcoder = Transcoder("utf-16le")
    assert transcoder.text("ab".encode("utf-16-le")[:-1]) == b"a"
    assert Transcoder("gb18030").text("a中".encode("gb18030")[:-1]) == b"a"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("utf-16le", b"a\0\x00\xd8b\0\n\0c\0"),
        ("shift_jis", b"a\xffb\xfd\nc"),
        ("big5", b"\xa4\xffa\x80\nc"),
        ("utf-16le", "\u0a41\u4100\n".encode("utf-16-le")),
        ("gb18030", b"\xa4\xa4\xa4a\n\xe5 x\n"),  # U+FFFD takes more bytes than what it stands for
        ("gb18030", b"\xe5 x\n\x81\x30\x81\x30"),
    ],
)
def test_the_length_is_right_where_something_was_replaced(name: str, data: bytes) -> None:
    transcoder = Transcoder(name)
    text = transcoder.text(data)
    for end in [at for at in range(len(data) + 1) if transcoder.text(data[:at]) != transcoder.text(data[: at - 1])]:
        part = transcoder.text(data[:end])
        if text.startswith(part):
            assert transcoder.length(data, part) == end


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
