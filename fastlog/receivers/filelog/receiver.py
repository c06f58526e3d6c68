"""The reader thread of ``filelog``: waits for changes, finds files, and submits their blocks."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import select
import stat
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from fastlog._core.batch import Batch, Resource
from fastlog.receivers.filelog import watch
from fastlog.receivers.filelog.config import Config
from fastlog.receivers.filelog.finder import Finder
from fastlog.receivers.filelog.reader import BlockReader
from fastlog.receivers.filelog.tracker import TrackedFile, Tracker
from fastlog.telemetry import ErrorSampler, Log
from fastlog.types import Context, Host, Origin

GAP = 0.01
"""Seconds between two looks at the events while they keep coming: a busy writer's lines are read together."""
GAP_PER_BLOCK = 0.0005
"""The same for each block of the look before: hundreds of files that grow line by line are visited less often, which
saves most of what their small blocks cost. ``poll_interval`` is the most."""
FIRST_RESCAN, LAST_RESCAN = 1.0, 60.0
"""Seconds between two looks at everything where inotify works: doubled from first to last while it misses nothing."""
SETTLED = 1.0
"""Seconds a change must be old, and unannounced, to count as missed by inotify."""
LOST_QUIET = 60.0
"""Seconds that an open file without a name is kept after its last change: its writer may not have moved on yet."""
LOST_CLOSED = 2.0
"""The same for one that is not open: its new name may be heard of yet."""
REMIND = 86400.0
"""Seconds between two notes that a file is still there: the store forgets what nothing was heard of for a month."""
SPARE_FDS = 64

Submit = Callable[[Batch], None]


class FilelogReceiver:
    """Reads the files of one configuration. ``reader`` belongs to the plan that the batches are of."""

    def __init__(self, config: Config, context: Context, reader: BlockReader) -> None:
        self._config = config
        self._context = context
        self._reader = reader
        self._finder = Finder(config.include, config.exclude, config.exclude_older_than)
        self._resources = [Resource(config.resource)] if config.resource else []
        self._log = Log(f"fastlog.{context.id}")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: _Loop | None = None
        self._waker = -1

    def start(self, host: Host, submit: Submit) -> None:
        loop = _Loop(self._config, self._finder, self._reader, self._resources, host, submit, self._log, self._stop)
        self._loop = loop
        wake, self._waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._thread = threading.Thread(
            target=self._run, args=(loop, wake, host), name=f"fastlog-{self._context.id}", daemon=True
        )
        self._thread.start()

    def _run(self, loop: _Loop, wake: int, host: Host) -> None:
        try:
            loop.run(wake)
        except Exception as error:
            self._log.exception("the reader failed")
            host.fail(error)
        finally:
            loop.close()
            os.close(wake)

    def caught_up(self) -> bool:
        """True when everything that the files held has been submitted; an unfinished last line is waited for."""
        return self._loop is not None and self._loop.caught_up

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                os.write(self._waker, b"\0")
            self._thread.join()
            self._thread = None
            os.close(self._waker)


