"""The parsers, time_parser, severity_parser and the embedded blocks: what is special about them. The golden cases hold
them to the collector's results."""

from typing import Any

import pytest
from pydantic import ValidationError

from fastlog._core.hot import frame
from fastlog.operators import compile_plan
from tests.unit.operators.running import OPERATORS, one, run

Operators = list[dict[str, Any]]
KV = {"type": "regex_parser", "regex": r"^(?P<key>\w+)=(?P<value>\w+)?"}
JSON = {"type": "json_parser"}


def test_groups_become_attributes() -> None:
    assert one([KV], "a=b") == {"attributes": {"key": "a", "value": "b"}}
    assert one([KV], "a=") == {"attributes": {"key": "a", "value": ""}}


def test_a_regex_that_does_not_match_leaves_the_record() -> None:
    records, failures = run([KV], "nothing", "a=b")
    assert [record["attributes"] for record in records] == [{}, {"key": "a", "value": "b"}]
    assert failures == [("operators[0]", 1, 0, "regex pattern does not match")]


@pytest.mark.parametrize(
    ("parse_to", "expected"),
    [
        ("body", {"body": {"key": "a", "value": "b"}}),
        ("body.x", {"body": {"x": {"key": "a", "value": "b"}}}),
        ("attributes.x", {"attributes": {"x": {"key": "a", "value": "b"}}}),
        ("attributes['x.y'].z", {"attributes": {"x.y": {"z": {"key": "a", "value": "b"}}}}),
        ("resource", {"resource": {"key": "a", "value": "b"}}),
        ("resource.x", {"resource": {"x": {"key": "a", "value": "b"}}}),
    ],
)
@pytest.mark.parametrize("parser", [KV, JSON], ids=["regex", "json"])
def test_parse_to(parser: dict[str, Any], parse_to: str, expected: dict[str, Any]) -> None:
    line = "a=b" if parser is KV else '{"key": "a", "value": "b"}'
    assert one([{**parser, "parse_to": parse_to}], line) == expected


def test_a_second_parser_replaces_attributes_only_where_it_matches() -> None:
    second = {
        "type": "regex_parser",
        "regex": r"^(?P<key>\d+)",
        "parse_from": "attributes.value",
        "on_error": "send_quiet",
    }
    records, _ = run([KV, second], "a=7x", "a=b")
    assert [record["attributes"] for record in records] == [{"key": "7", "value": "7x"}, {"key": "a", "value": "b"}]


def test_json_numbers() -> None:
    line = '{"i": 1, "f": 1.5, "big": 9223372036854775808}'
    assert one([JSON], line)["attributes"] == {"i": 1.0, "f": 1.5, "big": 9223372036854775808.0}
    attributes = one([{**JSON, "parse_ints": True}], line)["attributes"]
    assert [(type(value), value) for value in attributes.values()] == [(int, 1), (float, 1.5), (float, 2.0**63)]


def test_json_replaces_attributes_wherever_they_are() -> None:
    line = '{"constant": 1, "known": "x", "new": 2, "new": "y", "log": {"a": 1}}'
    operators = [
        {"type": "add", "field": "attributes.known", "value": "old"},
        {"type": "add", "field": "attributes.log.b", "value": True},
        JSON,
        {"type": "copy", "from": "attributes.new", "to": "attributes.copied"},
    ]
    assert one(operators, line, attributes={"constant": "old", "kept": "yes"}) == {
        "attributes": {
            "constant": 1.0, "known": "x", "new": "y", "log": {"a": 1.0}, "copied": "y", "kept": "yes"
        }
    }  # fmt: skip


def test_json_twice_into_the_same_attributes() -> None:
    operators = [JSON, {**JSON, "parse_from": "attributes.message"}]
    line = '{"a": 1, "message": "{\\"a\\": 2, \\"b\\": [null]}"}'
    assert one(operators, line)["attributes"] == {"a": 2.0, "message": '{"a": 2, "b": [null]}', "b": [None]}


def test_json_that_fails_sets_nothing() -> None:
    records, failures = run([JSON], '{"a": 1, "b": }', "[1]", "null")
    assert [record["attributes"] for record in records] == [{}, {}, {}]
    assert failures == [("operators[0]", 2, 0, "no JSON value begins where one should")]


def test_json_deeper_than_the_limit() -> None:
    operators = [JSON, {"type": "remove", "field": "attributes"}]  # Python could not read them back
    _, failures = run(operators, '{"a":' + "[" * 9999 + "]" * 9999 + "}")
    assert failures == []
    _, failures = run(operators, '{"a":' + "[" * 10000 + "]" * 10000 + "}")
    assert failures == [("operators[0]", 1, 0, "JSON nested deeper than 10000")]


def test_many_keys_in_many_rows() -> None:
    lines = [
        "{" + ",".join(f'"k{(row * 7 + i) % 500}":"{row}"' for i in range(row % 40)) + "}" for row in range(600)
    ]  # fmt: skip
    records, failures = run([JSON], *lines)
    assert failures == []
    assert [record["attributes"] for record in records] == [
        {f"k{(row * 7 + i) % 500}": str(row) for i in range(row % 40)} for row in range(600)
    ]


