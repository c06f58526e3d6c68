"""What every exporter shares, and does only here: ordered hand-over from the workers, joining, splitting, retry and
acknowledgement.

A worker may finish a later batch first, so a place in the queue (:class:`Slot`) is taken when a batch is submitted and
filled when it is encoded; chunks leave in the order of the places, and the records of one source keep their order
within a request. Requests may finish in any order, which is the ledger's business. Threads wait on conditions; an
idle queue costs nothing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from fastlog import telemetry
from fastlog.exporters.coalesce import BatchPolicy, Coalescer, Piece, Range, Request
from fastlog.exporters.retry import Backoff, RetryPolicy
from fastlog.types import Chunk, Exporter, Origin, Outcome

Split = Callable[[Chunk, int, int], list[Chunk]]
"""``split(chunk, max_records, max_bytes)``: the chunk's records in order as new chunks within the limits (a single
record may exceed ``max_bytes``); releases ``chunk`` when it returns more than that chunk itself. 0 records = no
limit."""

READY_BYTES = 4 << 20
"""Bytes before compression that may wait for a sender before receivers pause. Small: a request that has waited for many
others has left the processor's caches and costs a fifth more to send."""

_REFUSALS_BEFORE_DOUBT = 8
"""Single records refused by a destination that has accepted nothing yet before the endpoint itself is doubted."""

_log = telemetry.Log("fastlog.exporters")


class Slot:
    """A place in the queue, taken in the order of submission."""

    __slots__ = ("_filled", "_pieces", "_queue")

    def __init__(self, queue: SenderQueue) -> None:
        self._queue = queue
        self._pieces: list[Piece] = []
        self._filled = False

    def fill(self, chunk: Chunk | None) -> None:
        """Hand over the encoded records, or None when there is nothing to send (and nothing to acknowledge). Once
        only."""
        self._queue._fill(self, chunk)


