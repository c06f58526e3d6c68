"""What fastlog could do at best: the CPU time of its parts over the same blocks of the log, on one thread.

Each block goes through the plan and the encoder, each compressor, and the socket to a discarding sink, and is forgotten
before the next one comes, so the parts find it where a pipeline that loses nothing between them would: in the cache.
What the bound leaves out is what joins the parts (reading the file, threads, queues, Python) and the start of the
process.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.e2e.sinkprocess import SinkProcess
from fastlog._core.batch import Batch
from fastlog.config.validate import validate
from fastlog.config.yaml import load
from fastlog.exporters import otlp
from fastlog.exporters.compress import Compress, compressor
from fastlog.exporters.otlphttp.config import Config
from fastlog.exporters.otlphttp.exporter import OTLPHTTPExporter
from fastlog.pipeline import registry
from fastlog.pipeline.graph import build
from fastlog.types import Context

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
    """A pipeline that does everything where it is given a batch, and keeps the times."""

    def __init__(self, url: str) -> None:
        self.done = threading.Event()
        self.raw = 0
        self.seconds: dict[str, float] = defaultdict(float)
        self.sizes: dict[str, int] = defaultdict(int)
        self._exporter = OTLPHTTPExporter(Config(endpoint=url, compression="none"))
        self._compressors: dict[str, Compress] = {}
        for name in ("gzip", "zstd"):
            found = compressor(name)
            assert found is not None
            self._compressors[name] = found[1]
        self._warm = False

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
        if not self._warm:  # the first block fills the pools
            self._run(batch.clone_raw())
            self._warm, self.raw = True, 0
            self.seconds.clear()
            self.sizes.clear()
        self._run(batch)
        if self.raw >= LOG_BYTES:
            self.done.set()

    def _run(self, batch: Batch) -> None:
        self.raw += batch.raw_size
        self._timed("plan", lambda: batch.plan.run(batch))
        chunk = self._timed("encode", lambda: otlp.encode(batch))
        self._timed("send", lambda: self._exporter.send([chunk], 60.0))
        self.sizes["none"] += len(chunk.data)
        for name, compress in self._compressors.items():
            pieces = self._timed(name, lambda: compress([chunk.data]))  # noqa: B023 - called at once
            self.sizes[name] += sum(map(len, pieces))
        chunk.release()
        batch.release()

    def _timed(self, part: str, work: Callable[[], Any]) -> Any:
        started = time.thread_time()
        result = work()
        self.seconds[part] += time.thread_time() - started
        return result


def measure(config: str) -> Bound:
    """The parts of ``config``, a configuration's text with a filelog receiver."""
    graph = build(validate(load([f"yaml:{config}"], []), registry))
    item = graph.receivers()[0]
    sink = SinkProcess(discard=True)
    try:
        host = _Host(sink.url)
        receiver = item.component.create(item.model, Context(item.id, "bound", {}))
        receiver.start(host, host.submit)
        while not host.done.wait(0.05):
            if receiver.caught_up():
                host.done.set()
        receiver.stop()
    finally:
        sink.close()
    gb = host.raw / 1e9
    send = host.seconds["send"] / host.sizes["none"]
    return Bound(
        host.seconds["plan"] / gb,
        host.seconds["encode"] / gb,
        {name: host.seconds.get(name, 0.0) / gb for name in host.sizes},
        {name: send * size / gb for name, size in host.sizes.items()},
    )
