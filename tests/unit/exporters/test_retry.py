from __future__ import annotations

from fastlog.exporters.retry import Backoff, RetryPolicy


def middle(low: float, high: float) -> float:
    return (low + high) / 2


def test_intervals_grow_to_the_maximum() -> None:
    backoff = Backoff(RetryPolicy(), middle)
    assert [backoff.next(0) for _ in range(7)] == [5, 7.5, 11.25, 16.875, 25.3125, 30, 30]


def test_jitter_spreads_by_the_randomization_factor() -> None:
    spans: list[tuple[float, float]] = []
    Backoff(RetryPolicy(), lambda low, high: spans.append((low, high)) or low).next(0)  # type: ignore[func-returns-value]
    assert spans == [(2.5, 7.5)]


def test_retry_after_is_a_lower_bound() -> None:
    assert Backoff(RetryPolicy(), middle).next(0, 60) == 60
    assert Backoff(RetryPolicy(), middle).next(0, 1) == 5


def test_it_gives_up_only_when_told_to() -> None:
    assert Backoff(RetryPolicy(), middle).next(1e9) == 5
    assert Backoff(RetryPolicy(max_elapsed_time=300), middle).next(294) == 5
    assert Backoff(RetryPolicy(max_elapsed_time=300), middle).next(296) is None
    assert Backoff(RetryPolicy(enabled=False), middle).next(0) is None
