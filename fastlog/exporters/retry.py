"""When to try a failed request again: exponential backoff with jitter, as the collector's ``retry_on_failure`` names it
(configretry v1.66) and as the OTLP specification asks ("OTLP/HTTP Throttling" and "All Other Responses")."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Intervals are seconds. ``max_elapsed_time`` 0 = try for ever, which is fastlog's default and not the
    collector's."""

    enabled: bool = True
    initial_interval: float = 5.0
    randomization_factor: float = 0.5
    multiplier: float = 1.5
    max_interval: float = 30.0
    max_elapsed_time: float = 0.0


class Backoff:
    """The waits of one request."""

    __slots__ = ("_interval", "_policy", "_uniform")

    def __init__(self, policy: RetryPolicy, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._policy = policy
        self._interval = policy.initial_interval
        self._uniform = uniform

    def next(self, elapsed: float, retry_after: float | None = None) -> float | None:
        """Seconds to wait after a failure ``elapsed`` seconds after the first attempt, or None to give up.

        The destination's ``Retry-After`` is a lower bound, never shortened.
        """
        policy = self._policy
        if not policy.enabled:
            return None
        spread = policy.randomization_factor * self._interval
        delay = self._uniform(self._interval - spread, self._interval + spread)
        self._interval = min(self._interval * policy.multiplier, policy.max_interval)
        delay = max(delay, 0.0, retry_after or 0.0)
        if policy.max_elapsed_time and elapsed + delay > policy.max_elapsed_time:
            return None
        return delay
