"""``retain``: keep the named fields and delete the rest (pkg/stanza 0.160, operator/transformer/retain)."""

from __future__ import annotations

from pydantic import Field as Key

from fastlog._core.ops import RetainOp
from fastlog.operators.base import Operator, OperatorConfig
from fastlog.operators.fields import ATTRIBUTES, BODY, Field
from fastlog.operators.plan import PlanBuilder


class Config(OperatorConfig):
    """Only the places that ``fields`` name something in are filtered: without a ``resource.`` field it stays whole."""

    fields: list[Field] = Key(min_length=1, max_length=64)


def compile_retain(config: Config, plan: PlanBuilder, name: str) -> None:
    plan.add(RetainOp(name, [plan.field(field) for field in config.fields]))
    places = {field.place for field in config.fields}
    if ATTRIBUTES in places:
        plan.open = True  # it touches every column, so none may be written ahead of it
    if BODY in places:
        plan.body_is_text = False


OPERATOR = Operator("retain", Config, compile_retain)
