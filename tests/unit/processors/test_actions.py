"""Actions on a map of attributes; the collector's own answers are in tests/golden (processors)."""

import hashlib
import math

import pytest
from pydantic import ValidationError

from fastlog._core.batch import Batch, Resource
from fastlog.processors import attributes
from fastlog.processors.actions import Action, apply, as_string, converted, hashed
from fastlog.processors.resource import Config, ResourceProcessor


def run(attributes, *actions):
    apply([Action.model_validate(action) for action in actions], attributes)
    return attributes


def test_insert_update_upsert():
    assert run({"a": 1}, {"key": "a", "value": 2, "action": "insert"}) == {"a": 1}
    assert run({}, {"key": "a", "value": 2, "action": "update"}) == {}
    assert run({"a": 1}, {"key": "a", "value": 2, "action": "UPSERT"}) == {"a": 2}
    assert run({"b": 3}, {"key": "a", "from_attribute": "b", "action": "insert"}) == {"b": 3, "a": 3}
    assert run({}, {"key": "a", "from_attribute": "b", "action": "insert"}) == {}
    assert run({}, {"key": "a", "from_attribute": "b", "default_value": 9, "action": "insert"}) == {"a": 9}


def test_delete_and_hash_by_key_and_by_pattern():
    assert run({"a": 1, "ab": 2, "c": 3}, {"pattern": "^a", "action": "delete"}) == {"c": 3}
    digest = hashlib.sha256(b"x").hexdigest()
    assert run({"a": "x", "b": "x"}, {"key": "a", "pattern": "b", "action": "hash"}) == {"a": digest, "b": digest}
    assert hashed(True) == hashlib.sha256(b"\x01").hexdigest()
    assert hashed(1) == hashlib.sha256(b"\x01" + bytes(7)).hexdigest()
    assert hashed({"a": 1}) == ""


def test_extract_overwrites_and_leaves_what_does_not_match():
    action = {"key": "a", "pattern": r"^(?P<user>\w+)@(?P<host>\w*)", "action": "extract"}
    assert run({"a": "me@here", "host": 1}, action) == {"a": "me@here", "user": "me", "host": "here"}
    assert run({"a": "nobody"}, action) == {"a": "nobody"}
    assert run({"a": 5}, action) == {"a": 5}


@pytest.mark.parametrize(
    ("value", "target", "expected"),
    [
        ("12", "int", 12), ("1.5", "int", "1.5"), (" 1", "int", " 1"), ("1_0", "int", "1_0"), (True, "int", 1),
        (-2.9, "int", -2), (math.nan, "int", -(1 << 63)), ("9" * 30, "int", "9" * 30),
        ("1.5", "double", 1.5), (2, "double", 2.0), (False, "double", 0.0), ("x", "double", "x"),
        (1.0, "string", "1"), (True, "string", "true"), (None, "string", ""), (b"\x00", "string", "AA=="),
        ({"b": 1.5, "a": [1, None]}, "string", '{"a":[1,null],"b":1.5}'),
    ],
)  # fmt: skip
def test_convert(value, target, expected):
    result = converted(value, target)
    assert (type(result), result) == (type(expected), expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (1e20, "100000000000000000000"), (1e21, "1e+21"), (1e-6, "0.000001"), (1.5e-7, "1.5e-7"),
        (123456.75, "123456.75"), (-3.0, "-3"), (1.5e300, "1.5e+300"),
    ],
)  # fmt: skip
def test_doubles_are_written_as_go_does(value, text):
    assert as_string(value) == text


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"value": 1, "action": "insert"}, "insert needs a key"),
        ({"key": "a", "action": "insert"}, "needs a value, from_attribute or default_value"),
        ({"key": "a", "value": 1, "from_attribute": "b", "action": "insert"}, "has value and from_attribute; keep one"),
        ({"key": "a", "from_context": "x", "action": "insert"}, "from_context is not supported"),
        ({"key": "a", "value": 1, "action": "delete"}, "delete takes no value; remove it"),
        ({"key": "a", "pattern": "(x)", "action": "extract"}, "every group of an extract needs a name"),
        ({"key": "a", "pattern": "(", "action": "delete"}, "missing closing"),
        ({"key": "a", "action": "convert"}, "convert needs converted_type"),
        ({"key": "a", "value": 1, "action": "rename"}, "insert"),
    ],
)
def test_a_wrong_action_says_what_to_write(action, message):
    with pytest.raises(ValidationError, match=message.replace("(", r"\(")):
        Action.model_validate(action)


def test_the_resource_processor_changes_each_resource_once():
    processor = ResourceProcessor(Config.model_validate({"attributes": [{"key": "a", "value": 1, "action": "insert"}]}))
    batch = Batch.from_records([{"resource": {"x": 1}}, {"resource": {"x": 2}}, {"resource": {"x": 1}}])
    processor.process(batch)
    assert [record["resource"] for record in batch.to_records()] == [
        {"x": 1, "a": 1},
        {"x": 2, "a": 1},
        {"x": 1, "a": 1},
    ]
    first = batch.resources[0]
    batch.resources = [Resource({"x": 1})]
    processor.process(batch)
    assert batch.resources[0] is first


def test_the_attributes_processor_on_columns_and_sparse_values():
    records = [{"attributes": {"a": "x", "n": 1}}, {"attributes": {"n": "5"}}, {"attributes": {}}]
    actions = [
        {"key": "const", "value": "c", "action": "insert"},
        {"key": "a", "value": "new", "action": "update"},
        {"key": "copy", "from_attribute": "n", "default_value": 0, "action": "upsert"},
        {"key": "n", "converted_type": "int", "action": "convert"},
        {"pattern": "^co$", "action": "delete"},
    ]
    processor = attributes.AttributesProcessor(attributes.Config.model_validate({"actions": actions}))
    batch = Batch.from_records(records)
    processor.process(batch)
    assert [record["attributes"] for record in batch.to_records()] == [
        {"a": "new", "n": 1, "copy": 1, "const": "c"},
        {"n": 5, "copy": "5", "const": "c"},
        {"copy": 0, "const": "c"},
    ]


def test_matching_is_refused_by_name():
    with pytest.raises(ValidationError, match="include is not supported"):
        attributes.Config.model_validate(
            {"actions": [{"key": "a", "action": "delete"}], "include": {"match_type": "strict"}}
        )
