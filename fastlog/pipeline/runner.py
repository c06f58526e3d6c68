"""Runs a graph: threads, hand-over, acknowledgement, drain (DESIGN, sections 1 and 5).

Each receiver reads on a thread of its own and submits raw batches. A worker a core runs the plan, the processors and
the exporters' encoders over a batch; the exporters' senders deliver and acknowledge. An acknowledgement moves the
checkpoint of its source and gives memory back. The main thread waits on a pipe for signals, checkpoints to save and
failures: an idle process does nothing at all.
"""

from __future__ import annotations

import math
import os
import queue
import select
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from fastlog import telemetry
from fastlog.config.model import ComponentConfig
from fastlog.errors import ComponentError, format_path
from fastlog.exporters.base import SenderQueue, Slot
from fastlog.pipeline.budget import Budget
from fastlog.pipeline.graph import Graph, Output, Pipeline
from fastlog.pipeline.ledger import Ledger
from fastlog.pipeline.registry import SERVICES
from fastlog.storage import CheckpointStore, state_directory, store_path
from fastlog.types import Context, Exporter, Origin, Position, Processor, Receiver

if TYPE_CHECKING:
    from fastlog._core.batch import Batch

DRAIN_SECONDS = 20.0
"""How long a stopping run goes on sending what it has read. What remains is read again at the next start."""

_SAVE_SECONDS = 1.0
_QUIET_SECONDS = 1.0  # of a drain, before it is explained
_POLL_SECONDS = 0.05  # while waiting for receivers to catch up
_SEPARATOR = "\n"  # between the receiver's id and its source in the ledger; ids have no line breaks

_log = telemetry.Log("fastlog.pipeline")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did. Seconds and bytes; ``complete`` tells whether everything read was acknowledged."""

    read: int
    sent: int
    failed: int
    read_bytes: int
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    complete: bool

    def __str__(self) -> str:
        rate = self.read_bytes / self.cpu_seconds / 1e6 if self.cpu_seconds else 0.0
        rest = "" if self.complete else "; the rest is read again at the next start"
        return (
            f"{self.read:,} records read ({self.read_bytes / 1e6:,.1f} MB), {self.sent:,} sent"
            f", {self.failed:,} rejected, {self.cpu_seconds:.2f} s CPU ({rate:,.0f} MB/s), {self.wall_seconds:.2f} s"
            f", peak {self.peak_bytes / 2**20:,.0f} MiB{rest}"
        )


def _memory(field: str) -> int:
    """Bytes of memory this process has (``VmRSS``) or had at most (``VmHWM``; proc(5), /proc/pid/status).

    getrusage(2) would give the most that the program had which started this one, if that is more.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    return 0


class _Lane:
    """A pipeline at work: its processors, and its exporters with their queues."""

    def __init__(self, pipeline: Pipeline, processors: list[Processor]) -> None:
        self.pipeline = pipeline
        self.processors = processors
        self.ends: list[tuple[Output, Exporter, SenderQueue]] = []


class _Feed:
    """One receiver at work, and its :class:`~fastlog.types.Host`."""

    def __init__(self, runner: Runner, item: ComponentConfig, lanes: list[_Lane], store: CheckpointStore) -> None:
        self._runner = runner
        self.id = str(item.id)
        self.store = store
        self._lanes = lanes
        self._names = [end[0].name for lane in lanes for end in lane.ends]
        metrics = runner.metrics
        self.accepted = metrics.counter(telemetry.RECEIVER_ACCEPTED, receiver=self.id)
        self._bytes = metrics.counter(telemetry.RECEIVER_BYTES, receiver=self.id)
        self.receiver: Receiver = runner.create(item)

    def checkpoint(self, source: str) -> Position | None:
        return self.store.position(source, self._names)

    def known(self) -> Mapping[str, Mapping[str, Any]]:
        return self.store.known()

    def describe(self, source: str, facts: Mapping[str, Any]) -> None:
        self.store.describe(source, facts)
        self._runner.note_dirty()

    def reserve(self, size: int) -> bool:
        return self._runner.budget.reserve(size)

    def release(self, size: int) -> None:
        self._runner.budget.release(size)

    def stopping(self) -> bool:
        return self._runner.stopping

    def fail(self, error: BaseException) -> None:
        self._runner.fail(f"receiver {self.id}", error)

    def submit(self, batch: Batch) -> None:
        """Take over ``batch`` and the ``batch.raw_size`` bytes reserved for it."""
        runner = self._runner
        origin: Origin = batch.origin
        batch.origin = Origin(self.id + _SEPARATOR + origin.source, origin.start, origin.end, origin.sequence)
        size: int = batch.raw_size
        self._bytes.add(size)
        runner.ledger.track(batch.origin, self._names)
        twins = [batch.clone_raw() for _ in self._lanes[1:]]
        if twins:
            runner.budget.charge(size * len(twins))
        for lane, own in zip(self._lanes, [batch, *twins], strict=True):
            slots = [sender.open_slot() for _, _, sender in lane.ends]
            counted = self.accepted if own is batch else None
            runner.tasks.put(_Task(lane, own, slots, size, counted))


