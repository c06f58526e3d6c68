"""``fastlog run``: run the pipelines of a configuration."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fastlog import telemetry
from fastlog.cli.options import Configs, Settings, load_graph, read_graph
from fastlog.errors import FastlogError

if TYPE_CHECKING:
    from fastlog.pipeline.graph import Graph

_log = telemetry.Log("fastlog")


def register(app: typer.Typer) -> None:
    app.command("run")(run)


def run(
    configs: Configs,
    settings: Settings,
    exit_when_caught_up: Annotated[
        bool,
        typer.Option(
            "--exit-when-caught-up",
            help="End when everything that exists has been read and acknowledged, instead of waiting for more.",
        ),
    ] = False,
) -> None:
    """Run the pipelines of a configuration until SIGTERM or Ctrl-C.

    The configuration is the OpenTelemetry Collector's. A stop sends what has been read and saves how far it came; a
    second signal ends at once. Nothing is lost either way: what was not acknowledged is read again at the next start.
    SIGHUP loads the configuration again.

    Examples:

      fastlog run --config /etc/fastlog/config.yaml

      fastlog run --config clickstack --config examples/ec2-host-logs-demo.yaml

      fastlog run --config config.yaml --set exporters::otlphttp::compression=zstd --exit-when-caught-up
    """
    from fastlog.local import open_store
    from fastlog.pipeline import registry
    from fastlog.pipeline.runner import Runner
    from fastlog.storage import CheckpointError

    progress = None
    if sys.stderr.isatty():
        from fastlog.cli.progress import Progress

        progress = Progress()
    registry.provide("store", open_store)
    graph: Graph | None = load_graph(configs, settings)
    gc.freeze()
    gc.enable()
    while graph is not None:
        _announce(graph)
        reload = _Reload(configs, settings)
        runner = Runner(graph, configs, on_tick=progress.tick if progress is not None else None, on_hangup=reload)
        try:
            summary = runner.run(exit_when_caught_up=exit_when_caught_up)
        except (FastlogError, CheckpointError) as error:
            typer.echo(f"fastlog: {error}", err=True)
            raise typer.Exit(1) from None
        finally:
            if progress is not None:
                progress.close()
        typer.echo(f"fastlog: {summary}", err=True)
        if runner.failure:
            typer.echo(f"fastlog: {runner.failure}", err=True)
        if runner.failure or (exit_when_caught_up and not summary.complete):
            raise typer.Exit(1)
        graph = reload.graph


class _Reload:
    """Loads the configuration again after a SIGHUP. ``graph`` is the new one; a wrong one is said and not used."""

    def __init__(self, configs: list[str], settings: list[str]) -> None:
        self._sources = configs, settings
        self.graph: Graph | None = None

    def __call__(self) -> bool:
        from fastlog.errors import ConfigError

        try:
            self.graph = read_graph(*self._sources)
        except ConfigError as error:
            for problem in error.problems:
                _log.error("the new configuration is wrong; going on with the old one", problem=str(problem))
            return False
        _log.info("running the new configuration")
        return True


def _announce(graph: Graph) -> None:
    """Log as the configuration asks, and say what will run."""
    logs = graph.telemetry.logs
    stream = sys.stdout if "stdout" in logs.output_paths else sys.stderr
    telemetry.configure_logging(logs.level.lower() or "info", logs.encoding, stream)
    for warning in graph.warnings:
        _log.warning(str(warning))
    for line in graph.describe():
        _log.info("pipeline " + line)
    for name, delivery in graph.delivery():
        _log.info(f"delivers {delivery.promise}", exporter=name, reason=delivery.reason)
    for deviation in graph.deviations:
        _log.info("unlike the collector: " + deviation)
