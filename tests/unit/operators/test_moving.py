"""add, remove, move, copy, retain: what is special about them. The property tests hold them to a model of stanza's."""

from typing import Any

import pytest

from tests.unit.operators.running import one, run

Operators = list[dict[str, Any]]


def test_add_takes_every_kind_of_value() -> None:
    values: dict[str, Any] = {
        "text": "ec2-host-logs",
        "empty": "",
        "int": -3,
        "float": 2.5,
        "yes": True,
        "list": [1, "a", [None]],
        "map": {"a": {"b": 1}},
    }
    operators = [{"type": "add", "field": f"attributes.{name}", "value": value} for name, value in values.items()]
    assert one(operators) == {"attributes": values}


def test_add_merges_a_map_into_a_map() -> None:
    operators: Operators = [
        {"type": "add", "field": "attributes.m", "value": {"a": 1, "b": {"c": 2}}},
        {"type": "add", "field": "attributes.m", "value": {"b": 3, "d": 4}},
    ]
    assert one(operators) == {"attributes": {"m": {"a": 1, "b": 3, "d": 4}}}


def test_add_without_a_value_fails_every_record() -> None:
    records, failures = run([{"type": "add", "field": "attributes.a"}], "one", "two")
    assert [record["attributes"] for record in records] == [{}, {}]
    assert failures == [("operators[0]", 2, 0, "add: there is no 'value' to add")]


def test_a_path_below_the_body_replaces_a_text_body() -> None:
    assert one([{"type": "add", "field": "body.a.b", "value": 1}]) == {"body": {"a": {"b": 1}}}


def test_move_leaves_an_empty_body() -> None:
    assert one([{"type": "move", "from": "body", "to": "attributes.raw"}]) == {
        "body": None,
        "attributes": {"raw": "line"},
    }


def test_removing_leaves_an_emptied_map() -> None:
    operators: Operators = [
        {"type": "add", "field": "attributes.a.b", "value": 1},
        {"type": "remove", "field": "attributes.a.b"},
    ]
    assert one(operators) == {"attributes": {"a": {}}}


def test_resource_fields() -> None:
    operators: Operators = [
        {"type": "move", "from": 'attributes["log.file.name"]', "to": "resource.file"},
        {"type": "remove", "field": "resource.gone"},
        {"type": "copy", "from": "resource.kept", "to": "attributes.kept"},
    ]
    result = one(operators, attributes={"log.file.name": "x.log"}, resource={"gone": 1, "kept": 2})
    assert result == {"attributes": {"kept": 2}, "resource": {"file": "x.log", "kept": 2}}


def test_records_get_the_resource_that_operators_made_for_them() -> None:
    operators: Operators = [{"type": "copy", "from": "body", "to": "resource.unit"}]
    records, _ = run(operators, "b", "a", "b", resource={"host": "h"})
    assert [record["resource"] for record in records] == [{"host": "h", "unit": unit} for unit in "bab"]


@pytest.mark.parametrize(("on_error", "kept", "reported"), [
    ("send", True, True), ("send_quiet", True, False), ("drop", False, True), ("drop_quiet", False, False),
])  # fmt: skip
def test_on_error(on_error: str, kept: bool, reported: bool) -> None:
    operators: Operators = [
        {"type": "move", "from": "attributes.missing", "to": "body", "on_error": on_error},
        {"type": "add", "field": "attributes.after", "value": 1},
    ]
    records, failures = run(operators, "one", "two")
    assert [record["attributes"] for record in records] == [{"after": 1}] * (2 if kept else 0)
    assert failures == ([("operators[0]", 2, 0, "the field to read is not there")] if reported else [])


def test_retain_filters_only_the_places_it_names() -> None:
    operators: Operators = [
        {"type": "add", "field": "attributes.a.b", "value": 1},
        {"type": "add", "field": "attributes.a.c", "value": 2},
        {"type": "retain", "fields": ["attributes.a.b", "attributes.missing"]},
        {"type": "add", "field": "attributes.later", "value": 3},
    ]
    result = one(operators, attributes={"log.file.name": "x.log"}, resource={"r": 1})
    assert result == {"attributes": {"a": {"b": 1}, "later": 3}, "resource": {"r": 1}}


def test_a_constant_stays_a_constant_only_where_nothing_came_before() -> None:
    operators: Operators = [
        {"type": "copy", "from": "attributes.a", "to": "attributes.b", "on_error": "send_quiet"},
        {"type": "add", "field": "attributes.a", "value": 1},
    ]
    assert one(operators) == {"attributes": {"a": 1}}


def test_a_batch_is_reused() -> None:
    for _ in range(2):
        assert one([{"type": "add", "field": "resource.a", "value": "x"}]) == {"resource": {"a": "x"}}
