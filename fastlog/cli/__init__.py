"""The command line: one file a command group.

A command's module is imported when the command is used (or all of them for ``--help``), so that ``fastlog run`` does
not pay for the others. Each module has ``register(app)``, which adds its commands.

Exit codes: 0 success, 1 a failure while running, 2 a wrong configuration or command line.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module

os.environ.setdefault(
    "PYDANTIC_DISABLE_PLUGINS", "__all__"
)  # looking for plugins costs a tenth of a second of start-up

COMMANDS = {
    "run": "fastlog.cli.run",
    "validate": "fastlog.cli.validate",
    "components": "fastlog.cli.components",
    "query": "fastlog.cli.query",
    "demo": "fastlog.cli.demo",
}
"""Command names and their modules, in the order ``--help`` shows them."""


def main(arguments: list[str] | None = None) -> None:
    """The ``fastlog`` command. Exits; never returns."""
    if arguments is None:
        arguments = sys.argv[1:]
        if arguments[:1] == ["run"]:
            gc.disable()  # imports make no garbage, and looking for it is a fifth of the start; `run` enables it again
    import typer  # after the names above: `fastlog.cli` itself is cheap to import

    app = typer.Typer(
        name="fastlog",
        help="Ships logs: the OpenTelemetry Collector's log path, its configuration and its wire format.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )

    @app.callback(invoke_without_command=True)
    def top(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
        if version:
            from importlib.metadata import PackageNotFoundError
            from importlib.metadata import version as installed

            try:
                print(f"fastlog {installed('fastlog-ingest')}")
            except PackageNotFoundError:
                print("fastlog (not installed: run from its source)")
            raise typer.Exit

    used = arguments[0] if arguments and arguments[0] in COMMANDS else None
    for name, module in COMMANDS.items():
        if used is None or name == used:
            import_module(module).register(app)
    app(arguments, prog_name="fastlog")
