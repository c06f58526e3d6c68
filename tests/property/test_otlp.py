"""OTLP encoding against opentelemetry-proto's decoder, on generated records, in both builds."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from fastlog._core import otlp as baseline
from fastlog._core.batch import Batch
from fastlog._core.hot import otlp as chosen

TEXT = st.one_of(st.text(max_size=12), st.integers(100, 20000).map(lambda n: "é" * (n // 2)))
SCALARS = st.one_of(
    st.none(), TEXT, st.booleans(), st.integers(-(1 << 63), (1 << 63) - 1), st.floats(), st.binary(max_size=40)
)
VALUES = st.recursive(
    SCALARS,
    lambda v: st.one_of(st.lists(v, max_size=3), st.dictionaries(st.text(max_size=4), v, max_size=3)),
    max_leaves=6,
)
KEYS = st.one_of(st.sampled_from(["a", "host.name", "k" * 200]), st.text(max_size=6))
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "time_unix_nano": st.sampled_from([0, 1, 1762842301123456789]),
            "severity_number": st.integers(0, 24),
            "severity_text": st.text(max_size=8),
            "body": VALUES,
            "attributes": st.dictionaries(KEYS, VALUES, max_size=5),
            "resource": st.sampled_from([{}, {"host.name": "a"}, {"host.name": "b", "n": 1}]),
        }
    ),
    max_size=8,
)


def python_value(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [python_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: python_value(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind) if kind else None


def decoded(data: bytes) -> list[dict]:
    """The records of a request, in its order."""
    request = ExportLogsServiceRequest.FromString(data)
    return [
        {
            "time_unix_nano": record.time_unix_nano,
            "severity_number": record.severity_number,
            "severity_text": record.severity_text,
            "body": python_value(record.body),
            "attributes": {pair.key: python_value(pair.value) for pair in record.attributes},
            "resource": {pair.key: python_value(pair.value) for pair in group.resource.attributes},
        }
        for group in request.resource_logs
        for scope in group.scope_logs
        for record in scope.log_records
    ]


def exact(value):
    """Comparable, with -0.0 and NaN told apart and 1, 1.0 and True different."""
    if isinstance(value, float):
        return "double", struct.pack("<d", value)
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return type(value).__name__, value


@pytest.mark.parametrize("module", [baseline, chosen], ids=["baseline", "chosen"])
@given(RECORDS)
def test_round_trip(module, records):
    batch = Batch.from_records(records)
    buffer, count = module.encode(batch)
    assert count == len(records)
    grouped = [r for resource in batch.resources for r in records if r["resource"] == resource.attributes]
    assert [exact(r) for r in decoded(bytes(buffer))] == [exact(r) for r in grouped]


@given(RECORDS, RECORDS)
def test_runs_concatenate_into_one_request(first, second):
    runs = [bytes(chosen.encode(Batch.from_records(records))[0]) for records in (first, second)]
    assert [exact(r) for r in decoded(b"".join(runs))] == [exact(r) for run in runs for r in decoded(run)]


@given(RECORDS)
def test_constants_replace_a_rows_own_value(records):
    batch = Batch.from_records(records)
    batch.set_constant(b"a", {"x": [1]})
    got = decoded(bytes(chosen.encode(batch)[0]))
    assert all(record["attributes"]["a"] == {"x": [1]} for record in got)
    assert len(got) == len(records)
