"""The embedded ClickHouse store: a folder on this machine that one process has open at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastlog.local.engine import Engine


def open_store(path: str) -> Engine:
    """Open the store in ``path``, made when missing. StoreError when it can't be opened, with the process that
    has it.

    Imports the engine, which takes about a second and 300 MB of memory.
    """
    from fastlog.local.engine import Engine

    return Engine(path)
