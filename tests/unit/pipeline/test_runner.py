"""Reading, acknowledging, draining and failing, with a receiver and an exporter in memory."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from fastlog import telemetry
from fastlog.errors import ComponentError
from fastlog.pipeline.runner import Runner
from fastlog.storage import CheckpointError

from .parts import Parts, config, records


@pytest.fixture
def parts() -> Parts:
    return Parts()


def runner(parts: Parts, tmp_path: Path, text: str, **options: Any) -> Runner:
    return Runner(parts.graph(text), ["test"], {"FASTLOG_STATE_DIRECTORY": str(tmp_path)}, **options)


def many(blocks: int, each: int = 50) -> dict[str, Any]:
    return {"blocks": {"blocks": [records(each, each * number) for number in range(blocks)]}}


def test_everything_arrives_in_order(parts: Parts, tmp_path: Path) -> None:
    summary = runner(parts, tmp_path, config(receivers=many(40))).run(exit_when_caught_up=True)
    assert parts.of("keep").bodies == [f"line {number}" for number in range(2000)]
    assert (summary.read, summary.sent, summary.failed, summary.complete) == (2000, 2000, 0, True)
    assert summary.read_bytes == len(records(2000))
    assert parts.of("keep").closed == 1
    assert "2,000 records read" in str(summary)


def test_a_second_run_continues_after_the_checkpoint(parts: Parts, tmp_path: Path) -> None:
    text = config(receivers={"blocks": {"blocks": ["a\n"]}})
    runner(parts, tmp_path, text).run(exit_when_caught_up=True)
    longer = config(receivers={"blocks": {"blocks": ["a\n", "b\n"]}})
    runner(parts, tmp_path, longer).run(exit_when_caught_up=True)
    assert parts.of("keep").bodies == ["a", "b"]


def test_batches_join_and_drain_at_once(parts: Parts, tmp_path: Path) -> None:
    text = config(
        receivers=many(10),
        processors={"batch": {"timeout": "1h", "send_batch_size": 200}},
        service={"pipelines": {"logs": {"receivers": ["blocks"], "processors": ["batch"], "exporters": ["keep"]}}},
    )
    started = time.monotonic()
    runner(parts, tmp_path, text).run(exit_when_caught_up=True)
    assert sorted(parts.of("keep").requests) == [100, 200, 200]
    assert time.monotonic() - started < 30


def test_each_pipeline_has_its_own_records(parts: Parts, tmp_path: Path) -> None:
    text = config(
        processors={"mark": None},
        exporters={"keep/a": None, "keep/b": None},
        service={
            "pipelines": {
                "logs/a": {"receivers": ["blocks"], "processors": ["mark"], "exporters": ["keep/a", "keep/b"]},
                "logs/b": {"receivers": ["blocks"], "exporters": ["keep/b"]},
            }
        },
    )
    one = runner(parts, tmp_path, text)
    summary = one.run(exit_when_caught_up=True)
    assert parts.of("keep/a").bodies == ["a", "b", "c"]
    assert sorted(parts.of("keep/b").bodies) == ["a", "a", "b", "b", "c", "c"]
    assert (summary.read, summary.sent) == (3, 9)
    assert one.budget.used == 0


def test_a_small_budget_only_slows_down(parts: Parts, tmp_path: Path) -> None:
    graph = parts.graph(config(receivers=many(20)))
    one = Runner(graph, ["test"], {"FASTLOG_STATE_DIRECTORY": str(tmp_path)})
    one.budget.limit = 100
    one.run(exit_when_caught_up=True)
    assert len(parts.of("keep").bodies) == 1000
    assert one.budget.used == 0


def test_a_batch_larger_than_the_memory_does_not_wait_for_its_timeout(parts: Parts, tmp_path: Path) -> None:
    text = config(
        receivers=many(20),
        processors={"batch": {"timeout": "1h", "send_batch_size": 100_000}},
        service={"pipelines": {"logs": {"receivers": ["blocks"], "processors": ["batch"], "exporters": ["keep"]}}},
    )
    one = runner(parts, tmp_path, text)
    one.budget.limit = 2000
    one.run(exit_when_caught_up=True)
    assert parts.of("keep").bodies == [f"line {number}" for number in range(1000)]
    assert len(parts.of("keep").requests) > 1


def test_nothing_moves_without_an_acknowledgement(parts: Parts, tmp_path: Path) -> None:
    """The destination hangs: the run ends after the drain time, and the next one reads everything again."""
    hanging = parts.of("keep").gate
    hanging.clear()
    one = runner(parts, tmp_path, config(), drain_seconds=0.2)
    threading.Timer(0.3, one.stop).start()
    summary = one.run()
    assert (summary.read, summary.sent, summary.complete) == (3, 0, False)
    assert "the rest is read again" in str(summary)
    again = Parts()
    runner(again, tmp_path, config()).run(exit_when_caught_up=True)
    assert again.of("keep").bodies == ["a", "b", "c"]
    hanging.set()


def test_a_stop_drains(parts: Parts, tmp_path: Path) -> None:
    text = config(
        processors={"batch": {"timeout": "1h"}},
        service={"pipelines": {"logs": {"receivers": ["blocks"], "processors": ["batch"], "exporters": ["keep"]}}},
    )
    one = runner(parts, tmp_path, text)
    threading.Timer(0.3, one.stop).start()
    assert one.run().complete
    assert parts.of("keep").bodies == ["a", "b", "c"]


def test_a_stop_that_takes_long_is_explained(
    parts: Parts, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastlog.pipeline.runner._QUIET_SECONDS", 0.0)
    caplog.set_level("INFO", "fastlog.pipeline")
    hanging = parts.of("keep").gate
    hanging.clear()
    one = runner(parts, tmp_path, config(), drain_seconds=0.6)
    threading.Timer(0.3, one.stop).start()
    assert not one.run().complete
    hanging.set()
    assert sum("stopping" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_drain(parts: Parts, tmp_path: Path, number: int) -> None:
    one = runner(parts, tmp_path, config())
    before = signal.getsignal(number)
    threading.Timer(0.3, os.kill, (os.getpid(), number)).start()
    assert one.run().complete
    assert parts.of("keep").bodies == ["a", "b", "c"]
    assert signal.getsignal(number) is before


def test_a_defect_ends_the_run_and_acknowledges_nothing(parts: Parts, tmp_path: Path) -> None:
    parts.of("keep").encode_error = ZeroDivisionError("oops")
    one = runner(parts, tmp_path, config())
    summary = one.run()
    assert one.failure == "pipeline logs failed: oops"
    assert not summary.complete
    parts.of("keep").encode_error = None
    runner(parts, tmp_path, config()).run(exit_when_caught_up=True)
    assert parts.of("keep").bodies == ["a", "b", "c"]


def test_a_receiver_can_end_the_run(parts: Parts, tmp_path: Path) -> None:
    one = runner(parts, tmp_path, config(receivers={"blocks": {"fail": True}}))
    one.run()
    assert one.failure == "receiver blocks failed: the disk is on fire"


def test_two_processes_cannot_share_state(parts: Parts, tmp_path: Path) -> None:
    one = runner(parts, tmp_path, config())
    thread = threading.Thread(target=one.run)
    thread.start()
    try:
        while not one.running:
            time.sleep(0.01)
        with pytest.raises(CheckpointError, match="another fastlog process runs receiver blocks"):
            runner(parts, tmp_path, config()).run()
    finally:
        one.stop()
        thread.join()


def test_file_storage_keeps_the_state(parts: Parts, tmp_path: Path) -> None:
    directory = tmp_path / "chosen"
    text = config(
        receivers={"blocks": {"blocks": ["a\n"], "storage": "file_storage"}},
        extensions={"file_storage": {"directory": str(directory)}},
        service={
            "extensions": ["file_storage"],
            "pipelines": {"logs": {"receivers": ["blocks"], "exporters": ["keep"]}},
        },
    )
    runner(parts, tmp_path / "other", text).run(exit_when_caught_up=True)
    assert list(directory.rglob("blocks.json"))
    assert not (tmp_path / "other").exists()


def test_health_and_metrics(parts: Parts, tmp_path: Path, free_port: Any) -> None:
    health, metrics = free_port(), free_port()
    text = config(
        extensions={"health_check": {"endpoint": f"localhost:{health}"}},
        service={
            "telemetry": {
                "metrics": {"readers": [{"pull": {"exporter": {"prometheus": {"host": "localhost", "port": metrics}}}}]}
            },
            "extensions": ["health_check"],
            "pipelines": {"logs": {"receivers": ["blocks"], "exporters": ["keep"]}},
        },
    )
    one = runner(parts, tmp_path, text)
    thread = threading.Thread(target=one.run)
    thread.start()
    try:
        while len(parts.of("keep").bodies) < 3:
            time.sleep(0.01)
        with urlopen(f"http://localhost:{health}/") as answer:
            assert b"Server available" in answer.read()
        while one.metrics.total(telemetry.EXPORTER_SENT) < 3:
            time.sleep(0.01)
        with urlopen(f"http://localhost:{metrics}/metrics") as answer:
            assert b'otelcol_exporter_sent_log_records_total{exporter="keep"} 3' in answer.read()
    finally:
        one.stop()
        thread.join()


def test_a_taken_port_stops_the_start(parts: Parts, tmp_path: Path, free_port: Any) -> None:
    port = free_port()
    text = config(
        extensions={
            "health_check/a": {"endpoint": f"localhost:{port}"},
            "health_check/b": {"endpoint": f"localhost:{port}"},
        },
        service={
            "extensions": ["health_check/a", "health_check/b"],
            "pipelines": {"logs": {"receivers": ["blocks"], "exporters": ["keep"]}},
        },
    )
    with pytest.raises(ComponentError, match=f"health_check/b: can't listen at localhost:{port}"):
        runner(parts, tmp_path, text).run()


def test_an_idle_run_uses_no_cpu(parts: Parts, tmp_path: Path) -> None:
    one = runner(parts, tmp_path, config())
    thread = threading.Thread(target=one.run)
    thread.start()
    try:
        while len(parts.of("keep").bodies) < 3:
            time.sleep(0.01)
        time.sleep(1.2)  # the checkpoints are saved within a second
        before = time.process_time()
        time.sleep(1.0)
        assert time.process_time() - before < 0.02
    finally:
        one.stop()
        thread.join()
