"""``fastlog validate``: check a configuration without running it."""

from __future__ import annotations

import typer

from fastlog.cli.options import Configs, Settings, lines, load_graph


def register(app: typer.Typer) -> None:
    app.command("validate")(validate)


def validate(configs: Configs, settings: Settings) -> None:
    """Check a configuration and say what would run. Opens no connection and no log file.

    Prints every error with file, line and fix, and warns about known traps. Exit code 2 when there are errors.

    Examples:

      fastlog validate --config /etc/fastlog/config.yaml

      fastlog validate --config clickstack --config custom.yaml --set exporters::clickhouse::endpoint=http://ch:8123
    """
    graph = load_graph(configs, settings)
    if graph.warnings:
        typer.echo(f"{len(graph.warnings)} warning{'s' if len(graph.warnings) != 1 else ''}:")
        for warning in graph.warnings:
            typer.echo("\n".join(lines(warning)))
    typer.echo("OK")
    for line in graph.describe():
        typer.echo(f"  {line}")
    for name, delivery in graph.delivery():
        typer.echo(f"  {name} delivers {delivery.promise}: {delivery.reason}")
    for deviation in graph.deviations:
        typer.echo(f"  unlike the collector, {deviation}")
