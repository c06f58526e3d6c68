"""Counters, sampled errors and one-line log records."""

import io
import json
import logging
import threading
from collections.abc import Iterator

import pytest

from fastlog.telemetry import ErrorSampler, Log, Metrics, configure_logging


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger("fastlog")
    before = root.handlers[:], root.level, root.propagate
    yield
    root.handlers[:], root.level, root.propagate = before[0], before[1], before[2]


def test_one_counter_a_name_and_labels() -> None:
    metrics = Metrics()
    metrics.counter("sent", exporter="a").add(2)
    metrics.counter("sent", exporter="a").add(3)
    metrics.counter("sent", exporter="b").add(1)
    assert metrics.counter("sent", exporter="a").value == 5
    assert metrics.total("sent") == 6


def test_counters_are_thread_safe() -> None:
    counter = Metrics().counter("n")

    def work() -> None:
        for _ in range(2000):
            counter.add(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 8000


def test_exposition_is_prometheus_text() -> None:
    metrics = Metrics()
    metrics.counter("otelcol_exporter_sent_log_records", exporter='otlphttp/"x"').add(7)
    metrics.gauge("otelcol_exporter_queue_size", lambda: 2.5, exporter="otlphttp")
    assert metrics.exposition() == (
        "# TYPE otelcol_exporter_queue_size gauge\n"
        'otelcol_exporter_queue_size{exporter="otlphttp"} 2.5\n'
        "# TYPE otelcol_exporter_sent_log_records_total counter\n"
        'otelcol_exporter_sent_log_records_total{exporter="otlphttp/\\"x\\""} 7\n'
    )


def test_the_sampler_counts_all_and_keeps_the_first_example() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    now = 100.0
    sampler = ErrorSampler(Log("fastlog.test"), interval=10, clock=lambda: now)
    sampler.add("line did not match", line="one")
    for number in range(50):
        sampler.add("line did not match", line=f"later {number}")
    now = 111.0
    sampler.add("line did not match", line="last")
    sampler.add("line did not match", 4, line="end")
    sampler.flush()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["count"], line["line"]) for line in lines] == [(1, "one"), (51, "later 0"), (4, "end")]


def test_console_lines_are_one_line_of_key_value() -> None:
    stream = io.StringIO()
    configure_logging("warn", "console", stream)
    log = Log("fastlog.test")
    log.info("not shown")
    log.warning("request failed", status=503, reason="try again\nlater", path="/v1/logs")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith('warn  request failed status=503 reason="try again\\nlater" path=/v1/logs')


def test_json_lines_carry_the_traceback() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    try:
        raise ValueError("boom")
    except ValueError:
        Log("fastlog.test").exception("worker failed", batch=3)
    record = json.loads(stream.getvalue())
    assert record["msg"] == "worker failed"
    assert record["batch"] == 3
    assert "ValueError: boom" in record["exception"]
