"""What fastlog could do at best: the CPU time of its parts, each measured alone in this process.

The kernels run over the log's first blocks on one thread, then each compressor over what they gave, then it is sent to
a discarding sink. What the bound leaves out is what joins the parts: reading the file, threads, queues, Python.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastlog._core.batch import Batch

from bench.e2e.sinkprocess import SinkProcess
from fastlog.config.validate import validate
from fastlog.config.yaml import load
from fastlog.exporters import otlp
from fastlog.exporters.compress import compressor
from fastlog.exporters.otlphttp.config import Config
from fastlog.exporters.otlphttp.exporter import OTLPHTTPExporter
from fastlog.pipeline import registry
from fastlog.pipeline.graph import build
from fastlog.types import Chunk, Context

LOG_BYTES = 64 << 20  # of the log that the parts are measured on


@dataclass(frozen=True)
class Bound:
    """CPU seconds per GB of log. ``sending`` and ``compressing`` by variant."""

    plan: float
    encode: float
    compressing: Mapping[str, float]
    sending: Mapping[str, float]

    def seconds(self, variant: str) -> float:
        if variant == "nop":
            return self.plan
        return self.plan + self.encode + self.compressing[variant] + self.sending[variant]

    def __str__(self) -> str:
        parts = [f"plan {self.plan:.2f}", f"encode {self.encode:.2f}"]
        for variant, seconds in self.sending.items():
            compress = f"compress {self.compressing[variant]:.2f} + " if self.compressing[variant] else ""
            parts.append(f"{variant}: {compress}send {seconds:.2f}")
        return ", ".join(parts)


class _Host:
    """A pipeline that runs its plan and its encoder where it is given a batch."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.raw = 0
        self.plan = self.encode = 0.0
        self.chunks: list[Chunk] = []

    def checkpoint(self, source: str) -> None: ...

    def known(self) -> dict[str, Any]:
        return {}

    def describe(self, source: str, facts: Mapping[str, Any]) -> None: ...

    def reserve(self, size: int) -> bool:
        return not self.done.is_set()

    def release(self, size: int) -> None: ...

    def fail(self, error: BaseException) -> None:
        self.done.set()

    def stopping(self) -> bool:
        return self.done.is_set()

    def submit(self, batch: Batch) -> None:
        if self.done.is_set():
            return
        self.raw += batch.raw_size
        started = time.thread_time()
        batch.plan.run(batch)
        planned = time.thread_time()
        self.chunks.append(otlp.encode(batch))
        self.plan += planned - started
        self.encode += time.thread_time() - planned
        batch.release()
        if self.raw >= LOG_BYTES:
            self.done.set()


def measure(config: str, log: Path) -> Bound:
    """The parts of ``config`` (a configuration's text) over ``log``."""
    graph = build(validate(load([f"yaml:{config}"], []), registry))
    item = graph.receivers()[0]
    host = _Host()
    receiver = item.component.create(item.model, Context(item.id, "bound", {}, None))
    receiver.start(host, host.submit)
    while not host.done.wait(0.05):
        if receiver.caught_up():
            host.done.set()
    receiver.stop()
    gb = host.raw / 1e9

    compressing, sizes = {"none": 0.0}, {"none": sum(len(chunk.data) for chunk in host.chunks)}
    for variant in ("gzip", "zstd"):
        found = compressor(variant)
        assert found is not None
        started, size = time.process_time(), 0
        for chunk in host.chunks:
            size += sum(len(part) for part in found[1]([chunk.data]))
        compressing[variant] = (time.process_time() - started) / gb
        sizes[variant] = size

    sink = SinkProcess(discard=True)
    try:
        exporter = OTLPHTTPExporter(Config(endpoint=sink.url, compression="none"))
        exporter.send(host.chunks[:1], 60.0)
        started = time.process_time()
        for chunk in host.chunks:
            exporter.send([chunk], 60.0)
        send = (time.process_time() - started) / gb
        exporter.shutdown()
    finally:
        sink.close()
    sending = {variant: send * size / sizes["none"] for variant, size in sizes.items()}
    return Bound(host.plan / gb, host.encode / gb, compressing, sending)
