"""What the commands that take a configuration share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fastlog.errors import ConfigError, Problem

if TYPE_CHECKING:
    from fastlog.pipeline.graph import Graph

CONFIG_ERROR = 2

Configs = Annotated[
    list[str],
    typer.Option(
        "--config",
        "-c",
        metavar="SOURCE",
        help="A file (path or file:PATH), env:NAME, yaml:TEXT, or a built-in configuration (clickstack). "
        "Repeatable: later ones are merged over earlier ones, maps key by key, lists replaced.",
        show_default=False,
    ),
]
Settings = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="One value over all configurations, as in --set processors::batch::timeout=2s. Repeatable.",
        default_factory=list,
        show_default=False,
    ),
]


def read_graph(configs: list[str], settings: list[str]) -> Graph:
    """The graph of a command's configuration. ConfigError when it is wrong."""
    from fastlog.config.validate import validate
    from fastlog.config.yaml import load
    from fastlog.pipeline import registry
    from fastlog.pipeline.graph import build

    return build(validate(load(configs, settings), registry))


def load_graph(configs: list[str], settings: list[str]) -> Graph:
    """The graph of a command's configuration; prints what is wrong with it and exits with code 2 if it is wrong."""
    try:
        return read_graph(configs, settings)
    except ConfigError as error:
        count = len(error.problems)
        typer.echo(f"the configuration has {count} error{'s' if count != 1 else ''}:", err=True)
        for problem in error.problems:
            typer.echo("\n".join(lines(problem)), err=True)
        raise typer.Exit(CONFIG_ERROR) from None


def lines(problem: Problem) -> list[str]:
    """``problem`` for a terminal: where, what, and the fix below it."""
    bare = Problem(problem.path, problem.message)
    where = f"{problem.place}: " if problem.place is not None else ""
    return [f"  {where}{bare}", *([f"      {problem.fix}"] if problem.fix else [])]
