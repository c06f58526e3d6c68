"""OTLP requests as plain records, exact in every field and type, but for the observed time.

A record is ``{"resource", "scope", "time", "severity", "text", "body", "attributes"}`` and, when set,
``"trace"`` and ``"schemas"`` (the resource's and the scope's schema URL).
Values keep their OTLP type: a string, a bool and null (no value) are themselves, a list is an array, ``{"int": 1}``,
``{"double": 1.5}``, ``{"bytes": "hex"}`` and ``{"map": {…}}`` are the rest. A string longer than 2 000 characters is
``{"long": characters, "sha256": …, "head": first 40}``.

The messages are opentelemetry-proto's, with every ``string`` field redeclared as ``bytes``: the collector passes
invalid UTF-8 on (``encoding: utf-8-raw``), which Python's protobuf refuses to decode. It becomes lone surrogates
(``surrogateescape``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2

Record = dict[str, Any]

LONG = 2000


def _request_class() -> Any:
    pool = descriptor_pool.DescriptorPool()
    for module in (common_pb2, resource_pb2, logs_pb2, logs_service_pb2):
        proto = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(proto)
        pending = list(proto.message_type)
        while pending:
            message = pending.pop()
            pending += message.nested_type
            for field in message.field:
                if field.type == field.TYPE_STRING:
                    field.type = field.TYPE_BYTES
        pool.Add(proto)
    name = "opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest"
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


_Request = _request_class()


def _text(raw: bytes) -> Any:
    text = raw.decode("utf-8", "surrogateescape")
    if len(text) > LONG:
        return {"long": len(text), "sha256": hashlib.sha256(raw).hexdigest(), "head": text[:40]}
    return text


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "string_value":
        return _text(value.string_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "int_value":
        return {"int": value.int_value}
    if kind == "double_value":
        return {"double": repr(value.double_value)}
    if kind == "bytes_value":
        return {"bytes": value.bytes_value.hex()}
    if kind == "array_value":
        return [_value(v) for v in value.array_value.values]
    return {"map": _pairs(value.kvlist_value.values)}


def _pairs(pairs: Iterable[Any]) -> dict[str, Any]:
    """Key → value, sorted. A key that occurs again, which OTLP forbids, is kept as ``key (again)``."""
    out: dict[str, Any] = {}
    for pair in pairs:
        key = pair.key.decode("utf-8", "surrogateescape")
        while key in out:
            key += " (again)"
        out[key] = _value(pair.value)
    return dict(sorted(out.items()))


def records(requests: Iterable[bytes]) -> list[Record]:
    """The records of a sequence of serialized ``ExportLogsServiceRequest`` messages, in order."""
    out: list[Record] = []
    for raw in requests:
        for resource_logs in _Request.FromString(raw).resource_logs:
            resource = _pairs(resource_logs.resource.attributes)
            for scope_logs in resource_logs.scope_logs:
                scope = scope_logs.scope.name.decode("utf-8", "surrogateescape")
                for record in scope_logs.log_records:
                    one: Record = {
                        "resource": resource,
                        "scope": scope,
                        "time": record.time_unix_nano,
                        "severity": record.severity_number,
                        "text": _text(record.severity_text),
                        "body": _value(record.body),
                        "attributes": _pairs(record.attributes),
                    }
                    if resource_logs.schema_url or scope_logs.schema_url:
                        one["schemas"] = [_text(resource_logs.schema_url), _text(scope_logs.schema_url)]
                    if record.trace_id or record.span_id or record.flags:
                        one["trace"] = [record.trace_id.hex(), record.span_id.hex(), record.flags]
                    out.append(one)
    return out


def json_records(text: bytes) -> list[Record]:
    """The records of OTLP/JSON lines, as they are written, attributes in the order of their keys.

    Each is ``{"resource", "scope", "record", "schemaUrls"}``, so that how numbers, bytes and absent fields are written
    is compared too. Only the observed time is taken out, after a look that it is there and a string; and ``1`` is as
    good a double as ``1.0``.
    """
    out: list[Record] = []
    for line in text.splitlines():
        for resource_logs in json.loads(line)["resourceLogs"]:
            for scope_logs in resource_logs["scopeLogs"]:
                for record in scope_logs["logRecords"]:
                    assert isinstance(record.pop("observedTimeUnixNano"), str)
                    out.append(
                        {
                            "resource": _sorted_attributes(resource_logs["resource"]),
                            "scope": _sorted_attributes(scope_logs["scope"]),
                            "record": _sorted_attributes(record),
                            "schemaUrls": [resource_logs.get("schemaUrl"), scope_logs.get("schemaUrl")],
                        }
                    )
    return out


def _sorted_attributes(value: Any) -> Any:
    if isinstance(value, list):
        items = [_sorted_attributes(v) for v in value]
        return (
            sorted(items, key=lambda v: v.get("key", ""))
            if all(isinstance(v, dict) and "value" in v for v in items)
            else items
        )
    if not isinstance(value, dict):
        return value
    return {k: float(v) if k == "doubleValue" else _sorted_attributes(v) for k, v in value.items()}


def relocated(value: Any, directory: str) -> Any:
    """The value with the input directory's name replaced by ``$DIR``, in keys and strings."""
    if isinstance(value, str):
        return value.replace(directory, "$DIR")
    if isinstance(value, list):
        return [relocated(v, directory) for v in value]
    if isinstance(value, dict):
        return {k: relocated(v, directory) for k, v in value.items()}
    return value
