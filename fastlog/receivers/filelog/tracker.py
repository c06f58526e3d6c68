"""Which file is which: names come and go, inodes are used again, content stays.

A :class:`Source` is content that is read once, known by its fingerprint. A :class:`TrackedFile` is a file that
exists, known by a name, which at most one source is being read from. Events and scans only say where to look; what is
true is asked of the file system here.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from fastlog.receivers.filelog.fingerprint import Fingerprint, Index
from fastlog.telemetry import Log
from fastlog.types import Host

OnTruncate = Literal["ignore", "read_whole_file", "read_new"]
FileKey = tuple[int, int]  # device, inode

_TAIL = 256  # bytes before the position that must be equal too, for two open files to hold the same content
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY  # never wait for a FIFO, never become a terminal's


@dataclass(slots=True, eq=False)
class Source:
    """Content of a file. ``position``: the bytes before it have been submitted. ``sequence`` counts its batches."""

    id: str
    fingerprint: Fingerprint
    position: int
    start: int
    sequence: int = 0
    file: TrackedFile | None = None
    key: FileKey | None = None
    """Where it was last seen: a hint between equal fingerprints, never an identity."""


@dataclass(slots=True, eq=False)
class TrackedFile:
    """A file under its present name. ``source`` is None while it is empty, or a copy of one that is read already."""

    path: str
    key: FileKey
    constants: list[tuple[bytes, str]]
    fd: int = -1
    size: int = 0
    source: Source | None = None
    former: set[str] = field(default_factory=set)
    """Names it had: what has one of them now is another file, not a copy of it."""
    lost_at: float = 0.0
    """When its name went away, on the monotonic clock; 0 while it has one."""
    tail_size: int = -1
    """The file's size when its unfinished last record was seen, and when that record is to be sent as it is."""
    tail_deadline: float = 0.0

    @property
    def unread(self) -> bool:
        return self.source is not None and self.size > self.source.position

    @property
    def unread_records(self) -> bool:
        """Unread, and more than the unfinished record at the end."""
        return self.unread and self.fd >= 0 and self.tail_size != self.size


