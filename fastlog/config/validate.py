"""From a loaded document to a :class:`Config`, or to the list of everything that is wrong with it.

Pure: it reads no file and opens no connection. Components are looked up through the ``Registry`` it is handed, so this
package needs to know none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from fastlog.config.fields import UNKNOWN_KEY
from fastlog.config.model import SECTIONS, ComponentConfig, Config, PipelineConfig, Service
from fastlog.config.yaml import Document, Node, builtin_with
from fastlog.errors import ConfigError, PathPart, Place, Problem
from fastlog.types import Component, ComponentID

Path = tuple[PathPart, ...]
Model = TypeVar("Model", bound=BaseModel)

_TYPE = re.compile(r"[a-zA-Z][0-9a-zA-Z_]{0,62}")
_NAME = re.compile(r"[^\s$<>=+~^`|\x00-\x1f]{1,1024}")
_SECRET = re.compile(r"auth|cred|key|pass|secret|token", re.IGNORECASE)
_SHOWN = 60
"""Longest value quoted in a message, in characters."""


class Registry(Protocol):
    """Where component types are looked up (``fastlog.pipeline.registry``)."""

    def names(self, kind: str) -> list[str]: ...

    def find(self, kind: str, type_: str) -> Component | None: ...


def validate(document: Document, registry: Registry) -> Config:
    """Check ``document`` as a whole. Raises ConfigError with every problem found, in the order of the files."""
    return _Validator(document, registry).run()


def validate_model(type_: type[Model], data: object) -> Model:
    """``data``, which was written in a program, as a ``type_``; with the checks and messages that a file gets. Raises
    ConfigError with every problem found."""
    nowhere = Place("")
    validator = _Validator(Document(_node(data, nowhere)), _NoComponents())
    model = validator.model(type_, (), validator.root)
    if isinstance(model, type_):
        return model
    raise ConfigError([replace(problem, place=None) for problem in validator.problems])


class _NoComponents:
    def names(self, kind: str) -> list[str]:
        return []

    def find(self, kind: str, type_: str) -> Component | None:
        return None


def _node(value: Any, place: Place) -> Node:
    if isinstance(value, Mapping):
        return Node({key: _node(item, place) for key, item in value.items()}, place)
    if isinstance(value, list | tuple):
        return Node([_node(item, place) for item in value], place)
    return Node(value, place)


def suggest(name: str, known: Iterable[str], what: str) -> str:
    """The fix for an unknown name: the nearest known one, or all of them."""
    import difflib  # only a wrong configuration needs it

    known = sorted(known)
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if matches:
        return f"did you mean {matches[0]!r}?"
    return f"{what}: {', '.join(known)}" if known else f"there are no {what}"


class _Validator:
    def __init__(self, document: Document, registry: Registry) -> None:
        self.root = document.root
        self.registry = registry
        self.problems: list[Problem] = []
        self.warnings = list(document.warnings)

    def run(self) -> Config:
        sections = {**{section: kind for kind, section in SECTIONS.items()}, "service": ""}
        top = self.root.value if isinstance(self.root.value, dict) else {}
        for key, node in top.items():
            if key == "connectors" and not node.value:
                continue
            if key == "connectors":
                self.problem((key,), "connectors are not supported", "name the exporters in the pipeline itself", node)
            elif key not in sections:
                self.problem((key,), "unknown top-level key", suggest(key, sections, "top-level keys"), node)
        found = {kind: self.section(kind, name) for kind, name in SECTIONS.items()}
        service = self.service()
        config = self.resolve(service, found) if service is not None else None
        if self.problems or config is None:
            raise ConfigError(sorted(self.problems, key=_order))
        return config

    def problem(self, path: Path, message: str, fix: str = "", node: Node | None = None) -> None:
        self.problems.append(Problem(path, message, fix, node.place if node is not None else self.place(path)))

    def place(self, path: Path) -> Place:
        """Where ``path`` was written, or the innermost part of it that was."""
        node = self.root
        for part in path:
            child = node.child(part)
            if child is None:
                break
            node = child
        return node.place

    def section(self, kind: str, section: str) -> dict[str, ComponentConfig | None]:
        """The components of one section by the id as written; None for one that has problems."""
        node = self.root.child(section)
        result: dict[str, ComponentConfig | None] = {}
        if node is None or node.value is None:
            return result
        if not isinstance(node.value, dict):
            self.problem((section,), f"must be a map of {kind} ids", f"write '{section}:' and the ids below it", node)
            return result
        for key, body in node.value.items():
            result[key] = self.component(kind, (section, key), key, body)
        return result

    def component(self, kind: str, path: Path, key: str, body: Node) -> ComponentConfig | None:
        id_ = ComponentID.parse(key)
        if not _TYPE.fullmatch(id_.type) or ("/" in key and not _NAME.fullmatch(id_.name)):
            self.problem(path, f"{key!r} is no component id", f"write 'type' or 'type/name', as in '{kind}/one'", body)
            return None
        try:
            component = self.registry.find(kind, id_.type)
        except ImportError as error:
            self.problem(path, f"this {kind} needs a package that is not installed: {error}", node=body)
            return None
        if component is None:
            fix = suggest(id_.type, self.registry.names(kind), f"supported {kind}s")
            self.problem(path, f"there is no {kind} {id_.type!r}", fix, body)
            return None
        model = self.model(component.config, path, body)
        return None if model is None else ComponentConfig(id_, component, model, body.place)

    def model(self, type_: type[BaseModel], path: Path, node: Node) -> BaseModel | None:
        """``node`` as a ``type_``; problems are noted with their place and None is returned."""
        data = node.plain()
        if data is None or data == "":
            data = {}
        if not isinstance(data, dict):
            self.problem(path, f"must be a map, got {_show(data, path, node)}", node=node)
            return None
        for _ in range(1 + _count(node)):
            try:
                return type_.model_validate(data)
            except ConfigError as error:
                for found in error.problems:
                    self.problem((*path, *found.path), found.message, found.fix)
                return None
            except ValidationError as error:
                errors = error.errors(include_url=False)
                # Decide by field type what a referenced value is, as the collector does; only then is it an error.
                if not any([_convert(data, node, item) for item in errors]):
                    for item in errors:
                        self.pydantic_problem(path, node, item)
                    return None
        raise AssertionError("every value is converted at most once")

    def pydantic_problem(self, path: Path, node: Node, item: Any) -> None:
        loc: Path = item["loc"]
        kind: str = item["type"]
        written = _written(node, loc)
        full = (*path, *written)
        if kind == UNKNOWN_KEY:
            self.problem(
                full, "there is no such key", suggest(str(loc[-1]), item.get("ctx", {}).get("keys", ()), "keys")
            )
            return
        if kind == "missing":
            self.problem((*full, loc[-1]), "is required", f"add '{loc[-1]}:'")
            return
        at = _at(node, written)
        shown = _show(item["input"], full, at)
        context = item.get("ctx", {})
        if kind in ("value_error", "assertion_error"):
            self.problem(full, _without(str(context.get("error", item["msg"])), at))
        elif kind in ("literal_error", "enum"):
            expected = str(context["expected"])
            options = re.findall(r"'([^']*)'", expected)
            fix = (
                suggest(str(item["input"]), options, "choices") if at is None or at.text is None else f"use {expected}"
            )
            self.problem(full, f"{shown} is not one of {expected}", fix if "did you mean" in fix else "")
        elif kind in _EXPECTED:
            self.problem(full, f"must be {_EXPECTED[kind]}, got {shown}", _type_fix(kind, item["input"]))
        else:
            self.problem(full, f"{item['msg'][:1].lower()}{item['msg'][1:]}, got {shown}")

    # --- service ----------------------------------------------------------------------------------------------------

    def service(self) -> Service | None:
        node = self.root.child("service")
        if node is None or node.value is None:
            self.problem(("service",), "is missing", "add 'service:' with a pipeline, as in 'pipelines: {logs: …}'")
            return None
        service = self.model(Service, ("service",), node)
        return service if isinstance(service, Service) else None

    def resolve(self, service: Service, found: dict[str, dict[str, ComponentConfig | None]]) -> Config | None:
        used: dict[str, set[str]] = {kind: set() for kind in SECTIONS}
        if not service.pipelines:
            self.problem(("service", "pipelines"), "there is no pipeline", "add one, as in 'pipelines: {logs: …}'")
        pipelines = []
        for key, written in service.pipelines.items():
            path: Path = ("service", "pipelines", key)
            id_ = ComponentID.parse(key)
            if id_.type in ("traces", "metrics", "profiles"):
                self.problem(path, f"fastlog carries logs, not {id_.type}", "remove this pipeline")
                continue
            if id_.type != "logs":
                self.problem(path, f"there is no signal {id_.type!r}", "name the pipeline 'logs' or 'logs/name'")
                continue
            parts: dict[str, tuple[ComponentConfig, ...]] = {}
            for kind in ("receiver", "processor", "exporter"):
                names: list[str] = getattr(written, f"{kind}s") if written is not None else []
                parts[kind] = self.references(kind, (*path, f"{kind}s"), names, found[kind], used[kind])
                if not names and kind != "processor":
                    self.problem(path, f"must have at least one {kind}", f"add '{kind}s: […]'")
            pipelines.append(
                PipelineConfig(id_, parts["receiver"], parts["processor"], parts["exporter"], self.place(path))
            )
        path = ("service", "extensions")
        extensions = self.references("extension", path, service.extensions, found["extension"], used["extension"])
        self.telemetry(service)
        self.warn_unused(found, used)
        config = Config(tuple(pipelines), extensions, service.telemetry)
        for item in config.components():
            self.storage(item, extensions)
            for check in item.component.checks:
                for warning in check(item.model):
                    full = (*item.path, *warning.path)
                    self.warnings.append(Problem(full, warning.message, warning.fix, self.place(full)))
        return Config(config.pipelines, extensions, config.telemetry, tuple(sorted(self.warnings, key=_order)))

    def references(
        self,
        kind: str,
        path: Path,
        names: Sequence[str],
        found: dict[str, ComponentConfig | None],
        used: set[str],
    ) -> tuple[ComponentConfig, ...]:
        """The components that ``names`` refer to; a name that is not configured, or is there twice, is a problem."""
        result = []
        for i, name in enumerate(names):
            at = (*path, i) if self._has(path, i) else path
            if name not in found:
                section = SECTIONS[kind]
                fix = suggest(name, found, f"configured {section}") if found else f"add it under '{section}:'"
                if builtin := builtin_with(section, name):
                    fix += f"; or write --config {builtin} before the others: it has {name!r}"
                self.problem(at, f"refers to {kind} {name!r}, which is not configured", fix)
                continue
            if name in names[:i]:
                self.problem(at, f"refers to {kind} {name!r} twice", "keep one")
                continue
            used.add(name)
            item = found[name]
            if item is not None:
                result.append(item)
        return tuple(result)

    def _has(self, path: Path, index: int) -> bool:
        node = _at(self.root, path)
        return node is not None and node.child(index) is not None

    def storage(self, item: ComponentConfig, extensions: Sequence[ComponentConfig]) -> None:
        """A receiver's ``storage`` must name an extension that runs."""
        name = getattr(item.model, "storage", None) if item.component.kind == "receiver" else None
        if name is not None and str(name) not in {str(one.id) for one in extensions}:
            said = f"refers to extension {str(name)!r}, which is not in service::extensions"
            self.problem((*item.path, "storage"), said, "configure it under 'extensions:' and list it there")

    def telemetry(self, service: Service) -> None:
        """Warn about what ``service::telemetry`` asks for and fastlog has not."""
        telemetry = service.telemetry
        for block, keys in (
            (telemetry.logs, ("sampling", "error_output_paths", "initial_fields", "processors")),
            (telemetry.metrics, ("views",)),
            (telemetry, ("traces", "resource")),
        ):
            name = () if block is telemetry else ("logs",) if block is telemetry.logs else ("metrics",)
            for key in keys:
                if getattr(block, key):
                    path: Path = ("service", "telemetry", *name, key)
                    self.warnings.append(Problem(path, "has no effect in fastlog", "", self.place(path)))

    def warn_unused(self, found: dict[str, dict[str, ComponentConfig | None]], used: dict[str, set[str]]) -> None:
        for kind, section in SECTIONS.items():
            for name, item in found[kind].items():
                if item is None or name in used[kind] or item.place.source.startswith("builtin:"):
                    continue
                where = "service::extensions" if kind == "extension" else "any pipeline"
                self.warnings.append(Problem((section, name), f"is configured but not used in {where}", "", item.place))


