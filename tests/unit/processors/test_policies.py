"""``batch`` and ``memory_limiter``: the collector's defaults and checks."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fastlog.processors.batch import Config as Batch
from fastlog.processors.memory_limiter import Config as MemoryLimiter
from fastlog.processors.memory_limiter import total_memory


def test_batch_defaults() -> None:
    config = Batch()
    assert (config.timeout, config.send_batch_size, config.send_batch_max_size) == (0.2, 8192, 0)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"send_batch_size": 100, "send_batch_max_size": 50}, "below send_batch_size 100; write 100 or more"),
        ({"send_batch_max_size": 50}, "below send_batch_size 8192"),
        ({"timeout": "-1s"}, "timeout is negative"),
        ({"metadata_keys": ["tenant"]}, "metadata_keys is not supported"),
        ({"send_batch_size": -1}, "greater than or equal to 0"),
    ],
)
def test_batch_refuses(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Batch.model_validate(keys)


@pytest.mark.parametrize(
    ("keys", "mib"),
    [
        ({"limit_mib": 1500, "spike_limit_mib": 512}, 988),
        ({"limit_mib": 100}, 80),
        ({"limit_mib": 100, "limit_percentage": 1}, 80),
    ],
)
def test_the_budget_is_the_soft_limit(keys: dict[str, int], mib: int) -> None:
    assert MemoryLimiter.model_validate({"check_interval": "1s", **keys}).budget() == mib << 20


def test_a_percentage_is_of_what_the_process_may_use() -> None:
    keys = {"check_interval": "1s", "limit_percentage": 50, "spike_limit_percentage": 25}
    assert MemoryLimiter.model_validate(keys).budget() == pytest.approx(total_memory() / 4, abs=2)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"limit_mib": 100}, "check_interval must be greater than zero; write '1s'"),
        ({"check_interval": "1s"}, "needs limit_mib or limit_percentage"),
        ({"check_interval": "1s", "limit_mib": 100, "spike_limit_mib": 100}, "smaller than limit_mib 100"),
        (
            {"check_interval": "1s", "limit_percentage": 50, "spike_limit_percentage": 50},
            "smaller than limit_percentage",
        ),
        ({"check_interval": "1s", "limit_percentage": 101}, "less than or equal to 100"),
    ],
)
def test_memory_limiter_refuses(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MemoryLimiter.model_validate(keys)


def test_the_difference_is_told() -> None:
    assert list(MemoryLimiter(check_interval=1.0, limit_mib=10).deviations()) == [
        "at the limit receivers wait (collector: refuses records)"
    ]
