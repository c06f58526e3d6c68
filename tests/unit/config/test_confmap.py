"""Loading agrees with the collector's confmap v1.66 (recorded by bench/peers/confmap), but for what is listed here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastlog.config.yaml import Node, load
from fastlog.errors import ConfigError

GOLDEN = json.loads((Path(__file__).resolve().parents[2] / "golden" / "confmap.json").read_text())

ACCEPTED = {"1: x\n", "true: x\n"}
"""Refused there, read here; the key then is an unknown one."""

DATES = "v: ${env:DATE}", "v: 2006-01-02", "v: 2006-01-02T15:04:05Z", "v: 2006-01-02 15:04:05"
"""A date is a date there, which no field takes; here it is the text that was written."""


def typed(node: Node) -> Any:
    """The value of ``node`` as the recorder writes it: floats told apart from integers."""
    if isinstance(node.value, dict):
        return {key: typed(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [typed(child) for child in node.value]
    return {"$float": repr(node.value)} if isinstance(node.value, float) else node.value


def recorded(value: Any) -> Any:
    """What was recorded, without what Go's representation adds."""
    if isinstance(value, dict) and list(value) == ["$float"]:
        return {"$float": repr(float(value["$float"].replace("Inf", "inf")))}
    if isinstance(value, dict) and set(value) == {"Value", "Original"}:  # a reference that was not unwrapped
        return recorded(value["Value"])
    if isinstance(value, dict):
        return {key: recorded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [recorded(inner) for inner in value]
    return value


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: " + ".join(case["configs"])[:60])
def test_as_confmap(case: dict[str, Any]) -> None:
    texts = case["configs"]
    sources = [f"yaml:{text}" for text in texts]
    if case.get("error") and texts[0] not in ACCEPTED:
        with pytest.raises(ConfigError):
            load(sources, environ=GOLDEN["env"])
        return
    root = load(sources, environ=GOLDEN["env"]).root
    if texts[0] in ACCEPTED:
        return
    got = typed(root)
    if texts[0] in DATES:
        assert isinstance(got["v"], str)
        return
    expected = recorded(case.get("value", {}))
    assert json.dumps(got, sort_keys=True) == json.dumps(expected, sort_keys=True)
    value = root.child("v")
    if "text" in case and value is not None and value.value is not None:
        assert (value.text if value.text is not None else value.value) == case["text"]


def test_the_record_is_used() -> None:
    assert len(GOLDEN["cases"]) > 300
    assert sum("error" in case for case in GOLDEN["cases"]) > 30
