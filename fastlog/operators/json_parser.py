"""``json_parser``: a JSON object into attributes or a map (pkg/stanza 0.160, operator/parser/jsonparser)."""

from __future__ import annotations

from fastlog._core.hot import opparse
from fastlog.operators.base import Operator
from fastlog.operators.blocks import ParserConfig, compile_parser_blocks
from fastlog.operators.plan import PlanBuilder


class Config(ParserConfig):
    """Numbers become doubles; with ``parse_ints`` those that are whole and fit become integers."""

    parse_ints: bool = False


def compile_json(config: Config, plan: PlanBuilder, name: str) -> None:
    op = opparse.JsonOp(
        name,
        plan.field(config.parse_from),
        plan.field(config.parse_to),
        compile_parser_blocks(plan, config, [config.parse_to]),
        parse_ints=config.parse_ints,
        on_error=config.failure_mode,
    )
    plan.add(op)
    plan.when_keys_are_known(op.finish)


OPERATOR = Operator("json_parser", Config, compile_json)
