"""Builds the kernels in fastlog/_core.

Environment:
  FASTLOG_DEBUG=1     bounds checks, wraparound and overflow checks on, -O1 -g
  FASTLOG_TRACE=1     line tracing for coverage of Cython lines (implies a separate build)
  FASTLOG_SANITIZE=1  address and undefined-behaviour sanitizers

A kernel listed in HOT is compiled twice on x86-64: once for the baseline and once for x86-64-v3 (AVX2, BMI2), as
``fastlog._core.v3.<name>``; ``fastlog._core`` picks one at import. On other machines the baseline is the only one.
A failed build fails: there is no pure-Python fallback. A performance hint of Cython's fails it too, as what it tells of
is a kernel that takes the GIL, or goes through Python objects, where it was not meant to.
"""

import contextlib
import os
import platform
import sys
from pathlib import Path
from typing import Any, TextIO

from Cython.Build import cythonize
from Cython.Compiler import Options
from setuptools import Extension, setup

CORE = Path("fastlog/_core")
HOT = ("frame", "opparse", "otlp", "ottl", "regexscan")
DEBUG, TRACE, SANITIZE = (os.environ.get(f"FASTLOG_{flag}") == "1" for flag in ("DEBUG", "TRACE", "SANITIZE"))

DIRECTIVES = {
    "language_level": 3,
    "embedsignature": True,
    "binding": True,
    "boundscheck": DEBUG,
    "wraparound": DEBUG,
    "initializedcheck": DEBUG,
    "overflowcheck": False,
    "cdivision": True,
    "freethreading_compatible": False,
    "linetrace": TRACE,
}
Options.fast_fail = True

cflags = ["-std=c11", "-fno-strict-aliasing", "-Wall", "-Wno-unused-function"]
ldflags: list[str] = []
cflags += ["-O1", "-g"] if DEBUG or SANITIZE else ["-O3", "-g0"]
if SANITIZE:
    cflags += ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"]
    ldflags += ["-fsanitize=address,undefined"]
macros = [("CYTHON_TRACE", "1"), ("CYTHON_TRACE_NOGIL", "1")] if TRACE else []


def extension(name: str, source: Path, extra: list[str]) -> Extension:
    return Extension(
        name,
        [str(source)],
        include_dirs=[str(CORE)],
        depends=[str(header) for header in CORE.glob("*.h")],
        extra_compile_args=cflags + extra,
        extra_link_args=ldflags,
        define_macros=macros,
    )


class HintWatch:
    """An error stream that remembers Cython's performance hints."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.hints: list[str] = []

    def write(self, text: str) -> int:
        if text.startswith("performance hint"):
            self.hints.append(text)
        return self.stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def build(names: dict[str, Path], variant: str, extra: list[str]) -> list[Extension]:
    modules = [extension(name, source, extra) for name, source in names.items()]
    written = Path(f"build/cython{variant}")
    with contextlib.redirect_stderr(HintWatch(sys.stderr)) as watch:
        built = cythonize(
            modules,
            build_dir=str(written),
            compiler_directives=DIRECTIVES,
            show_all_warnings=False,
            nthreads=0,
        )
    if watch.hints:
        for source in names.values():
            if any(str(source) in hint for hint in watch.hints):
                written.joinpath(source).with_suffix(".c").unlink(missing_ok=True)  # so that the next build sees it too
        sys.exit(f"{len(watch.hints)} performance hints; say 'noexcept', or type what is not, or use no nogil there")
    return built


sources = {path.stem: path for path in sorted(CORE.glob("*.pyx"))}
ext_modules = build({f"fastlog._core.{stem}": path for stem, path in sources.items()}, "", [])
if platform.machine() in ("x86_64", "AMD64") and sys.maxsize > 2**32:
    ext_modules += build(
        {f"fastlog._core.v3.{stem}": path for stem, path in sources.items() if stem in HOT},
        "-v3",
        ["-march=x86-64-v3"],
    )

setup(ext_modules=ext_modules)
