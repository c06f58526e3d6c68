"""``fastlog components``: what a configuration can name."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    app.command("components")(components)


def components() -> None:
    """List the receivers, processors, exporters and extensions, and the built-in configurations.

    Example:

      fastlog components
    """
    from fastlog.config.model import SECTIONS
    from fastlog.config.yaml import builtin_names
    from fastlog.pipeline.registry import MODULES, RENAMED

    for kind, section in SECTIONS.items():
        typer.echo(f"{section}:")
        newer = {old: new for new, old in RENAMED[kind].items()}
        for name in sorted(MODULES[kind]):
            typer.echo(f"  - {name}" + (f"  (also {newer[name]})" if name in newer else ""))
    typer.echo("built-in configurations:")
    for name in builtin_names():
        typer.echo(f"  - {name}")
