"""Operator lists as configurations: ids, outputs, unknown types and keys."""

from typing import Any

import pytest
from pydantic import ValidationError

from fastlog.operators.chain import operator_ids
from tests.unit.operators.running import OPERATORS, one

ADD = {"type": "add", "field": "attributes.a", "value": 1}


def problems(operators: list[Any]) -> list[tuple[tuple[int | str, ...], str]]:
    with pytest.raises(ValidationError) as raised:
        OPERATORS.validate_python(operators)
    return [(error["loc"], error["msg"]) for error in raised.value.errors()]


def test_ids_are_numbered_as_stanza_numbers_them() -> None:
    operators = OPERATORS.validate_python([ADD, ADD, {**ADD, "id": "add2"}, ADD, {**ADD, "id": "mine"}])
    assert operator_ids(operators) == ["add", "add1", "add2", "add3", "mine"]


def test_an_output_that_names_the_next_operator_is_a_chain() -> None:
    OPERATORS.validate_python([{**ADD, "output": "two"}, {**ADD, "id": "two", "output": ["add1"]}, ADD])


def test_outputs_are_followed_past_operators_that_nothing_leads_to() -> None:
    operators = [
        {**ADD, "id": "first", "output": "third"},
        {**ADD, "id": "second", "field": "attributes.second", "output": "fourth"},
        {**ADD, "id": "third", "field": "attributes.third", "output": "second"},
        {**ADD, "field": "attributes.skipped"},
        {**ADD, "id": "fourth", "field": "attributes.fourth"},
    ]
    assert one(operators)["attributes"] == {"a": 1, "second": 1, "third": 1, "fourth": 1}


@pytest.mark.parametrize(
    ("operators", "message"),
    [
        ([{**ADD, "output": "add1, add2"}, ADD, ADD], "several outputs make a graph"),
        ([{**ADD, "output": "nowhere"}], "there is no operator 'nowhere'; the ids are add"),
        ([{**ADD, "output": "add"}], "the outputs lead in a circle"),
        ([{**ADD, "output": "add1"}, {**ADD, "output": "add"}], "the outputs lead in a circle"),
    ],
)
def test_an_output_that_makes_no_chain_is_refused(operators: list[Any], message: str) -> None:
    ((loc, found),) = problems(operators)
    assert loc == (0, "output")
    assert message in found


def test_ids_are_unique() -> None:
    ((_, message),) = problems([{**ADD, "id": "x"}, {**ADD, "id": "x"}])
    assert "the id 'x' is taken" in message


def test_an_unknown_type_lists_the_supported_ones() -> None:
    ((loc, message),) = problems([ADD, {"type": "recombine"}])
    assert loc == (1,)
    assert "no operator 'recombine'" in message
    assert "add, copy," in message


def test_problems_name_the_key() -> None:
    found = problems(
        [{"type": "add", "field": "attributes", "value": "EXPR(1)"}, {**ADD, "regexp": 1, "on_error": "ignore"}]
    )
    assert [loc for loc, _ in found] == [(0, "field"), (0, "value"), (1, "on_error"), (1, "regexp")]


def test_if_is_refused() -> None:
    ((loc, message),) = problems([{**ADD, "if": "body matches 'x'"}])
    assert loc == (0,)
    assert "'if' is not supported" in message


@pytest.mark.parametrize("bad", ["text", 3, {"id": "a"}, {"type": 3}])
def test_what_is_no_operator(bad: object) -> None:
    ((loc, message),) = problems([bad])
    assert loc == (0,)
    assert "operator" in message