def test_time_and_severity_blocks_are_both_tried() -> None:
    parser = {
        **JSON,
        "body": "attributes.message",
        "timestamp": {"parse_from": "attributes.time", "layout": "%Y-%m-%dT%H:%M:%SZ"},
        "severity": {"parse_from": "attributes.level", "mapping": {"fatal": "boom"}},
    }
    records, failures = run(
        [parser],
        '{"time": "2025-01-02T03:04:05Z", "level": "BOOM", "message": "hi"}',
        '{"time": "yesterday", "level": "err"}',
        '{"time": "2025-01-02T03:04:05Z", "level": true}',
        "no json",
    )
    stamp = 1735787045_000000000
    assert [(r["time_unix_nano"], r["severity_number"], r["severity_text"]) for r in records] == [
        (stamp, 21, "BOOM"), (0, 17, "err"), (stamp, 0, ""), (0, 0, ""),
    ]  # fmt: skip
    assert records[0]["body"] == "hi"
    assert records[3]["body"] == "no json"
    why = 'parsing time "yesterday" as "%Y-%m-%dT%H:%M:%SZ": cannot parse "yesterday" as "%Y"'
    assert failures == [("operators[0]", 3, 1, why)]


@pytest.mark.parametrize(
    ("removed", "why"),
    [
        ([], 'parsing time "2025-13-01": month out of range'),
        # A field that a later operator removed can't be quoted when the block is done.
        ([{"type": "remove", "field": "attributes.t"}], "time: month out of range"),
    ],
)
def test_failures_of_times_quote_them(removed: list[dict[str, Any]], why: str) -> None:
    operators = [
        {"type": "regex_parser", "regex": "^(?P<t>.*)$"},
        {"type": "time_parser", "parse_from": "attributes.t", "layout": "%Y-%m-%d"},
        *removed,
    ]
    _, failures = run(operators, "2025-01-01", "2025-13-01", "2025-14-01")
    assert [entry for entry in failures if entry[0] == "operators[1]"] == [("operators[1]", 2, 1, why)]


@pytest.mark.parametrize(
    ("value", "number", "text"),
    [
        ('"err"', 17, "ERROR"),
        ('"loud"', 0, "loud"),
        ("17", 17, "ERROR"),
        ("40.0", 0, "40"),
        ('""', 0, ""),
        ("-3", 0, "-3"),
    ],
)
def test_overwrite_text_only_where_the_severity_is_known(value: str, number: int, text: str) -> None:
    operators: Operators = [JSON, {"type": "severity_parser", "parse_from": "attributes.s", "overwrite_text": True}]
    (record,), _ = run(operators, f'{{"s": {value}}}')
    assert (record["severity_number"], record["severity_text"]) == (number, text)


def test_epochs_of_every_kind() -> None:
    operators: Operators = [
        JSON,
        {"type": "time_parser", "parse_from": "attributes.t", "layout_type": "epoch", "layout": "s"},
    ]
    records, failures = run(operators, '{"t": 1700000000}', '{"t": "1700000000"}', '{"t": true}', "{}")
    assert [record["time_unix_nano"] for record in records] == [1700000000_000000000] * 2 + [0, 0]
    assert failures == [("operators[1]", 2, 2, "time: neither text nor a number that is a time")]


def test_abbreviations_with_a_location_of_their_own() -> None:
    parser = {
        "type": "time_parser",
        "parse_from": "body",
        "layout": "%Y-%m-%d %H:%M %Z",
        "time_zone_locations": {"IST": "Asia/Kolkata", "EST": "America/New_York", "toolong": "UTC"},
    }
    lines = ["2025-07-15 12:00 IST", "2025-07-15 12:00 EST", "2025-07-15 12:00 UTC", "2025-07-15 12:00 xIST"]
    records, failures = run([parser], *lines)
    noon = 1752580800
    hours = [-5.5, 5, 0]
    assert [record["time_unix_nano"] for record in records] == [int((noon + h * 3600) * 10**9) for h in hours] + [0]
    assert [(count, row) for _, count, row, _ in failures] == [(1, 3)]