class SenderQueue:
    """The sending half of one exporter in one pipeline.

    ``on_ack(origin)`` is called from a sender thread once nothing more will be sent of a range: all of it was
    delivered, or what was not has been counted and given to ``on_drop(origin, records, reason)`` first, as the
    configuration demands (an explicit ``max_elapsed_time``) or because the destination refused those records for good.
    What a shutdown leaves undelivered is neither: its source is read again.

    ``ahead`` is how many places may be open, that is, batches with the workers, before the next one has to wait.
    """

    def __init__(
        self,
        exporter: Exporter,
        *,
        name: str,
        metrics: telemetry.Metrics,
        on_ack: Callable[[Origin], None],
        on_drop: Callable[[Origin, int, str], None] | None = None,
        policy: BatchPolicy = BatchPolicy(),  # noqa: B008 - frozen
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        timeout: float = 30.0,
        num_consumers: int = 10,
        ahead: int = 4,
        split: Split | None = None,
    ) -> None:
        self._exporter = exporter
        self._name = name
        self._on_ack = on_ack
        self._on_drop = on_drop
        self._policy = policy
        self._retry = retry
        self._timeout = timeout
        self._num_consumers = num_consumers
        self._ahead = ahead
        self._split = split
        self._sent = metrics.counter(telemetry.EXPORTER_SENT, exporter=name)
        self._failed = metrics.counter(telemetry.EXPORTER_SEND_FAILED, exporter=name)
        self._errors = telemetry.ErrorSampler(_log)
        metrics.gauge(telemetry.EXPORTER_QUEUE_SIZE, lambda: len(self._ready), exporter=name)

        self._lock = threading.Lock()  # guards everything below
        self._work = threading.Condition(self._lock)  # idle senders wait here
        self._progress = threading.Condition(self._lock)  # a draining owner and senders between two attempts wait here
        self._room = threading.Condition(self._lock)  # receivers wait here
        self._slots: deque[Slot] = deque()
        self._coalescer = Coalescer(policy)
        self._ready: deque[Request] = deque()
        self._ready_bytes = 0
        self._patient = True  # whether receivers wait for room
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._outstanding = 0  # requests taken from the coalescer and not finished
        self._accepted = False  # whether the destination has ever taken a record
        self._draining = False
        self._stopped = False

    # -- from the workers

    def open_slot(self) -> Slot:
        """Take the next place; call it in the order the batches were submitted, and fill every place taken.

        Waits while the workers or the senders are behind. The memory budget would stop the receiver later, but what
        has not gone far is still in the processor's cache when the next stage comes to it.
        """
        slot = Slot(self)
        with self._lock:
            while self._patient and (len(self._slots) >= self._ahead or self._ready_bytes >= READY_BYTES):
                self._room.wait()
            self._slots.append(slot)
        return slot

    def let_go(self) -> None:
        """Let every receiver that waits in :meth:`open_slot` go, and none wait from now on."""
        with self._lock:
            self._patient = False
            self._room.notify_all()

    def _fill(self, slot: Slot, chunk: Chunk | None) -> None:
        empty = None
        if chunk is not None and chunk.records == 0:
            empty, chunk = chunk, None
        pieces = self._cut(chunk) if chunk is not None else []
        with self._lock:
            if slot._filled:
                raise RuntimeError(f"{self._name}: a slot was filled twice")
            slot._filled = True
            slot._pieces = pieces
            now = time.monotonic()
            opened = self._coalescer.deadline()
            if self._slots[0]._filled:
                self._room.notify_all()
            while self._slots and self._slots[0]._filled:
                for piece in self._slots.popleft()._pieces:
                    self._enqueue(self._coalescer.add(piece, now))
            if self._draining and not self._slots:
                self._flush()
                self._progress.notify_all()
            elif self._coalescer.deadline() != opened:
                self._wake_one()  # somebody has to keep the new deadline
        if empty is not None:
            empty.release()
            self._on_ack(empty.origin)

    def _cut(self, chunk: Chunk) -> list[Piece]:
        """``chunk`` in pieces that the policy allows, of about equal numbers of records. On the worker's thread."""
        policy = self._policy
        chunks = [chunk]
        if self._split is not None and not policy.fits(chunk.records, len(chunk.data)):
            limit = policy.send_batch_max_size
            if limit:
                parts = -(-chunk.records // limit)
                limit = -(-chunk.records // parts)
            chunks = self._split(chunk, limit, policy.max_request_bytes)
        source = Range(chunk.origin, len(chunks))
        return [Piece(part, source) for part in chunks]

    def hurry(self) -> None:
        """Send what waits for a batch to fill, if nothing else is on its way: memory is spent, so nothing will fill
        it."""
        with self._lock:
            if self._outstanding == 0:
                self._flush()

    # -- with the lock held

    def _enqueue(self, requests: list[Request]) -> None:
        for request in requests:
            self._ready.append(request)
            self._ready_bytes += request.size
            self._outstanding += 1
            self._wake_one()

    def _wake_one(self) -> None:
        if self._idle:
            self._work.notify()
        elif len(self._threads) < self._num_consumers and not self._stopped:
            thread = threading.Thread(
                target=self._run, name=f"{self._name} sender {len(self._threads) + 1}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _flush(self) -> None:
        request = self._coalescer.flush()
        if request is not None:
            self._enqueue([request])

    # -- the sender threads

    def _run(self) -> None:
        while (request := self._take()) is not None:
            self._deliver(request)
            with self._lock:
                self._outstanding -= 1
                if self._outstanding == 0 and self._draining:
                    self._progress.notify_all()

    def _take(self) -> Request | None:
        """The next request, waiting for one; None when the queue has stopped."""
        with self._lock:
            while not self._stopped:
                if self._ready:
                    request = self._ready.popleft()
                    self._ready_bytes -= request.size
                    self._room.notify_all()
                    return request
                deadline = self._coalescer.deadline()
                now = time.monotonic()
                if deadline is not None and deadline <= now:
                    late = self._coalescer.flush()
                    assert late is not None
                    self._outstanding += 1
                    return late
                self._idle += 1
                self._work.wait(None if deadline is None else deadline - now)
                self._idle -= 1
        return None

    def _deliver(self, request: Request) -> None:
        """Send ``request`` until every record of it was accepted or given up, or the queue stops."""
        todo = [request]  # a stack: the rest of the request, in order
        refused: list[tuple[Request, Outcome]] = []  # single records refused while nothing had ever been accepted
        backoff = Backoff(self._retry)
        started = time.monotonic()
        while todo:
            part = todo.pop()
            outcome = self._attempt(part)
            if outcome is None:
                return
            if outcome.kind == Outcome.DELIVERED:
                self._accepted = True
                self._finish(part, outcome)
                backoff, started = Backoff(self._retry), time.monotonic()
            elif outcome.kind == Outcome.SPLIT:
                halves = self._halves(part)
                if halves:
                    todo += reversed(halves)
                    continue
                refused.append((part, outcome))
                if not self._accepted and todo and len(refused) < _REFUSALS_BEFORE_DOUBT:
                    continue
                if not self._accepted:
                    # Nothing was ever accepted: rather a wrong endpoint than bad records.
                    doubt = f"{outcome.detail} (nothing was accepted yet: is the endpoint right?)"
                    outcome = Outcome(Outcome.WAIT, doubt)
                    delay = self._delay(outcome, backoff, started)
                    if delay is not None:
                        todo += reversed([one for one, _ in refused])
                        refused.clear()
                        if not self._pause(delay):
                            return
                        continue
            else:  # given up, as the configuration demands
                self._drop(part, outcome)
            if self._accepted or not todo:
                for one, why in refused:
                    self._drop(one, why)
                refused.clear()

    def _attempt(self, request: Request) -> Outcome | None:
        """Send ``request`` as often as the retry policy says; None when the queue stopped first."""
        chunks = [piece.chunk for piece in request.pieces]
        backoff = Backoff(self._retry)
        started = time.monotonic()
        while True:
            try:
                outcome = self._exporter.send(chunks, self._timeout)
            except Exception as error:  # a defect must not end the sender: the records would be stuck
                _log.exception("the exporter failed", exporter=self._name)
                outcome = Outcome(Outcome.RETRY, f"{type(error).__name__}: {error}")
            if outcome.kind in (Outcome.DELIVERED, Outcome.SPLIT):
                return outcome
            delay = self._delay(outcome, backoff, started)
            if delay is None:
                return outcome
            if not self._pause(delay):
                return None

    def _delay(self, outcome: Outcome, backoff: Backoff, started: float) -> float | None:
        """Seconds until the next attempt, having said why; None to give up."""
        delay = backoff.next(time.monotonic() - started, outcome.retry_after)
        if delay is not None:
            message = "waiting for the destination" if outcome.kind == Outcome.WAIT else "request failed, trying again"
            self._errors.add(message, 1, exporter=self._name, reason=outcome.detail, wait_seconds=round(delay, 1))
        return delay

    def _pause(self, seconds: float) -> bool:
        """Wait; False when the queue stopped."""
        end = time.monotonic() + seconds
        with self._lock:
            while not self._stopped and (rest := end - time.monotonic()) > 0:
                self._progress.wait(rest)
            return not self._stopped

    def _halves(self, request: Request) -> list[Request]:
        """``request`` in two, or nothing when it can't be divided."""
        if len(request.pieces) == 1:
            piece = request.pieces[0]
            if self._split is None or piece.chunk.records < 2:
                return []
            parts = self._split(piece.chunk, -(-piece.chunk.records // 2), self._policy.max_request_bytes)
            with self._lock:
                piece.range.remaining += len(parts) - 1
            pieces = [Piece(part, piece.range) for part in parts]
        else:
            pieces = request.pieces
        halves = [Request(), Request()]
        for index, piece in enumerate(pieces):
            halves[2 * index >= len(pieces)].add(piece)
        return halves

    def _finish(self, request: Request, outcome: Outcome) -> None:
        accepted = max(request.records - outcome.rejected, 0)
        self._sent.add(accepted)
        if outcome.rejected:
            self._failed.add(request.records - accepted)
            self._errors.add(
                "the destination rejected records", outcome.rejected, exporter=self._name, reason=outcome.detail
            )
        self._acknowledge(request)

    def _drop(self, request: Request, outcome: Outcome) -> None:
        self._failed.add(request.records)
        self._errors.add("dropping records", request.records, exporter=self._name, reason=outcome.detail)
        if self._on_drop is not None:
            for piece in request.pieces:
                self._on_drop(piece.range.origin, piece.chunk.records, outcome.detail)
        self._acknowledge(request)

    def _acknowledge(self, request: Request) -> None:
        done = []
        with self._lock:  # pieces of one range may finish on two senders at once
            for piece in request.pieces:
                piece.range.remaining -= 1
                if piece.range.remaining == 0:
                    done.append(piece.range.origin)
        for piece in request.pieces:
            piece.chunk.release()
        for origin in done:
            self._on_ack(origin)

    # -- the end

    def drain(self, timeout: float) -> bool:
        """Send what is there, without waiting for batches to fill; False if some of it is left after ``timeout``
        seconds.

        Slots still open count; the workers fill them meanwhile.
        """
        end = time.monotonic() + timeout
        with self._lock:
            self._draining = True
            if not self._slots:
                self._flush()
            while (self._slots or self._outstanding) and not self._stopped:
                rest = end - time.monotonic()
                if rest <= 0:
                    return False
                self._progress.wait(rest)
            return not (self._slots or self._outstanding)

    def stop(self) -> None:
        """Stop the senders after their current attempt. What was not delivered is not acknowledged."""
        with self._lock:
            self._stopped = True
            self._work.notify_all()
            self._progress.notify_all()
        current = threading.current_thread()
        for thread in self._threads:
            if thread is not current:
                thread.join(timeout=1.0)
        self._errors.flush()
