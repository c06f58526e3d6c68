"""The case files: small configurations with their input, many to a file."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "cases"
EXPECTED = ROOT / "expected"

KEYS = {
    "name", "about", "receiver", "operators", "processors", "input", "files", "variants", "tz", "yearless", "refused",
    "settle", "env",
}  # fmt: skip


@dataclass
class Case:
    """One configuration and its input.

    ``receiver`` holds what goes into the ``filelog`` receiver besides ``include`` and ``start_at``; ``processors``
    are the pipeline's, in order, as (type or type/name, configuration). ``files`` are the input's bytes by name.
    ``tz`` is the process's time zone. With ``yearless`` the year of the times is inferred from today, so it is
    compared by rule. ``refused`` marks a configuration that must not start; ``settle`` is how many seconds without a
    new record mean that the collector is done.
    """

    group: str
    name: str
    receiver: dict[str, Any] = field(default_factory=dict)
    processors: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    tz: str = "UTC"
    yearless: bool = False
    refused: bool = False
    settle: float = 1.5

    @property
    def id(self) -> str:
        return f"{self.group}.{self.name}"


class _Loader(yaml.SafeLoader):
    pass


def _bytes(loader: _Loader, node: yaml.Node) -> bytes:
    """``!bytes 'a\\xff\\n'``: the text of a Python bytes literal."""
    text = loader.construct_scalar(node)  # type: ignore[arg-type]
    value = ast.literal_eval("b'''" + text.replace("'", "\\x27") + "'''")
    assert isinstance(value, bytes)
    return value


def _join(loader: _Loader, node: yaml.Node) -> bytes:
    """``!join [a, [b, 1000], c]``: the parts one after another, a pair standing for text and a number of repeats."""
    out = b""
    for part in loader.construct_sequence(node, deep=True):  # type: ignore[arg-type]
        out += _raw(part[0]) * part[1] if isinstance(part, list) else _raw(part)
    return out


_Loader.add_constructor("!bytes", _bytes)
_Loader.add_constructor("!join", _join)


def _raw(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def _content(value: Any) -> bytes:
    """A list is lines, each ended by LF; a string or bytes is the content as it is."""
    if isinstance(value, list):
        return b"".join(_raw(line) + b"\n" for line in value)
    return _raw(value)


def _substitute(value: Any, variables: dict[str, Any]) -> Any:
    """Replace each string ``$name`` by the variable's value, and ``${name}`` inside a string by its text."""
    if isinstance(value, dict):
        return {_substitute(k, variables): _substitute(v, variables) for k, v in value.items()}
    if isinstance(value, list):
        return [_substitute(v, variables) for v in value]
    if isinstance(value, str):
        if value[:1] == "$" and value[1:] in variables:
            return copy.deepcopy(variables[value[1:]])
        return re.sub(r"\$\{(\w+)\}", lambda m: str(variables[m[1]]) if m[1] in variables else m[0], value)
    return value


def _case(group: str, raw: dict[str, Any]) -> Case:
    unknown = raw.keys() - KEYS
    if unknown:
        raise ValueError(f"{group}: {raw.get('name')}: unknown key {sorted(unknown)}; known are {sorted(KEYS)}")
    receiver = dict(raw.get("receiver") or {})
    if raw.get("operators"):
        receiver["operators"] = raw["operators"]
    processors = []
    for entry in raw.get("processors") or []:
        ((name, config),) = entry.items()
        processors.append((name, config or {}))
    files = {name: _content(value) for name, value in (raw.get("files") or {}).items()}
    if "input" in raw:
        files["input.log"] = _content(raw["input"])
    return Case(
        group=group,
        name=raw["name"],
        receiver=receiver,
        processors=processors,
        files=files,
        env={k: str(v) for k, v in (raw.get("env") or {}).items()},
        tz=raw.get("tz", "UTC"),
        yearless=raw.get("yearless", False),
        refused=raw.get("refused", False),
        settle=raw.get("settle", 1.5),
    )


def load_file(path: Path) -> Iterator[Case]:
    """The cases of one file. ``variants`` (name → variables) multiplies a case; its name becomes ``case-variant``."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    seen = set()
    for raw in document["cases"]:
        for suffix, variables in (raw.get("variants") or {None: {}}).items():
            body = {k: v for k, v in raw.items() if k != "variants"}
            if suffix is not None:
                body = _substitute(body, variables)
                body["name"] = f"{raw['name']}-{suffix}"
            case = _case(path.stem, body)
            if case.name in seen:
                raise ValueError(f"{path.name}: two cases named {case.name}")
            seen.add(case.name)
            yield case


def load(patterns: list[str] | None = None) -> list[Case]:
    """All cases, or those whose ``group.name`` starts with (or group equals) one of the patterns."""
    cases = [case for path in sorted(CASES.glob("*.yaml")) for case in load_file(path)]
    if patterns:
        cases = [c for c in cases if any(c.id == p or c.group == p or c.id.startswith(p) for p in patterns)]
    return cases
