"""The sources as a whole: linters, types, stubs; and that what runs is compiled."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

import fastlog
from fastlog._core import hot
from fastlog._core.cpu import x86_64_v3

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "fastlog" / "_core"
KERNELS = sorted(path.stem for path in CORE.glob("*.pyx"))
CHOSEN = ("frame", "opparse", "otlp", "ottl")


def run(*command: str) -> None:
    program = shutil.which(command[0], path=str(Path(sys.executable).parent)) or shutil.which(command[0])
    assert program, f"{command[0]} is not installed; scripts/test installs it"
    done = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff() -> None:
    run("ruff", "check", ".")


def test_mypy_over_the_package() -> None:
    run("mypy")


def test_mypy_over_the_uses_of_public_names() -> None:
    run("mypy", "--strict", "tests/typing")


def test_cython_lint() -> None:
    # It runs pycodestyle, which must be the one beside it.
    pytest.importorskip("cython_lint")
    command = "import os, sys; os.environ['PATH'] = os.path.dirname(sys.executable) + os.pathsep + os.environ['PATH'];"
    command += " from cython_lint.cython_lint import main; sys.exit(main(sys.argv[1:]))"
    files = [str(path) for path in sorted(CORE.glob("*.p[xy]*")) if path.suffix in (".pyx", ".pxd")]
    done = subprocess.run(
        [sys.executable, "-c", command, *files], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_is_compiled_and_has_a_stub(name: str) -> None:
    module = importlib.import_module(f"fastlog._core.{name}")
    assert module.__file__ is not None
    assert module.__file__.endswith(tuple(EXTENSION_SUFFIXES))
    stub = CORE / f"{name}.pyi"
    assert stub.exists(), f"write {stub.relative_to(ROOT)}: mypy can't see into a kernel"
    said = {
        node.name
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and "Protocol" not in ast.unparse(node).partition("\n")[0]
    }
    missing = {item for item in said if not hasattr(module, item)}
    assert not missing, f"the stub has {missing}, the kernel has not"
    source = (CORE / f"{name}.pyx").read_text(encoding="utf-8")
    public = set(re.findall(r"^(?:def|class|cdef class) ([A-Za-z]\w*)", source, re.MULTILINE))
    assert not public - said, f"the stub misses {public - said}"


def test_the_build_for_this_processor_is_in_use() -> None:
    expected = "fastlog._core.v3" if hot.level == "v3" else "fastlog._core"
    assert hot.level in ("v3", "baseline")
    assert hot.level == "baseline" or x86_64_v3()
    for name in CHOSEN:
        module = getattr(hot, name)
        assert module.__name__ == f"{expected}.{name}"
        assert module.__file__.endswith(tuple(EXTENSION_SUFFIXES))


def test_public_names_are_there() -> None:
    for name in fastlog.__all__:
        assert getattr(fastlog, name).__doc__, f"fastlog.{name} has no docstring"
    with pytest.raises(AttributeError, match="no attribute 'encoder'"):
        fastlog.encoder  # type: ignore[attr-defined]  # noqa: B018


def test_a_performance_hint_fails_the_build(tmp_path: Path) -> None:
    core = tmp_path / "fastlog" / "_core"
    core.mkdir(parents=True)
    for package in (core, core.parent):
        (package / "__init__.py").touch()
    for name in ("setup.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "README.md").touch()
    (core / "slow.pyx").write_text("cdef void f(int x) nogil:\n    pass\n\n\ndef g():\n    with nogil:\n        f(1)\n")
    for _ in range(2):  # the second time there is no generated file that would hide it
        done = subprocess.run(
            [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert "slow.pyx" in done.stderr
        assert "performance hints; say" in done.stderr
