"""The Native kernel writes the rows that the collector's exporter would, and cuts blocks at any row."""

import contextlib
import math
import struct
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from fastlog._core.batch import Batch, Resource
from fastlog._core.hot import frame
from fastlog._core.native import COLUMNS, Encoder, slice_block
from fastlog.operators import Operators, compile_plan
from tests.property.native_oracle import double_text, expected_rows, read

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SCALAR = TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.binary(max_size=20) | st.none()
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
ATTRIBUTES = st.dictionaries(st.sampled_from(["unit", "pid", "message", "source", "n"]) | TEXT, VALUE, max_size=6)
RECORD = st.fixed_dictionaries(
    {
        "time_unix_nano": st.integers(-(2**62), 2**62) | st.just(0),
        "severity_number": st.integers(0, 24),
        "severity_text": st.sampled_from(["", "info", "error", "WARN"]) | TEXT,
        "body": VALUE,
        "attributes": ATTRIBUTES,
        "resource": st.dictionaries(st.sampled_from(["service.name", "host.name"]) | TEXT, VALUE, max_size=4),
    }
)
RECORDS = st.lists(RECORD, min_size=1, max_size=12).map(
    lambda records: [{**record, "observed_time_unix_nano": 1_762_842_301_000_000_000} for record in records]
)


def block(records: list[dict[str, Any]]) -> bytes:
    return bytes(Encoder().encode(Batch.from_records(records)))


@given(RECORDS)
def test_the_rows_are_the_exporters(records: list[dict[str, Any]]) -> None:
    (rows,) = read(block(records))
    assert list(rows[0]) == list(COLUMNS)
    assert rows == expected_rows(records)


@given(RECORDS, RECORDS)
def test_blocks_concatenate(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> None:
    encoder = Encoder()
    data = b"".join(bytes(encoder.encode(Batch.from_records(records))) for records in (first, second))
    assert read(data) == [expected_rows(first), expected_rows(second)]


@given(RECORDS, st.data())
def test_a_slice_has_those_rows(records: list[dict[str, Any]], data: st.DataObject) -> None:
    whole = block(records)
    first = data.draw(st.integers(0, len(records) - 1))
    count = data.draw(st.integers(1, len(records) - first))
    (rows,) = read(bytes(slice_block(whole, first, count)))
    assert rows == expected_rows(records)[first : first + count]


@given(RECORDS, st.data())
def test_a_damaged_block_is_refused_or_read(records: list[dict[str, Any]], data: st.DataObject) -> None:
    whole = bytearray(block(records))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError, match="not a Native block"):
        slice_block(bytes(whole[:cut]), 0, len(records))
    whole[cut] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(ValueError, OverflowError):
        slice_block(bytes(whole), 0, len(records))


def test_any_byte_may_be_damaged() -> None:
    """Counts and offsets above all: a wrong one must lead neither out of the block nor out of memory."""
    whole = block([{"observed_time_unix_nano": 1, "body": "b", "attributes": {"k": "v", "n": i}} for i in range(3)])
    for at in range(len(whole)):
        for byte in (0x00, 0x01, 0x7F, 0x80, 0xFF):
            for first, count in ((0, 3), (0, 1), (1, 1), (2, 1)):
                with contextlib.suppress(ValueError):
                    slice_block(whole[:at] + bytes([byte]) + whole[at + 1 :], first, count)


def test_rows_beyond_the_block() -> None:
    whole = block([{"observed_time_unix_nano": 1}] * 3)
    for first, count in ((0, 4), (3, 1), (4, 0), (0, 0)):
        with pytest.raises(ValueError, match="not a Native block"):
            slice_block(whole, first, count)


def test_nothing_makes_nothing() -> None:
    assert block([]) == b""


def test_the_schema_urls_of_resources() -> None:
    batch = Batch.from_records([{"observed_time_unix_nano": 1, "resource": {"n": i % 3}} for i in range(9)])
    batch.resources = [Resource({"n": i}, "https://opentelemetry.io/schemas/1.6.1" if i else "") for i in range(3)]
    (rows,) = read(bytes(Encoder().encode(batch)))
    assert [row["ResourceSchemaUrl"] for row in rows] == [batch.resources[i % 3].schema_url for i in range(9)]


