"""How far each exporter has acknowledged each source of one receiver, on disk.

One JSON file a receiver, format version 1::

    {"version": 1, "receiver": "filelog/syslog", "sources": {
        "<source id>": {"positions": {"otlphttp": 4096}, "facts": {...}, "seen": 1762819200}}}

``positions`` are written by acknowledgements alone. ``facts`` belong to the receiver: what it needs to recognise the
source after a restart (a file's fingerprint, its last path). ``seen`` is the Unix time in seconds of the last change.

A save writes a temporary file beside it, flushes it to the disk, renames it over the old one and flushes the
directory, so that a crash leaves the old or the new state, never a part. A lock file beside it keeps a second process
out.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from fastlog.errors import ComponentError
from fastlog.types import Position

VERSION = 1
FORGET_AFTER = 30 * 86400
"""Seconds after which a source that nothing touched is dropped from the file, at load."""
FORGET_GONE = 2 * 86400
"""The same while the store has been open as long: receivers note daily which sources are there still."""
PRUNE_EVERY = 3600


class CheckpointError(ComponentError):
    """State that can't be used: another process holds it, or the file is damaged or of a newer version."""


def state_directory(environment: Mapping[str, str]) -> Path:
    """The default place for state: systemd's ``STATE_DIRECTORY``, else ``/var/lib/fastlog`` for root, else the user's
    ``$XDG_STATE_HOME/fastlog`` (``~/.local/state/fastlog``). ``FASTLOG_STATE_DIRECTORY`` overrides all of them."""
    if chosen := environment.get("FASTLOG_STATE_DIRECTORY"):
        return Path(chosen)
    if given := environment.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    if os.geteuid() == 0:
        return Path("/var/lib/fastlog")
    home = environment.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(home) / "fastlog"


def store_path(directory: Path, configs: Iterable[str], receiver: str) -> Path:
    """The checkpoint file of ``receiver``, keyed by where the configuration was read from (its files, not their
    content: an edit keeps the state) and by the receiver's id."""
    places = "\n".join(config if ":" in config else os.path.realpath(config) for config in configs)
    key = hashlib.blake2b(places.encode(), digest_size=6).hexdigest()
    return directory / key / f"{_file_name(receiver)}.json"


def _file_name(receiver: str) -> str:
    """``receiver`` as a file name: readable, and different for different ids."""
    return re.sub(r"[^A-Za-z0-9_.-]", lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), receiver)


def _since(sources: dict[str, dict[str, Any]], oldest: float) -> dict[str, dict[str, Any]]:
    return {source: entry for source, entry in sources.items() if entry["seen"] >= oldest}


class CheckpointStore:
    """The checkpoints of one receiver. Thread-safe; nothing reaches the disk before :meth:`save`."""

    def __init__(self, path: Path, receiver: str) -> None:
        """Open (and create) the store at ``path``.

        Raises CheckpointError when another process has it, or when the file can't be read as version 1.
        """
        self.path = path
        self._receiver = receiver
        self._mutex = threading.Lock()
        self._saving = threading.Lock()
        self._dirty = False
        self._next_prune = time.time() + FORGET_GONE
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CheckpointError(
                f"{path.parent}: can't keep state there ({error.strerror}); name a writable directory in a file_storage"
                " extension or in FASTLOG_STATE_DIRECTORY"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._sources = self._load()
        except BlockingIOError:
            os.close(self._lock)
            raise CheckpointError(
                f"{path}: another fastlog process runs receiver {receiver} of this configuration; stop it first, or"
                " give this one its own directory with a file_storage extension"
            ) from None
        except BaseException:
            os.close(self._lock)
            raise

    def _load(self) -> dict[str, dict[str, Any]]:
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        try:
            state = orjson.loads(raw)
            version, sources = state["version"], state["sources"]
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{self.path}: not a checkpoint file ({error}); move it away to start without state, which reads from"
                " where start_at says"
            ) from error
        if version != VERSION:
            raise CheckpointError(
                f"{self.path}: format version {version}, this fastlog reads version {VERSION}; run the version that"
                " wrote it, or move the file away to start without state"
            )
        return _since(sources, time.time() - FORGET_AFTER)

    def position(self, source: str, exporters: Iterable[str]) -> Position | None:
        """Where to read ``source`` from so that none of ``exporters`` misses anything: the least of their positions.
        One that has none yet (it is new in the configuration) joins where the others are. None if ``source`` is
        unknown."""
        with self._mutex:
            entry = self._sources.get(source)
            if entry is None:
                return None
            positions = entry["positions"]
            return min((positions[name] for name in exporters if name in positions), default=None)

    def advance(self, source: str, exporter: str, position: Position) -> None:
        """Note that ``exporter`` has acknowledged everything of ``source`` before ``position``."""
        with self._mutex:
            entry = self._entry(source)
            entry["positions"][exporter] = position

    def describe(self, source: str, facts: Mapping[str, Any]) -> None:
        """Remember ``facts`` (JSON values) with ``source``, instead of those before."""
        with self._mutex:
            self._entry(source)["facts"] = dict(facts)

    def known(self) -> dict[str, dict[str, Any]]:
        """The facts of every source the store remembers, by source id."""
        with self._mutex:
            return {source: dict(entry["facts"]) for source, entry in self._sources.items()}

    def _entry(self, source: str) -> dict[str, Any]:
        self._dirty = True
        entry = self._sources.get(source)
        if entry is None:
            entry = self._sources[source] = {"positions": {}, "facts": {}, "seen": 0}
        entry["seen"] = int(time.time())
        return entry

    def save(self) -> bool:
        """Write the state to the disk if it has changed since the last save; True when it had. Raises OSError; the
        state then counts as changed still, and the file on the disk is the last good one."""
        with self._saving:
            with self._mutex:
                if not self._dirty:
                    return False
                if time.time() >= self._next_prune:
                    self._next_prune = time.time() + PRUNE_EVERY
                    self._sources = _since(self._sources, time.time() - FORGET_GONE)
                data = orjson.dumps({"version": VERSION, "receiver": self._receiver, "sources": self._sources})
                self._dirty = False
            try:
                self._replace(data)
            except BaseException:
                self._dirty = True
                raise
            return True

    def _replace(self, data: bytes) -> None:
        temporary = self.path.with_suffix(".tmp")
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.path)
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def close(self) -> None:
        """Save and let other processes in. No other method may follow."""
        try:
            self.save()
        finally:
            os.close(self._lock)
