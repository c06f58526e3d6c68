"""Whatever a configuration says, loading it ends in a Config or a ConfigError, and no message shows a secret."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fastlog.config.validate import validate
from fastlog.config.yaml import load
from fastlog.errors import ConfigError
from fastlog.pipeline import registry

YAMLISH = st.text("ab:-[]{},'\"&*#!|>%@`$\\ \n\t0123.~<é\x00\x85", max_size=60)
REFERENCES = st.lists(st.sampled_from([*"${}:-aA_ 1", "${env:", "${file:", "${yaml:", "env", "$$"]), max_size=12).map(
    "".join
)

SECTIONS = ["receivers", "processors", "exporters", "extensions", "service", "pipelines", "telemetry", "logs"]
COMPONENTS = [
    "filelog",
    "otlphttp/x",
    "batch",
    "include",
    "operators",
    "type",
    "timeout",
    "endpoint",
    "headers",
    "nope",
]
KEYS = st.sampled_from([*SECTIONS, *COMPONENTS, ""])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False), st.text(max_size=8))
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))

SECRET = "hunter2-s3cret"


def outcome(*configs: str, **environ: str) -> str:
    """What is said about a configuration; any other exception than ConfigError fails the test."""
    try:
        validate(load([f"yaml:{text}" for text in configs], environ=environ), registry)
    except ConfigError as error:
        return str(error)
    return ""


@given(YAMLISH)
def test_any_text(text: str) -> None:
    outcome(text)


@given(REFERENCES, REFERENCES)
def test_any_reference(text: str, value: str) -> None:
    outcome(json.dumps({"v": text}), a=value, A="${env:a}")


@given(st.dictionaries(KEYS, TREES, max_size=5))
def test_any_tree(tree: dict[str, Any]) -> None:
    outcome(json.dumps(tree))


@given(TREES, TREES)
def test_any_component_body(receiver: Any, exporter: Any) -> None:
    outcome(json.dumps({"receivers": {"filelog": receiver}, "exporters": {"otlphttp": exporter}}))


@given(st.dictionaries(KEYS, TREES, max_size=4), st.dictionaries(KEYS, TREES, max_size=4))
def test_laying_a_file_over_itself_changes_nothing(first: dict[str, Any], second: dict[str, Any]) -> None:
    texts = [f"yaml:{json.dumps(tree)}" for tree in (first, first, second)]
    environ: dict[str, str] = {}
    try:
        once = load([texts[0], texts[2]], environ=environ).root.plain()
    except ConfigError:
        return
    assert load(texts, environ=environ).root.plain() == once


@given(st.sampled_from("endpoint timeout compression retry_on_failure tls sending_queue headers encoding".split()))  # noqa: SIM905
def test_a_referenced_value_is_never_shown(key: str) -> None:
    exporter = {key: "${env:SECRET}"}
    assert SECRET not in outcome(json.dumps({"exporters": {"otlphttp": exporter}}), SECRET=SECRET)


@given(st.sampled_from(["authorization", "x-api-key"]), st.sampled_from([[SECRET], {"a": SECRET}]))
def test_a_header_is_never_shown(name: str, value: Any) -> None:
    exporter = {"endpoint": "http://h:1", "headers": {name: value}}
    assert SECRET not in outcome(json.dumps({"exporters": {"otlphttp": exporter}}))
