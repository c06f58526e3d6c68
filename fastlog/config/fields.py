"""Field types and the base class of component configurations.

They read values as the collector does (confmap v1.66 with mapstructure): keys are case-sensitive, an unknown one is an
error, a null means "not set", nothing is converted silently (``"8192"`` is no number), durations are Go's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_MAX_NS = 2**63 - 1


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration: ``"1m30s"``, ``"200ms"``, ``"-1.5h"``, ``"0"`` (Go's ``time.ParseDuration``).

    Raises ValueError with the accepted form when ``text`` is none.
    """
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    if unsigned == "0":
        return 0
    total = Decimal(0)
    end = 0
    for match in _DURATION.finditer(unsigned):
        if match.start() != end:
            break
        end = match.end()
        total += Decimal(match[1]) * _UNITS[match[2]]
    if not unsigned or end != len(unsigned):
        hint = f"; write '{unsigned}s' for seconds" if unsigned.isdigit() else ""
        raise ValueError(f"{text!r} is not a duration: write a number and a unit, as in '200ms', '5s', '1m30s'{hint}")
    if total > _MAX_NS:
        raise ValueError(f"{text!r} is longer than the 292 years a duration can hold")
    return -int(total) if text[0] == "-" else int(total)


def format_duration(seconds: float) -> str:
    """Seconds in Go's way of writing: ``90.0`` → ``1m30s``, ``0.2`` → ``200ms``."""
    ns = round(seconds * 1e9)
    if ns == 0:
        return "0s"
    sign, ns = ("-", -ns) if ns < 0 else ("", ns)
    if ns < 10**9:
        unit = "ms" if ns >= 10**6 else "µs" if ns >= 10**3 else "ns"
        return f"{sign}{Decimal(ns) / _UNITS[unit]:f}{unit}"
    minutes, rest = divmod(ns, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    text = (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes or hours else "")
    return f"{sign}{text}{(Decimal(rest) / 10**9).normalize():f}s"


def _duration(value: Any) -> float:
    if isinstance(value, str):
        return parse_duration(value) / 1e9
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a duration: write '200ms', '5s' or '1m30s'")
    if isinstance(value, int):
        return value / 1e9  # a bare number is nanoseconds, as in the collector
    if value.is_integer():
        return value / 1e9
    raise ValueError(f"{value!r} is not a duration: write a unit, as in '{value}s'")


_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgtp]?i?b?)\s*", re.IGNORECASE)
_SIZE_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def parse_size(value: Any) -> int:
    """Bytes of ``"1MiB"`` (powers of 1024), ``"16kb"`` (powers of 1000) or a bare number (stanza's ``ByteSize``)."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise ValueError(f"{value} is negative; write a size in bytes or as in '1MiB'")
        return value
    if isinstance(value, float) and value.is_integer() and value >= 0:
        return int(value)
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not a size: write bytes, or a number and a unit, as in '16KiB' or '1MiB'")
    unit = match[2].lower().rstrip("b")
    base = 1024 if unit.endswith("i") else 1000
    return int(Decimal(match[1]) * base ** _SIZE_POWERS[unit.rstrip("i")])


Duration = Annotated[float, BeforeValidator(_duration)]
"""Seconds, read from a Go duration string; a bare number is nanoseconds."""

ByteSize = Annotated[int, BeforeValidator(parse_size)]
"""Bytes, read from ``1MiB``, ``16kb`` or a bare number."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What an exporter promises: ``at-least-once`` or ``exactly-once``, and why in one sentence."""

    promise: str
    reason: str


UNKNOWN_KEY = "extra_forbidden"
"""Pydantic's type of the error for an unknown key. From a ConfigModel its context has the known ``keys``."""


def _with_keys(item: ErrorDetails, keys: list[str]) -> InitErrorDetails:
    """One error of a model that has ``keys``, ready to be raised again."""
    context = item.get("ctx", {})
    kind: str | PydanticCustomError = item["type"]
    if kind == UNKNOWN_KEY and (len(item["loc"]) == 1 or context):
        kind = PydanticCustomError(UNKNOWN_KEY, "Extra inputs are not permitted", {"keys": keys, **context})
    return InitErrorDetails(type=kind, loc=item["loc"], input=item["input"], ctx=context)


class ConfigModel(BaseModel):
    """The base of every component's configuration and of the blocks in it.

    Default values are the collector's. A validator of a subclass raises ValueError with the fix in its text; the config
    layer adds path, file and line.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_set(cls, data: Any) -> Any:
        if data is None:
            return {}
        if isinstance(data, dict):
            known = {name for field, info in cls.model_fields.items() for name in (field, info.alias)}
            return {key: value for key, value in data.items() if value is not None or key not in known}
        return data

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_known_keys(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Attach this model's keys to the error for an unknown one; only the model knows them."""
        try:
            return handler(data)
        except ValidationError as error:
            keys = sorted(info.alias or name for name, info in cls.model_fields.items())
            raise ValidationError.from_exception_data(
                error.title, [_with_keys(item, keys) for item in error.errors(include_url=False)]
            ) from None

    def deviations(self) -> Iterable[str]:
        """Where this configuration's defaults differ from the collector's, one sentence each; printed at start."""
        return ()


class ExporterConfig(ConfigModel):
    """The base of exporters' configurations."""

    def delivery(self) -> Delivery:
        """The promise printed at start."""
        return Delivery("at-least-once", "the destination does not know which blocks it has already taken")
