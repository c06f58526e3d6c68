"""OTTL: what is refused and how it is said. What it computes is held to the collector's answers in tests/golden
(transform)."""

import pytest
from pydantic import ValidationError

from fastlog._core.batch import Batch
from fastlog.errors import OttlError
from fastlog.processors.transform import Transform
from fastlog.processors.transform.config import Config
from fastlog.processors.transform.parser import Binary, Literal, Path, parse_condition, parse_statement


def config(*statements, **group):
    return Config.model_validate({"log_statements": [{"context": "log", "statements": list(statements), **group}]})


def run(records, *statements, **group):
    batch = Batch.from_records(records)
    Transform(config(*statements, **group)).process(batch)
    return batch.to_records()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ('sett(log.attributes["a"], 1)', r"the editor 'sett' is not supported; did you mean set\? \(column 1 of"),
        ('set(log.attributes["a"], Nop(log.body))', r"the converter 'Nop' is not supported.*\(column 26 of"),
        ("set(log.nope, 1)", r"the path log\.nope is not supported; the paths are log\.body"),
        ('set(log.attributes["a"], 1', r"',' is expected here, not the end"),
        ('set(log.attributes["a"])', r"set lacks its argument value"),
        ('set(log.attributes["a"], 1, 2)', r"set takes target, value"),
        ('set(log.body, 1) where IsMatch(log.body, "(")', r"missing closing \)"),
        ("set(log.severity_number, SEVERITY_NUMBER_NOTICE)", r"SEVERITY_NUMBER_NOTICE is unknown"),
        ('merge_maps(log.attributes, log.body, "replace")', r"the strategy 'replace' is unknown; write insert, update"),
        ('set(log.body, "a\\q")', r"is no escape"),
        ("Set(log.body, 1)", r"a statement begins with a lower-case function"),
        ("set(log.body, 1) where 5", r"a comparison, true, false or a converter is expected"),
    ],
)
def test_a_wrong_statement_says_what_and_where(statement, message):
    with pytest.raises(ValidationError, match=message):
        config(statement)


def test_precedence():
    a, b, c = (
        Binary("==", Path(((name, ()),), at), Literal(1, at + 5), at + 2)
        for name, at in zip("abc", (0, 10, 21), strict=True)
    )
    assert parse_condition("a == 1 or b == 1 and c == 1") == Binary("or", a, Binary("and", b, c, 17), 7)
    assert parse_statement("set(a, 1 + 2 * 3)").editor.arguments[1][1].operator == "+"
    with pytest.raises(OttlError, match="is too much"):
        parse_condition("a == 1 b")


def test_an_error_skips_the_statement_for_that_row_only():
    records = [{"body": "nope"}, {"body": '{"x": 1}'}]
    got = run(
        records, 'merge_maps(attributes, ParseJSON(body), "upsert")', 'set(attributes["after"], 1)', error_mode="ignore"
    )
    assert [record["attributes"] for record in got] == [{"after": 1}, {"x": 1.0, "after": 1}]


def test_propagate_drops_the_batch():
    assert run([{"body": "nope"}], 'set(attributes["a"], ParseJSON(body))', error_mode="propagate") == []


def test_conditions_are_alternatives_over_many_windows():
    records = [{"body": f"line {i % 7}"} for i in range(1000)]
    got = run(records, 'set(attributes["hit"], true)', conditions=['body == "line 1"', 'IsMatch(body, "[45]$")'])
    assert [bool(record["attributes"]) for record in got] == [i % 7 in (1, 4, 5) for i in range(1000)]


def test_case_follows_go_rune_by_rune():
    got = run([{"body": "İẞΣÀ"}], 'set(attributes["l"], ToLowerCase(body))', 'set(attributes["u"], ToUpperCase("ßé"))')
    assert got[0]["attributes"] == {"l": "ißσà", "u": "ßÉ"}


def test_other_signals_are_refused():
    with pytest.raises(ValidationError, match="trace_statements is not supported"):
        Config.model_validate({"trace_statements": [{"context": "span", "statements": ['set(name, "x")']}]})
