"""``fastlog demo``: the parts of ``scripts/demo`` around ``fastlog run``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from fastlog.errors import StoreError

LOG = Path("/tmp/host-demo/journal.log")
"""What the guide's configuration reads."""

OVERVIEW = """
SELECT count() AS records, min(Timestamp) AS first, max(Timestamp) AS last,
    uniqExact(LogAttributes['unit']) AS units, countIf(SeverityText = 'error') AS errors,
    formatReadableSize(sum(length(Body))) AS text
FROM otel_logs"""

BY_UNIT = """
SELECT LogAttributes['unit'] AS unit, count() AS records, countIf(SeverityText = 'error') AS errors,
    countIf(SeverityText = 'warn') AS warnings, min(Timestamp) AS first, max(Timestamp) AS last
FROM otel_logs GROUP BY unit ORDER BY records DESC, unit LIMIT 12"""

BY_ADDRESS = """
SELECT extract(LogAttributes['message'], '(?:^Failed password for .* from|Ban) (\\\\d[\\\\d.]+)') AS address,
    countIf(startsWith(LogAttributes['message'], 'Failed password')) AS failed_logins,
    countIf(LogAttributes['message'] LIKE '%] Ban %') AS bans,
    min(Timestamp) AS first, max(Timestamp) AS last
FROM otel_logs WHERE LogAttributes['unit'] IN ('sshd', 'fail2ban.actions') AND address != ''
GROUP BY address ORDER BY failed_logins DESC, address LIMIT 10"""

TRY_NEXT = (
    "SELECT Timestamp, Body FROM otel_logs WHERE LogAttributes['unit'] = 'sudo' ORDER BY Timestamp LIMIT 10",
    "SELECT toStartOfHour(Timestamp) AS hour, count() AS records, bar(records, 0, 3000, 40) AS chart "
    "FROM otel_logs GROUP BY hour ORDER BY hour",
    "SELECT LogAttributes['path'] AS path, count() AS requests, round(avg(toFloat64(LogAttributes['ms'])), 1) AS ms "
    "FROM otel_logs WHERE LogAttributes['msg'] LIKE '%request' GROUP BY path ORDER BY ms DESC",
)


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Make the demo's data and show what landed; ./scripts/demo does all of it.", no_args_is_help=True
    )
    group.command("prepare")(prepare)
    group.command("show")(show)
    app.add_typer(group, name="demo")


def prepare(
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="Holds the demo's store and state.")],
    log: Annotated[Path, typer.Option("--log", metavar="PATH", help="The log file to write.")] = LOG,
) -> None:
    """Write the host log of 2025-11-11 and remove what an earlier demo left in DIRECTORY."""
    from fastlog.demo import write_host_log
    from fastlog.local.lock import owner

    store = directory / "store"
    holder = owner(store)
    if holder is not None:
        typer.echo(f"fastlog: {store} is open in process {holder or 'unknown'}; end that one first", err=True)
        raise typer.Exit(1)
    for old in (store, directory / "state"):
        shutil.rmtree(old, ignore_errors=True)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        written = write_host_log(log)
    except OSError as error:
        typer.echo(f"fastlog: {log} can't be written: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{written.path}: {written.lines:,} lines, {written.size / 1e6:.1f} MB")


def show(
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="Holds the demo's store.")],
) -> None:
    """Print what landed in the store as tables, and what to try next."""
    from rich.console import Console

    from fastlog.cli import tables
    from fastlog.cli.query import DEMO_STORE, existing
    from fastlog.local import open_store

    store = existing(directory / "store")
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    try:
        with open_store(str(store)) as engine:
            for title, statement in (
                ("What landed (UTC)", OVERVIEW),
                ("By unit", BY_UNIT),
                ("Failed logins by address", BY_ADDRESS),
            ):
                tables.show(console, tables.select(engine, statement), title)
    except StoreError as error:
        typer.echo(f"fastlog: {error}", err=True)
        raise typer.Exit(1) from None
    option = "" if store.resolve() == DEMO_STORE.resolve() else f"--store {store} "
    typer.echo("Try next:")
    for statement in TRY_NEXT:
        typer.echo(f'  {_program()} query {option}"{statement}"')


def _program() -> str:
    """How this program was called, so that what is printed can be typed."""
    name = Path(sys.argv[0]).name
    if shutil.which(name) == sys.argv[0] or not sys.argv[0].endswith("fastlog"):
        return "fastlog"
    try:
        return str(Path(sys.argv[0]).relative_to(Path.cwd()))
    except ValueError:
        return sys.argv[0]