def test_a_constant_column_is_in_every_row() -> None:
    batch = Batch.from_records(
        [{"body": "a", "observed_time_unix_nano": 5}, {"body": "b", "attributes": {"source": "x"}}]
    )
    batch.set_constant(b"source", "ec2-demo")
    batch.set_constant(b"count", 3)
    (rows,) = read(bytes(Encoder().encode(batch)))
    assert [row["LogAttributes"] for row in rows] == [{"source": "ec2-demo", "count": "3"}] * 2


@given(
    st.lists(
        st.tuples(st.integers(0, 9), TEXT.filter(lambda text: not set(text) & set("\r\n"))), min_size=1, max_size=20
    )
)
def test_columns_of_every_form(words: list[tuple[int, str]]) -> None:
    """Spans from a regular expression, typed values, constants, resources set by operators, dropped rows."""
    plan = compile_plan(
        TypeAdapter(Operators).validate_python(
            [
                {
                    "type": "regex_parser",
                    "regex": r"^(?P<n>\d) (?P<odd>[13579]?)(?P<rest>.*)$",
                    "on_error": "drop_quiet",
                },
                {"type": "add", "field": "attributes.source", "value": "demo"},
                {"type": "add", "field": "attributes.count", "value": 7},
                {"type": "move", "from": "attributes.n", "to": 'resource["service.name"]'},
                {"type": "severity_parser", "parse_from": "attributes.odd", "on_error": "send_quiet"},
            ]
        ),
        framer=frame.LineFramer(),
    )
    batch = plan.new_batch()
    batch.observed_time_unix_nano = 5
    batch.fill("".join(f"{number} {number}{text}\n" if number else f"{text}\n" for number, text in words).encode())
    plan.run(batch)
    records = batch.to_records()
    data = bytes(Encoder().encode(batch))
    assert (read(data) or [[]])[0] == expected_rows(records)
    batch.release()


@pytest.mark.parametrize("distinct", [255, 256, 257, 65_536, 65_537])
def test_indices_are_as_wide_as_the_dictionary_needs(distinct: int) -> None:
    records = [
        {
            "observed_time_unix_nano": 1,
            "severity_text": f"level {i}",
            "resource": {"service.name": "one"},
            "attributes": {f"key {i}": "v"},
        }
        for i in range(distinct)
    ]
    (rows,) = read(block(records))
    assert [row["SeverityText"] for row in rows] == [record["severity_text"] for record in records]
    assert [row["LogAttributes"] for row in rows] == [record["attributes"] for record in records]


@settings(max_examples=2000)
@given(st.floats() | st.floats(width=32) | st.integers(-(2**70), 2**70).map(float))
def test_doubles(value: float) -> None:
    (rows,) = read(block([{"observed_time_unix_nano": 1, "body": value}]))
    assert rows[0]["Body"] == double_text(value)
    if math.isfinite(value):
        assert struct.pack("<d", float(rows[0]["Body"])) == struct.pack("<d", value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-9, "1.5e-9"),
        (1.5e-10, "1.5e-10"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (0.1, "0.1"),
        (-123.456, "-123.456"),
        (1 / 3, "0.3333333333333333"),
        ({"b": 1, "a": {"z": [1.5, None, True]}}, '{"a":{"z":[1.5,null,true]},"b":1}'),
        ([float("nan")], ""),
        ({}, "{}"),
        ([], "[]"),
        (["<a&b>\u2028\x00\x1f\x7f\b\f\"\\"], '["<a&b>\\u2028\\u0000\\u001f\x7f\\b\\f\\"\\\\"]'),
        (b"", ""),
        (b"\xff\xfe", "//4="),
    ],
)  # fmt: skip
def test_text_as_go_writes_it(value: Any, text: str) -> None:
    (rows,) = read(block([{"observed_time_unix_nano": 1, "body": value, "attributes": {"v": value}}]))
    assert rows[0]["Body"] == text
    assert rows[0]["LogAttributes"] == {"v": text}


def test_threads_share_an_encoder() -> None:
    encoder = Encoder()
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for i in range(50):
                records = [
                    {
                        "observed_time_unix_nano": 1,
                        "body": f"{seed} {i} {j}",
                        "resource": {"service.name": f"{j % 7}", "n": i},
                    }
                    for j in range(50)
                ]
                assert read(bytes(encoder.encode(Batch.from_records(records)))) == [expected_rows(records)]
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
