"""Random chains of operators, the same ones in every run: what no one would think of putting after one another.

Two things the collector does are kept out, because they are accidents: a copied map shares its inner maps with the
original (so paths are two keys deep at most, and maps have no maps in them), and copying a map into itself ends the
process.
"""

from __future__ import annotations

from random import Random
from typing import Any

LINES = [
    '{"a": 1, "b": "text", "m": {"x": 1, "y": "why"}, "t": "2025-11-07", "l": "warn"}',
    '{"a": {"x": true}, "b": null, "m": 5, "t": "never", "l": 17}',
    '{"b": "k=v 7", "m": {}, "e.f": "dotted", "l": "LOUD"}',
    "k=v 12 plain",
    "{}",
    '{"a": "2024-02-29", "b": [1, "two"], "t": 1762477323, "l": {}}',
]
FIELDS = [
    "attributes.a", "attributes.b", "attributes.m", "attributes.m.x", "attributes.m.y", "attributes.t", "attributes.l",
    "attributes.new", "attributes.new.k", "attributes['e.f']", 'attributes["p.q"].z', "body", "body.a", "body.m",
    "body.new", "resource.r", "resource.s", "resource.r.x",
]  # fmt: skip
VALUES: list[Any] = ["text", "", "2025-01-01", 5, 2.5, True, [1, "a"], {"x": "in", "n": 1}, {}]
ON_ERROR = ["send", "send_quiet", "send_quiet", "drop", "drop_quiet"]


def _operator(random: Random) -> dict[str, Any]:
    kind = random.choice(
        ["add", "add", "remove", "move", "move", "copy", "copy", "retain", "regex", "json", "time", "severity"]
    )
    one: dict[str, Any]
    match kind:
        case "add":
            one = {"type": "add", "field": random.choice(FIELDS), "value": random.choice(VALUES)}
        case "remove":
            one = {"type": "remove", "field": random.choice([*FIELDS, "attributes", "resource"])}
        case "move" | "copy":
            source, target = random.choice(FIELDS), random.choice(FIELDS)
            while target.startswith(source):
                target = random.choice(FIELDS)
            one = {"type": kind, "from": source, "to": target}
        case "retain":
            one = {"type": "retain", "fields": random.sample(FIELDS, random.randint(1, 4))}
        case "regex":
            one = {"type": "regex_parser", "regex": r"^(?P<a>\w+)=(?P<new>\w*) ?(?P<n>\d+)?", **_parser(random)}
        case "json":
            one = {"type": "json_parser", **_parser(random)}
        case "time":
            one = {"type": "time_parser", "parse_from": random.choice(FIELDS), "layout": "%Y-%m-%d"}
        case _:
            one = {"type": "severity_parser", "parse_from": random.choice(FIELDS)}
    if random.random() < 0.5:
        one["on_error"] = random.choice(ON_ERROR)
    return one


def _parser(random: Random) -> dict[str, Any]:
    one: dict[str, Any] = {}
    if random.random() < 0.4:
        one["parse_from"] = random.choice(FIELDS)
    if random.random() < 0.5:
        one["parse_to"] = random.choice(
            ["attributes", "body", "resource", "attributes.m", "attributes.new", "body.new"]
        )
    if random.random() < 0.2:
        one["severity"] = {"parse_from": random.choice(["attributes.l", "body.l", "attributes.a"])}
    if random.random() < 0.2:
        one["timestamp"] = {"parse_from": random.choice(["attributes.t", "body.t"]), "layout": "%Y-%m-%d"}
    return one


def chains(seed: int, count: int) -> list[dict[str, Any]]:
    """``count`` cases as a file of cases would have them: a JSON parser, then two to six operators."""
    random = Random(seed)
    cases = []
    for number in range(count):
        first = {"type": "json_parser", "on_error": "send_quiet"}
        if random.random() < 0.3:
            first["parse_to"] = "body"
        operators = [first, *(_operator(random) for _ in range(random.randint(2, 6)))]
        cases.append({"name": f"{number:03}", "operators": operators, "input": LINES})
    return cases
