"""The ``memory_limiter`` processor's settings: they set the memory budget, and at the limit receivers wait.

Names and checks: internal/memorylimiter v0.160. The collector refuses data at the soft limit, which loses what a
receiver can't repeat; here nothing is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from fastlog.config.fields import ConfigModel, Duration
from fastlog.types import Component, Context

_MIB = 1 << 20
_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


class Config(ConfigModel):
    check_interval: Duration = 0.0
    limit_mib: Annotated[int, Field(ge=0)] = 0
    spike_limit_mib: Annotated[int, Field(ge=0)] = 0
    limit_percentage: Annotated[int, Field(ge=0, le=100)] = 0
    spike_limit_percentage: Annotated[int, Field(ge=0, le=100)] = 0
    min_gc_interval_when_soft_limited: Duration = 10.0
    min_gc_interval_when_hard_limited: Duration = 0.0

    @model_validator(mode="after")
    def _check(self) -> Config:
        if self.check_interval <= 0:
            raise ValueError("check_interval must be greater than zero; write '1s'")
        if not self.limit_mib and not self.limit_percentage:
            raise ValueError("needs limit_mib or limit_percentage; write as in 'limit_mib: 512'")
        if self.limit_mib and self.spike_limit_mib >= self.limit_mib:
            raise ValueError(f"spike_limit_mib must be smaller than limit_mib {self.limit_mib}")
        if self.limit_percentage and self.spike_limit_percentage >= self.limit_percentage:
            raise ValueError(f"spike_limit_percentage must be smaller than limit_percentage {self.limit_percentage}")
        return self

    def budget(self) -> int:
        """Bytes of records that may be held at a time: the collector's soft limit, limit - spike limit (a fifth of the
        limit by default). ``limit_mib`` wins over ``limit_percentage``, as there."""
        if self.limit_mib:
            limit, spike = self.limit_mib * _MIB, self.spike_limit_mib * _MIB
        else:
            total = total_memory()
            limit, spike = total * self.limit_percentage // 100, total * self.spike_limit_percentage // 100
        return limit - (spike or limit // 5)

    def deviations(self) -> Iterable[str]:
        yield "at the limit receivers wait (collector: refuses records)"


def total_memory() -> int:
    """Bytes this process may use: the smaller of the machine's memory and its control group's limit."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in _CGROUP_LIMITS:
        try:
            total = min(total, int(path.read_text()))
        except (OSError, ValueError):  # no such hierarchy, or "max"
            continue
    return total


def create(config: Config, context: Context) -> Config:
    """The policy itself; the graph takes the budget from it."""
    return config


COMPONENT = Component(kind="processor", type="memory_limiter", config=Config, create=create)
