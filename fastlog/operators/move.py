"""``move``: set a field to the value of another, which is deleted (pkg/stanza 0.160, operator/transformer/move)."""

from __future__ import annotations

from pydantic import Field as Key

from fastlog._core.ops import TransferOp
from fastlog.operators.base import Operator, OperatorConfig
from fastlog.operators.fields import Field
from fastlog.operators.plan import PlanBuilder


class Config(OperatorConfig):
    """A source that is not there is an error of the record. A map is merged into the map at ``to``."""

    source: Field = Key(alias="from")
    to: Field


def compile_move(config: Config, plan: PlanBuilder, name: str) -> None:
    source, target = plan.field(config.source), plan.field(config.to)
    plan.add(TransferOp(name, source, target, move=True, on_error=config.failure_mode))
    plan.wrote(config.source)
    plan.wrote(config.to)


OPERATOR = Operator("move", Config, compile_move)