@dataclass(slots=True)
class Tracker:
    """All files of one receiver. Used by its reader thread alone.

    ``attributes(path, status)`` gives the attributes of a file's records; ``most_open`` bounds open files.
    """

    host: Host
    log: Log
    fingerprint_size: int
    on_truncate: OnTruncate
    most_open: int
    attributes: Callable[[str, os.stat_result], list[tuple[bytes, str]]]
    by_path: dict[str, TrackedFile] = field(default_factory=dict)
    by_key: dict[FileKey, TrackedFile] = field(default_factory=dict)
    lost: dict[TrackedFile, None] = field(default_factory=dict)
    copies: dict[TrackedFile, None] = field(default_factory=dict)
    """Files with the content of another that is being read; to be looked at again when either changes."""
    freed: list[TrackedFile] = field(default_factory=list)
    """Copies whose original was truncated since: what it had not been read of is in them."""
    _index: Index[Source] = field(default_factory=Index)
    _ids: set[str] = field(default_factory=set)
    _open: OrderedDict[TrackedFile, None] = field(default_factory=OrderedDict)
    _in_use: list[TrackedFile] = field(default_factory=list)
    """Files that are being looked at: not to be closed for the sake of another."""
    _unreadable: set[str] = field(default_factory=set)

    def restore(self) -> int:
        """Take over what earlier runs knew; returns how many sources that is."""
        for name, facts in self.host.known().items():
            self._ids.add(name)
            try:
                fingerprint = Fingerprint.from_facts(facts["fingerprint"])
                start, key = int(facts["start"]), facts.get("inode")
            except (KeyError, TypeError, ValueError):
                continue  # retired, or of another kind
            position = self.host.checkpoint(name)
            source = Source(name, fingerprint, start if position is None else position, start)
            source.key = (int(key[0]), int(key[1])) if key else None
            self._index.add(fingerprint, source)
        return len(self._ids)

    @property
    def open_files(self) -> int:
        return len(self._open)

    # ---- names

    def examine(self, path: str, from_end: bool = False, name: str = "") -> TrackedFile | None:
        """Find out what ``path`` names now. The file to read, or None when there is none.

        ``from_end``: content that is not known yet counts as read, as ``start_at: end`` asks of the first scan.
        ``name``: what it was called when it was one to read; its records are attributed to that.
        """
        name = name or path
        try:
            fd = os.open(path, _OPEN)
        except OSError as error:
            self._cannot_open(path, error)
            return None
        try:
            status = os.fstat(fd)
        except OSError:
            os.close(fd)
            raise
        self._unreadable.discard(path)
        key = (status.st_dev, status.st_ino)
        named = self.by_path.get(path)
        if not stat.S_ISREG(status.st_mode) or (named is not None and named.key == key and named.fd >= 0):
            os.close(fd)
            return named if named is not None and named.key == key else None
        if named is not None and named.key != key:
            self._lose_name(named)
            named = None
        file = named or self._renamed(path, key, name, status)
        if file is None:
            file = TrackedFile(path, key, self.attributes(name, status))
            self.by_path[path] = file
            self.by_key[key] = file
        elif file.path != path:
            os.close(fd)
            return file  # one file under two names: it is read under the first
        file.size = status.st_size
        self._adopt(file, fd)
        if file.source is None and file.size:
            self._identify(file, from_end)
        return file

    def _cannot_open(self, path: str, error: OSError) -> None:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            file = self.by_path.get(path)
            if file is not None:
                self._lose_name(file)
        elif path not in self._unreadable:
            self._unreadable.add(path)
            self.log.error("can't open a file; it is tried again when it changes", path=path, error=error.strerror)

    def _renamed(self, path: str, key: FileKey, name: str, status: os.stat_result) -> TrackedFile | None:
        """The file that is known by another name, under its new one if the old one is gone."""
        file = self.by_key.get(key)
        if file is None:
            return None
        if not file.lost_at and _key_of(file.path) == key:
            return file
        self._take_name(file, path)
        file.constants = self.attributes(name, status)
        return file

    def follow(self, path: str) -> TrackedFile | None:
        """Go on under ``path``, which is not one to read, if it is the new name of a file that is being read. Its
        records keep the attributes of the name that was."""
        key = _key_of(path)
        file = self.by_key.get(key) if key else None
        if file is None or (not file.lost_at and _key_of(file.path) == key):
            return None
        self._take_name(file, path)
        return file

    def _take_name(self, file: TrackedFile, path: str) -> None:
        if self.by_path.get(file.path) is file:
            del self.by_path[file.path]
        file.former.add(file.path)
        file.path = path
        file.lost_at = 0.0
        self.lost.pop(file, None)
        self.by_path[path] = file
        if file.source is not None:
            self._describe(file.source)

    def check_name(self, path: str) -> None:
        """``path`` may not name its file any more."""
        file = self.by_path.get(path)
        if file is not None and _key_of(path) != file.key:
            self._lose_name(file)

    def _lose_name(self, file: TrackedFile) -> None:
        """Its name is gone, or another file's. It may turn up under a new one; if open it can be read to its end."""
        if file.source is None:
            self.drop(file)
            return
        if self.by_path.get(file.path) is file:
            del self.by_path[file.path]
        file.former.add(file.path)
        file.lost_at = time.monotonic()
        self.lost[file] = None

    def drop(self, file: TrackedFile) -> None:
        """Track ``file`` no more. What it held stays known."""
        self._close(file)
        if self.by_path.get(file.path) is file:
            del self.by_path[file.path]
        if self.by_key.get(file.key) is file:
            del self.by_key[file.key]
        self.lost.pop(file, None)
        self.copies.pop(file, None)
        if file.source is not None:
            file.source.file = None
            file.source = None

    # ---- content

    def refresh(self, file: TrackedFile) -> bool:
        """Look at ``file`` again before reading it: open, how long, the same content still? True when there is a source
        and something unread in it."""
        if file.fd < 0 and (file.lost_at or self.examine(file.path) is not file or file.fd < 0):
            return False
        self._open.move_to_end(file)
        file.size = os.fstat(file.fd).st_size
        source = file.source
        if source is not None:
            head = os.pread(file.fd, max(self.fingerprint_size, source.fingerprint.length), 0)
            if not source.fingerprint.begins(head):
                self._replaced(file, source)
            elif file.size < source.position:
                self._truncated(file, source)
            elif source.fingerprint.length < min(len(head), self.fingerprint_size):
                self._grow(source, head[: self.fingerprint_size])
        if file.source is None and file.size:
            self._identify(file, False)
        return file.source is not None and file.unread

    def _replaced(self, file: TrackedFile, source: Source) -> None:
        """Truncated or written anew: the old content may live on in a copy, under another name."""
        source.file = None
        file.source = None
        file.tail_size = -1
        self.freed.extend(self.copies)

    def _truncated(self, file: TrackedFile, source: Source) -> None:
        """Shorter than what was read of it, and the same beginning."""
        if self.on_truncate == "ignore":
            return
        self.log.info("file was truncated", path=file.path, position=source.position, size=file.size)
        self._index.remove(source.fingerprint, source)
        self.host.describe(source.id, {})
        self._replaced(file, source)
        start = file.size if self.on_truncate == "read_new" else 0
        self._begin(file, os.pread(file.fd, self.fingerprint_size, 0), start)

    def _grow(self, source: Source, head: bytes) -> None:
        self._index.remove(source.fingerprint, source)
        source.fingerprint = Fingerprint.of(head)
        self._index.add(source.fingerprint, source)
        self._describe(source)

    def _identify(self, file: TrackedFile, from_end: bool) -> None:
        """Give ``file`` its source: one that is known, or a new one. None if it is a copy of a file that is read."""
        self._in_use.append(file)
        try:
            self._look_up(file, from_end)
        finally:
            self._in_use.pop()

    def _look_up(self, file: TrackedFile, from_end: bool) -> None:
        head = os.pread(file.fd, max(self._index.longest, self.fingerprint_size), 0)
        if not head:
            return
        known = self._index.find(head)
        known.sort(key=lambda source: source.key != file.key)  # stable: the longest fingerprint first still
        for source in known:
            if source.file is not None and self._exists(source.file):
                self.refresh(source.file)  # if it was truncated meanwhile, this may be its copy
            other = source.file
            if other is None:
                if file.size >= source.position:
                    self._attach(file, source)
                    return
                if source.fingerprint.length >= self.fingerprint_size:
                    self._attach(file, source)
                    self._truncated(file, source)
                    return
            elif not self._exists(other):
                if self._same_content(other, file, source.position):  # written anew as a whole, then renamed into place
                    other.source = None
                    self.drop(other)
                    self._attach(file, source)
                    return
            elif file.path not in other.former and file.size <= other.size:
                self.copies[file] = None
                return
        self.copies.pop(file, None)
        self._begin(file, head[: self.fingerprint_size], file.size if from_end else 0)
        self.log.info("started reading a file", path=file.path, position=file.source.position if file.source else 0)

    def _exists(self, file: TrackedFile) -> bool:
        """Whether ``file`` has a name still, be it where nobody looks."""
        if file.fd >= 0:
            return os.fstat(file.fd).st_nlink > 0
        return not file.lost_at and _key_of(file.path) == file.key

    def _same_content(self, one: TrackedFile, two: TrackedFile, position: int) -> bool:
        if two.size < position or one.fd < 0:
            return False
        start = max(0, position - _TAIL)
        return os.pread(one.fd, position - start, start) == os.pread(two.fd, position - start, start)

    def _begin(self, file: TrackedFile, head: bytes, start: int) -> None:
        fingerprint = Fingerprint.of(head)
        name, count = fingerprint.id, 1
        while name in self._ids:
            count += 1
            name = f"{fingerprint.id}-{count}"
        self._ids.add(name)
        source = Source(name, fingerprint, start, start)
        self._index.add(fingerprint, source)
        self._attach(file, source)

    def _attach(self, file: TrackedFile, source: Source) -> None:
        file.source = source
        source.file = file
        source.key = file.key
        self.copies.pop(file, None)
        self._describe(source)

    def _describe(self, source: Source) -> None:
        facts: dict[str, Any] = {"fingerprint": source.fingerprint.facts(), "start": source.start}
        if source.file is not None:
            facts["path"] = os.fsencode(source.file.path).decode("utf-8", "replace")
            facts["inode"] = list(source.file.key)
        self.host.describe(source.id, facts)

    def note_presence(self) -> None:
        """Tell the store that the files that are tracked are there still."""
        for file in self.by_path.values():
            if file.source is not None:
                self._describe(file.source)

    # ---- open files

    def _adopt(self, file: TrackedFile, fd: int) -> None:
        if file.fd >= 0:
            os.close(fd)
            return
        file.fd = fd
        self._open[file] = None
        if len(self._open) > self.most_open:
            others = [other for other in self._open if other is not file and other not in self._in_use]
            named = [other for other in others if not other.lost_at]  # these can be opened again
            spare = next((other for other in named if not other.unread), None) or next(iter(named or others), None)
            if spare is None:
                return
            if spare.lost_at:
                self.log.warning("too many open files; one without a name is given up", path=spare.path)
                self.drop(spare)
            else:
                self._close(spare)

    def _close(self, file: TrackedFile) -> None:
        if file.fd >= 0:
            os.close(file.fd)
            file.fd = -1
            del self._open[file]

    def close(self) -> None:
        for file in list(self._open):
            self._close(file)


def _key_of(path: str) -> FileKey | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
