"""From a validated configuration to the graph that runs: receivers → pipelines → exporters.

Pure: no file, no network, nothing is created. What is policy and no processing (``batch``, ``memory_limiter``) is taken
out of the pipelines here and becomes the exporters' batch policy and the process's memory budget.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from fastlog.config.fields import Delivery, format_duration
from fastlog.config.model import ComponentConfig, Config, Telemetry
from fastlog.errors import Problem, format_path
from fastlog.exporters.coalesce import BatchPolicy
from fastlog.exporters.retry import RetryPolicy
from fastlog.types import ComponentID

DEFAULT_BUDGET = 24 << 20
"""Bytes of records held at a time when no ``memory_limiter`` says otherwise."""


@runtime_checkable
class Queued(Protocol):
    """The configuration of an exporter that queues, retries and splits (``exporters.settings.QueuedConfig``)."""

    timeout: float
    retry_on_failure: Any
    sending_queue: Any

    def batch_policy(self, batch: BatchPolicy | None) -> BatchPolicy: ...


@dataclass(frozen=True, slots=True)
class Output:
    """One exporter at the end of one pipeline. ``name`` is its name in checkpoints: the exporter's id, with the
    pipeline's where several pipelines share the exporter."""

    exporter: ComponentConfig
    name: str
    policy: BatchPolicy
    retry: RetryPolicy
    timeout: float
    consumers: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """``processors`` are those that change records, in order."""

    id: ComponentID
    receivers: tuple[ComponentConfig, ...]
    processors: tuple[ComponentConfig, ...]
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    pipelines: tuple[Pipeline, ...]
    extensions: tuple[ComponentConfig, ...]
    telemetry: Telemetry
    budget: int
    """Bytes of records that may be held at a time."""
    deviations: tuple[str, ...]
    """Where defaults differ from the collector's, to be said at start."""
    warnings: tuple[Problem, ...]

    def receivers(self) -> list[ComponentConfig]:
        """Every receiver once, in the order of the pipelines."""
        return list({item.path: item for pipeline in self.pipelines for item in pipeline.receivers}.values())

    def exporters(self) -> list[ComponentConfig]:
        """Every exporter once, in the order of the pipelines."""
        return list(
            {out.exporter.path: out.exporter for pipeline in self.pipelines for out in pipeline.outputs}.values()
        )

    def delivery(self) -> Iterator[tuple[str, Delivery]]:
        """What each exporter promises, by its id."""
        for item in self.exporters():
            yield str(item.id), item.model.delivery()

    def describe(self) -> list[str]:
        """What will run, a line a pipeline."""
        return [
            f"{pipeline.id}: "
            + " → ".join(
                part
                for part in (
                    ", ".join(str(item.id) for item in pipeline.receivers),
                    ", ".join(str(item.id) for item in pipeline.processors),
                    ", ".join(f"{out.exporter.id} ({_batching(out.policy)})" for out in pipeline.outputs),
                )
                if part
            )
            for pipeline in self.pipelines
        ]


def build(config: Config) -> Graph:
    """The graph of ``config``."""
    warnings = list(config.warnings)
    uses = Counter(item.path for pipeline in config.pipelines for item in pipeline.exporters)
    budgets: list[int] = []
    pipelines = []
    for pipeline in config.pipelines:
        batch: ComponentConfig | None = None
        stages = []
        for item in pipeline.processors:
            if item.component.type == "memory_limiter":
                budgets.append(item.model.budget())
            elif item.component.type != "batch":
                stages.append(item)
            else:
                if batch is not None:
                    path = ("service", "pipelines", str(pipeline.id), "processors")
                    said = f"has two batch processors; {item.id} is used and {batch.id} is not"
                    warnings.append(Problem(path, said, "remove one", pipeline.place))
                batch = item
        outputs = tuple(
            _output(item, f"{item.id}@{pipeline.id}" if uses[item.path] > 1 else str(item.id), batch, warnings)
            for item in pipeline.exporters
        )
        pipelines.append(Pipeline(pipeline.id, pipeline.receivers, tuple(stages), outputs))
    deviations = [
        f"{format_path(item.path)}: {said}" for item in config.components() for said in item.model.deviations()
    ]
    if not budgets:
        held = f"at most {DEFAULT_BUDGET >> 20} MiB of records are held"
        deviations.append(f"no memory_limiter: {held} (collector: no limit)")
    return Graph(
        pipelines=tuple(pipelines),
        extensions=config.extensions,
        telemetry=config.telemetry,
        budget=min(budgets, default=DEFAULT_BUDGET),
        deviations=tuple(deviations),
        warnings=tuple(warnings),
    )


def _output(item: ComponentConfig, name: str, batch: ComponentConfig | None, warnings: list[Problem]) -> Output:
    """The end of a pipeline at ``item``. There is one batching stage: the exporter's own, else the pipeline's."""
    policy = None
    if batch is not None:
        policy = BatchPolicy(batch.model.timeout, batch.model.send_batch_size, batch.model.send_batch_max_size)
    model = item.model
    if not isinstance(model, Queued):
        return Output(item, name, policy or BatchPolicy(), RetryPolicy(), 30.0, 1)
    queue = model.sending_queue
    if queue.batch is not None and batch is not None:
        said = f"batches here, so the processor {batch.id} has no effect on this exporter"
        warnings.append(Problem((*item.path, "sending_queue", "batch"), said, "remove one of them", item.place))
    retry = model.retry_on_failure
    if not retry.enabled:
        said = "records of a request that fails are dropped"
        warnings.append(Problem((*item.path, "retry_on_failure", "enabled"), said, "remove it to retry", item.place))
    elif retry.max_elapsed_time:
        said = f"records are dropped when the destination is away for {format_duration(retry.max_elapsed_time)}"
        path = (*item.path, "retry_on_failure", "max_elapsed_time")
        warnings.append(Problem(path, said, "remove it, or write 0, to retry for ever", item.place))
    return Output(
        item,
        name,
        model.batch_policy(policy),
        retry.policy(),
        model.timeout,
        queue.num_consumers if queue.enabled else 1,
    )


def _batching(policy: BatchPolicy) -> str:
    if policy.timeout <= 0:
        return "each block at once"
    trigger = f"{policy.send_batch_size} records or " if policy.send_batch_size else ""
    return f"after {trigger}{format_duration(policy.timeout)}"
