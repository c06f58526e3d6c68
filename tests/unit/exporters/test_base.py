"""The sending queue against exporters that answer from a script."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from fastlog._core.buffer import Buffer
from fastlog.exporters.base import READY_BYTES, SenderQueue, Slot
from fastlog.exporters.coalesce import BatchPolicy
from fastlog.exporters.retry import RetryPolicy
from fastlog.telemetry import EXPORTER_SEND_FAILED, EXPORTER_SENT, Metrics
from fastlog.types import Chunk, Origin, Outcome

FAST = RetryPolicy(initial_interval=0.001, max_interval=0.002)


def chunk(sequence: int, records: bytes) -> Chunk:
    """A chunk whose records are single bytes."""
    return Chunk(Buffer(records), len(records), Origin("file", sequence * 100, sequence * 100 + 100, sequence))


def split(one: Chunk, max_records: int, max_bytes: int) -> list[Chunk]:
    step = min(max_records or max_bytes, max_bytes)
    data = bytes(one.data)
    parts = [data[at : at + step] for at in range(0, len(data), step)]
    if len(parts) < 2:
        return [one]
    one.release()
    return [Chunk(Buffer(part), len(part), one.origin) for part in parts]


class Scripted:
    """An exporter that answers what ``answer(body)`` says and remembers the bodies."""

    def __init__(self, answer: Callable[[bytes], Outcome] = lambda body: Outcome(Outcome.DELIVERED)) -> None:
        self.answer = answer
        self.bodies: list[bytes] = []
        self.delivered: list[bytes] = []

    def encode(self, batch: object) -> Chunk:
        raise NotImplementedError

    def send(self, chunks: list[Chunk], timeout: float) -> Outcome:
        body = b"".join(bytes(one.data) for one in chunks)
        self.bodies.append(body)
        outcome = self.answer(body)
        if outcome.kind == Outcome.DELIVERED:
            self.delivered.append(body)
        return outcome

    def shutdown(self) -> None: ...


class Harness:
    def __init__(self, exporter: Scripted, **options: object) -> None:
        self.exporter = exporter
        self.metrics = Metrics()
        self.acked: list[int] = []
        self.dropped: list[tuple[int, int, str]] = []
        options.setdefault("retry", FAST)
        options.setdefault("num_consumers", 1)
        options.setdefault("ahead", 1000)
        self.queue = SenderQueue(
            exporter,
            name="test",
            metrics=self.metrics,
            on_ack=lambda origin: self.acked.append(origin.sequence),
            on_drop=lambda origin, records, reason: self.dropped.append((origin.sequence, records, reason)),
            split=split,
            **options,  # type: ignore[arg-type]
        )

    def send(self, *bodies: bytes) -> None:
        for sequence, body in enumerate(bodies):
            self.queue.open_slot().fill(chunk(sequence, body))

    def count(self, name: str) -> int:
        return self.metrics.counter(name, exporter="test").value


@pytest.fixture
def harness() -> Iterator[Callable[..., Harness]]:
    made: list[Harness] = []

    def make(exporter: Scripted | None = None, **options: object) -> Harness:
        made.append(Harness(exporter or Scripted(), **options))
        return made[-1]

    yield make
    for one in made:
        one.queue.stop()


def test_without_batching_every_chunk_is_a_request(harness: Callable[..., Harness]) -> None:
    h = harness()
    h.send(b"ab", b"c")
    assert h.queue.drain(5)
    assert h.exporter.bodies == [b"ab", b"c"]
    assert h.acked == [0, 1]
    assert h.count(EXPORTER_SENT) == 3


def test_chunks_leave_in_the_order_of_their_slots(harness: Callable[..., Harness]) -> None:
    h = harness(policy=BatchPolicy(timeout=60, send_batch_size=6))
    slots = [h.queue.open_slot() for _ in range(3)]
    for sequence in (2, 0, 1):
        assert h.exporter.bodies == []
        slots[sequence].fill(chunk(sequence, b"%d%d" % (sequence, sequence)))
    assert h.queue.drain(5)
    assert h.exporter.bodies == [b"001122"]


def test_an_unfilled_slot_keeps_a_drain_waiting(harness: Callable[..., Harness]) -> None:
    h = harness()
    slot = h.queue.open_slot()
    h.queue.open_slot().fill(chunk(1, b"b"))
    assert not h.queue.drain(0.05)
    slot.fill(None)
    assert h.queue.drain(5)
    assert h.exporter.bodies == [b"b"]


def test_the_timeout_sends_an_incomplete_batch(harness: Callable[..., Harness]) -> None:
    h = harness(policy=BatchPolicy(timeout=0.05, send_batch_size=1000))
    started = time.monotonic()
    h.send(b"a", b"b")
    while not h.acked and time.monotonic() - started < 5:
        time.sleep(0.005)
    assert h.exporter.bodies == [b"ab"]
    assert time.monotonic() - started >= 0.05


def test_an_idle_queue_starts_no_thread_and_a_busy_one_no_more_than_it_needs(harness: Callable[..., Harness]) -> None:
    before = threading.active_count()
    h = harness(num_consumers=10)
    assert threading.active_count() == before
    for sequence in range(5):
        h.queue.open_slot().fill(chunk(sequence, b"a"))
        while len(h.acked) <= sequence:
            time.sleep(0.001)
        time.sleep(0.01)  # until the sender is idle again
    assert threading.active_count() == before + 1


@pytest.mark.parametrize(
    ("policy", "bodies"),
    [
        (BatchPolicy(timeout=60, send_batch_size=4), [b"abcdefghij", b"klm"]),
        (BatchPolicy(timeout=60, send_batch_size=4, send_batch_max_size=4), [b"abcd", b"efgh", b"ijk", b"lm"]),
        (BatchPolicy(send_batch_max_size=5), [b"abcde", b"fghij", b"k", b"lm"]),
        (BatchPolicy(timeout=60, send_batch_size=100, max_request_bytes=11), [b"abcdefghijk", b"lm"]),
        (BatchPolicy(max_request_bytes=8), [b"abcdefgh", b"ij", b"k", b"lm"]),
        (BatchPolicy(timeout=60, send_batch_size=0), [b"abcdefghij", b"k", b"lm"]),
        (BatchPolicy(timeout=60, send_batch_bytes=11), [b"abcdefghijk", b"lm"]),
    ],
)
def test_requests_keep_the_limits(harness: Callable[..., Harness], policy: BatchPolicy, bodies: list[bytes]) -> None:
    h = harness(policy=policy)
    h.send(b"abcdefghij", b"k", b"lm")
    assert h.queue.drain(5)
    assert h.exporter.bodies == bodies
    assert sorted(h.acked) == [0, 1, 2]


def test_a_retryable_failure_is_tried_again_until_it_is_taken(harness: Callable[..., Harness]) -> None:
    answers = iter([Outcome(Outcome.RETRY, "503"), Outcome(Outcome.WAIT, "401"), Outcome(Outcome.DELIVERED)])
    h = harness(Scripted(lambda body: next(answers)))
    h.send(b"a")
    assert h.queue.drain(5)
    assert h.exporter.bodies == [b"a"] * 3
    assert (h.acked, h.dropped) == ([0], [])


def test_retry_after_is_waited_for(harness: Callable[..., Harness]) -> None:
    answers = iter([Outcome(Outcome.RETRY, "429", retry_after=0.2), Outcome(Outcome.DELIVERED)])
    h = harness(Scripted(lambda body: next(answers)))
    started = time.monotonic()
    h.send(b"a")
    assert h.queue.drain(5)
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("retry", [RetryPolicy(enabled=False), RetryPolicy(initial_interval=9, max_elapsed_time=1)])
def test_an_explicit_end_of_retries_is_obeyed_and_counted(harness: Callable[..., Harness], retry: RetryPolicy) -> None:
    h = harness(Scripted(lambda body: Outcome(Outcome.RETRY, "503 busy")), retry=retry)
    h.send(b"abc")
    assert h.queue.drain(5)
    assert h.dropped == [(0, 3, "503 busy")]
    assert h.acked == [0]
    assert h.count(EXPORTER_SEND_FAILED) == 3


def test_a_partial_success_is_counted(harness: Callable[..., Harness]) -> None:
    h = harness(Scripted(lambda body: Outcome(Outcome.DELIVERED, "too old", rejected=2)))
    h.send(b"abcde")
    assert h.queue.drain(5)
    assert (h.count(EXPORTER_SENT), h.count(EXPORTER_SEND_FAILED), h.acked) == (3, 2, [0])


def refuse(bad: bytes) -> Callable[[bytes], Outcome]:
    def answer(body: bytes) -> Outcome:
        found = [byte for byte in body if byte in bad]
        return Outcome(Outcome.SPLIT, "400 bad record") if found else Outcome(Outcome.DELIVERED)

    return answer


def test_refused_records_are_found_and_the_rest_is_delivered(harness: Callable[..., Harness]) -> None:
    h = harness(Scripted(refuse(b"xy")), policy=BatchPolicy(timeout=60, send_batch_size=100))
    h.send(b"abcxdefg", b"hij", b"kyl")
    assert h.queue.drain(5)
    assert b"".join(h.exporter.delivered) == b"abcdefghijkl"
    assert h.dropped == [(0, 1, "400 bad record"), (2, 1, "400 bad record")]
    assert sorted(h.acked) == [0, 1, 2]


def test_a_first_record_that_is_bad_is_found_although_nothing_was_accepted_yet(harness: Callable[..., Harness]) -> None:
    h = harness(Scripted(refuse(b"x")))
    h.send(b"xxab")
    assert h.queue.drain(5)
    assert b"".join(h.exporter.delivered) == b"ab"
    assert h.dropped == [(0, 1, "400 bad record"), (0, 1, "400 bad record")]


def test_an_endpoint_that_refuses_everything_drops_nothing(harness: Callable[..., Harness]) -> None:
    right = threading.Event()
    h = harness(Scripted(lambda body: Outcome(Outcome.DELIVERED if right.is_set() else Outcome.SPLIT, "400 bad path")))
    h.send(b"abcdefghijklmnopqrstuvwxyz")
    assert not h.queue.drain(0.3)
    assert (h.acked, h.dropped) == ([], [])
    right.set()
    assert h.queue.drain(5)
    assert b"".join(h.exporter.delivered) == b"abcdefghijklmnopqrstuvwxyz"
    assert (h.acked, h.dropped) == ([0], [])


def taking_slots(h: Harness, count: int) -> tuple[threading.Thread, list[Slot]]:
    slots: list[Slot] = []
    thread = threading.Thread(target=lambda: slots.extend(h.queue.open_slot() for _ in range(count)))
    thread.start()
    return thread, slots


def test_a_receiver_waits_while_the_workers_are_behind(harness: Callable[..., Harness]) -> None:
    h = harness(ahead=2)
    first = h.queue.open_slot()
    thread, slots = taking_slots(h, 2)
    thread.join(0.05)
    assert thread.is_alive()
    first.fill(None)
    thread.join(5)
    assert len(slots) == 2


def test_a_receiver_waits_while_the_senders_are_behind_until_it_is_let_go(harness: Callable[..., Harness]) -> None:
    h = harness(Scripted(lambda body: Outcome(Outcome.RETRY, "503")), retry=RetryPolicy(initial_interval=60))
    for sequence in range(2):  # one with the sender, one waiting
        h.queue.open_slot().fill(chunk(sequence, bytes(READY_BYTES)))
        while not h.exporter.bodies:
            time.sleep(0.001)
    thread, slots = taking_slots(h, 3)
    thread.join(0.05)
    assert thread.is_alive()
    h.queue.let_go()
    thread.join(5)
    assert len(slots) == 3


def test_a_stop_acknowledges_nothing_that_was_not_delivered(harness: Callable[..., Harness]) -> None:
    h = harness(Scripted(lambda body: Outcome(Outcome.RETRY, "503")), retry=RetryPolicy(initial_interval=60))
    h.send(b"a", b"b")
    assert not h.queue.drain(0.1)
    started = time.monotonic()
    h.queue.stop()
    assert time.monotonic() - started < 1
    assert (h.acked, h.dropped) == ([], [])


def test_a_defect_in_an_exporter_is_no_loss(harness: Callable[..., Harness]) -> None:
    calls = iter([True, False])

    def answer(body: bytes) -> Outcome:
        if next(calls):
            raise LookupError("defect")
        return Outcome(Outcome.DELIVERED)

    h = harness(Scripted(answer))
    h.send(b"a")
    assert h.queue.drain(5)
    assert h.acked == [0]


def test_chunks_without_records_are_acknowledged_and_not_sent(harness: Callable[..., Harness]) -> None:
    h = harness()
    h.send(b"", b"a", b"")
    assert h.queue.drain(5)
    assert h.exporter.bodies == [b"a"]
    assert sorted(h.acked) == [0, 1, 2]


def test_buffers_are_released_once_sent(harness: Callable[..., Harness]) -> None:
    h = harness()
    one = chunk(0, b"abc")
    h.queue.open_slot().fill(one)
    assert h.queue.drain(5)
    assert len(one.data) == 0


def test_a_slot_is_filled_once(harness: Callable[..., Harness]) -> None:
    slot = harness().queue.open_slot()
    slot.fill(None)
    with pytest.raises(RuntimeError, match="filled twice"):
        slot.fill(None)


def test_many_consumers_lose_nothing(harness: Callable[..., Harness]) -> None:
    h = harness(num_consumers=8, policy=BatchPolicy(timeout=0.01, send_batch_size=5, send_batch_max_size=7))
    bodies = [bytes([97 + index % 26]) * (index % 23) for index in range(500)]
    h.send(*bodies)
    assert h.queue.drain(20)
    assert sorted(b"".join(h.exporter.delivered)) == sorted(b"".join(bodies))
    assert sorted(h.acked) == list(range(500))
