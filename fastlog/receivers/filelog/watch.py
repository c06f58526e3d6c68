"""Hearing of changes in directories from the kernel: inotify(7), through libc (Linux only).

Remote and stacked file systems report only what this machine writes through them; :func:`unheard` names those, and the
receiver polls them as it does everything where there is no inotify.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MODIFY = 0x2
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
DELETE_SELF, MOVE_SELF = 0x400, 0x800
OVERFLOW, IGNORED = 0x4000, 0x8000
ONLYDIR, MASK_ADD, ISDIR = 0x0100_0000, 0x2000_0000, 0x4000_0000
STRUCTURE = CREATE | MOVED_TO | MOVED_FROM | DELETE | DELETE_SELF | MOVE_SELF | ONLYDIR
CONTENT = STRUCTURE | MODIFY

_EVENT = struct.Struct("iIII")  # wd, mask, cookie, length of the name that follows
_BUFFER = 256 * 1024

UNHEARD_TYPES = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "afs", "vboxsf", "virtiofs", "fuse")
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to ``name`` in ``directory``; name is empty when it happened to the directory itself.
    ``cookie`` joins the two events of a rename."""

    directory: str
    name: str
    mask: int
    cookie: int = 0

    @property
    def path(self) -> str:
        return f"{self.directory.rstrip('/')}/{self.name}" if self.directory != "." else self.name


class WatchError(OSError):
    """The kernel refuses a watch; the text says what to do about it."""


class Inotify:
    """Watches of directories. Not thread-safe. ``fileno()`` is readable when events are there."""

    def __init__(self) -> None:
        if not sys.platform.startswith("linux"):
            raise WatchError(errno.ENOSYS, "inotify is Linux's")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0:
            code = ctypes.get_errno()
            raise WatchError(code, f"no inotify instance ({os.strerror(code)}); raise fs.inotify.max_user_instances")
        self._directories: dict[int, set[str]] = {}  # several names can lead to one directory
        self._ids: dict[str, int] = {}

    def fileno(self) -> int:
        return self._fd

    def sync(self, wanted: Mapping[str, bool]) -> bool:
        """Watch exactly ``wanted``: directory → whether writes to its files matter. True when one was not watched yet.

        Each is watched anew, which costs a call and finds a directory that was replaced under its name; one that is not
        there is left out. Raises WatchError when the kernel's limit is reached.
        """
        new = [directory for directory, content in wanted.items() if self.add(directory, content)]
        for directory in [name for name in self._ids if name not in wanted]:
            self._forget(directory)
        return bool(new)

    def add(self, directory: str, content: bool) -> bool:
        """Watch ``directory`` too; True when it was not watched. Raises WatchError."""
        mask = CONTENT if content else STRUCTURE | MASK_ADD  # adding: it may be watched for its files by another name
        watch = self._libc.inotify_add_watch(self._fd, os.fsencode(directory), mask)
        if watch < 0:
            code = ctypes.get_errno()
            if code in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
                return False
            hint = "; raise fs.inotify.max_user_watches" if code == errno.ENOSPC else ""
            raise WatchError(code, f"can't watch {directory} ({os.strerror(code)}){hint}")
        if self._ids.get(directory) == watch:
            return False
        if directory in self._ids:
            self._forget(directory)
        self._ids[directory] = watch
        self._directories.setdefault(watch, set()).add(directory)
        return True

    def _forget(self, directory: str) -> None:
        watch = self._ids.pop(directory)
        names = self._directories.get(watch)
        if names is None:
            return
        names.discard(directory)
        if not names:
            del self._directories[watch]
            self._libc.inotify_rm_watch(self._fd, watch)  # fails when the directory is gone, and its watch with it

    def read(self) -> Iterable[Event]:
        """The events that are there now, never waiting. After OVERFLOW (directory empty) anything may have happened."""
        try:
            data = os.read(self._fd, _BUFFER)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            watch, mask, cookie, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size
            name = os.fsdecode(data[at : at + length].rstrip(b"\0"))
            at += length
            if mask & OVERFLOW:
                yield Event("", "", mask)
                continue
            for directory in sorted(self._directories.get(watch, ())):
                yield Event(directory, name, mask, cookie)
            if mask & IGNORED:
                for directory in self._directories.pop(watch, ()):
                    if self._ids.get(directory) == watch:
                        del self._ids[directory]

    def close(self) -> None:
        os.close(self._fd)


def unheard(directories: Iterable[str], mounts: str = "/proc/self/mountinfo") -> list[str]:
    """Those of ``directories`` on a file system that others can write to without inotify noticing (proc(5),
    mountinfo)."""
    table = []
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                before, _, after = line.partition(" - ")
                point = before.split()[4].encode().decode("unicode_escape")
                table.append((point.rstrip("/") + "/", after.split()[0]))
    except OSError:
        return []
    table.sort(key=lambda row: len(row[0]))  # stable, so the last mounted over a point wins
    remote = []
    for directory in directories:
        place = os.path.realpath(directory).rstrip("/") + "/"
        kind = next((kind for point, kind in reversed(table) if place.startswith(point)), "")
        if kind.split(".")[0] in UNHEARD_TYPES:
            remote.append(directory)
    return remote
