"""OTTL text to a syntax tree (pkg/ottl v0.160, grammar.go).

Not here, and refused by name: lambdas, and editors or paths as arguments of a kind that no supported function takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fastlog.errors import OttlError

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<bytes>0x[a-fA-F0-9]+)
    |(?P<float>(?:\d+\.\d*|\d*\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<int>\d+)
    |(?P<string>"(?:\\.|[^\\"])*")
    |(?P<compare>==|!=|>=|<=|>|<)
    |(?P<punct>=>|[-+/*=(){}:,.\[\]])
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", '"': '"', "'": "'"}
_WORDS = {"nil", "not", "or", "and", "true", "false", "where"}


@dataclass(frozen=True)
class Literal:
    value: str | int | float | bool | bytes | None
    at: int = 0


@dataclass(frozen=True)
class Enum:
    name: str
    at: int


@dataclass(frozen=True)
class Path:
    """``context.field[key].field``: names as written, each with its keys."""

    fields: tuple[tuple[str, tuple[Expression, ...]], ...]
    at: int

    def __str__(self) -> str:
        return ".".join(name + "".join("[...]" for _ in keys) for name, keys in self.fields)


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[tuple[str, Expression], ...]  # (name or "", value)
    keys: tuple[Expression, ...]
    at: int


@dataclass(frozen=True)
class Binary:
    """``operator`` is a comparison, "and", "or", or one of + - * /."""

    operator: str
    left: Expression
    right: Expression
    at: int


@dataclass(frozen=True)
class Not:
    value: Expression
    at: int


@dataclass(frozen=True)
class ListOf:
    values: tuple[Expression, ...]
    at: int


@dataclass(frozen=True)
class MapOf:
    items: tuple[tuple[str, Expression], ...]
    at: int


Expression = Literal | Enum | Path | Call | Binary | Not | ListOf | MapOf


@dataclass(frozen=True)
class Statement:
    editor: Call
    where: Expression | None
    text: str = field(compare=False)


def parse_statement(text: str) -> Statement:
    """``editor(arguments) where condition``. Raises :class:`OttlError` with the place of what is wrong."""
    parser = _Parser(text)
    at = parser.at
    name = parser.take_kind("name", "a function call such as set(...)")
    if not name[0].islower():
        raise parser.error(
            f"{name} is no editor: a statement begins with a lower-case function such as set or merge_maps", at
        )
    editor = parser.call(name, at)
    where = None
    if parser.accept("where"):
        where = parser.boolean()
    parser.end()
    return Statement(editor, where, text)


def parse_condition(text: str) -> Expression:
    """A boolean expression. Raises :class:`OttlError` with the place of what is wrong."""
    parser = _Parser(text)
    condition = parser.boolean()
    parser.end()
    return condition


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        self.next = 0
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self.error(f"{text[at]!r} is not understood", at)
            if match.lastgroup != "space":
                self.tokens.append((match.lastgroup or "", match[0], at))
            at = match.end()
        self.tokens.append(("end", "the end", len(text)))

    def error(self, message: str, at: int) -> OttlError:
        return OttlError(f"{message} (column {at + 1} of {self.text!r})")

    @property
    def at(self) -> int:
        return self.tokens[self.next][2]

    def peek(self, ahead: int = 0) -> str:
        kind, text, _ = self.tokens[min(self.next + ahead, len(self.tokens) - 1)]
        return text if kind != "string" else '"'

    def accept(self, text: str) -> bool:
        kind, found, _ = self.tokens[self.next]
        if found == text and kind != "string":
            self.next += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.error(f"{text!r} is expected here, not {self.tokens[self.next][1]}", self.at)

    def take_kind(self, kind: str, expected: str) -> str:
        found, text, at = self.tokens[self.next]
        if found != kind or text in _WORDS:
            raise self.error(f"{expected} is expected here, not {text}", at)
        self.next += 1
        return text

    def end(self) -> None:
        kind, text, at = self.tokens[self.next]
        if kind != "end":
            raise self.error(f"{text} is too much", at)

    # ---- conditions

    def boolean(self) -> Expression:
        left = self.conjunction()
        while True:
            at = self.at
            if not self.accept("or"):
                return left
            left = Binary("or", left, self.conjunction(), at)

    def conjunction(self) -> Expression:
        left = self.condition()
        while True:
            at = self.at
            if not self.accept("and"):
                return left
            left = Binary("and", left, self.condition(), at)

    def condition(self) -> Expression:
        at = self.at
        if self.accept("not"):
            return Not(self.condition(), at)
        if self.peek() == "(" and self._groups_condition():
            self.expect("(")
            inner = self.boolean()
            self.expect(")")
            return inner
        left = self.value()
        kind, text, at = self.tokens[self.next]
        if kind == "compare":
            self.next += 1
            return Binary(text, left, self.value(), at)
        return left

    def _groups_condition(self) -> bool:
        """Whether the parenthesis here holds a condition, and no arithmetic that is compared."""
        start = self.next
        try:
            self.value()
            return self.tokens[self.next][0] != "compare"
        except OttlError:
            return True
        finally:
            self.next = start

    # ---- values

    def value(self) -> Expression:
        left = self.product()
        while True:
            at, operator = self.at, self.peek()
            if operator not in ("+", "-"):
                return left
            self.next += 1
            left = Binary(operator, left, self.product(), at)

    def product(self) -> Expression:
        left = self.factor()
        while True:
            at, operator = self.at, self.peek()
            if operator not in ("*", "/"):
                return left
            self.next += 1
            left = Binary(operator, left, self.factor(), at)

    def factor(self) -> Expression:
        at = self.at
        if self.accept("-"):
            return Binary("-", Literal(0), self.factor(), at)
        if self.accept("+"):
            return self.factor()
        if self.accept("("):
            inner = self.value()
            self.expect(")")
            return inner
        return self.primary()

    def primary(self) -> Expression:
        kind, text, at = self.tokens[self.next]
        if kind == "name":
            return self.named()
        self.next += 1
        if kind == "string":
            return Literal(self.unquoted(text, at), at)
        if kind == "int":
            return Literal(int(text), at)
        if kind == "float":
            return Literal(float(text), at)
        if kind == "bytes":
            return Literal(bytes.fromhex(text[2:]), at)
        if text == "[":
            values: list[Expression] = []
            while not self.accept("]"):
                values.append(self.value())
                if self.peek() != "]":
                    self.expect(",")
            return ListOf(tuple(values), at)
        if text == "{":
            items: list[tuple[str, Expression]] = []
            while not self.accept("}"):
                key_at = self.at
                key = self.unquoted(self.take_kind("string", "a key in quotes"), key_at)
                self.expect(":")
                items.append((key, self.value()))
                self.accept(",")
            return MapOf(tuple(items), at)
        raise self.error(f"a value is expected here, not {text}", at)

    def named(self) -> Expression:
        _, text, at = self.tokens[self.next]
        if text in ("true", "false", "nil"):
            self.next += 1
            return Literal({"true": True, "false": False, "nil": None}[text], at)
        name = self.take_kind("name", "a value")
        if self.peek() == "(":
            return self.call(name, at)
        if name[0].isupper():
            return Enum(name, at)
        fields = [(name, self.keys())]
        while self.accept("."):
            fields.append((self.take_kind("name", "a field name"), self.keys()))
        return Path(tuple(fields), at)

    def call(self, name: str, at: int) -> Call:
        self.expect("(")
        arguments: list[tuple[str, Expression]] = []
        while not self.accept(")"):
            label = ""
            if self.peek(1) == "=" and self.tokens[self.next][0] == "name":
                label = self.take_kind("name", "an argument")
                self.expect("=")
            arguments.append((label, self.value()))
            if self.peek() != ")":
                self.expect(",")
        return Call(name, tuple(arguments), self.keys(), at)

    def keys(self) -> tuple[Expression, ...]:
        keys: list[Expression] = []
        while self.accept("["):
            keys.append(self.value())
            self.expect("]")
        return tuple(keys)

    def unquoted(self, text: str, at: int) -> str:
        """A string literal without its quotes and escapes (Go's strconv.Unquote)."""

        def replace(match: re.Match[str]) -> str:
            escape = match[1]
            if escape in _ESCAPES:
                return _ESCAPES[escape]
            if escape[0] in "xuU" and len(escape) > 1:
                return chr(int(escape[1:], 16))
            raise self.error(f"\\{escape} is no escape; write \\\\{escape} for a backslash", at + match.start())

        return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", replace, text[1:-1], flags=re.DOTALL)
