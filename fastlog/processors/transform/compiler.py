"""OTTL syntax trees to the nodes that ``fastlog._core.ottl`` runs (pkg/ottl v0.160: expression.go, ottlfuncs/).

To add a converter or an editor: its row in CONVERTERS or EDITORS, its operator in the kernel, a golden case.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any, NoReturn

from fastlog._core.hot import ottl
from fastlog.errors import OttlError, RegexSyntaxError
from fastlog.operators.regex import Program, TooManyStates
from fastlog.operators.regex import compile as compile_regex
from fastlog.processors.transform.parser import (
    Binary,
    Call,
    Enum,
    Expression,
    ListOf,
    Literal,
    MapOf,
    Not,
    Path,
    Statement,
)

_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
ENUMS = {"SEVERITY_NUMBER_UNSPECIFIED": 0} | {
    f"SEVERITY_NUMBER_{level}{step if step > 1 else ''}": 4 * i + step
    for i, level in enumerate(_LEVELS)
    for step in (1, 2, 3, 4)
}
"""opentelemetry-proto, logs/v1/logs.proto, SeverityNumber."""

STRATEGIES = {"insert": 0, "update": 1, "upsert": 2}
_KEYED = {"attributes", "cache", "body"}
_DEEPEST = (1 << 31) - 1

# Blocks of Unicode 15 outside which no rune but ASCII has a case.
_CASED = (
    range(0x80, 0x590), range(0x10A0, 0x1100), range(0x13A0, 0x1400), range(0x1C80, 0x1CC0), range(0x1D00, 0x2190),
    range(0x24B0, 0x24F0), range(0x2C00, 0x2D30), range(0xA640, 0xA7FF), range(0xAB30, 0xABC0), range(0xFF20, 0xFF60),
    range(0x10400, 0x10600), range(0x10C80, 0x10D00), range(0x118A0, 0x118E0), range(0x16E40, 0x16E80),
    range(0x1E900, 0x1E950),
)  # fmt: skip
compiled = cache(compile_regex)

Node = dict[str, Any]
Parameter = tuple[str, Callable[["Compiler", Expression], Any] | None]


@cache
def case_maps() -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The simple lower and upper case mappings of all runes that are not ASCII, as Go's unicode package has them."""
    maps: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    for code in chain(*_CASED):
        rune = chr(code)
        lower, upper = rune.lower(), rune.upper()
        if len(lower) > 1:  # İ: Go has the simple mapping
            lower = lower[0]
        if len(upper) > 1:
            upper = rune.title() if len(rune.title()) == 1 else rune
        if lower != rune:
            maps[0].append((code, ord(lower)))
        if upper != rune:
            maps[1].append((code, ord(upper)))
    return maps


