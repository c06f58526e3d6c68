"""``time_parser``: the record's time out of a field (pkg/stanza 0.160, operator/parser/timeparser)."""

from __future__ import annotations

from fastlog._core.hot import opparse
from fastlog.operators.base import Operator, OperatorConfig
from fastlog.operators.blocks import TimeKeys, compile_blocks
from fastlog.operators.plan import PlanBuilder


class Config(OperatorConfig, TimeKeys):
    """The keys of every operator and of a time."""


def compile_time(config: Config, plan: PlanBuilder, name: str) -> None:
    plan.add(opparse.ConvertOp(name, compile_blocks(plan, time=config), on_error=config.failure_mode))


OPERATOR = Operator("time_parser", Config, compile_time)
