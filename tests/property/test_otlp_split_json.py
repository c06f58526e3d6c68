"""The kernels that cut OTLP and that write OTLP/JSON, against opentelemetry-proto."""

from __future__ import annotations

import base64
import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from fastlog._core.otlp_json import to_json
from fastlog._core.otlp_split import split

texts = st.text(max_size=20)
values = st.recursive(
    st.one_of(
        st.builds(AnyValue),
        st.builds(AnyValue, string_value=texts),
        st.builds(AnyValue, bool_value=st.booleans()),
        st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
        st.builds(AnyValue, double_value=st.floats()),
        st.builds(AnyValue, bytes_value=st.binary(max_size=10)),
    ),
    lambda inner: st.one_of(
        st.builds(AnyValue, array_value=st.builds(ArrayValue, values=st.lists(inner, max_size=3))),
        st.builds(
            AnyValue,
            kvlist_value=st.builds(
                KeyValueList, values=st.lists(st.builds(KeyValue, key=texts, value=inner), max_size=3)
            ),
        ),
    ),
    max_leaves=5,
)
attributes = st.lists(st.builds(KeyValue, key=texts, value=values), max_size=4)
times = st.integers(0, 2**64 - 1)
counts = st.integers(0, 2**32 - 1)
records = st.builds(
    LogRecord,
    time_unix_nano=times,
    observed_time_unix_nano=times,
    severity_number=st.integers(0, 24),
    severity_text=texts,
    body=st.none() | values,
    attributes=attributes,
    dropped_attributes_count=counts,
    flags=counts,
    trace_id=st.just(b"") | st.binary(min_size=16, max_size=16),
    span_id=st.just(b"") | st.binary(min_size=8, max_size=8),
)


@st.composite
def requests(draw: st.DrawFn) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    for _ in range(draw(st.integers(0, 3))):
        resource = ResourceLogs(schema_url=draw(texts))
        resource.resource.attributes.extend(draw(attributes))
        resource.resource.dropped_attributes_count = draw(counts)
        for _ in range(draw(st.integers(0, 3))):
            scope = ScopeLogs(log_records=draw(st.lists(records, max_size=5)), schema_url=draw(texts))
            scope.scope.name = draw(texts)
            scope.scope.version = draw(texts)
            scope.scope.attributes.extend(draw(attributes))
            resource.scope_logs.append(scope)
        request.resource_logs.append(resource)
    return request


def flat(request: ExportLogsServiceRequest) -> list[bytes]:
    """Every record with all that surrounds it, in order."""
    rows = []
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                frame = (resource.resource, resource.schema_url, scope.scope, scope.schema_url, record)
                rows.append(repr([str(part) for part in frame]).encode())
    return rows


@settings(max_examples=60, deadline=None)
@given(requests(), st.integers(0, 6), st.integers(1, 2000))
def test_a_split_keeps_every_record_in_its_frame_and_order(
    request: ExportLogsServiceRequest, max_records: int, max_bytes: int
) -> None:
    parts = split(request.SerializeToString(), max_records, max_bytes)
    rows: list[bytes] = []
    for buffer, count in parts:
        part = ExportLogsServiceRequest.FromString(bytes(buffer))
        assert len(flat(part)) == count >= 1
        assert not max_records or count <= max_records
        assert len(buffer) <= max_bytes or count == 1
        rows += flat(part)
    assert rows == flat(request)


def test_parts_are_as_large_as_the_limit_allows() -> None:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for index in range(1000):
        scope.log_records.add(body=AnyValue(string_value=f"record {index:4}" * 10))
    data = request.SerializeToString()
    assert [count for _, count in split(data, 300, 1 << 20)] == [300, 300, 300, 100]
    sizes = [len(buffer) for buffer, _ in split(data, 0, 10_000)]
    assert all(9_800 < size <= 10_000 for size in sizes[:-1])
    (whole, count), *rest = split(data, 0, 1 << 20)
    assert (bytes(whole), count, rest) == (data, 1000, [])


@given(st.binary(max_size=60))
def test_any_bytes_are_split_or_refused(data: bytes) -> None:
    try:
        split(data, 1, 100)
    except ValueError:
        return
    to_json_or_refuse(data)


@given(requests(), st.data())
def test_a_cut_message_is_refused_or_a_shorter_one(request: ExportLogsServiceRequest, data: st.DataObject) -> None:
    whole = request.SerializeToString()
    part = whole[: data.draw(st.integers(0, len(whole)))]
    to_json_or_refuse(part)
    with contextlib.suppress(ValueError):
        split(part, 1, 100)


