"""Reads what an OTLP/HTTP server answers: ``ExportLogsServiceResponse`` and ``google.rpc.Status``, protobuf or JSON.

Answers are small and come once a request, so plain Python reads them. A malformed one is no error: the status code has
decided already, the body only explains.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

_LONGEST_REASON = 200


def partial_success(content_type: str, answer: bytes) -> tuple[int, str]:
    """``(rejected records, message)`` of an ``ExportLogsServiceResponse``
    (opentelemetry/proto/collector/logs/v1/logs_service.proto)."""
    if not answer:
        return 0, ""
    if "json" in content_type:
        try:
            partial = orjson.loads(answer).get("partialSuccess") or {}
            return int(partial.get("rejectedLogRecords") or 0), _short(str(partial.get("errorMessage") or ""))
        except (AttributeError, ValueError, TypeError):
            return 0, ""
    rejected, message = 0, ""
    try:
        for number, value in _fields(answer):
            if number == 1 and isinstance(value, bytes):
                for inner, detail in _fields(value):
                    if inner == 1 and isinstance(detail, int):
                        rejected = detail if detail < 1 << 63 else 0
                    elif inner == 2 and isinstance(detail, bytes):
                        message = detail.decode(errors="replace")
    except ValueError:
        return 0, ""
    return rejected, _short(message)


def reason(content_type: str, answer: bytes) -> str:
    """The message of a refusal: of a ``google.rpc.Status`` (field 2), or the text that was sent."""
    if "json" in content_type:
        try:
            return _short(str(orjson.loads(answer)["message"]))
        except (KeyError, ValueError, TypeError):
            pass
    elif "protobuf" in content_type:
        try:
            for number, value in _fields(answer):
                if number == 2 and isinstance(value, bytes):
                    return _short(value.decode(errors="replace"))
        except ValueError:
            pass
        return ""
    elif "html" in content_type:
        return ""
    return _short(answer.decode(errors="replace"))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The varint and length-delimited fields of a protobuf message; ValueError when it ends inside one."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
        elif kind == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("truncated")
            yield key >> 3, data[at : at + size]
            at += size
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (1 << 64) - 1, at
        shift += 7
    raise ValueError("truncated")
