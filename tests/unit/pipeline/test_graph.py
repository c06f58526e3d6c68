"""What the graph makes of policies, shared exporters and defaults."""

import pytest

from fastlog.config.fields import Delivery
from fastlog.exporters.coalesce import BatchPolicy
from fastlog.pipeline.graph import DEFAULT_BUDGET

from .parts import Parts, config


def pipelines(**lists: list[str]) -> dict[str, object]:
    return {"pipelines": {"logs": {"receivers": ["blocks"], "exporters": ["keep"], **lists}}}


def test_policies_are_no_stages() -> None:
    graph = Parts().graph(
        config(
            processors={
                "batch": {"timeout": "10s", "send_batch_size": 1024},
                "memory_limiter": {"check_interval": "1s", "limit_mib": 100, "spike_limit_mib": 20},
                "mark": None,
            },
            service=pipelines(processors=["memory_limiter", "mark", "batch"]),
        )
    )
    (pipeline,) = graph.pipelines
    assert [str(item.id) for item in pipeline.processors] == ["mark"]
    assert pipeline.outputs[0].policy == BatchPolicy(10.0, 1024, 0)
    assert graph.budget == 80 << 20
    assert graph.describe() == ["logs: blocks → mark → keep (after 1024 records or 10s)"]


def test_without_them() -> None:
    graph = Parts().graph(config())
    assert graph.budget == DEFAULT_BUDGET
    assert graph.pipelines[0].outputs[0].policy == BatchPolicy()
    assert graph.pipelines[0].outputs[0].retry.enabled  # a full disk is no reason to lose records
    assert graph.describe() == ["logs: blocks → keep (each block at once)"]
    assert graph.deviations == (
        "receivers::blocks: it reads from memory",
        "no memory_limiter: at most 24 MiB of records are held (collector: no limit)",
    )
    promise = Delivery("at-least-once", "the destination does not know which blocks it has already taken")
    assert list(graph.delivery()) == [("keep", promise)]


def test_a_null_batch_has_the_collector_s_defaults() -> None:
    graph = Parts().graph(config(processors={"batch": None}, service=pipelines(processors=["batch"])))
    assert graph.pipelines[0].outputs[0].policy == BatchPolicy(0.2, 8192, 0)


def test_one_batching_stage() -> None:
    graph = Parts().graph(
        config(
            processors={"batch/a": {"timeout": "1s"}, "batch/b": {"timeout": "2s"}},
            service=pipelines(processors=["batch/a", "batch/b"]),
        )
    )
    assert graph.pipelines[0].outputs[0].policy.timeout == 2.0
    assert "has two batch processors; batch/b is used and batch/a is not" in str(graph.warnings[0])


@pytest.mark.parametrize(
    ("retry", "warning"),
    [
        ({}, None),
        ({"max_elapsed_time": 0}, None),
        ({"max_elapsed_time": "5m"}, "max_elapsed_time: records are dropped when the destination is away for 5m0s"),
        ({"enabled": False}, "retry_on_failure::enabled: records of a request that fails are dropped; remove it"),
    ],
)
def test_what_can_lose_data_is_obeyed_and_warned_about(retry: dict[str, object], warning: str | None) -> None:
    graph = Parts().graph(
        config(
            exporters={"otlphttp": {"endpoint": "http://h:4318", "retry_on_failure": retry}},
            service=pipelines(exporters=["otlphttp"]),
        )
    )
    said = [str(one) for one in graph.warnings]
    assert said == [] if warning is None else warning in said[0]
    assert graph.pipelines[0].outputs[0].retry.max_elapsed_time == (300.0 if "5m" in retry.values() else 0.0)


def test_the_exporter_s_own_batching_counts() -> None:
    graph = Parts().graph(
        config(
            processors={"batch": None},
            exporters={"otlphttp": {"endpoint": "http://h:4318", "sending_queue": {"batch": {"flush_timeout": "1s"}}}},
            service=pipelines(processors=["batch"], exporters=["otlphttp"]),
        )
    )
    assert graph.pipelines[0].outputs[0].policy.timeout == 1.0
    assert "the processor batch has no effect on this exporter" in str(graph.warnings[0])


def test_an_exporter_in_two_pipelines_has_a_cursor_in_each() -> None:
    both = {"receivers": ["blocks"], "exporters": ["keep"]}
    graph = Parts().graph(config(service={"pipelines": {"logs": both, "logs/two": both}}))
    assert [out.name for pipeline in graph.pipelines for out in pipeline.outputs] == ["keep@logs", "keep@logs/two"]
    assert len(graph.receivers()) == len(graph.exporters()) == 1


@pytest.mark.parametrize(
    ("limits", "budget"),
    [
        ({"limit_mib": 100}, 80 << 20),
        ({"limit_mib": 100, "spike_limit_mib": 40}, 60 << 20),
        ({"limit_mib": 100, "limit_percentage": 50}, 80 << 20),
    ],
)
def test_memory_limits(limits: dict[str, int], budget: int) -> None:
    graph = Parts().graph(
        config(
            processors={"memory_limiter": {"check_interval": "1s", **limits}},
            service=pipelines(processors=["memory_limiter"]),
        )
    )
    assert graph.budget == budget


def test_a_percentage_of_the_memory() -> None:
    graph = Parts().graph(
        config(
            processors={
                "memory_limiter": {"check_interval": "1s", "limit_percentage": 50, "spike_limit_percentage": 10}
            },
            service=pipelines(processors=["memory_limiter"]),
        )
    )
    assert graph.budget > 1 << 20
