"""An operator list as one chain: the ids that stanza gives its operators, and what their ``output`` keys lead to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, ValidationError
from pydantic_core import InitErrorDetails

from fastlog.operators.base import OperatorConfig
from fastlog.operators.registry import AnyOperator

ChainProblem = tuple[int, str, str]
"""(operator, key, message)"""


def operator_ids(operators: Sequence[OperatorConfig]) -> list[str]:
    """The ids that stanza gives to a list of operators (pipeline/config.go): those without one are numbered by type."""
    ids = [operator.id or operator.type for operator in operators]
    seen: Counter[str] = Counter()
    for i, operator in enumerate(operators):
        if ids[i] != operator.type:
            continue
        if seen[operator.type]:
            while (name := f"{operator.type}{seen[operator.type]}") in ids:
                seen[operator.type] += 1
            ids[i] = name
        seen[operator.type] += 1
    return ids


def follow(operators: Sequence[OperatorConfig]) -> tuple[list[int], list[ChainProblem]]:
    """The operators that records pass, in their order: from the first along each ``output``, which is the next of the
    list unless it is set. And what keeps the list from being one chain."""
    ids = operator_ids(operators)
    after = list(range(1, len(ids) + 1))
    problems: list[ChainProblem] = []
    for i, operator in enumerate(operators):
        if ids.index(ids[i]) != i:
            problems.append((i, "id", f"the id {ids[i]!r} is taken; give each operator an id of its own"))
        if len(operator.output) > 1:
            problems.append((i, "output", "several outputs make a graph, and operators are one chain here; name one"))
        elif operator.output and operator.output[0] not in ids:
            known = ", ".join(ids)
            problems.append((i, "output", f"there is no operator {operator.output[0]!r}; the ids are {known}"))
        elif operator.output:
            after[i] = ids.index(operator.output[0])
    if problems:
        return [], problems
    for start in range(len(ids)):
        at, steps = start, 0
        while at < len(ids) and steps <= len(ids):
            at, steps = after[at], steps + 1
        if at < len(ids):
            return [], [(start, "output", "the outputs lead in a circle; remove one of them")]
    order = [0] if ids else []
    while order and after[order[-1]] < len(ids):
        order.append(after[order[-1]])
    return order, []


def _check(operators: list[OperatorConfig]) -> list[OperatorConfig]:
    _, problems = follow(operators)
    if problems:
        raise ValidationError.from_exception_data(
            "operators",
            [
                InitErrorDetails(type="value_error", loc=(i, key), input=None, ctx={"error": ValueError(message)})
                for i, key, message in problems
            ],
        )
    return operators


Operators = Annotated[list[AnyOperator], AfterValidator(_check)]
"""The type of an ``operators:`` key."""
