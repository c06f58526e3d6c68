"""Query results as tables on a terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from fastlog.local.engine import Engine

_FORMAT = "JSONCompactStringsEachRowWithNamesAndTypes"
_NUMBERS = ("Int", "UInt", "Float", "Decimal")


@dataclass(frozen=True, slots=True)
class Result:
    """Everything as ClickHouse writes it: column names, their types, and the rows' values."""

    names: list[str]
    types: list[str]
    rows: list[list[str]]


def select(engine: Engine, statement: str) -> Result:
    """Run ``statement`` and keep its result. StoreError when ClickHouse refuses it."""
    lines = [json.loads(line) for line in engine.query(statement, _FORMAT).splitlines()]
    return Result(lines[0], lines[1], lines[2:]) if len(lines) >= 2 else Result([], [], [])


def show(console: Console, result: Result, title: str = "") -> None:
    """Print ``result``; numbers are aligned right and grouped by thousands."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    numeric = [_bare(type_).startswith(_NUMBERS) for type_ in result.types]
    for name, is_number in zip(result.names, numeric, strict=True):
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in result.rows:
        table.add_row(
            *(_grouped(value) if is_number else _text(value) for value, is_number in zip(row, numeric, strict=True))
        )
    console.print(table)


def _bare(type_: str) -> str:
    """The type inside ``Nullable(…)`` and ``LowCardinality(…)``."""
    for wrapper in ("LowCardinality(", "Nullable("):
        type_ = type_.removeprefix(wrapper)
    return type_


def _grouped(value: str) -> str:
    whole, point, fraction = value.partition(".")
    return f"{int(whole):,}{point}{fraction}" if whole.lstrip("-").isdigit() else value


def _text(value: str) -> str:
    """A value that can be printed: markup and control characters are taken literally."""
    from rich.markup import escape

    return escape(
        "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in value)
    )
