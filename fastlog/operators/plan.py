"""From an operator list to a Plan (DESIGN, section 3).

The keys of a plan are the attribute names that its operators know, so attribute column i of a batch is key i, and the
bytes of its constants. While it is built, a plan knows which attributes rows may have at that point: a name that none
can have yet may be written as a whole column, which is what makes the common operator lists fast.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated

from pydantic import AfterValidator, ValidationError
from pydantic_core import InitErrorDetails

from fastlog._core.anyvalue import encode_any
from fastlog._core.batch import Batch
from fastlog._core.fieldref import FieldRef
from fastlog._core.ops import ResourceColumnsOp, ResourceTableOp
from fastlog._core.plan import Framer, Op, Plan
from fastlog.operators.base import OperatorConfig
from fastlog.operators.fields import ATTRIBUTES, BODY, PLACES, RESOURCE, FieldPath
from fastlog.operators.registry import AnyOperator, find_operator

OnFailures = Callable[[Batch, Op, int, int, int], None]
"""(batch, operator, rows that failed, the first of them, its code): once a block; ``explain`` has the words."""

Constant = tuple[object, int]
"""A constant as kernels take it: (bool, int or float, -1), or (kind, the key that holds its bytes)."""


class PlanBuilder:
    """The plan so far."""

    def __init__(self, constants: Iterable[str] = ()) -> None:
        self.ops: list[Op] = []
        self.keys: dict[bytes, int] = {}
        self.present = set(constants)
        """Names of attributes that some row may have at this point, or that an operator has looked at."""
        self.open = False
        """True when that may be any name: JSON was parsed into the attributes, or all of them were filtered."""
        self.body_is_text = True
        """True while every body is a string: no operator has changed it."""
        self.uses_resource = False
        self._waiting: list[Callable[[int], None]] = []

    def key(self, name: str) -> int:
        """The index of an attribute's column."""
        return self._intern(name.encode())

    def _intern(self, data: bytes) -> int:
        return self.keys.setdefault(data, len(self.keys))

    def field(self, path: FieldPath) -> FieldRef:
        """``path`` for a kernel."""
        place = PLACES.index(path.place)
        names = [name.encode() for name in path.names]
        if path.place == RESOURCE:
            self.uses_resource = True
        if path.place == BODY:
            return FieldRef(place, -1, names)
        if not names:
            return FieldRef(place, -1)
        return FieldRef(place, self._intern(names[0]), names[1:])

    def constant(self, value: object) -> Constant:
        """``value`` for a kernel. TypeError when OTLP has no such value."""
        if isinstance(value, bool | int | float):
            encode_any(value)
            return value, -1
        if isinstance(value, str):
            return "string", self._intern(value.encode())
        if isinstance(value, bytes):
            return "bytes", self._intern(value)
        return "any", self._intern(encode_any(value))

    def is_new(self, path: FieldPath) -> bool:
        """True when ``path`` is an attribute that no row has at this point."""
        return path.place == ATTRIBUTES and len(path.names) == 1 and not self.open and path.names[0] not in self.present

    def wrote(self, path: FieldPath) -> None:
        """Note that an operator may have set ``path``, or changed what it is."""
        self.touched(path)
        if path.place == BODY:
            self.body_is_text = False

    def touched(self, path: FieldPath) -> None:
        """Note that an operator reads or deletes ``path``: no later one may write its column ahead of it."""
        if path.place == ATTRIBUTES and path.names:
            self.present.add(path.names[0])
        elif path.place == ATTRIBUTES:
            self.open = True

    def add(self, op: Op) -> None:
        self.ops.append(op)

    def when_keys_are_known(self, tell: Callable[[int], None]) -> None:
        """Have ``tell`` called with the number of keys once the whole list is compiled."""
        self._waiting.append(tell)

    def build(self, framer: Framer, on_failures: OnFailures | None) -> Plan:
        for tell in self._waiting:
            tell(len(self.keys))
        ops = self.ops
        if self.uses_resource:
            ops = [ResourceColumnsOp(), *ops, ResourceTableOp()]
        return Plan(framer, list(self.keys), ops, on_failures)


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


def check_chain(operators: Sequence[OperatorConfig]) -> list[tuple[int, str, str]]:
    """What keeps ``id`` and ``output`` from making the operators one chain in the order of the list: (operator, key,
    message)."""
    ids = operator_ids(operators)
    problems = []
    for i, operator in enumerate(operators):
        if ids.index(ids[i]) != i:
            problems.append((i, "id", f"the id {ids[i]!r} is taken; give each operator an id of its own"))
        expected = ids[i + 1 : i + 2]
        if operator.output and operator.output != expected:
            after = f"the next one, {expected[0]!r}" if expected else "nothing, as it is the last"
            message = (
                f"output {', '.join(map(repr, operator.output))} makes a graph; operators run in the order of the list "
                f"here, so it can only name {after}: reorder the list, or remove 'output'"
            )
            problems.append((i, "output", message))
    return problems


def _check(operators: list[OperatorConfig]) -> list[OperatorConfig]:
    problems = check_chain(operators)
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


def compile_plan(
    operators: Sequence[OperatorConfig],
    *,
    framer: Framer,
    constants: Iterable[str] = (),
    on_failures: OnFailures | None = None,
) -> Plan:
    """The plan that runs ``operators`` over the rows that ``framer`` makes.

    ``constants`` are the names of attributes that the receiver sets before (``log.file.name``). Raises ValueError for
    what the operators' configurations can't check alone.
    """
    for i, key, message in check_chain(operators):
        raise ValueError(f"operators[{i}]::{key}: {message}")
    builder = PlanBuilder(constants)
    for i, config in enumerate(operators):
        find_operator(config.type).compile(config, builder, f"operators[{i}]")
    return builder.build(framer, on_failures)
