"""Runs an operator list over text and gives the records back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from fastlog._core.batch import Resource
from fastlog._core.hot import frame
from fastlog.operators import Operators, compile_plan, explain

OPERATORS = TypeAdapter(Operators)


def run(
    operators: list[dict[str, Any]],
    *lines: str | bytes,
    attributes: Mapping[str, Any] | None = None,
    resource: Mapping[str, Any] | None = None,
) -> tuple[list[dict[str, Any]], list[tuple[str, int, int, str]]]:
    """The records that ``lines`` make, and (operator, rows, first row, why) for each operator that failed."""
    failures: list[tuple[str, int, int, str]] = []
    constants = dict(attributes or {})
    plan = compile_plan(
        OPERATORS.validate_python(operators),
        framer=frame.LineFramer(),
        constants=constants,
        on_failures=lambda batch, op, failed, first, code: failures.append(
            (op.name, failed, first, explain(code, op, batch, first))
        ),
    )
    batch = plan.new_batch()
    batch.fill(b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines))
    for name, value in constants.items():
        batch.set_constant(name.encode(), value)
    batch.resources = [Resource(resource)]
    plan.run(batch)
    records = batch.to_records()
    batch.release()
    return records, failures


def one(operators: list[dict[str, Any]], line: str = "line", **given: Any) -> dict[str, Any]:
    """Body, attributes and resource of the record that ``line`` makes, without those that are empty or unchanged."""
    (record,), _ = run(operators, line, **given)
    kept = {key: record[key] for key in ("attributes", "resource") if record[key]}
    return kept if record["body"] == line else {"body": record["body"], **kept}
