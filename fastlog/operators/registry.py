"""Operator types, the modules that have them, and the list type for configurations.

To add an operator, write a module that exports ``OPERATOR`` and name it here.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

from pydantic import PlainValidator

from fastlog.operators.base import Operator, OperatorConfig

MODULES = {
    "add": "fastlog.operators.add",
    "copy": "fastlog.operators.copy",
    "json_parser": "fastlog.operators.json_parser",
    "move": "fastlog.operators.move",
    "regex_parser": "fastlog.operators.regex_parser",
    "remove": "fastlog.operators.remove",
    "retain": "fastlog.operators.retain",
    "severity_parser": "fastlog.operators.severity_parser",
    "time_parser": "fastlog.operators.time_parser",
}


def find_operator(type_: str) -> Operator:
    """The operator of that type; KeyError for one that there is not."""
    operator: Operator = import_module(MODULES[type_]).OPERATOR
    return operator


def _validate(value: Any) -> OperatorConfig:
    if isinstance(value, OperatorConfig):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"an operator is a map, not {value!r}; write '- type: regex_parser' and its keys below it")
    type_ = value.get("type")
    if not isinstance(type_, str) or type_ not in MODULES:
        what = "the operator has no 'type'" if type_ is None else f"there is no operator {type_!r}"
        raise ValueError(f"{what}; the supported ones are {', '.join(MODULES)}")
    return find_operator(type_).config.model_validate(value)


AnyOperator = Annotated[OperatorConfig, PlainValidator(_validate)]
"""One entry of an ``operators:`` list, as the configuration of its type."""
