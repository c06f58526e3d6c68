from __future__ import annotations

import threading

import pytest

from fastlog.pipeline.budget import Budget


def waiter(budget: Budget, size: int) -> tuple[threading.Thread, list[bool]]:
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(budget.reserve(size)))
    thread.start()
    return thread, answers


def test_a_reservation_waits_for_room() -> None:
    budget = Budget(100)
    assert budget.reserve(60)
    thread, answers = waiter(budget, 60)
    thread.join(0.05)
    assert answers == []
    budget.release(60)
    thread.join(5)
    assert answers == [True]
    assert budget.used == 60


def test_one_larger_than_the_limit_passes_alone() -> None:
    budget = Budget(100)
    assert budget.reserve(1000)
    thread, answers = waiter(budget, 1)
    thread.join(0.05)
    assert answers == []
    budget.release(1000)
    thread.join(5)
    assert answers == [True]


def test_a_charge_overspends_and_later_reservations_wait() -> None:
    budget = Budget(100)
    assert budget.reserve(50)
    budget.charge(200)
    thread, answers = waiter(budget, 10)
    budget.release(50)
    thread.join(0.05)
    assert answers == []
    budget.release(200)
    thread.join(5)
    assert answers == [True]


def test_a_stop_lets_waiters_go() -> None:
    budget = Budget(100)
    assert budget.reserve(100)
    thread, answers = waiter(budget, 1)
    budget.stop()
    thread.join(5)
    assert answers == [False]
    assert not budget.reserve(1)


def test_misuse_is_an_error() -> None:
    with pytest.raises(ValueError, match="positive size"):
        Budget(0)
    with pytest.raises(ValueError, match="only 0 are taken"):
        Budget(1).release(1)
