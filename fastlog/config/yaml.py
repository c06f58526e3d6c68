"""Reads the collector's YAML: parse, merge, expand, and remember where everything was written.

Follows confmap v1.66 (``resolver.go``, ``expand.go``, the env, file and yaml providers) and yaml.v3's scalars, which
are YAML 1.2's with a few of 1.1: ``yes`` and ``off`` are strings, ``0o17`` and ``017`` are octal, ``<<`` merges. The
one place that imports PyYAML.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fastlog.errors import ConfigError, PathPart, Place, Problem

DELIMITER = "::"
_MAX_EXPANSIONS = 100
_BUILTIN = Path(__file__).with_name("builtin")
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Node:
    """A value and where it was written (for the value of a mapping: its key's line).

    ``text`` is the original text of a value that came whole from a reference such as ``${env:PORT}``: a field that
    wants a string gets the text, any other the parsed value.
    """

    value: str | int | float | bool | dict[str, Node] | list[Node] | None
    place: Place
    text: str | None = None

    def plain(self) -> Any:
        """The value as plain dicts, lists and scalars; an empty reference is an empty string."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return "" if self.value is None and self.text is not None else self.value

    def child(self, part: PathPart) -> Node | None:
        """The node at one step of a path, or None."""
        if isinstance(self.value, dict):
            return self.value.get(str(part))
        if isinstance(self.value, list) and isinstance(part, int) and 0 <= part < len(self.value):
            return self.value[part]
        return None


@dataclass(slots=True)
class Document:
    """The merged and expanded configuration, and what is to be said about it."""

    root: Node
    warnings: list[Problem] = field(default_factory=list)


# --- scalars --------------------------------------------------------------------------------------------------------

_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


def scalar(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar as yaml.v3 resolves it; dates stay strings, as every field here wants them."""
    if text in _CONSTANTS:
        constant: bool | float | None = _CONSTANTS[text]
        return constant
    if text[0] not in "+-.0123456789":
        return text
    digits = text.replace("_", "")
    try:
        octal = digits.lstrip("+-")
        number = int(digits, 8 if len(octal) > 1 and octal[0] == "0" and octal.isdigit() else 0)
    except ValueError:
        number = None
    if number is not None and -(2**63) <= number < 2**64:
        return number
    if not _FLOAT.fullmatch(digits):
        return text
    value = float(digits)
    return value if math.isfinite(value) else text


class _Loader(_Base):  # type: ignore[misc]
    """Composes nodes only; every plain scalar keeps the default tag and is resolved by :func:`scalar`."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the name and form PyYAML looks up


_TAG = "tag:yaml.org,2002:"


class _Builder:
    """Turns PyYAML's nodes into ours and collects duplicate keys."""

    def __init__(self, source: str, first_line: int) -> None:
        self.source = source
        self.first_line = first_line
        self.problems: list[Problem] = []
        self._open: set[int] = set()  # collections being built, by id

    def place(self, node: Any) -> Place:
        return Place(self.source, node.start_mark.line + self.first_line)

    def build(self, node: Any, path: tuple[PathPart, ...], place: Place, *, split: bool = True) -> Node:
        if isinstance(node, yaml.ScalarNode):
            return Node(self._scalar(node), place)
        if id(node) in self._open:
            self.problems.append(Problem(path, "the value contains itself", "remove the alias '*…'", place))
            return Node(None, place)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return Node(self._mapping(node, path, split), place)
            items = [self.build(item, (*path, i), self.place(item), split=False) for i, item in enumerate(node.value)]
            return Node(items, place)
        finally:
            self._open.discard(id(node))

    def _scalar(self, node: Any) -> str | float | bool | None:
        text: str = node.value
        kind = node.tag.removeprefix(_TAG)
        if kind == "str":
            # Composing without resolvers gives every plain scalar this tag; a written one is part of its extent.
            written = node.end_mark.index - node.start_mark.index >= len("!!str ") + len(text)
            return text if node.style or written else scalar(text)
        if kind in ("int", "float", "bool", "null"):
            value = scalar(text)
            return float(value) if kind == "float" and isinstance(value, int) else value
        return text  # a tag of some program's own: yaml.v3 takes the text

    def _mapping(self, node: Any, path: tuple[PathPart, ...], split: bool) -> dict[str, Node]:
        result: dict[str, Node] = {}
        whole: set[str] = set()  # keys that were written as such, not as the beginning of a::b
        inherited: list[dict[str, Node]] = []
        for key_node, value_node in node.value:
            place = self.place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem(path, "a key must be a string", "quote it", place))
                continue
            key: str = key_node.value
            if key == "<<" and not key_node.style:
                inherited += self._inherited(value_node, path, place, split)
                continue
            parts = key.split(DELIMITER) if split else [key]
            value = self.build(value_node, (*path, *parts), place, split=split)
            for part in reversed(parts[1:]):
                value = Node({part: value}, place)
            self._put(result, parts[0], value, (*path, parts[0]), again=len(parts) == 1 and parts[0] in whole)
            if len(parts) == 1:
                whole.add(key)
        for other in inherited:
            for key, value in other.items():
                result.setdefault(key, value)
        return result

    def _put(self, into: dict[str, Node], key: str, value: Node, path: tuple[PathPart, ...], *, again: bool) -> None:
        """Add one entry. Maps that ``a::b`` keys make are joined with others of that key; anything else that is there
        twice is an error, and so is a key that is written twice (``again``)."""
        old = into.get(key)
        if old is None:
            into[key] = value
        elif isinstance(old.value, dict) and isinstance(value.value, dict) and not again:
            for name, node in value.value.items():
                self._put(old.value, name, node, (*path, name), again=False)
        else:
            said = f"the key is written twice, first at line {old.place.line}"
            self.problems.append(Problem(path, said, "keep one of them", value.place))

    def _inherited(self, node: Any, path: tuple[PathPart, ...], place: Place, split: bool) -> list[dict[str, Node]]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not all(isinstance(item, yaml.MappingNode) for item in nodes):
            self.problems.append(Problem(path, "'<<' merges maps only", "write '<<: *anchor' of a map", place))
            return []
        built = [self.build(item, path, place, split=split).value for item in nodes]
        return [value for value in built if isinstance(value, dict)]


def parse(text: str, source: str, first_line: int = 1) -> Node:
    """One YAML document as nodes. Raises ConfigError with file and line on bad YAML and on duplicate keys."""
    loader = _Loader(text)
    try:
        top = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(source, mark.line + first_line if mark is not None else 0)
        detail = " ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError([Problem((), f"not valid YAML: {detail}", _yaml_hint(error), place)]) from None
    except yaml.YAMLError as error:
        raise ConfigError([Problem((), f"not valid YAML: {error}", place=Place(source))]) from None
    finally:
        loader.dispose()
    if top is None:
        return Node(None, Place(source, first_line))
    builder = _Builder(source, first_line)
    node = builder.build(top, (), builder.place(top))
    if builder.problems:
        raise ConfigError(builder.problems)
    return node


def _yaml_hint(error: Any) -> str:
    problem = error.problem or ""
    if "cannot start any token" in problem:
        return "indent with spaces, not tabs, and quote values that start with '@', '`' or '%'"
    if "unknown escape character" in problem:
        return "write a regular expression in single quotes"
    if "expected <block end>" in problem or "mapping values are not allowed" in problem:
        return "check the indentation and quote values that contain ': '"
    return ""


# --- merging --------------------------------------------------------------------------------------------------------


def merge(base: Node, over: Node) -> Node:
    """``over`` laid over ``base``: maps join key by key, all else is replaced, lists too (the collector's rule)."""
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    joined = dict(base.value)
    for key, node in over.value.items():
        old = joined.get(key)
        joined[key] = node if old is None else merge(old, node)
    return Node(joined, over.place)


# --- references -----------------------------------------------------------------------------------------------------

_URI = re.compile(r"(?s)([A-Za-z][A-Za-z0-9+.-]+):(.*)")
_ENV_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class _Failure(Exception):
    """A reference that can't be resolved; becomes a Problem with the place of the value that holds it."""


class _Expander:
    """Replaces ``${…}`` in a tree of nodes, as confmap's resolver does after all files are merged."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._schemes: dict[str, Callable[[str, Place], Node]] = {
            "env": self._env,
            "file": self._file,
            "yaml": self._yaml,
        }

    def expand(self, node: Node, path: tuple[PathPart, ...] = (), depth: int = 0) -> Node:
        if isinstance(node.value, dict):
            items = {key: self.expand(child, (*path, key), depth) for key, child in node.value.items()}
            return Node(items, node.place, self._inline(node.text))
        if isinstance(node.value, list):
            values = [self.expand(child, (*path, i), depth) for i, child in enumerate(node.value)]
            return Node(values, node.place, self._inline(node.text))
        if not isinstance(node.value, str):
            return node
        try:
            return self._string(node, path, depth)
        except _Failure as failure:
            self.problems.append(Problem(path, str(failure), place=node.place))
            return node

    def _string(self, node: Node, path: tuple[PathPart, ...], depth: int) -> Node:
        text = str(node.value)
        from_reference = node.text is not None
        while uri := _find_reference(text):
            depth += 1
            if depth > _MAX_EXPANSIONS:
                raise _Failure("the references lead back to themselves; break the cycle")
            found = self._retrieve(uri, node.place, path)
            if uri == text:
                from_reference = True
                if not isinstance(found.value, str):
                    return self.expand(found, path, depth)
                text = found.value
            else:
                text = text.replace(uri, found.text or "")
        text = text.replace("$$", "$")
        return Node(text, node.place, text if from_reference else None)

    def _inline(self, text: str | None) -> str | None:
        """The text form of a referenced list or map, for a field that turns out to want a string."""
        if text is None:
            return None
        try:
            return str(self._string(Node(text, Place("")), (), 0).value)
        except _Failure:
            return text

    def _retrieve(self, uri: str, place: Place, path: tuple[PathPart, ...]) -> Node:
        """The parsed value a reference stands for, with its text."""
        inner = uri[2:-1]
        location = inner if ":" in inner else f"env:{inner}"
        match = _URI.fullmatch(location)
        if match is None:
            raise _Failure(f"{uri} is no reference; write ${{env:NAME}}, or $${{…}} for the literal text")
        scheme, opaque = match.groups()
        if "$" in opaque:
            raise _Failure(f"{uri} contains '$'; a reference inside a reference must be resolved from the inside")
        if scheme not in self._schemes:
            raise _Failure(f"{uri}: the scheme {scheme!r} is not supported; use env, file or yaml")
        if scheme == "env" and ":-" not in opaque and opaque not in self.environ and _ENV_NAME.fullmatch(opaque):
            self.warnings.append(
                Problem(
                    path, f"the environment variable {opaque} is not set", f"${{env:{opaque}:-default}} sets one", place
                )
            )
        return self._schemes[scheme](opaque, place)

    def _env(self, opaque: str, place: Place) -> Node:
        name, has_default, default = opaque.partition(":-")
        if not _ENV_NAME.fullmatch(name):
            raise _Failure(f"{name!r} is no name of an environment variable: letters, digits and '_' only")
        if name not in self.environ and has_default and not default:
            return Node("", place, "")
        return self._yaml(self.environ.get(name, default), place)

    def _file(self, opaque: str, place: Place) -> Node:
        return self._yaml(_read(opaque), place)

    def _yaml(self, text: str, place: Place) -> Node:
        """The value ``text`` has as YAML; text that is no YAML, or a string in it, stands for itself."""
        try:
            node = parse(text, place.source)
        except ConfigError:
            return Node(text, place, text)
        if isinstance(node.value, str):
            return Node(text, place, text)
        node = _placed(node, place)
        node.text = text
        return node


def _placed(node: Node, place: Place) -> Node:
    """A copy of ``node`` that says it was written where the reference to it stands."""
    if isinstance(node.value, dict):
        return Node({key: _placed(child, place) for key, child in node.value.items()}, place)
    if isinstance(node.value, list):
        return Node([_placed(child, place) for child in node.value], place)
    return Node(node.value, place)


def _find_reference(text: str) -> str:
    """The innermost reference that closes first, with its ``${`` and ``}``; ``""`` if none or escaped (``$${``)."""
    start = 0
    while (close := text.find("}", start)) >= 0:
        begin = text.rfind("${", start, close)
        if begin >= 0:
            dollars = len(text[start:begin]) - len(text[start:begin].rstrip("$"))
            return "" if dollars % 2 else text[begin : close + 1]
        start = close + 1
    return ""


# --- sources --------------------------------------------------------------------------------------------------------


def builtin_names() -> list[str]:
    """The configurations that ``--config NAME`` finds without a file."""
    return sorted(path.stem for path in _BUILTIN.glob("*.yaml"))


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        message = f"can't read {path}: {error.strerror}"
        if "/" not in path and not path.endswith((".yaml", ".yml")):
            message += f" (built-in configurations: {', '.join(builtin_names())})"
        raise _Failure(message) from None
    except UnicodeDecodeError as error:
        raise _Failure(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from None


def _source(config: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """``(text, name for messages)`` of one ``--config``."""
    if re.fullmatch(r"[a-z][a-z0-9_-]*", config) and config in builtin_names():
        return _BUILTIN.joinpath(f"{config}.yaml").read_text(encoding="utf-8"), f"builtin:{config}"
    match = _URI.fullmatch(config)
    scheme, opaque = match.groups() if match else ("file", config)
    if scheme == "file":
        return _read(opaque), opaque
    if scheme == "yaml":
        return opaque, "--config yaml"
    if scheme == "env":
        if opaque not in environ:
            raise _Failure(f"the environment variable {opaque} is not set")
        return environ[opaque], f"env:{opaque}"
    raise _Failure(
        f"the scheme {scheme!r} is not supported; use a path, file:, env:, yaml: or {', '.join(builtin_names())}"
    )


def _setting(setting: str) -> Node:
    """``a::b=c`` or ``a.b=c`` as nodes; the value is YAML."""
    key, equals, value = setting.partition("=")
    if not equals or not key.strip():
        raise _Failure("write KEY=VALUE, as in --set processors::batch::timeout=2s")
    path = key.strip().replace(".", DELIMITER)
    parts = path.split(DELIMITER)
    if not all(parts):
        raise _Failure(f"{key!r} has an empty part; write the parts with '::' between them")
    place = Place(f"--set {path}")
    node = _placed(parse(value.strip(), place.source), place)
    for part in reversed(parts):
        node = Node({part: node}, place)
    return node


def load(configs: Sequence[str], settings: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> Document:
    """Read, merge and expand.

    ``configs`` are what ``--config`` takes (a path, ``file:``, ``env:NAME``, ``yaml:TEXT``, a built-in name), later
    ones laid over earlier ones; ``settings`` what ``--set`` takes, laid over all. Raises ConfigError with every problem
    found.
    """
    environ = os.environ if environ is None else environ
    root = Node({}, Place(configs[0] if configs else ""))
    problems: list[Problem] = []
    for config in configs:
        try:
            text, name = _source(config, environ)
            node = parse(text, name)
            if node.value is None:
                continue
            if not isinstance(node.value, dict):
                raise _Failure("the configuration must be a map with receivers, processors, exporters and service")
            root = merge(root, node)
        except _Failure as failure:
            problems.append(Problem((), str(failure), place=Place(f"--config {config.partition(chr(10))[0][:80]}")))
        except ConfigError as error:
            problems += error.problems
    for setting in settings:
        try:
            root = merge(root, _setting(setting))
        except _Failure as failure:
            problems.append(Problem((), str(failure), place=Place(f"--set {setting}")))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    expander = _Expander(environ)
    root = expander.expand(root)
    if expander.problems:
        raise ConfigError(expander.problems)
    return Document(root, expander.warnings)


def builtin_with(section: str, name: str) -> str | None:
    """The built-in configuration that has the component ``name``, for the fix of a mistake."""
    for builtin in builtin_names():
        node = load([builtin], environ={}).root.child(section)
        if node is not None and node.child(name) is not None:
            return builtin
    return None
