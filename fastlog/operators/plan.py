"""From an operator list to a Plan (DESIGN, section 3).

The keys of a plan are the attribute names that its operators know, so attribute column i of a batch is key i, and the
bytes of its constants. While it is built, a plan knows which attributes rows may have at that point: a name that none
can have yet may be written as a whole column, which is what makes the common operator lists fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fastlog._core.anyvalue import encode_any
from fastlog._core.batch import Batch
from fastlog._core.fieldref import FieldRef
from fastlog._core.ops import ResourceColumnsOp, ResourceTableOp
from fastlog._core.plan import Framer, Op, Plan
from fastlog.operators.base import OperatorConfig
from fastlog.operators.chain import follow
from fastlog.operators.fields import ATTRIBUTES, BODY, PLACES, RESOURCE, FieldPath
from fastlog.operators.registry import find_operator

OnFailures = Callable[[Batch, Op, int, int, int], None]
"""(batch, operator, rows that failed, the first of them, its code): once a block; ``explain`` has the words."""

Constant = tuple[object, int]
"""A constant as kernels take it: (bool, int or float, -1), or (kind, the key that holds its bytes)."""


class PlanBuilder:
    """The plan so far."""

    def __init__(self, constants: Iterable[str] = (), *, raw: bool = False) -> None:
        self.raw = raw
        """True when text may be ill-formed UTF-8."""
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


def compile_plan(
    operators: Sequence[OperatorConfig],
    *,
    framer: Framer,
    constants: Iterable[str] = (),
    raw: bool = False,
    on_failures: OnFailures | None = None,
) -> Plan:
    """The plan that runs ``operators`` over the rows that ``framer`` makes.

    ``constants`` are the names of attributes that the receiver sets before (``log.file.name``); ``raw``: the bodies may
    be ill-formed UTF-8. Raises ValueError for what the operators' configurations can't check alone.
    """
    order, problems = follow(operators)
    for i, key, message in problems:
        raise ValueError(f"operators[{i}]::{key}: {message}")
    builder = PlanBuilder(constants, raw=raw)
    for i in order:
        find_operator(operators[i].type).compile(operators[i], builder, f"operators[{i}]")
    return builder.build(framer, on_failures)
