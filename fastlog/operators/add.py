"""``add``: set a field to a constant (pkg/stanza 0.160, operator/transformer/add)."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from fastlog._core.anyvalue import encode_any
from fastlog._core.ops import AddOp
from fastlog.operators.base import Operator, OperatorConfig
from fastlog.operators.fields import Field
from fastlog.operators.plan import PlanBuilder


class Config(OperatorConfig):
    """A map is merged into the map that is there. Without a value every record fails, as in the collector."""

    field: Field
    value: Any = None

    @field_validator("value")
    @classmethod
    def _constant(cls, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("EXPR(") and value.endswith(")"):
            raise ValueError(
                f"expressions are not supported: {value}; write a constant, or use 'copy' for another field's value"
            )
        try:
            encode_any(value)
        except TypeError as error:
            raise ValueError(f"{error}; write text, a number, true or false, a list or a map") from None
        return value


def compile_add(config: Config, plan: PlanBuilder, name: str) -> None:
    column = config.value is not None and not isinstance(config.value, dict) and plan.is_new(config.field)
    constant = plan.constant(config.value) if config.value is not None else None
    plan.add(AddOp(name, plan.field(config.field), constant, on_error=config.failure_mode, column=column))
    plan.wrote(config.field)


OPERATOR = Operator("add", Config, compile_add)
