"""The slow twins of fastlog/_core/native.pyx and text.pxd: a reader of Native blocks and pdata's ``Value.AsString``."""

import base64
import json
import math
import struct
from collections.abc import Iterator
from typing import Any


def double_text(value: float) -> str:
    """ECMAScript's Number::toString layout of the shortest digits, with Go's exponent (two digits when positive)."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    sign = "-" if math.copysign(1, value) < 0 else ""
    mantissa, exponent_text = f"{abs(value)!r}e0".split("e")[:2]
    whole, _, fraction = mantissa.partition(".")
    exponent = int(exponent_text) + len(whole) - 1
    digits = (whole + fraction).rstrip("0") or "0"
    lead = len(digits) - len(digits.lstrip("0"))
    if lead < len(digits):
        digits, exponent = digits[lead:], exponent - lead
    else:
        digits, exponent = "0", 0
    if value != 0 and not 1e-6 <= abs(value) < 1e21:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{exponent:+d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return sign + whole + (f".{fraction}" if fraction else "")


def _json(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("no JSON")
        return double_text(value)
    if isinstance(value, bytes):
        return f'"{base64.b64encode(value).decode()}"'
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    pairs = sorted(value.items(), key=lambda pair: pair[0].encode())
    return "{" + ",".join(f"{_json(key)}:{_json(item)}" for key, item in pairs) + "}"


def as_string(value: Any) -> str:
    """pdata's ``Value.AsString``."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float):
        return double_text(value)
    try:
        return _json(value)
    except ValueError:
        return ""


def expected_rows(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The otel_logs rows that the collector's clickhouse exporter makes of ``records``, whose resources have no schema
    URL."""
    return [
        {
            "Timestamp": record.get("time_unix_nano") or record["observed_time_unix_nano"],
            "SeverityText": record.get("severity_text", ""),
            "SeverityNumber": record.get("severity_number", 0),
            "ServiceName": as_string(record.get("resource", {}).get("service.name")),
            "Body": as_string(record.get("body")),
            "ResourceSchemaUrl": "",
            "ResourceAttributes": {key: as_string(item) for key, item in record.get("resource", {}).items()},
            "LogAttributes": {key: as_string(item) for key, item in record.get("attributes", {}).items()},
        }
        for record in records
    ]


class Reader:
    """Reads Native blocks one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def blocks(self) -> Iterator[list[dict[str, Any]]]:
        while self._at < len(self._data):
            columns, rows = self._varint(), self._varint()
            names, values = [], []
            for _ in range(columns):
                names.append(self._string())
                values.append(self._column(self._string(), rows))
            yield [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]

    def _take(self, size: int) -> bytes:
        assert self._at + size <= len(self._data), "the block is cut off"
        self._at += size
        return self._data[self._at - size : self._at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def _bytes(self) -> bytes:
        return self._take(self._varint())

    def _string(self) -> str:
        return self._bytes().decode("utf-8", "surrogateescape")

    def _u64(self, count: int = 1) -> tuple[int, ...]:
        return struct.unpack(f"<{count}Q", self._take(8 * count))

    def _column(self, type_: str, rows: int) -> list[Any]:
        if type_ == "DateTime64(9)":
            return list(struct.unpack(f"<{rows}q", self._take(8 * rows)))
        if type_ == "UInt8":
            return list(self._take(rows))
        if type_ == "String":
            return [self._string() for _ in range(rows)]
        if type_ == "LowCardinality(String)":
            assert self._u64() == (1,)
            return self._low_cardinality(rows)
        assert type_ == "Map(LowCardinality(String), String)"
        assert self._u64() == (1,)
        ends = self._u64(rows)
        total = ends[-1] if ends else 0
        keys = self._low_cardinality(total)
        items = [self._string() for _ in range(total)]
        maps, start = [], 0
        for end in ends:
            assert len(set(keys[start:end])) == end - start, "a key occurs once"
            maps.append(dict(zip(keys[start:end], items[start:end], strict=True)))
            start = end
        return maps

    def _low_cardinality(self, rows: int) -> list[str]:
        if rows == 0:
            return []
        (flags,) = self._u64()
        assert flags & ~3 == 0x600
        keys = [self._string() for _ in range(self._u64()[0])]
        assert len(set(keys)) == len(keys)
        assert self._u64() == (rows,)
        width = 1 << (flags & 3)
        code = "BHI"[flags & 3]
        return [keys[i] for i in struct.unpack(f"<{rows}{code}", self._take(rows * width))]


def read(data: bytes) -> list[list[dict[str, Any]]]:
    """The rows of every block in ``data``."""
    return list(Reader(data).blocks())
