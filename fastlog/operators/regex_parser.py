"""``regex_parser``: the named groups of a regular expression into attributes or a map (pkg/stanza 0.160,
operator/parser/regex)."""

from __future__ import annotations

from pydantic import Field as Key
from pydantic import field_validator

from fastlog._core.hot import opparse
from fastlog.config.fields import ConfigModel
from fastlog.operators.base import Operator
from fastlog.operators.blocks import ParserConfig, compile_parser_blocks
from fastlog.operators.fields import ATTRIBUTES, BODY, FieldPath
from fastlog.operators.plan import PlanBuilder
from fastlog.operators.regex import Program, TooManyStates
from fastlog.operators.regex import compile as compile_regex
from fastlog.operators.regex.fallback import Re2Fallback
from fastlog.operators.regex.syntax import parse
from fastlog.telemetry import Log

_log = Log(__name__)


class Cache(ConfigModel):
    """Accepted, and without effect: matching costs less than a look into a cache."""

    size: int = Key(default=0, ge=0, le=65535)


class Config(ParserConfig):
    """RE2 syntax. A group that takes no part in the match gives the empty text; unnamed groups give nothing."""

    regex: str
    cache: Cache = Cache()

    @field_validator("regex")
    @classmethod
    def _named_groups(cls, regex: str) -> str:
        if not any(parse(regex).names):
            raise ValueError(
                f"{regex!r} has no named group, so it would give nothing; name what to keep, as in '^(?P<my_key>.*)$'"
            )
        return regex


def _compile(regex: str, name: str) -> Program | Re2Fallback:
    try:
        return compile_regex(regex)
    except TooManyStates as error:
        fallback = Re2Fallback(regex)
        _log.warning("the regular expression runs on RE2, which is slower", operator=name, regex=regex, why=str(error))
        return fallback


def compile_regex_parser(config: Config, plan: PlanBuilder, name: str) -> None:
    program = _compile(config.regex, name)
    groups = [(plan.key(group), number) for group, number in program.groupindex.items()]
    source, target = plan.field(config.parse_from), plan.field(config.parse_to)
    written = [config.parse_to]
    columns = False
    if config.parse_to == FieldPath(ATTRIBUTES):
        written = [FieldPath(ATTRIBUTES, (group,)) for group in program.groupindex]
        columns = plan.body_is_text and config.parse_from == FieldPath(BODY) and all(map(plan.is_new, written))
    blocks = compile_parser_blocks(plan, config, written)
    plan.add(
        opparse.RegexOp(
            name, program, groups, source, target, blocks, columns=columns, raw=plan.raw, on_error=config.failure_mode
        )
    )


OPERATOR = Operator("regex_parser", Config, compile_regex_parser)
