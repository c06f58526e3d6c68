"""Imports go one way, and heavy libraries are imported in one place each (docs: the design's section on layout).

Read from the source, so that lazy imports inside functions count as well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "fastlog"

LEAVES = {"errors", "types", "telemetry"}
COMPONENTS = {"receivers", "operators", "processors", "exporters", "extensions", "storage"}

# package → what it may import of fastlog, beside itself and the leaves
MAY_IMPORT: dict[str, set[str]] = {
    "_core": set(),
    "errors": set(),
    "telemetry": set(),
    "types": {"_core"},
    "config": set(),
    "aws": {"_core"},
    **{name: {"config", "aws", "_core"} for name in COMPONENTS},
    "pipeline": {"config", "aws", "_core", *COMPONENTS},
    "demo": {"config", "pipeline", "aws", "_core", *COMPONENTS},
    "lake": {"config", "pipeline", "aws", "_core", *COMPONENTS},
    "library": {"config", "aws", "_core", *COMPONENTS},
    "local": {"config", "pipeline", "aws", "_core", *COMPONENTS},
}
MAY_IMPORT["cli"] = {*MAY_IMPORT, "cli"} - {"cli"}

# Receivers have operators: their configuration holds the list, and the plan is compiled from it.
MAY_IMPORT["receivers"] |= {"operators"}

SHARED = {"processors": ("fastlog.operators.regex",)}
"""Engines that live in one package and serve another: RE2's syntax is the same in a processor's pattern."""

ONE_PLACE = ("boto3", "chdb", "pyarrow", "yaml")
"""Libraries that one file alone imports."""


def modules() -> Iterator[tuple[Path, str]]:
    """Every Python file with the part of the package it belongs to; the top-level library names are no part."""
    for path in sorted(ROOT.rglob("*.py")):
        part = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if part in MAY_IMPORT:
            yield path, part


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """``(line, module)`` of every import statement and of ``import_module("…")``, type-checking ones left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ignored = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for statement in block.body
        for node in ast.walk(statement)
    }
    package = path.relative_to(ROOT.parent).parent.parts
    for node in ast.walk(tree):
        if id(node) in ignored:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join([*base, *([node.module] if node.module else [])])
            yield node.lineno, name
            if name == "fastlog":
                for alias in node.names:
                    yield node.lineno, f"fastlog.{alias.name}"


def test_imports_go_one_way() -> None:
    wrong = []
    for path, part in modules():
        allowed = {part, *LEAVES, *MAY_IMPORT[part]}
        if part in ("errors", "telemetry"):
            allowed = {part}
        for line, name in imports(path):
            pieces = name.split(".")
            if name.startswith(SHARED.get(part, ("nothing is shared",))):
                continue
            if pieces[0] == "fastlog" and len(pieces) > 1 and pieces[1] not in allowed:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def component(path: Path) -> str | None:
    """``receivers.filelog`` for a file of that component; None for what a kind's components share."""
    parts = path.relative_to(ROOT).parts
    if parts[0] not in ("receivers", "processors", "exporters", "extensions"):
        return None
    if len(parts) > 2:
        return f"{parts[0]}.{parts[1]}"
    name = parts[1].removesuffix(".py")
    return f"{parts[0]}.{name}" if "COMPONENT = " in path.read_text(encoding="utf-8") else None


def test_components_do_not_import_each_other() -> None:
    all_of_them = {found for path, _ in modules() if (found := component(path)) is not None}
    wrong = []
    for path, _ in modules():
        own = component(path)
        if own is None:
            continue
        for line, name in imports(path):
            other = ".".join(name.split(".")[1:3])
            if name.startswith("fastlog.") and other in all_of_them and other != own:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_kernels_cimport_kernels_only() -> None:
    wrong = []
    for path in sorted((ROOT / "_core").rglob("*.p*x*")):
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = re.match(r"\s*(?:from|cimport|import)\s+(fastlog[\w.]*)", text)
            if match and not match[1].startswith("fastlog._core"):
                wrong.append(f"{path.relative_to(ROOT)}:{number} {text.strip()}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", ONE_PLACE)
def test_one_file_imports(library: str) -> None:
    places = {
        str(path.relative_to(ROOT))
        for path in sorted(ROOT.rglob("*.py"))
        for _, name in imports(path)
        if name.split(".")[0] == library
    }
    assert len(places) <= 1, f"{library} is imported in {', '.join(sorted(places))}"
