"""High-throughput log ingester; see :class:`fastlog.Encoder` for its use as a library."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastlog._core.arrow import Column
    from fastlog._core.batch import Batch, Resource
    from fastlog.errors import ConfigError, FastlogError
    from fastlog.library import Encoder, Failure, parse

_WHERE = {
    "Batch": "fastlog._core.batch",
    "Column": "fastlog._core.arrow",
    "ConfigError": "fastlog.errors",
    "Encoder": "fastlog.library",
    "Failure": "fastlog.library",
    "FastlogError": "fastlog.errors",
    "Resource": "fastlog._core.batch",
    "parse": "fastlog.library",
}

__all__ = ["Batch", "Column", "ConfigError", "Encoder", "Failure", "FastlogError", "Resource", "parse"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: most of the package is not needed by every program."""
    if name not in _WHERE:
        raise AttributeError(f"module 'fastlog' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_WHERE[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
