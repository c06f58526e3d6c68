"""``fastlog query``: SQL over the embedded store."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from fastlog.errors import StoreError

DEMO_STORE = Path(".fastlog-demo/store")
"""Where scripts/demo puts its store, seen from the folder it is run in."""

_HAS_FORMAT = re.compile(r"\bFORMAT\s+\w+\s*;?\s*$", re.IGNORECASE)
_UNKNOWN_TABLE = "Code: 60."
_LONGEST_TABLE = 1000
_NOT_A_TERMINAL = "TabSeparatedWithNames"

Store = Annotated[
    Path | None,
    typer.Option(
        "--store",
        envvar="FASTLOG_STORE",
        metavar="PATH",
        help=f"The store's folder (an exporter's chdb://PATH). Default: {DEMO_STORE}, which the demo makes.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    app.command("query")(query)


def query(
    statement: Annotated[str, typer.Argument(metavar="SQL", help="A statement in ClickHouse's SQL.")],
    store: Store = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="One of ClickHouse's output formats (CSV, JSONEachRow, Parquet, ...), or table. "
            f"Default: table on a terminal, else {_NOT_A_TERMINAL}. A FORMAT clause in SQL has precedence.",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Run SQL over the embedded store. The records are in the table otel_logs. Times are in UTC.

    Examples:

      fastlog query "SELECT count() FROM otel_logs"

      fastlog query "SELECT Timestamp, Body FROM otel_logs WHERE SeverityText = 'error' ORDER BY Timestamp LIMIT 10"

      fastlog query --format CSVWithNames "SELECT LogAttributes['unit'] AS unit, count() FROM otel_logs GROUP BY unit"
    """
    path = existing(store)
    as_table = not _HAS_FORMAT.search(statement) and (
        format_.lower() == "table" or (not format_ and sys.stdout.isatty())
    )
    from fastlog.cli.tables import select, show
    from fastlog.local import open_store

    try:
        with open_store(str(path)) as engine:
            try:
                if not as_table:
                    sys.stdout.buffer.write(engine.query(statement, format_ or _NOT_A_TERMINAL))
                    sys.stdout.buffer.flush()
                    return
                result = select(engine, statement)
            except StoreError as error:
                if not str(error).startswith(_UNKNOWN_TABLE):
                    raise
                tables = [f"{database}.{name}" for database, name in select(engine, _TABLES).rows]
                has = "the store has: " + ", ".join(tables) if tables else "the store has no tables yet"
                raise StoreError(f"{error}\n{has}") from None
    except StoreError as error:
        typer.echo(f"fastlog: {error}", err=True)
        raise typer.Exit(1) from None
    if not result.names:
        return
    from rich.console import Console

    shown, rest = result.rows[:_LONGEST_TABLE], len(result.rows) - _LONGEST_TABLE
    show(Console(), type(result)(result.names, result.types, shown))
    if rest > 0:
        typer.echo(f"{rest:,} more rows; --format CSVWithNames prints all of them")


_TABLES = """SELECT database, name FROM system.tables
    WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA') ORDER BY 1, 2"""


def existing(store: Path | None) -> Path:
    """The store's folder; exits with a message when there is no store in it."""
    path = store or DEMO_STORE
    if not (path / "metadata").is_dir() and not (path / "store").is_dir():
        named = "" if store else ", where the demo would be: run ./scripts/demo, or name another with --store PATH"
        typer.echo(f"fastlog: there is no store in {path}{named}", err=True)
        raise typer.Exit(2)
    return path
