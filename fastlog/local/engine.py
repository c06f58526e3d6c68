"""ClickHouse in this process (chdb 4). The one place chdb is imported.

chdb opens one folder a process; several connections share it. A connection runs one statement at a time, so each
:class:`Engine` has its own and a lock around it.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastlog.errors import StoreError
from fastlog.local.lock import owner

_VERSION = re.compile(r"\s*\(version [^)]*\)")
_WRAPPED = re.compile(r"^(Streaming insert \w+ failed|Failed to create connection): ")
_OTHER_STORE = re.compile(r"already initialized with path '([^']*)'")


class Engine:
    """A connection to the store in ``path``. Methods may be called from several threads; they take turns."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).resolve()
        holder = owner(self.path)
        if holder is not None and holder != os.getpid():
            raise StoreError(
                f"{self.path} is open in process {holder or 'unknown'}, and one process at a time can use a store; "
                "try again when that one has ended"
            )
        session = _session_type()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._session = session(str(self.path))
            # days are split, and times shown, the same whatever the host's time zone is
            self._session.query("SET session_timezone = 'UTC'")
        except (OSError, RuntimeError) as error:
            reason = _message(error)
            if other := _OTHER_STORE.search(reason):
                reason = (
                    f"this process has {other[1]} open, and can have one store at a time; use the same path for all"
                )
            raise StoreError(f"{self.path} can't be opened as a store: {reason}") from None
        self._lock = threading.Lock()
        self._closed = False

    def execute(self, statement: str) -> None:
        """Run a statement that returns nothing. StoreError with ClickHouse's message when it is refused."""
        self.query(statement, "Null")

    def query(self, statement: str, format: str) -> bytes:
        """The result in one of ClickHouse's output formats; a FORMAT clause in ``statement`` has precedence."""
        with self._lock:
            self._check_open()
            try:
                return bytes(self._session.query(statement, format).bytes())
            except RuntimeError as error:
                raise StoreError(_message(error)) from None

    def insert(self, statement: str, format: str, blocks: Iterable[Any]) -> int:
        """Insert ``blocks`` (buffers), together one input in ClickHouse's ``format``; returns the rows written.

        ``statement`` is an INSERT without a FORMAT clause.
        """
        with self._lock:
            self._check_open()
            try:
                with self._session.send_insert(statement, format) as stream:
                    for block in blocks:
                        with memoryview(block) as view:
                            stream.append(view)
                    return int(stream.finish().rows_written)
            except RuntimeError as error:
                raise StoreError(_message(error)) from None

    def close(self) -> None:
        """Close the connection; the last one of a process lets go of the folder. Closing twice is no error."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._session.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(f"{self.path} was closed")


def _session_type() -> Any:
    try:
        from chdb.session import Session
    except ImportError as error:
        raise StoreError(
            f"the embedded store needs chdb, which can't be imported ({error}); "
            "install it with: pip install 'fastlog-ingest[clickhouse-embedded]'"
        ) from None
    return Session


def _message(error: BaseException) -> str:
    """ClickHouse's message without what chdb wraps around it."""
    return _VERSION.sub("", _WRAPPED.sub("", str(error))).strip()