# --- values and places ----------------------------------------------------------------------------------------------

_EXPECTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
}
_ZERO: dict[str, Any] = {"int_type": 0, "float_type": 0.0, "bool_type": False, "list_type": [], "dict_type": {}}


def _type_fix(kind: str, value: Any) -> str:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return f"quote it: '{str(value).lower() if isinstance(value, bool) else value}'"
    if kind in ("int_type", "float_type") and isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return f"write {value} without quotes"
    if kind == "bool_type" and isinstance(value, str) and value.lower() in ("yes", "no", "on", "off", "true", "false"):
        return f"write {'true' if value.lower() in ('yes', 'on', 'true') else 'false'}"
    if kind == "list_type" and not isinstance(value, dict):
        return f"write [{value}]"
    return ""


def _convert(data: Any, node: Node, item: Any) -> bool:
    """Give a field the form its type wants where the collector does; True if the value in ``data`` was changed.

    A referenced value (``${env:PORT}``) is its text in a string field, and an empty one is the zero of any other type;
    a string in a list field is split at commas.
    """
    path = _written(node, item["loc"])
    at = _at(node, path)
    if at is None or not path:
        return False
    kind, value = item["type"], item["input"]
    replaced: Any
    if at.text is not None and kind == "string_type":
        replaced = at.text
    elif at.text is not None and at.value is None and kind in _ZERO:
        replaced = _ZERO[kind]
    elif at.text is not None and at.value is None and kind == "value_error" and value == "":
        replaced = 0
    elif kind == "list_type" and isinstance(value, str):
        replaced = value.split(",") if value else []
    else:
        return False
    for part in path[:-1]:
        data = data[part]
    if data[path[-1]] == replaced and type(data[path[-1]]) is type(replaced):
        return False
    data[path[-1]] = replaced
    return True


