"""``severity_parser``: the record's severity out of a field (pkg/stanza 0.160, operator/parser/severity)."""

from __future__ import annotations

from fastlog._core.hot import opparse
from fastlog.operators.base import Operator, OperatorConfig
from fastlog.operators.blocks import SeverityKeys, compile_blocks
from fastlog.operators.plan import PlanBuilder


class Config(OperatorConfig, SeverityKeys):
    """The keys of every operator and of a severity."""


def compile_severity_parser(config: Config, plan: PlanBuilder, name: str) -> None:
    plan.add(opparse.ConvertOp(name, compile_blocks(plan, severity=config), on_error=config.failure_mode))


OPERATOR = Operator("severity_parser", Config, compile_severity_parser)