def to_json_or_refuse(data: bytes) -> None:
    try:
        text = to_json([data])
    except ValueError:
        return
    json.loads(bytes(text))


def json_value(value: AnyValue) -> dict[str, Any]:
    kind = value.WhichOneof("value")
    match kind:
        case None:
            return {}
        case "string_value":
            return {"stringValue": value.string_value}
        case "bool_value":
            return {"boolValue": value.bool_value}
        case "int_value":
            return {"intValue": str(value.int_value)}
        case "double_value":
            number = value.double_value
            if math.isnan(number):
                return {"doubleValue": "NaN"}
            if math.isinf(number):
                return {"doubleValue": "Infinity" if number > 0 else "-Infinity"}
            return {"doubleValue": number}
        case "bytes_value":
            return {"bytesValue": base64.b64encode(value.bytes_value).decode()}
        case "array_value":
            return {"arrayValue": unless_empty(values=[json_value(one) for one in value.array_value.values])}
        case _:
            return {"kvlistValue": unless_empty(values=json_attributes(value.kvlist_value.values))}


def json_attributes(attributes: Any) -> list[dict[str, Any]]:
    return [{**unless_empty(key=one.key), "value": json_value(one.value)} for one in attributes]


def unless_empty(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}


def json_request(request: ExportLogsServiceRequest) -> dict[str, Any]:
    """The slow twin of the kernel."""
    return {
        "resourceLogs": [
            {
                "resource": unless_empty(
                    attributes=json_attributes(resource.resource.attributes),
                    droppedAttributesCount=resource.resource.dropped_attributes_count,
                ),
                **unless_empty(
                    scopeLogs=[
                        {
                            "scope": unless_empty(
                                name=scope.scope.name,
                                version=scope.scope.version,
                                attributes=json_attributes(scope.scope.attributes),
                            ),
                            **unless_empty(
                                logRecords=[json_record(one) for one in scope.log_records], schemaUrl=scope.schema_url
                            ),
                        }
                        for scope in resource.scope_logs
                    ],
                    schemaUrl=resource.schema_url,
                ),
            }
            for resource in request.resource_logs
        ]
    }


def json_record(record: LogRecord) -> dict[str, Any]:
    return {
        **unless_empty(
            timeUnixNano=record.time_unix_nano and str(record.time_unix_nano),
            observedTimeUnixNano=record.observed_time_unix_nano and str(record.observed_time_unix_nano),
            severityNumber=record.severity_number,
            severityText=record.severity_text,
            attributes=json_attributes(record.attributes),
            droppedAttributesCount=record.dropped_attributes_count,
            flags=record.flags,
            traceId=record.trace_id.hex(),
            spanId=record.span_id.hex(),
        ),
        "body": json_value(record.body),
    }


@settings(max_examples=60, deadline=None)
@given(st.lists(requests(), max_size=3))
def test_json_says_what_the_protobuf_says(chunks: list[ExportLogsServiceRequest]) -> None:
    text = bytes(to_json([chunk.SerializeToString() for chunk in chunks]))
    assert b"\n" not in text
    expected = [one for chunk in chunks for one in json_request(chunk)["resourceLogs"]]
    assert json.loads(text) == {"resourceLogs": expected}


def test_json_repairs_bytes_that_are_no_utf8() -> None:
    for raw, text in [(b"a\xff\xc3b", "a��b"), (b"\xed\xa0\x80", "���"), ("é中😀".encode(), "é中😀")]:
        body = bytes([0x0A, len(raw)]) + raw  # AnyValue.string_value
        record = bytes([0x2A, len(body)]) + body
        scope = bytes([0x12, len(record)]) + record
        resource = bytes([0x12, len(scope)]) + scope
        data = bytes([0x0A, len(resource)]) + resource
        parsed = json.loads(bytes(to_json([data])))
        assert parsed["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"] == {"stringValue": text}


def test_json_refuses_what_is_nested_too_deep() -> None:
    value = AnyValue(string_value="x")
    for _ in range(45):
        value = AnyValue(array_value=ArrayValue(values=[value]))
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add(body=value)
    json.loads(bytes(to_json([request.SerializeToString()])))
    data = b""
    for _ in range(102):
        inner = b"\x0a" + varint(len(data)) + data
        data = b"\x2a" + varint(len(inner)) + inner
    for tag in (b"\x2a", b"\x12", b"\x12", b"\x0a"):
        data = tag + varint(len(data)) + data
    with pytest.raises(ValueError, match="nested deeper than 100"):
        to_json([data])


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])
