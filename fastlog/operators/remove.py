"""``remove``: delete a field, all attributes or the whole resource (pkg/stanza 0.160, operator/transformer/remove)."""

from __future__ import annotations

from fastlog._core.ops import RemoveOp
from fastlog.operators.base import Operator, OperatorConfig
from fastlog.operators.fields import RootField
from fastlog.operators.plan import PlanBuilder


class Config(OperatorConfig):
    """A field that is not there is an error of the record; no attributes at all are none."""

    field: RootField


def compile_remove(config: Config, plan: PlanBuilder, name: str) -> None:
    plan.add(RemoveOp(name, plan.field(config.field), on_error=config.failure_mode))
    plan.wrote(config.field)


OPERATOR = Operator("remove", Config, compile_remove)
