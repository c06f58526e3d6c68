"""Durations and sizes are read as Go and stanza read them."""

import pytest
from pydantic import ValidationError

from fastlog.config.fields import ByteSize, ConfigModel, Duration, format_duration, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("5s", 5 * 10**9),
        ("+5s", 5 * 10**9),
        ("-5s", -5 * 10**9),
        ("1m30s", 90 * 10**9),
        ("1.5h", 5400 * 10**9),
        (".5s", 5 * 10**8),
        ("1.s", 10**9),
        ("200ms", 2 * 10**8),
        ("3us", 3000),
        ("3µs", 3000),
        ("3μs", 3000),
        ("7ns", 7),
        ("720h", 720 * 3600 * 10**9),
        ("1h15m30.918273645s", 4530918273645),
    ],
)
def test_go_durations(text: str, ns: int) -> None:
    assert parse_duration(text) == ns


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "1d", "1s 2ms", "abc", "-", "1e3s", "5S"])
def test_what_go_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration: write a number and a unit"):
        parse_duration(text)


def test_a_bare_number_gets_its_fix() -> None:
    with pytest.raises(ValueError, match="write '10s' for seconds"):
        parse_duration("10")


def test_a_duration_go_cannot_hold() -> None:
    with pytest.raises(ValueError, match="292 years"):
        parse_duration("9999999h")


@pytest.mark.parametrize("text", ["0s", "5s", "1m30s", "200ms", "1h0m0s", "1.5s", "7ns", "-3s", "168h0m0s"])
def test_format_duration_writes_as_go(text: str) -> None:
    assert format_duration(parse_duration(text) / 1e9) == text


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (10, 10),
        ("10", 10),
        ("16KiB", 16384),
        ("16kb", 16000),
        ("1MiB", 2**20),
        ("1.5 mib", 3 * 2**19),
        ("2g", 2 * 10**9),
    ],
)
def test_sizes(value: object, size: int) -> None:
    assert parse_size(value) == size


@pytest.mark.parametrize("value", ["", "big", "1 zib", -1, True, 1.5, None])
def test_no_sizes(value: object) -> None:
    with pytest.raises(ValueError, match="write"):
        parse_size(value)


class Block(ConfigModel):
    insecure: bool = False


class Model(ConfigModel):
    timeout: Duration = 5.0
    size: ByteSize = 1
    count: int = 3
    block: Block = Block()


def test_null_is_not_set() -> None:
    assert Model.model_validate({"timeout": None, "count": None, "block": None}) == Model()


def test_a_bare_integer_is_nanoseconds() -> None:
    assert Model.model_validate({"timeout": 2_000_000_000}).timeout == 2.0


@pytest.mark.parametrize(
    "bad", [{"count": "8192"}, {"count": True}, {"block": {"insecure": "yes"}}, {"timeout": True}, {"x": 1}]
)
def test_nothing_is_converted_silently(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Model.model_validate(bad)