def _written(node: Node, loc: Sequence[PathPart]) -> Path:
    """The part of a pydantic location that was written in the file: without union tags, up to what is missing."""
    path: list[PathPart] = []
    for part in loc:
        child = node.child(part)
        if child is not None:
            path.append(part)
            node = child
    return tuple(path)


def _at(node: Node, path: Path) -> Node | None:
    found: Node | None = node
    for part in path:
        found = found.child(part) if found is not None else None
    return found


def _count(node: Node) -> int:
    """How many values there are in ``node``."""
    if isinstance(node.value, dict):
        return 1 + sum(_count(child) for child in node.value.values())
    if isinstance(node.value, list):
        return 1 + sum(_count(child) for child in node.value)
    return 1


def _show(value: Any, path: Path, node: Node | None) -> str:
    """``value`` for a message; never one that came from a reference or may be a secret."""
    if node is not None and node.text is not None:
        return "the value of a reference"
    if any(isinstance(part, str) and _SECRET.search(part) for part in path):
        return "a value that is not shown"
    if isinstance(value, dict | list):
        return "a map" if isinstance(value, dict) else "a list"
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _without(message: str, node: Node | None) -> str:
    """``message`` without the value at ``node`` if that came from a reference: it may be a secret."""
    if node is None or not node.text:
        return message
    return message.replace(repr(node.text), "the value of a reference").replace(node.text, "…")


def _order(problem: Problem) -> tuple[str, int, str]:
    place = problem.place or Place("")
    return (place.source, place.line, str(problem.path))