class Compiler:
    """Collects the nodes and commands of all statement groups of one processor."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.children: list[int] = []
        self.commands: list[Node] = []
        self.groups: list[tuple[int, int, int, int, bool]] = []
        self.texts: list[bytes] = []
        self.text = ""
        """What is being compiled, for messages."""
        self.changes_case = False

    def group(
        self, conditions: Sequence[tuple[str, Expression]], statements: Iterable[Statement], *, propagate: bool
    ) -> None:
        """One entry of ``log_statements``: its statements run for the rows that any of the conditions holds for."""
        roots = []
        for text, condition in conditions:
            self.text = text
            roots.append(self.condition(condition))
        first, begin = len(self.children), len(self.commands)
        self.children += roots
        for statement in statements:
            self.text = statement.text
            self.statement(statement)
        self.groups.append((first, len(roots), begin, len(self.commands), propagate))

    def program(self) -> ottl.OttlProgram:
        cases = case_maps() if self.changes_case else ([], [])
        return ottl.OttlProgram(self.nodes, self.children, self.commands, self.groups, self.texts, cases)

    def refuse(self, message: str, at: int) -> NoReturn:
        raise OttlError(f"{message} (column {at + 1} of {self.text!r})")

    # ---- statements

    def statement(self, statement: Statement) -> None:
        editor = statement.editor
        compile_editor = EDITORS.get(editor.name)
        if compile_editor is None:
            self.refuse(f"the editor {editor.name!r} is not supported; {_nearest(editor.name, EDITORS)}", editor.at)
        if editor.keys:
            self.refuse(f"{editor.name} gives no value to take a key of", editor.at)
        command = {"editor": ottl.EDITORS[editor.name], **compile_editor(self, editor)}
        if statement.where is not None:
            command["where"] = self.condition(statement.where)
        self.commands.append(command)

    def arguments(self, call: Call, *names: str, optional: Sequence[str] = ()) -> list[Expression | None]:
        """The call's arguments by position or name, None for an optional one that is not given."""
        known = [*names, *optional]
        given: dict[str, Expression] = {}
        for i, (label, value) in enumerate(call.arguments):
            name = label or (known[i] if i < len(known) else "")
            if name not in known or name in given:
                takes = ", ".join([*names, *(f"[{name}]" for name in optional)])
                self.refuse(f"{call.name} takes {takes}", call.at)
            given[name] = value
        missing = [name for name in names if name not in given]
        if missing:
            self.refuse(f"{call.name} lacks its argument {missing[0]}", call.at)
        return [given.get(name) for name in known]

    def target(self, expression: Expression | None, *, is_map: bool = False) -> Node:
        """Where an editor stores: a place and the keys below it."""
        if not isinstance(expression, Path):
            self.refuse('a path such as log.attributes["key"] is expected as target', getattr(expression, "at", 0))
        place, keys = self.place(expression)
        if any(not isinstance(key, str) for key in keys):
            self.refuse("a list can't be changed in place; set the whole list", expression.at)
        if is_map and not keys and place not in _KEYED:
            self.refuse(f"{expression} is no map", expression.at)
        if place == "observed_time_unix_nano":
            self.refuse(
                "observed_time_unix_nano is the same for all records of a block and can't be set", expression.at
            )
        return {"place": ottl.PLACES[place], "names": [str(key).encode() for key in keys]}

    # ---- expressions

    def condition(self, expression: Expression) -> int:
        boolean = isinstance(expression, Not) or (
            isinstance(expression, Binary) and expression.operator not in ("+", "-", "*", "/")
        )
        if isinstance(expression, Literal) and isinstance(expression.value, bool):
            boolean = True
        if isinstance(expression, Call):
            boolean = True  # whether it gives a boolean shows when it runs, as in the collector
        if not boolean:
            self.refuse("a comparison, true, false or a converter is expected as condition", expression.at)
        return self.value(expression)

    def value(self, expression: Expression) -> int:
        """The index of the node that computes ``expression``."""
        if isinstance(expression, Literal):
            return self.literal(expression.value)
        if isinstance(expression, Enum):
            if expression.name not in ENUMS:
                self.refuse(f"{expression.name} is unknown; {_nearest(expression.name, ENUMS)}", expression.at)
            return self.literal(ENUMS[expression.name])
        if isinstance(expression, Path):
            return self.path(expression)
        if isinstance(expression, Call):
            return self.keyed(self.converter(expression), expression.keys)
        if isinstance(expression, Not):
            return self.add("not", a=self.condition(expression.value))
        if isinstance(expression, ListOf | MapOf):
            return self.literal(self.constant(expression))
        if expression.operator in ("and", "or"):
            return self.add(expression.operator, a=self.condition(expression.left), b=self.condition(expression.right))
        return self.add(expression.operator, a=self.value(expression.left), b=self.value(expression.right))

    def add(self, op: str, **fields: Any) -> int:
        self.nodes.append({"op": ottl.OPS[op], **fields})
        return len(self.nodes) - 1

    def literal(self, value: Any) -> int:
        if value is None:
            return self.add("literal")
        if isinstance(value, bool):
            return self.add("literal", kind=ottl.KINDS["bool"], literal=int(value))
        if isinstance(value, int):
            return self.add("literal", kind=ottl.KINDS["int"], literal=value)
        if isinstance(value, float):
            return self.add("literal", kind=ottl.KINDS["double"], d=value)
        kind = "string" if isinstance(value, str) else "bytes" if isinstance(value, bytes) else "any"
        data = value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else encode_any(value)
        self.texts.append(data)
        return self.add("literal", kind=ottl.KINDS[kind], text=len(self.texts) - 1)

    def constant(self, expression: Expression) -> Any:
        """The Python value of a literal list or map."""
        if isinstance(expression, Literal):
            return expression.value
        if isinstance(expression, Enum) and expression.name in ENUMS:
            return ENUMS[expression.name]
        if isinstance(expression, ListOf):
            return [self.constant(item) for item in expression.values]
        if isinstance(expression, MapOf):
            return {key: self.constant(item) for key, item in expression.items}
        if isinstance(expression, Binary) and expression.operator == "-" and expression.left == Literal(0):
            return -self.constant(expression.right)
        self.refuse("only literals are supported inside a list or a map", expression.at)

    def path(self, path: Path) -> int:
        place, keys = self.place(path)
        names = []
        while keys and isinstance(keys[0], str):
            names.append(str(keys.pop(0)).encode())
        node = self.add("path", place=ottl.PLACES[place], names=names)
        return self.indexed(node, keys)

    def place(self, path: Path) -> tuple[str, list[str | int]]:
        """The name of the place in PLACES, and the keys below it."""
        fields = list(path.fields)
        if fields[0] == ("log", ()) and len(fields) > 1:
            fields.pop(0)
        name, keys = fields.pop(0)
        if fields and (name, fields[0][0]) == ("body", "string") and not keys:
            fields.pop(0)
            name = "body.string"
        if fields or name not in ottl.PLACES or (keys and name not in _KEYED):
            supported = ", ".join(f"log.{place}" for place in ottl.PLACES)
            self.refuse(f"the path {path} is not supported; the paths are {supported}", path.at)
        return name, [self.key(key) for key in keys]

    def key(self, key: Expression) -> str | int:
        if isinstance(key, Literal) and isinstance(key.value, str | int) and not isinstance(key.value, bool):
            return key.value
        self.refuse("only a string or a number is supported as key", key.at)

    def keyed(self, node: int, keys: Sequence[Expression]) -> int:
        return self.indexed(node, [self.key(key) for key in keys])

    def indexed(self, node: int, keys: Sequence[str | int]) -> int:
        for key in keys:
            if isinstance(key, str):
                node = self.add("index", a=node, names=[key.encode()])
            else:
                node = self.add("index", a=node, i=key)
        return node

    def converter(self, call: Call) -> int:
        compile_converter = CONVERTERS.get(call.name)
        if compile_converter is None:
            self.refuse(f"the converter {call.name!r} is not supported; {_nearest(call.name, CONVERTERS)}", call.at)
        return compile_converter(self, call)

    def literal_of(self, expression: Expression | None, kind: type, what: str) -> Any:
        """The value of an argument that has to be written out."""
        if isinstance(expression, Literal) and type(expression.value) is kind:
            return expression.value
        self.refuse(f"{what} has to be written as a literal {kind.__name__}", getattr(expression, "at", 0))

    def pattern(self, expression: Expression | None) -> Program:
        text = self.literal_of(expression, str, "the pattern")
        try:
            return compiled(text)
        except (RegexSyntaxError, TooManyStates) as error:
            self.refuse(f"the pattern {text!r}: {error}", getattr(expression, "at", 0))


