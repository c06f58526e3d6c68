"""The ``actions`` of the ``resource`` and ``attributes`` processors, and what they do to one map of attributes.

Names, checks and semantics: internal/coreinternal/attraction v0.160.
"""

from __future__ import annotations

import base64
import hashlib
import math
import struct
from collections.abc import Sequence
from typing import Any, Literal

import orjson
from pydantic import PrivateAttr, field_validator, model_validator

from fastlog.config.fields import ConfigModel
from fastlog.operators.regex import Program, TooManyStates, compile

ActionName = Literal["insert", "update", "upsert", "delete", "hash", "extract", "convert"]
_SETTERS = ("insert", "update", "upsert")
_SOURCES = ("value", "from_attribute", "from_context")


class Action(ConfigModel):
    """One entry of ``actions`` (``resource`` calls the list ``attributes``)."""

    key: str = ""
    value: Any = None
    default_value: Any = None
    pattern: str = ""
    from_attribute: str = ""
    from_context: str = ""
    converted_type: Literal["", "string", "int", "double"] = ""
    action: ActionName

    _program: Program | None = PrivateAttr(default=None)

    @field_validator("action", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self) -> Action:
        by_pattern = self.action in ("delete", "hash")
        if not self.key and not (by_pattern and self.pattern):
            raise ValueError(f"{self.action} needs a key" + (" or a pattern" if by_pattern else ""))
        sources = [name for name in _SOURCES if getattr(self, name) not in (None, "")]
        if self.value == "" and "value" in self.model_fields_set:
            sources.insert(0, "value")
        if self.action in _SETTERS:
            if not sources and self.default_value is None:
                raise ValueError(f"{self.action} of {self.key!r} needs a value, from_attribute or default_value")
            if len(sources) > 1:
                raise ValueError(f"{self.action} of {self.key!r} has {' and '.join(sources)}; keep one of them")
            if self.from_context:
                raise ValueError("from_context is not supported: no receiver here has client metadata; use value")
        elif sources:
            raise ValueError(f"{self.action} takes no {sources[0]}; remove it")
        if self.pattern and self.action not in ("delete", "hash", "extract"):
            raise ValueError(f"{self.action} takes no pattern; remove it")
        if self.converted_type and self.action != "convert":
            raise ValueError(f"{self.action} takes no converted_type; remove it, or write action: convert")
        if self.action == "convert" and not self.converted_type:
            raise ValueError("convert needs converted_type: string, int or double")
        if self.action == "extract" and not self.pattern:
            raise ValueError("extract needs a pattern with named groups, as in '^(?P<user>.*)@'")
        if self.pattern:
            self._program = self._compile()
        return self

    def _compile(self) -> Program:
        try:
            program = compile(self.pattern)
        except TooManyStates as error:
            raise ValueError(f"pattern {self.pattern!r} is too large: {error}; split it") from error
        if self.action == "extract" and (not program.groups or not all(program.names)):
            raise ValueError(f"pattern {self.pattern!r}: every group of an extract needs a name; write (?P<name>...)")
        return program

    @property
    def program(self) -> Program:
        """The compiled pattern; only where there is one."""
        assert self._program is not None
        return self._program


Actions = list[Action]


def apply(actions: Sequence[Action], attributes: dict[str, Any]) -> None:
    """Run ``actions`` over one map of attributes (values as :func:`fastlog._core.anyvalue.decode_any` gives them)."""
    for action in actions:
        if action.action in _SETTERS:
            _set(action, attributes)
        elif action.action == "delete":
            for key in _selected(action, attributes):
                del attributes[key]
        elif action.action == "hash":
            for key in _selected(action, attributes):
                attributes[key] = hashed(attributes[key])
        elif action.action == "extract":
            attributes.update(extracted(action, attributes.get(action.key)))
        elif action.key in attributes:
            attributes[action.key] = converted(attributes[action.key], action.converted_type)


def _set(action: Action, attributes: dict[str, Any]) -> None:
    if action.from_attribute:
        if action.from_attribute in attributes:
            value = attributes[action.from_attribute]
        elif action.default_value is not None:
            value = action.default_value
        else:
            return
    else:
        value = action.value if action.value is not None else action.default_value
    present = action.key in attributes
    if action.action == "upsert" or present == (action.action == "update"):
        attributes[action.key] = value


def _selected(action: Action, attributes: dict[str, Any]) -> list[str]:
    """The keys that a delete or a hash is about."""
    keys = [action.key] if action.key in attributes else []
    if action.pattern:
        keys += [key for key in attributes if key not in keys and action.program.match(key.encode()) is not None]
    return keys


def hashed(value: Any) -> str:
    """SHA-256 of the value's bytes in hexadecimal, numbers as 8 little-endian bytes; "" for what has no such bytes."""
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogateescape")
    elif isinstance(value, bool):
        data = bytes([value])
    elif isinstance(value, int):
        data = struct.pack("<q", value)
    elif isinstance(value, float):
        data = struct.pack("<d", value)
    else:
        return ""
    return hashlib.sha256(data).hexdigest()


def extracted(action: Action, value: Any) -> dict[str, str]:
    """What the pattern's groups match in ``value``; nothing unless it is a string that matches."""
    if not isinstance(value, str):
        return {}
    data = value.encode("utf-8", "surrogateescape")
    spans = action.program.match(data)
    if spans is None:
        return {}
    groups = zip(action.program.names, spans[1:], strict=True)
    return {
        name: data[start:end].decode("utf-8", "surrogateescape") if start >= 0 else "" for name, (start, end) in groups
    }


def converted(value: Any, target: str) -> Any:
    """``value`` as a ``target`` ("string", "int", "double"), or as it is when it has no such form."""
    if target == "string":
        return value if isinstance(value, str) else as_string(value)
    try:
        if target == "int":
            if isinstance(value, float):
                return _truncated(value)
            # Go's strconv.ParseInt takes no spaces and no underscores
            if isinstance(value, bool) or (
                isinstance(value, str) and value.isascii() and "_" not in value and value == value.strip()
            ):
                number = int(value)
                return number if -(1 << 63) <= number < 1 << 63 else value
        elif isinstance(value, bool | int) or (isinstance(value, str) and value.isascii() and value == value.strip()):
            return float(value)
    except ValueError:
        pass
    return value


def _truncated(value: float) -> int:
    """Go's int64(f) on amd64: what does not fit is the smallest number."""
    return int(value) if math.isfinite(value) and -(2.0**63) <= value < 2.0**63 else -(1 << 63)


def as_string(value: Any) -> str:
    """The text of an AnyValue as the collector writes it (pdata's ``AsString``)."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, dict | list):
        return orjson.dumps(_jsonable(value), option=orjson.OPT_SORT_KEYS).decode()
    return str(value)


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value) if abs(value) < 2**53 else orjson.Fragment(_float_text(value))
    return value


def _float_text(value: float) -> str:
    """A double as Go's encoding/json writes it: no exponent from 1e-6 up to 1e21."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if value and not 1e-6 <= abs(value) < 1e21:
        mantissa, _, exponent = text.partition("e")
        if not exponent:
            mantissa, _, exponent = f"{value:e}".partition("e")
            mantissa = mantissa.rstrip("0")
        sign = "-" if exponent.startswith("-") else "+"
        return f"{mantissa.removesuffix('.0').rstrip('.')}e{sign}{exponent.lstrip('+-').lstrip('0')}"
    if "e" in text:
        text = f"{value:.17f}".rstrip("0") if abs(value) < 1 else f"{value:.0f}"
    return text.removesuffix(".0")
