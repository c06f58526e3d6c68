"""OTLP AnyValue between its protobuf encoding and Python values (opentelemetry-proto, common/v1/common.proto).

For configuration constants and for reading a Batch back; the kernels never come here. str, bool, int, float, bytes,
None, list and dict map to string_value 1, bool_value 2, int_value 3, double_value 4, bytes_value 7, an empty AnyValue,
array_value 5 and kvlist_value 6.
"""

import struct
from collections.abc import Iterator
from typing import Any


def encode_varint(value: int) -> bytes:
    """A protobuf varint; negative numbers as 64-bit two's complement."""
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, payload: bytes) -> bytes:
    """A length-delimited field."""
    return encode_varint(number << 3 | 2) + encode_varint(len(payload)) + payload


def encode_any(value: object) -> bytes:
    """The AnyValue message for ``value``; TypeError for a type OTLP has no value for."""
    if value is None:
        return b""
    if isinstance(value, str):
        return field(1, value.encode())
    if isinstance(value, bool):
        return b"\x10" + (b"\x01" if value else b"\x00")
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise TypeError(f"{value} does not fit the 64 bits of an OTLP int_value")
        return b"\x18" + encode_varint(value)
    if isinstance(value, float):
        return b"\x21" + struct.pack("<d", value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return field(7, bytes(value))
    if isinstance(value, (list, tuple)):
        return field(5, b"".join(field(1, encode_any(item)) for item in value))
    if isinstance(value, dict):
        return field(6, encode_map(value, 1))
    raise TypeError(f"OTLP has no value for a {type(value).__name__}")


def encode_map(attributes: dict[str, object], number: int) -> bytes:
    """``attributes`` as repeated KeyValue fields of that ``number``."""
    return b"".join(
        field(number, field(1, key.encode()) + field(2, encode_any(value))) for key, value in attributes.items()
    )


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    size = len(data)

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < size:
        tag = varint()
        kind = tag & 7
        if kind == 0:
            yield tag >> 3, varint()
        elif kind == 1:
            yield tag >> 3, data[at : at + 8]
            at += 8
        elif kind == 2:
            length = varint()
            yield tag >> 3, data[at : at + length]
            at += length
        elif kind == 5:
            yield tag >> 3, data[at : at + 4]
            at += 4
        else:
            raise ValueError(f"wire type {kind} at byte {at} is not protobuf")


def decode_any(data: bytes) -> object:
    """The Python value of an AnyValue message."""
    value: object = None
    for number, payload in _fields(data):
        if number == 1:
            value = payload.decode()
        elif number == 2:
            value = bool(payload)
        elif number == 3:
            value = payload - (1 << 64) if payload >> 63 else payload
        elif number == 4:
            value = struct.unpack("<d", payload)[0]
        elif number == 5:
            value = [decode_any(item) for _, item in _fields(payload)]
        elif number == 6:
            value = decode_map(payload, 1)
        elif number == 7:
            value = payload
    return value


def decode_map(data: bytes, number: int) -> dict[str, object]:
    """The KeyValue fields of that ``number`` as a dict."""
    out: dict[str, object] = {}
    for found, pair in _fields(data):
        if found != number:
            continue
        key, value = "", None
        for part, payload in _fields(pair):
            if part == 1:
                key = payload.decode()
            elif part == 2:
                value = decode_any(payload)
        out[key] = value
    return out