def _nearest(name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"


def encode_any(value: Any) -> bytes:
    from fastlog._core.anyvalue import encode_any

    return encode_any(value)


# ---- editors


def _set(compiler: Compiler, call: Call) -> Node:
    target, value = compiler.arguments(call, "target", "value")
    assert value is not None
    return {**compiler.target(target), "value": compiler.value(value)}


def _merge_maps(compiler: Compiler, call: Call) -> Node:
    target, source, strategy = compiler.arguments(call, "target", "source", "strategy")
    assert source is not None
    name = compiler.literal_of(strategy, str, "the strategy")
    if name not in STRATEGIES:
        compiler.refuse(f"the strategy {name!r} is unknown; write insert, update or upsert", getattr(strategy, "at", 0))
    return {**compiler.target(target, is_map=True), "value": compiler.value(source), "flag": STRATEGIES[name]}


def _flatten(compiler: Compiler, call: Call) -> Node:
    target, prefix, depth = compiler.arguments(call, "target", optional=("prefix", "depth"))
    deepest = _DEEPEST if depth is None else compiler.literal_of(depth, int, "the depth")
    value = compiler.literal(None if prefix is None else compiler.literal_of(prefix, str, "the prefix"))
    return {**compiler.target(target, is_map=True), "value": value, "flag": min(deepest, _DEEPEST)}


def _by_key(compiler: Compiler, call: Call) -> Node:
    target, key = compiler.arguments(call, "target", "key")
    return {**compiler.target(target, is_map=True), "keys": [compiler.literal_of(key, str, "the key").encode()]}


def _by_keys(compiler: Compiler, call: Call) -> Node:
    target, keys = compiler.arguments(call, "target", "keys")
    if not isinstance(keys, ListOf):
        compiler.refuse('the keys have to be written as a list: ["a", "b"]', call.at)
    names = [compiler.literal_of(key, str, "a key").encode() for key in keys.values]
    return {**compiler.target(target, is_map=True), "keys": names}


def _by_pattern(compiler: Compiler, call: Call) -> Node:
    target, pattern = compiler.arguments(call, "target", "pattern")
    return {**compiler.target(target, is_map=True), "program": compiler.pattern(pattern)}


EDITORS: dict[str, Callable[[Compiler, Call], Node]] = {
    "set": _set,
    "merge_maps": _merge_maps,
    "flatten": _flatten,
    "delete_key": _by_key,
    "delete_matching_keys": _by_pattern,
    "keep_keys": _by_keys,
    "keep_matching_keys": _by_pattern,
}


# ---- converters


def _simple(op: str, *names: str, **fields: Any) -> Callable[[Compiler, Call], int]:
    """A converter whose arguments are values and nothing else."""

    def compile_converter(compiler: Compiler, call: Call) -> int:
        values = [compiler.value(value) for value in compiler.arguments(call, *names) if value is not None]
        return compiler.add(op, **dict(zip("abc", values, strict=False)), **fields)

    return compile_converter


def _is_kind(*kinds: str) -> Callable[[Compiler, Call], int]:
    return _simple("is_kind", "value", i=sum(1 << ottl.KINDS[kind] for kind in kinds))


def _case(index: int) -> Callable[[Compiler, Call], int]:
    def compile_converter(compiler: Compiler, call: Call) -> int:
        compiler.changes_case = True
        return _simple("case", "target", i=index)(compiler, call)

    return compile_converter


def _convert_case(compiler: Compiler, call: Call) -> int:
    target, case = compiler.arguments(call, "target", "toCase")
    name = compiler.literal_of(case, str, "the case")
    if name not in ("lower", "upper"):
        compiler.refuse(f"the case {name!r} is not supported; write lower or upper", getattr(case, "at", 0))
    compiler.changes_case = True
    assert target is not None
    return compiler.add("case", a=compiler.value(target), i=int(name == "upper"))


def _is_match(compiler: Compiler, call: Call) -> int:
    target, pattern = compiler.arguments(call, "target", "pattern")
    assert target is not None
    return compiler.add("is_match", a=compiler.value(target), program=compiler.pattern(pattern))


def _extract_patterns(compiler: Compiler, call: Call) -> int:
    target, pattern = compiler.arguments(call, "target", "pattern")
    assert target is not None
    program = compiler.pattern(pattern)
    groups = {i + 1: name.encode() for i, name in enumerate(program.names) if name}
    if not groups:
        compiler.refuse("ExtractPatterns needs a named group: (?P<name>...)", call.at)
    return compiler.add("extract", a=compiler.value(target), program=program, groups=groups)


def _substring(compiler: Compiler, call: Call) -> int:
    return _simple("substring", "target", "start", "length")(compiler, call)


def _concat(compiler: Compiler, call: Call) -> int:
    values, delimiter = compiler.arguments(call, "vals", "delimiter")
    if not isinstance(values, ListOf):
        compiler.refuse("Concat takes a list of values and a delimiter", call.at)
    text = compiler.literal(compiler.literal_of(delimiter, str, "the delimiter"))
    parts = [compiler.value(value) for value in values.values]
    first = len(compiler.children)
    compiler.children += parts
    return compiler.add("concat", a=text, first=first, count=len(parts))


CONVERTERS: dict[str, Callable[[Compiler, Call], int]] = {
    "Concat": _concat,
    "ConvertCase": _convert_case,
    "Double": _simple("double", "target"),
    "ExtractPatterns": _extract_patterns,
    "HasPrefix": _simple("has_prefix", "target", "prefix"),
    "HasSuffix": _simple("has_suffix", "target", "suffix"),
    "Int": _simple("int", "target"),
    "IsBool": _is_kind("bool"),
    "IsDouble": _is_kind("double"),
    "IsInt": _is_kind("int"),
    "IsList": _simple("is_list", "target"),
    "IsMap": _simple("is_map", "target"),
    "IsMatch": _is_match,
    "IsString": _is_kind("string"),
    "Len": _simple("len", "target"),
    "ParseJSON": _simple("parse_json", "target"),
    "String": _simple("string", "target"),
    "Substring": _substring,
    "ToLowerCase": _case(0),
    "ToUpperCase": _case(1),
}