@pytest.mark.parametrize(
    ("operator", "loc", "message"),
    [
        ({"type": "regex_parser", "regex": "^.*$"}, "regex", "no named group"),
        ({"type": "regex_parser", "regex": "(?P<a>x)(?=y)"}, "regex", "invalid or unsupported Perl syntax"),
        ({"type": "regex_parser"}, "regex", "required"),
        ({"type": "time_parser", "parse_from": "attributes.t", "layout": "%Q"}, "layout", "%Q"),
        ({"type": "time_parser", "parse_from": "attributes.t", "layout": "%Y", "location": "Mars"}, "location", "Mars"),
        ({"type": "time_parser", "parse_from": "body", "layout": "s", "layout_type": "unix"}, "layout_type", "'epoch'"),
        (
            {
                "type": "time_parser",
                "parse_from": "body",
                "layout": "%Y",
                "time_zone_locations": {"IST": "Asia/Kolkata"},
            },
            "time_zone_locations",
            "add %Z",
        ),
        (
            {"type": "time_parser", "parse_from": "body", "layout": "%Y %Z", "time_zone_locations": {"IST": "Mars"}},
            "time_zone_locations",
            "Mars",
        ),
        ({"type": "time_parser", "layout": "%Y"}, "parse_from", "required"),
        ({"type": "severity_parser"}, "parse_from", "required"),
        ({"type": "severity_parser", "parse_from": "body", "mapping": {"info": [1.5]}}, "mapping", "float64"),
        ({**JSON, "body": "attributes.m", "parse_to": "body"}, "body", "remove one of them"),
    ],
)
def test_what_is_refused_at_start(operator: dict[str, Any], loc: str, message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        OPERATORS.validate_python([operator])
    (error,) = raised.value.errors()
    assert error["loc"] == (0, loc)
    assert message in error["msg"]


@pytest.mark.parametrize("key", ["trace", "scope_name"])
def test_blocks_that_are_not_supported(key: str) -> None:
    with pytest.raises(ValidationError, match="is not supported"):
        OPERATORS.validate_python([{**JSON, key: {"parse_from": "attributes.x"}}])


def test_blocks_on_the_columns_of_a_regex() -> None:
    parser = {
        "type": "regex_parser",
        "regex": r"^(?P<time>\S+) (?P<level>\w+)(?: (?P<text>.*))?$",
        "body": "attributes.text",
        "timestamp": {"parse_from": "attributes.time", "layout": "%Y-%m-%d"},
        "severity": {"parse_from": "attributes.level"},
    }
    later = {"type": "copy", "from": "body", "to": "attributes.copied"}
    records, failures = run([parser, later], "2025-01-01 warn hello", "no", "never err", "2025-01-02 odd x y")
    day = 1735689600_000000000
    assert [(r["time_unix_nano"], r["severity_number"], r["body"], r["attributes"].get("copied")) for r in records] == [
        (day, 13, "hello", "hello"),
        (0, 0, "no", "no"),
        (0, 17, "", ""),
        (day + 86400_000000000, 0, "x y", "x y"),
    ]
    assert failures == [("operators[0]", 2, 1, "regex pattern does not match")]


def test_a_regex_over_more_rows_than_a_window_after_the_body_changed() -> None:
    parser = {"type": "regex_parser", "regex": r"^(?P<a>\d+)(?P<b>x)?", "body": "attributes.map"}
    operators: Operators = [{"type": "add", "field": "attributes.map", "value": {"m": 1}}, parser]
    records, failures = run(operators, *(f"{row}{'x' * (row % 2)}" if row % 3 else "-" for row in range(700)))
    assert [record["body"] for record in records] == [{"m": 1} if row % 3 else "-" for row in range(700)]
    assert [record["attributes"] for record in records] == [
        {"map": {"m": 1}, "a": str(row), "b": "x" * (row % 2)} if row % 3 else {"map": {"m": 1}} for row in range(700)
    ]
    assert failures == [("operators[1]", 234, 0, "regex pattern does not match")]


@pytest.mark.parametrize("parse_to", ["attributes", "body", "resource"])
def test_a_regex_that_is_too_large_runs_on_re2(parse_to: str) -> None:
    pytest.importorskip("re2")
    operators: Operators = [
        {
            "type": "regex_parser",
            "regex": "^(?P<a>[ab]*a[ab]{12})(?P<b>x)?(?P<c>.*)",
            "parse_to": parse_to,
            "severity": {"parse_from": f"{parse_to}.c"},
        }
    ]
    records, failures = run(operators, "aaaaaaaaaaaaaaaaaawarn", "b" * 20, "a" * 13 + "xé")
    expected = [{"a": "a" * 18, "b": "", "c": "warn"}, None, {"a": "a" * 13, "b": "x", "c": "é"}]
    for record, groups in zip(records, expected, strict=True):
        assert record[parse_to] == (groups or ("b" * 20 if parse_to == "body" else {}))
    assert [record["severity_number"] for record in records] == [13, 0, 0]
    assert failures == [("operators[0]", 1, 1, "regex pattern does not match")]


@pytest.mark.parametrize(
    ("line", "first", "rest"),
    [
        (b"ab c", "ab", "c"),
        (b"\xff\xfe c\x80", "\udcff\udcfe", "c\udc80"),
        (b"\xe2\x82 \xf0\x9f\x98", "\udce2\udc82", "\udcf0\udc9f\udc98"),
        ("é\u20ac ".encode() + b"\xc3", "é\u20ac", "\udcc3"),
        (b" \xff", "", "\udcff"),
    ],
)
def test_a_regex_sees_each_byte_that_is_no_utf8_as_one_character(line: bytes, first: str, rest: str) -> None:
    plan = compile_plan(
        OPERATORS.validate_python([{"type": "regex_parser", "regex": "^(?P<first>[^ ]*) (?P<rest>.+)$"}]),
        framer=frame.LineFramer(encoding="utf-8-raw", trim_leading=False),
        raw=True,
    )
    batch = plan.new_batch()
    batch.fill(line + b"\n")
    (record,) = plan.run(batch).to_records()
    assert record["attributes"] == {"first": first, "rest": rest}
