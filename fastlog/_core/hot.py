"""The kernels that are built once a processor level, in the build for this processor.

``FASTLOG_CPU=baseline`` forces the portable build, for tests and for comparing.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

from fastlog._core.cpu import x86_64_v3

level = "v3" if os.environ.get("FASTLOG_CPU") != "baseline" and x86_64_v3() else "baseline"

if TYPE_CHECKING:
    from fastlog._core import frame, opparse, otlp, ottl
else:
    _package = "fastlog._core.v3" if level == "v3" else "fastlog._core"
    frame, opparse, otlp, ottl = (import_module(f"{_package}.{name}") for name in ("frame", "opparse", "otlp", "ottl"))

__all__ = ["frame", "level", "opparse", "otlp", "ottl"]
