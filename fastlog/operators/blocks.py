"""Time and severity: the keys of ``time_parser`` and ``severity_parser``, which every parser also takes as the blocks
``timestamp:`` and ``severity:`` (pkg/stanza 0.160, operator/helper/time.go, severity_builder.go and parser.go)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ValidationInfo, field_validator

from fastlog._core.blocks import Blocks
from fastlog._core.timestamp import TimeParser
from fastlog.config.fields import ConfigModel
from fastlog.operators.base import OperatorConfig
from fastlog.operators.fields import ATTRIBUTES, BODY, Field, FieldPath, RootField
from fastlog.operators.layouts import compile_layout, find_location
from fastlog.operators.severity import SEVERITY_TEXT, compile_severity

if TYPE_CHECKING:
    from fastlog.operators.plan import PlanBuilder


class TimeKeys(ConfigModel):
    """How to read a time. ``layout_type``: strptime, gotime or epoch; ``location``: an IANA name, for what has none;
    ``time_zone_locations``: what abbreviations mean, as in ``{IST: Asia/Kolkata}``."""

    parse_from: Field
    layout_type: str = "strptime"
    location: str = ""
    layout: str
    time_zone_locations: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it

    @field_validator("location")
    @classmethod
    def _known_location(cls, location: str) -> str:
        if location:
            find_location(location)
        return location

    @field_validator("layout_type")
    @classmethod
    def _known_type(cls, layout_type: str) -> str:
        if layout_type not in ("", "strptime", "gotime", "epoch"):
            raise ValueError(f"unsupported layout_type {layout_type!r}; write 'strptime', 'gotime' or 'epoch'")
        return layout_type or "strptime"

    @field_validator("layout")
    @classmethod
    def _layout(cls, layout: str, info: ValidationInfo) -> str:
        if "layout_type" in info.data:
            compile_layout(info.data["layout_type"], layout)
        return layout

    @field_validator("time_zone_locations")
    @classmethod
    def _known_zones(cls, zones: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        directive = "MST" if info.data.get("layout_type") == "gotime" else "%Z"
        if zones and directive not in info.data.get("layout", directive):
            raise ValueError(
                f"the layout has no {directive}, so no abbreviation is read; remove these, or add {directive}"
            )
        for location in zones.values():
            find_location(location)
        return zones


class SeverityKeys(ConfigModel):
    """Where a severity is, and which words mean which: ``mapping`` goes over ``preset`` (default: OTel's names, warning
    and err)."""

    parse_from: Field
    preset: str = ""
    mapping: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies it
    overwrite_text: bool = False

    @field_validator("mapping")
    @classmethod
    def _mapping(cls, mapping: dict[str, Any]) -> dict[str, Any]:
        compile_severity("", mapping)
        return mapping


class ParserConfig(OperatorConfig):
    """What all parsers have. A map that was parsed is merged into ``parse_to``; ``body`` then becomes the body."""

    parse_from: Field = FieldPath(BODY)
    parse_to: RootField = FieldPath(ATTRIBUTES)
    body: Field | None = None
    timestamp: TimeKeys | None = None
    severity: SeverityKeys | None = None

    unsupported: ClassVar[dict[str, str]] = {
        **OperatorConfig.unsupported,
        "trace": "remove it, and the ids stay attributes",
        "scope_name": "remove it, and the name stays an attribute",
    }

    @field_validator("body")
    @classmethod
    def _body_once(cls, body: FieldPath | None, info: ValidationInfo) -> FieldPath | None:
        if body is not None and info.data.get("parse_to") == FieldPath(BODY):
            raise ValueError("`parse_to: body` is not allowed when `body` is configured; remove one of them")
        return body


def _zones(time: TimeKeys) -> list[tuple[bytes, TimeParser]]:
    """The parsers of the abbreviations that can be found in a stamp: stanza looks for 2 to 5 capital letters."""
    return [
        (name.encode(), compile_layout(time.layout_type, time.layout, location))
        for name, location in time.time_zone_locations.items()
        if time.layout_type != "epoch" and re.fullmatch("[A-Z]{2,5}", name)
    ]


def compile_blocks(
    plan: PlanBuilder,
    *,
    body: FieldPath | None = None,
    time: TimeKeys | None = None,
    severity: SeverityKeys | None = None,
) -> Blocks:
    """The kernel's form of these, each of which may be None."""
    if body is not None:
        plan.wrote(FieldPath(BODY))
    for path in (body, time and time.parse_from, severity and severity.parse_from):
        if path:
            plan.touched(path)
    return Blocks(
        body=plan.field(body) if body else None,
        time=compile_layout(time.layout_type, time.layout, time.location or None) if time else None,
        time_from=plan.field(time.parse_from) if time else None,
        zones=_zones(time) if time else (),
        severity=compile_severity(severity.preset, severity.mapping) if severity else None,
        severity_from=plan.field(severity.parse_from) if severity else None,
        overwrite_text=severity.overwrite_text if severity else False,
        names=[plan.key(name) for name in SEVERITY_TEXT[1:]] if severity else (),
    )


def compile_parser_blocks(plan: PlanBuilder, config: ParserConfig, written: Iterable[FieldPath]) -> Blocks:
    """The embedded blocks of a parser; the fields that it writes are noted before."""
    plan.touched(config.parse_from)
    for path in written:
        plan.wrote(path)
    return compile_blocks(plan, body=config.body, time=config.timestamp, severity=config.severity)
