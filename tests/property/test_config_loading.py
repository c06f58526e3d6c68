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

KEYS = st.sampled_from(
    "receivers processors exporters service pipelines logs filelog otlphttp/x batch include operators type timeout "
    "endpoint headers extensions telemetry nope".split()
)


def test_a_referenced_value_is_never_shown(key: str) -> None:
    exporter = {key: "${env:SECRET}"}
    assert SECRET not in outcome(json.dumps({"exporters": {"otlphttp": exporter}}), SECRET=SECRET)


@given(st.sampled_from(["authorization", "x-api-key"]), st.sampled_from([[SECRET], {"a": SECRET}]))
def test_a_header_is_never_shown(name: str, value: Any) -> None:
    exporter = {"endpoint": "http://h:1", "headers": {name: value}}
    assert SECRET not in outcome(json.dumps({"exporters": {"otlphttp": exporter}}))