class _Loop:
    """What the reader thread does, and what it knows. Nothing here is touched by another thread."""

    def __init__(
        self,
        config: Config,
        finder: Finder,
        reader: BlockReader,
        resources: list[Resource],
        host: Host,
        submit: Submit,
        log: Log,
        stop: threading.Event,
    ) -> None:
        self._config = config
        self._finder = finder
        self._reader = reader
        self._resources = resources
        self._host = host
        self._submit = submit
        self._log = log
        self._errors = ErrorSampler(log)
        self._stop = stop
        self._tracker = Tracker(
            host=host,
            log=log,
            fingerprint_size=config.fingerprint_size,
            on_truncate=config.on_truncate,
            most_open=_most_open(config.max_concurrent_files),
            attributes=self._attributes,
        )
        self._ready: dict[TrackedFile, None] = {}
        self._tails: dict[TrackedFile, float] = {}
        self._aliases: dict[str, set[str]] = {}  # where a symbolic link leads → the names of it
        self._inotify: watch.Inotify | None = None
        self._polling = ""  # why everything is polled; empty where inotify works
        self._interval = FIRST_RESCAN
        self._next_scan = 0.0
        self._next_lost = 0.0
        self._next_note = time.monotonic() + REMIND
        self._blocks = 0  # submitted in this look
        self.caught_up = False

    def run(self, wake: int) -> None:
        self._listen()
        poller = select.poll()
        poller.register(wake, select.POLLIN)
        if self._inotify is not None:
            poller.register(self._inotify.fileno(), select.POLLIN)
        known = self._tracker.restore()
        if known:
            self._log.info("going on from checkpoints; start_at does not apply", sources=known)
        self._scan(from_end=self._config.start_at == "end" and not known, first=True)
        while not self._stop.is_set():
            began = time.monotonic()
            self._blocks = 0
            self._hear()
            if began >= self._next_scan:
                self._scan()
            self._look_at_lost(began)
            self._flush_tails(began)
            for file in list(self._ready):
                if self._stop.is_set():
                    return
                self._advance(file)
            if self._ready:
                self.caught_up = False
                continue
            self.caught_up = not self._tails
            if poller.poll(max(0.0, self._deadline() - time.monotonic()) * 1000):
                self.caught_up = False
            gap = max(GAP, min(GAP_PER_BLOCK * self._blocks, self._config.poll_interval))
            rest = began + gap - time.monotonic()
            if rest > 0:
                self._stop.wait(rest)

    def close(self) -> None:
        self._tracker.close()
        if self._inotify is not None:
            self._inotify.close()

    def _deadline(self) -> float:
        """When something is to be done even if nothing happens, on the monotonic clock."""
        soonest = min(self._tails.values(), default=self._next_scan)
        if self._tracker.lost:
            soonest = min(soonest, self._next_lost)
        return min(soonest, self._next_scan)

    # ---- finding

    def _listen(self) -> None:
        try:
            self._inotify = watch.Inotify()
        except OSError as error:
            self._poll_because(str(error))

    def _poll_because(self, reason: str) -> None:
        if not self._polling:
            self._log.warning("files are polled", reason=reason, every=f"{self._config.poll_interval:g}s")
        self._polling = reason

    def _scan(self, from_end: bool = False, first: bool = False) -> None:
        """Look at every path anew: what is new, what is gone, what has grown without a word."""
        found = self._finder.scan()
        if self._watch(found.directories):
            found = self._finder.scan()  # what came between the look and the watch was not heard of
        if first:
            closed = [path for path in found.directories if not os.access(path, os.R_OK | os.X_OK)]
            if closed:
                self._log.warning("directories can't be read; files in them are not found", paths=sorted(closed)[:5])
            if not found.paths:
                self._log.warning("no file matches yet", include=self._config.include)
        missed = 0
        settled = time.time() - SETTLED
        for path in found.paths:
            file = self._tracker.by_path.get(path)
            try:
                status = os.stat(path)
            except OSError:
                status = None
            if file is None or status is None or (status.st_dev, status.st_ino) != file.key:
                self._examine(path, from_end)
            elif status.st_size != file.size and file not in self._ready:
                self._ready[file] = None
                missed += status.st_mtime < settled
        wanted = set(found.paths)
        for path in [path for path in self._tracker.by_path if path not in wanted]:
            self._tracker.check_name(path)
        for file in self._tracker.copies:
            self._ready[file] = None
        if time.monotonic() >= self._next_note:
            self._next_note = time.monotonic() + REMIND
            self._tracker.note_presence()
        if missed and not first and not self._polling:
            self._poll_because("inotify did not report a change")
        self._interval = FIRST_RESCAN if missed else min(LAST_RESCAN, self._interval * 2)
        self._next_scan = time.monotonic() + (self._config.poll_interval if self._polling else self._interval)

    def _watch(self, directories: Mapping[str, bool]) -> bool:
        """Watch ``directories`` and no others; True when one is new."""
        if self._inotify is None:
            return False
        self._aliases = {
            target: names
            for target, names in self._aliases.items()
            if any(name in self._tracker.by_path for name in names)
        }
        wanted = {**directories, **{os.path.dirname(target): True for target in self._aliases}}
        try:
            new = self._inotify.sync(wanted)
        except watch.WatchError as error:
            self._poll_because(str(error))
            return False
        if new and not self._polling and (deaf := watch.unheard(wanted)):
            self._poll_because(f"{deaf[0]} is on a file system that others can write to")
        return new

    def _examine(self, path: str, from_end: bool = False, name: str = "") -> None:
        """``path`` is to be read, for its name or for the ``name`` it had, and may be something new."""
        before = self._tracker.by_path.get(path)
        try:
            file = self._tracker.examine(path, from_end, name)
        except OSError as error:
            self._cannot_read(path, error)
            return
        if before is not None and before is not file:
            self._ready[before] = None  # read the rest of what lost its name
        if file is None:
            return
        self._ready[file] = None
        if file is not before and self._inotify is not None and os.path.islink(path):
            # The changes of a symbolic link's file happen in another directory.
            target = os.path.realpath(path)
            self._aliases.setdefault(target, set()).add(path)
            try:
                self._inotify.add(os.path.dirname(target), True)
            except watch.WatchError as error:
                self._poll_because(str(error))

    def _hear(self) -> None:
        if self._inotify is None:
            return
        renamed: dict[int, str] = {}  # cookie → the name that a file to read has just lost
        carried: dict[str, str] = {}  # its name now → that name; it may have been renamed again already
        for event in self._inotify.read():
            path, mask = event.path, event.mask
            if mask & watch.OVERFLOW:
                self._next_scan = 0.0
                self._ready.update(dict.fromkeys(self._tracker.by_path.values()))
                continue
            if not event.name or mask & watch.ISDIR:
                self._next_scan = min(self._next_scan, time.monotonic() + min(self._config.poll_interval, 1.0))
                continue
            if mask & watch.MOVED_FROM and (name := carried.pop(path, "") or (self._finder.matches(path) and path)):
                renamed[event.cookie] = name
            if mask & watch.MOVED_TO and event.cookie in renamed:
                carried[path] = renamed.pop(event.cookie)
            self._heard(path, mask, carried.get(path, ""))
            for link in self._aliases.get(path, ()):
                self._heard(link, mask)

    def _heard(self, path: str, mask: int, name: str = "") -> None:
        """Something happened to the file ``path``: it grew, is new, is gone, or has been ``name`` until now."""
        file = self._tracker.by_path.get(path)
        if mask & watch.MODIFY and file is not None:
            self._ready[file] = None
        elif self._finder.matches(path):
            self._examine(path)
        elif name:
            self._examine(path, name=name)
        else:
            self._tracker.check_name(path)
            if mask & (watch.MOVED_TO | watch.CREATE) and (file := self._tracker.follow(path)) is not None:
                self._ready[file] = None

    def _look_at_lost(self, now: float) -> None:
        """Open files without a name make no events: ask them, and let them go when they have long been quiet."""
        if not self._tracker.lost or now < self._next_lost:
            return
        self._next_lost = now + self._config.poll_interval
        for file in list(self._tracker.lost):
            if file.fd >= 0 and os.fstat(file.fd).st_size != file.size:
                file.lost_at = now
                self._ready[file] = None
            elif now - file.lost_at > (LOST_QUIET if file.fd >= 0 else LOST_CLOSED) and not file.unread_records:
                self._tails.pop(file, None)
                self._ready.pop(file, None)
                self._tracker.drop(file)

    # ---- reading

    def _flush_tails(self, now: float) -> None:
        for file in [file for file, deadline in self._tails.items() if now >= deadline]:
            del self._tails[file]
            self._ready[file] = None

    def _advance(self, file: TrackedFile) -> None:
        """Submit the next block of ``file``; it stays ready when there may be more."""
        try:
            more = self._tracker.refresh(file) and self._read(file)
        except OSError as error:
            self._cannot_read(file.path, error)
            more = False
        if not more:
            self._ready.pop(file, None)
        while self._tracker.freed:
            self._ready[self._tracker.freed.pop()] = None

    def _cannot_read(self, path: str, error: OSError) -> None:
        self._errors.add("can't read a file; it is tried again when it changes", path=path, error=error.strerror)

    def _read(self, file: TrackedFile) -> bool:
        source = file.source
        assert source is not None, "refresh() said that there is one"
        flush = file.tail_size == file.size and time.monotonic() >= file.tail_deadline
        block = self._reader.read(file.fd, source.position, file.size, flush)
        if block is None:
            self._await_tail(file)
            return False
        self._tails.pop(file, None)
        file.tail_size = -1
        batch, size = block
        if not self._host.reserve(batch.raw_size):
            batch.release()  # stopping: it is read again at the next start
            return False
        batch.origin = Origin(source.id, source.position, source.position + size, source.sequence)
        if self._resources:
            batch.resources = list(self._resources)
        for key, value in file.constants:
            batch.set_constant(key, value)
        if self._config.file_cache_advise:
            os.posix_fadvise(file.fd, source.position, size, os.POSIX_FADV_DONTNEED)
        source.position += size
        source.sequence += 1
        self._blocks += 1
        self._submit(batch)
        return file.unread

    def _await_tail(self, file: TrackedFile) -> None:
        """The last record has no end yet: send it as it is when nothing comes for ``force_flush_period``."""
        if self._config.force_flush_period <= 0 or file.tail_size == file.size:
            return
        file.tail_size = file.size
        file.tail_deadline = self._tails[file] = time.monotonic() + self._config.force_flush_period

    def _attributes(self, path: str, status: os.stat_result) -> list[tuple[bytes, str]]:
        config = self._config
        values = dict(config.attributes)
        if config.include_file_name:
            values["log.file.name"] = os.path.basename(path)
        if config.include_file_path:
            values["log.file.path"] = path
        if config.include_file_name_resolved:
            values["log.file.name_resolved"] = os.path.basename(os.path.realpath(path))
        if config.include_file_path_resolved:
            values["log.file.path_resolved"] = os.path.realpath(path)
        if config.include_file_owner_name:
            values["log.file.owner.name"] = _name_of(lambda: pwd.getpwuid(status.st_uid).pw_name, status.st_uid)
        if config.include_file_owner_group_name:
            values["log.file.owner.group.name"] = _name_of(lambda: grp.getgrgid(status.st_gid).gr_name, status.st_gid)
        if config.include_file_permissions:
            values["log.file.permissions"] = f"{stat.S_IMODE(status.st_mode) & 0o777:03o}"
        return [(key.encode(), _text(value)) for key, value in values.items()]


def _name_of(look_up: Callable[[], str], number: int) -> str:
    """The number itself where the system has no name for it, as in most containers."""
    try:
        return look_up()
    except KeyError:
        return str(number)


def _text(value: str) -> str:
    """A file name as text: bytes that are not UTF-8 become U+FFFD."""
    return os.fsencode(value).decode("utf-8", "replace")


def _most_open(wanted: int) -> int:
    """Files to keep open: ``wanted``, or what the process limit leaves."""
    import resource

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, limit - SPARE_FDS))


def attribute_keys(config: Config) -> Iterable[str]:
    """The keys that every record of this configuration has, for the plan's columns."""
    yield from config.attributes
    for name in ("file_name", "file_path", "file_name_resolved", "file_path_resolved", "file_permissions"):
        if getattr(config, f"include_{name}"):
            yield f"log.{name.replace('_', '.', 1)}"
    if config.include_file_owner_name:
        yield "log.file.owner.name"
    if config.include_file_owner_group_name:
        yield "log.file.owner.group.name"
