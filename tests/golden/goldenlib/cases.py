"""The case files: small configurations with their input, many to a file."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import yaml

from .chains import chains

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "cases"
EXPECTED = ROOT / "expected"
CLICKSTACK = ROOT.parent.parent / "fastlog/config/builtin/clickstack.yaml"

MUTATIONS = [
    *(bytes((c,)) for c in b"09 :.,-+/[](){}'\"\\\t\r\0TZzae=_"), b"  ", b"\xff", b"\xc3", b"\xe2\x82", b"\xc3\xa9",
    b"\xe2\x82\xac", b"\xf0\x9f\x98\x80", b"\xc2\xa0", b"\xed\xa0\x80", b"\xef\xbb\xbf",
]  # fmt: skip

KEYS = {
    "name", "about", "receiver", "operators", "processors", "input", "files", "variants", "tz", "yearless", "refused",
    "settle", "env", "export",
}  # fmt: skip


@dataclass
class Case:
    """One configuration and its input.

    ``receiver`` holds what goes into ``filelog`` besides ``include`` and ``start_at``; ``processors`` are the
    pipeline's, in order, as (type or type/name, configuration). ``files`` are the input's bytes by name. ``tz`` is the
    process's time zone. With ``yearless`` the year of the times is inferred from today, so it is compared by rule.
    ``export`` is ``proto`` (OTLP/HTTP), ``json`` (the same with ``encoding: json``) or ``file`` (the file exporter's
    JSON lines); the records of the last two are the JSON as it is. ``refused`` marks a configuration that must not
    start; ``settle`` is how many seconds without a new record mean that the collector is done.
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
    export: str = "proto"

    @property
    def id(self) -> str:
        return f"{self.group}.{self.name}"


class _Loader(yaml.SafeLoader):
    """YAML with the tags below; ``reseed`` is added to every seed, for other random lines than the recorded ones."""

    reseed = 0


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


def _clickstack(loader: _Loader, node: yaml.Node) -> Any:
    """``!clickstack {}``: the ``transform`` of the built-in base, changed by the options given.

    ``groups`` keeps only these statement groups, in this order; ``drop`` and ``swap`` leave out or exchange statements,
    ``[group, index, …]``; ``reverse`` turns the order of these groups around; ``replace`` replaces text in all.
    """
    options = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    transform = yaml.safe_load(CLICKSTACK.read_text(encoding="utf-8"))["processors"]["transform"]
    groups = transform["log_statements"]
    for group, *indexes in options.get("drop", []):
        groups[group]["statements"] = [s for i, s in enumerate(groups[group]["statements"]) if i not in indexes]
    for group, one, other in options.get("swap", []):
        statements = groups[group]["statements"]
        statements[one], statements[other] = statements[other], statements[one]
    for group in options.get("reverse", []):
        groups[group]["statements"].reverse()
    for group in groups:
        for old, new in options.get("replace", {}).items():
            group["statements"] = [s.replace(old, new) for s in group["statements"]]
            group["conditions"] = [c.replace(old, new) for c in group.get("conditions", [])]
        if not group.get("conditions"):
            group.pop("conditions", None)
    transform["log_statements"] = [groups[i] for i in options.get("groups", range(len(groups)))]
    return transform


def _mutated(loader: _Loader, node: yaml.Node) -> bytes:
    """``!mutated {seed: 1, count: 500, lines: […]}``: that many lines, each one of these with a few small changes.

    Bytes are cut out, put in, replaced and doubled, among them invalid UTF-8 and what separates fields; the same ones
    in every run. Lines that would contain one of the characters of ``without`` are left out.
    """
    options = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    random = Random(options["seed"] + 1000 * loader.reseed)
    lines = [_raw(line) for line in options["lines"]]
    pieces = [_raw(piece) for piece in options.get("pieces", [])] + MUTATIONS
    out = list(lines)
    while len(out) < options["count"]:
        line = bytearray(random.choice(lines))
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            at = random.randint(0, len(line))
            kind = random.random()
            if kind < 0.25:
                del line[at : at + random.choice((1, 1, 2, 5))]
            elif kind < 0.55:
                line[at:at] = random.choice(pieces)
            elif kind < 0.8:
                line[at : at + 1] = random.choice(pieces)
            elif kind < 0.87:
                line[at:at] = line[at : at + random.randint(1, 8)]
            elif kind < 0.92:
                line[at:] = line[at:].swapcase()
            elif kind < 0.96:
                del line[at:]
            else:
                line[at:] = random.choice(lines)[at:]
        if not set(options.get("without", "").encode()) & set(line):
            out.append(bytes(line))
    return b"".join(line.replace(b"\n", b"") + b"\n" for line in out)


_Loader.add_constructor("!mutated", _mutated)
_Loader.add_constructor("!bytes", _bytes)
_Loader.add_constructor("!join", _join)
_Loader.add_constructor("!clickstack", _clickstack)


def _raw(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def _content(value: Any) -> bytes:
    """A list is lines (or lists of them), each ended by LF; a string or bytes is the content as it is."""
    if isinstance(value, list):
        return b"".join(_content(line) if isinstance(line, list) else _raw(line) + b"\n" for line in value)
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
        export=raw.get("export", "proto"),
    )


def load_file(path: Path, reseed: int = 0) -> Iterator[Case]:
    """The cases of one file. ``variants`` (name → variables) multiplies a case; its name becomes ``case-variant``.

    With ``reseed`` what is random in them is another than what is recorded.
    """
    loader = type("_Reseeded", (_Loader,), {"reseed": reseed})
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    if "chains" in document:
        document["chains"]["seed"] += reseed
    seen = set()
    for raw in [*document.get("cases", []), *(chains(**document["chains"]) if "chains" in document else [])]:
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