@dataclass(slots=True)
class _Task:
    """A submitted batch on its way to a worker; ``size`` bytes of the budget are held for it."""

    lane: _Lane
    batch: Batch
    slots: list[Slot]
    size: int
    counted: telemetry.Counter | None


class Runner:
    """A graph and everything that runs it.

    ``configs`` are the ``--config`` arguments, which key the state; ``on_tick`` is called from the main thread about
    four times a second while :meth:`run` runs, for a progress display. ``on_hangup`` is called from the main thread
    after a SIGHUP; True ends the run as a stop does.
    """

    def __init__(
        self,
        graph: Graph,
        configs: Sequence[str],
        environment: Mapping[str, str] | None = None,
        on_tick: Callable[[Runner], None] | None = None,
        on_hangup: Callable[[], bool] | None = None,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        self.graph = graph
        self.environment = os.environ if environment is None else environment
        self.metrics = telemetry.Metrics()
        self.budget = Budget(graph.budget, self._hurry)
        self.ledger = Ledger(self._advance)
        self.tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self.stopping = False
        self.running = False
        self.failure = ""
        self._configs = configs
        self._on_tick = on_tick
        self._on_hangup = on_hangup
        self._hangup = False
        self._started = 0.0
        self._drain_seconds = drain_seconds
        self._feeds: dict[str, _Feed] = {}
        self._lanes: list[_Lane] = []
        self._workers: list[threading.Thread] = []
        self._reading: list[Receiver] = []
        self._held: dict[tuple[str, str, int], int] = {}  # (output, source, sequence) → bytes not yet acknowledged
        self._dirty = False
        self._signals = 0
        self._errors = telemetry.ErrorSampler(_log)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)

    # --- start and end ---------------------------------------------------------------------------------------------

    def run(self, *, exit_when_caught_up: bool = False) -> Summary:
        """Run until a signal, a failure or, if asked, until the receivers have read all there is; then drain.

        Raises ComponentError or CheckpointError when something can't start; nothing is left running then.
        """
        self._started, cpu = time.monotonic(), time.process_time()
        with ExitStack() as stack:
            stack.callback(self._close_pipe)
            self._handle_signals(stack)
            self._start(stack)
            self.running = True
            self._loop(exit_when_caught_up)
            self.running = False
            complete = self._drain(None if exit_when_caught_up and not self._signals else self._drain_seconds)
        self._errors.flush()
        return Summary(
            read=self.metrics.total(telemetry.RECEIVER_ACCEPTED),
            sent=self.metrics.total(telemetry.EXPORTER_SENT),
            failed=self.metrics.total(telemetry.EXPORTER_SEND_FAILED),
            read_bytes=self.metrics.total(telemetry.RECEIVER_BYTES),
            cpu_seconds=time.process_time() - cpu,
            wall_seconds=time.monotonic() - self._started,
            peak_bytes=_memory("VmHWM"),
            complete=complete,
        )

    def stop(self) -> None:
        """Ask the run to drain and end. From any thread."""
        self.stopping = True
        self._wake()

    def fail(self, where: str, error: BaseException) -> None:
        """End the run because of a defect or of something that can't go on; what was not acknowledged stays so."""
        _log.error(f"{where} failed", error=f"{type(error).__name__}: {error}")
        self.failure = self.failure or f"{where} failed: {error}"
        self.stop()

    def _start(self, stack: ExitStack) -> None:
        directories: dict[str, Path] = {}
        for item in self.graph.extensions:
            extension = self.create(item)
            extension.start(lambda: self.running)
            stack.callback(extension.stop)
            if item.component.type == "file_storage":
                directories[str(item.id)] = Path(item.model.directory)
        self._serve_metrics(stack)
        stores = {}
        for item in self.graph.receivers():
            stores[item.path] = CheckpointStore(self._state_path(item, directories), str(item.id))
            stack.callback(stores[item.path].close)
        exporters = {}
        for item in self.graph.exporters():
            exporters[item.path] = self.create(item)
            stack.callback(exporters[item.path].shutdown)
        processors: dict[Any, Processor] = {}
        for pipeline in self.graph.pipelines:
            for item in pipeline.processors:
                if item.path not in processors:
                    processors[item.path] = self.create(item)
            lane = _Lane(pipeline, [processors[item.path] for item in pipeline.processors])
            for output in pipeline.outputs:
                exporter = exporters[output.exporter.path]
                sender = self._sender(output, exporter)
                stack.callback(sender.stop)
                lane.ends.append((output, exporter, sender))
            self._lanes.append(lane)
        for item in self.graph.receivers():
            lanes = [lane for lane in self._lanes if item in lane.pipeline.receivers]
            self._feeds[str(item.id)] = _Feed(self, item, lanes, stores[item.path])
        for number in range(len(os.sched_getaffinity(0))):
            worker = threading.Thread(target=self._work, name=f"worker {number + 1}", daemon=True)
            self._workers.append(worker)
            worker.start()
        stack.callback(self._stop_workers)
        stack.callback(self._stop_receivers)
        for feed in self._feeds.values():
            self._reading.append(feed.receiver)
            feed.receiver.start(feed, feed.submit)

    def create(self, item: ComponentConfig) -> Any:
        """The component that ``item`` configures. ComponentError when it can't be made."""
        path = format_path(item.path)
        context = Context(item.id, path, self.environment, self.metrics, SERVICES)
        try:
            return item.component.create(item.model, context)
        except (ValueError, OSError) as error:
            raise ComponentError(f"{path}: {error} ({item.place})") from error

    def _state_path(self, item: ComponentConfig, directories: Mapping[str, Path]) -> Path:
        storage = getattr(item.model, "storage", None)
        if storage is None:
            return store_path(state_directory(self.environment), self._configs, str(item.id))
        return store_path(directories[str(storage)], (), str(item.id))

    def _sender(self, output: Output, exporter: Exporter) -> SenderQueue:
        def acknowledge(origin: Origin) -> None:
            self._acknowledge(output.name, origin)

        return SenderQueue(
            exporter,
            name=str(output.exporter.id),
            metrics=self.metrics,
            on_ack=acknowledge,
            policy=output.policy,
            retry=output.retry,
            timeout=output.timeout,
            num_consumers=output.consumers,
            ahead=len(os.sched_getaffinity(0)) + 1,
            split=getattr(exporter, "split", None),
        )

    def _serve_metrics(self, stack: ExitStack) -> None:
        """The Prometheus endpoints that ``service::telemetry::metrics`` names."""
        for host, port in self.graph.telemetry.metrics.endpoints():
            from fastlog.extensions.endpoint import Endpoint  # http.server is slow to import

            page = {"/metrics": lambda: (200, "text/plain; version=0.0.4", self.metrics.exposition())}
            stack.callback(Endpoint("service::telemetry::metrics", host, port, page).stop)
            self.metrics.gauge("otelcol_process_uptime", lambda: time.monotonic() - self._started)
            self.metrics.gauge("otelcol_process_cpu_seconds", time.process_time)
            self.metrics.gauge("otelcol_process_memory_rss", lambda: _memory("VmRSS"))
            self.metrics.gauge("fastlog_memory_held_bytes", lambda: self.budget.used)

    def _drain(self, seconds: float | None) -> bool:
        """Stop reading and send what has been read; False when some of it is not acknowledged after ``seconds``."""
        self.stopping = True
        self.budget.stop()
        self._stop_receivers()
        self._stop_workers()
        end = None if seconds is None else time.monotonic() + seconds
        senders = [sender for lane in self._lanes for _, _, sender in lane.ends]
        threads = [threading.Thread(target=self._drain_one, args=(sender, end), daemon=True) for sender in senders]
        for thread in threads:
            thread.start()
        explain_at = time.monotonic() + _QUIET_SECONDS
        while any(thread.is_alive() for thread in threads):
            self._wait(0.25)
            self._tick()
            if end is not None and time.monotonic() >= explain_at:
                explain_at = math.inf
                _log.info(
                    "stopping: sending what has been read; a second signal ends at once",
                    blocks=self.ledger.outstanding,
                    at_most=f"{seconds:g}s",
                )
        self._save()
        return self.ledger.outstanding == 0

    def _drain_one(self, sender: SenderQueue, end: float | None) -> None:
        while not sender.drain(1.0 if end is None else max(0.0, end - time.monotonic())):
            if end is not None or self._signals:
                break
        self._wake()

    def _stop_receivers(self) -> None:
        for lane in self._lanes:
            for _, _, sender in lane.ends:
                sender.let_go()
        while self._reading:
            self._reading.pop().stop()

    def _stop_workers(self) -> None:
        for _ in self._workers:
            self.tasks.put(None)
        for worker in self._workers:
            worker.join()
        self._workers.clear()

    # --- the main thread ---------------------------------------------------------------------------------------------

    def _loop(self, exit_when_caught_up: bool) -> None:
        saved = time.monotonic()
        while not self.stopping:
            if exit_when_caught_up and all(feed.receiver.caught_up() for feed in self._feeds.values()):
                return
            if self._hangup:
                self._hangup = False
                if self._on_hangup is None or self._on_hangup():
                    return
            timeout = _POLL_SECONDS if exit_when_caught_up else 0.25 if self._on_tick is not None else None
            if self._dirty:
                rest = saved + _SAVE_SECONDS - time.monotonic()
                if rest <= 0:
                    self._save()
                    saved = time.monotonic()
                    continue
                timeout = rest if timeout is None else min(rest, timeout)
            self._wait(timeout)
            self._tick()

    def _wait(self, timeout: float | None) -> None:
        """Sleep until somebody calls :meth:`_wake` or a signal comes, at most ``timeout`` seconds."""
        if select.select([self._wake_read], [], [], timeout)[0]:
            os.read(self._wake_read, 4096)

    def _wake(self) -> None:
        with suppress(OSError):  # full: a wake-up is pending already; closed: the run is over
            os.write(self._wake_write, b"w")

    def _tick(self) -> None:
        if self._on_tick is not None:
            self._on_tick(self)

    def _save(self) -> None:
        self._dirty = False
        for feed in self._feeds.values():
            try:
                feed.store.save()
            except OSError as error:
                self._dirty = True
                self._errors.add("can't save the checkpoints", 1, path=feed.store.path, error=error.strerror)

    def _handle_signals(self, stack: ExitStack) -> None:
        if threading.current_thread() is not threading.main_thread():
            return

        def on_signal(number: int, frame: FrameType | None) -> None:
            self._signals += 1
            if self._signals > 1:
                os.write(2, b"fastlog: stopped at once; what was not acknowledged is read again at the next start\n")
                os._exit(1)
            self.stop()

        def on_hangup(number: int, frame: FrameType | None) -> None:
            self._hangup = True
            self._wake()

        for number in (signal.SIGTERM, signal.SIGINT):
            stack.callback(signal.signal, number, signal.signal(number, on_signal))
        stack.callback(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, on_hangup))

    def _close_pipe(self) -> None:
        os.close(self._wake_read)
        write, self._wake_write = self._wake_write, -1  # a sender that is still in its last attempt may wake us later
        os.close(write)

    # --- workers and senders -----------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (task := self.tasks.get()) is not None:
            filled = 0
            try:
                batch, lane = task.batch, task.lane
                batch.plan.run(batch)
                if task.counted is not None:
                    task.counted.add(batch.records)
                for processor in lane.processors:
                    processor.process(batch)
                origin = batch.origin
                for (output, exporter, _), slot in zip(lane.ends, task.slots, strict=True):
                    chunk = exporter.encode(batch)
                    size = len(chunk.data)
                    self.budget.charge(size)
                    self._held[output.name, origin.source, origin.sequence] = size
                    filled += 1
                    slot.fill(chunk)
                batch.release()
            except Exception as error:
                # A defect. The batch is not acknowledged, so it is read again: the run ends rather than pass over it.
                _log.exception("a worker failed", pipeline=str(task.lane.pipeline.id))
                self.fail(f"pipeline {task.lane.pipeline.id}", error)
                for slot in task.slots[filled:]:
                    slot.fill(None)
            finally:
                self.budget.release(task.size)

    def _acknowledge(self, name: str, origin: Origin) -> None:
        size = self._held.pop((name, origin.source, origin.sequence))
        self.ledger.ack(name, origin)
        self.budget.release(size)

    def _hurry(self) -> None:
        """Memory is spent: no batch fills up any more."""
        for lane in self._lanes:
            for _, _, sender in lane.ends:
                sender.hurry()

    def _advance(self, source: str, name: str, position: Position) -> None:
        receiver, _, own = source.partition(_SEPARATOR)
        self._feeds[receiver].store.advance(own, name, position)
        self.note_dirty()

    def note_dirty(self) -> None:
        """A checkpoint changed; the main thread saves it within a second."""
        if not self._dirty:
            self._dirty = True
            self._wake()
