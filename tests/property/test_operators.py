"""Operator lists against a model of stanza's (pkg/stanza 0.160: entry/*_field.go, operator/transformer, parser).

Columns, constants, sparse lists and maps take turns in holding a record's fields; the model has dicts.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fastlog.operators.fields import FieldPath, parse_field
from tests.unit.operators.running import run

MISSING = object()
NAMES = ["a", "b", "log.file.name"]


def place_map(record: dict[str, Any], field: FieldPath, *, make: bool = False) -> Any:
    """The map that the names of ``field`` lead into; for a body that is none, a new one when ``make``."""
    if field.place == "body" and make and not isinstance(record["body"], dict):
        record["body"] = {}
    return record[field.place]


def get(record: dict[str, Any], field: FieldPath) -> Any:
    value = place_map(record, field)
    for name in field.names:
        if not isinstance(value, dict) or name not in value:
            return MISSING
        value = value[name]
    return value


def put(record: dict[str, Any], field: FieldPath, value: Any) -> None:
    value = copy.deepcopy(value)
    if not field.names and not isinstance(value, dict):
        record["body"] = value
        return
    target = place_map(record, field, make=True)
    names = field.names if isinstance(value, dict) else field.names[:-1]
    for name in names:
        if not isinstance(target.get(name), dict):
            target[name] = {}
        target = target[name]
    if isinstance(value, dict):
        target.update(value)
    else:
        target[field.names[-1]] = value


def delete(record: dict[str, Any], field: FieldPath) -> Any:
    value = get(record, field)
    if value is MISSING:
        return MISSING
    if not field.names:
        record["body"] = None
        return value
    parent = get(record, FieldPath(field.place, field.names[:-1]))
    return parent.pop(field.names[-1])


def retain(record: dict[str, Any], fields: list[FieldPath]) -> None:
    values = [(field, get(record, field)) for field in fields]
    for place in {field.place for field in fields}:
        record[place] = None if place == "body" else {}
    for field, value in values:
        if value is not MISSING:
            put(record, field, value)


def refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def parse(record: dict[str, Any], operator: dict[str, Any]) -> bool:
    text = get(record, parse_field(operator["parse_from"]))
    if not isinstance(text, str):
        return False
    found: Any
    if operator["type"] == "json_parser":
        try:
            found = json.loads(text, strict=False, parse_constant=refuse)
        except ValueError:
            return False
    else:
        match = re.search(operator["regex"], text, re.ASCII)
        found = match and match.groupdict("")
    if not isinstance(found, dict):
        return False
    put(record, parse_field(operator["parse_to"], whole=True), found)
    return True


def model(record: dict[str, Any], operator: dict[str, Any]) -> bool:
    """Apply ``operator`` to ``record``; False when it fails."""
    if operator["type"].endswith("_parser"):
        return parse(record, operator)
    if operator["type"] == "retain":
        retain(record, [parse_field(text) for text in operator["fields"]])
        return True
    if operator["type"] == "add":
        put(record, parse_field(operator["field"]), operator["value"])
        return True
    if operator["type"] == "remove":
        field = parse_field(operator["field"], whole=True)
        if field.place != "body" and not field.names:
            record[field.place] = {}
            return True
        return delete(record, field) is not MISSING
    source = parse_field(operator["from"])
    value = delete(record, source) if operator["type"] == "move" else get(record, source)
    if value is not MISSING:
        put(record, parse_field(operator["to"]), value)
    return value is not MISSING


paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(
    lambda names: "".join(f"['{name}']" for name in names)
)
fields = st.one_of(
    st.just("body"),
    st.builds(lambda place, path: place + path, st.sampled_from(["attributes", "resource", "body"]), paths),
)
values = st.recursive(
    st.one_of(st.text(max_size=5), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=6,
)
wholes = st.sampled_from(["attributes", "resource"])
on_error = st.sampled_from(["send", "drop", "send_quiet", "drop_quiet"])
operators = st.one_of(
    st.fixed_dictionaries({"type": st.just("add"), "field": fields, "value": values}),
    st.fixed_dictionaries(
        {
            "type": st.just("remove"),
            "field": st.one_of(fields, wholes),
            "on_error": on_error,
        }
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["move", "copy"]), "from": fields, "to": fields, "on_error": on_error}
    ),
    st.fixed_dictionaries({"type": st.just("retain"), "fields": st.lists(fields, min_size=1, max_size=3)}),
    st.fixed_dictionaries(
        {
            "type": st.just("json_parser"),
            "parse_ints": st.just(True),
            "parse_from": st.one_of(st.just("body"), fields),
            "parse_to": st.one_of(st.just("attributes"), wholes, fields),
            "on_error": on_error,
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("regex_parser"),
            "regex": st.sampled_from([r"(?P<a>\w+)=(?P<b>\w+)?", r"^(?P<a>[^ ]+)( (?P<c>.*))?"]),
            "parse_from": st.one_of(st.just("body"), fields),
            "parse_to": st.one_of(st.just("attributes"), wholes, fields),
            "on_error": on_error,
        }
    ),
)
texts = st.one_of(
    st.dictionaries(st.sampled_from([*NAMES, "c", "d"]), values, max_size=5).map(json.dumps),
    st.sampled_from(["first", "a=b c", "x=1 y=", "{", "[]", "7"]),
)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(texts, min_size=1, max_size=4),
    st.lists(operators, max_size=8),
    st.dictionaries(st.sampled_from(NAMES), values, max_size=2),
    st.dictionaries(st.sampled_from(NAMES), values, max_size=2),
)
def test_records_are_what_stanza_makes(
    lines: list[str], chain: list[dict[str, Any]], attributes: dict[str, Any], resource: dict[str, Any]
) -> None:
    expected, failed = [], [0] * len(chain)
    for line in lines:
        record = {"body": line, "attributes": copy.deepcopy(attributes), "resource": copy.deepcopy(resource)}
        for i, operator in enumerate(chain):
            if not model(record, operator):
                mode = operator["on_error"]
                failed[i] += "quiet" not in mode
                if mode.startswith("drop"):
                    break
        else:
            expected.append(record)
    records, failures = run(chain, *lines, attributes=attributes, resource=resource)
    assert [{key: record[key] for key in ("body", "attributes", "resource")} for record in records] == expected
    assert {name: count for name, count, _, _ in failures} == {f"operators[{i}]": n for i, n in enumerate(failed) if n}
