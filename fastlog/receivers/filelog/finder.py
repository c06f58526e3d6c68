"""Which files a receiver reads: ``include`` without ``exclude``, not older than ``exclude_older_than``."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from fastlog.receivers.filelog.glob import Glob


@dataclass(frozen=True, slots=True)
class Found:
    """What one look at the file system gave: paths in order, and the directories that decide the result (see
    :meth:`~fastlog.receivers.filelog.glob.Glob.walk`)."""

    paths: list[str]
    directories: dict[str, bool]


class Finder:
    """``oldest`` is the greatest age of a file's last change in seconds; 0 means any."""

    def __init__(self, include: Sequence[str], exclude: Sequence[str], oldest: float = 0.0) -> None:
        self._include = [Glob(pattern) for pattern in include]
        self._exclude = [Glob(pattern) for pattern in exclude]
        self._oldest = oldest

    def scan(self) -> Found:
        directories: dict[str, bool] = {}
        paths = {path for glob in self._include for path in glob.walk(directories)}
        return Found(sorted(path for path in paths if self._accepts(path)), directories)

    def matches(self, path: str) -> bool:
        """Whether ``path`` is one to read, by its name (and age) alone."""
        return any(glob.matches(path) for glob in self._include) and self._accepts(path)

    def _accepts(self, path: str) -> bool:
        if any(glob.matches(path) for glob in self._exclude):
            return False
        if not self._oldest:
            return True
        try:
            return time.time() - os.stat(path).st_mtime <= self._oldest
        except OSError:
            return True  # gone: its name is all there is to say about it
