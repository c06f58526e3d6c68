"""inotify through libc: what is heard, and where nothing could be."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastlog.receivers.filelog import watch


@pytest.fixture
def inotify() -> Iterator[watch.Inotify]:
    made = watch.Inotify()
    yield made
    made.close()


def heard(inotify: watch.Inotify) -> list[tuple[str, int]]:
    events = []
    while select.select([inotify.fileno()], [], [], 0.05)[0]:
        events += [(event.path, event.mask & 0xFFF) for event in inotify.read()]
    return events


def test_hears_of_new_changed_renamed_and_deleted_files(inotify: watch.Inotify, tmp_path: Path) -> None:
    assert inotify.sync({str(tmp_path): True}) is True
    assert inotify.sync({str(tmp_path): True}) is False
    (tmp_path / "a").write_text("x")
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "b").unlink()
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    assert heard(inotify) == [
        (a, watch.CREATE),
        (a, watch.MODIFY),
        (a, watch.MOVED_FROM),
        (b, watch.MOVED_TO),
        (b, watch.DELETE),
    ]


def test_the_two_events_of_a_rename_have_one_cookie(inotify: watch.Inotify, tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    inotify.sync({str(tmp_path): True})
    (tmp_path / "a").rename(tmp_path / "b")
    first, second = inotify.read()
    assert first.cookie == second.cookie != 0


def test_a_directory_watched_for_its_structure_is_quiet_about_writes(inotify: watch.Inotify, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.touch()
    inotify.sync({str(tmp_path): False})
    file.write_text("x")
    assert heard(inotify) == []
    (tmp_path / "d").mkdir()
    assert heard(inotify) == [(str(tmp_path / "d"), watch.CREATE)]


def test_two_names_of_one_directory_are_both_told(inotify: watch.Inotify, tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    inotify.sync({str(real): True, str(link): False})
    (real / "a").write_text("x")
    assert {path for path, mask in heard(inotify) if mask == watch.MODIFY} == {str(real / "a"), str(link / "a")}


def test_a_directory_replaced_under_its_name_is_watched_anew(inotify: watch.Inotify, tmp_path: Path) -> None:
    place = tmp_path / "d"
    place.mkdir()
    inotify.sync({str(place): True})
    place.rename(tmp_path / "old")
    place.mkdir()
    assert inotify.sync({str(place): True}) is True
    heard(inotify)
    (place / "a").touch()
    assert (str(place / "a"), watch.CREATE) in heard(inotify)


def test_a_deleted_directory_is_forgotten(inotify: watch.Inotify, tmp_path: Path) -> None:
    place = tmp_path / "d"
    place.mkdir()
    inotify.sync({str(place): True})
    place.rmdir()
    assert (str(place) + "/", watch.DELETE_SELF) in heard(inotify)
    assert inotify.sync({str(place): True}) is False
    place.mkdir()
    assert inotify.sync({str(place): True}) is True


def test_what_is_not_wanted_any_more_is_not_heard(inotify: watch.Inotify, tmp_path: Path) -> None:
    inotify.sync({str(tmp_path): True})
    inotify.sync({})
    (tmp_path / "a").touch()
    assert [event for event in heard(inotify) if event[1]] == []


def test_reading_without_events_does_not_wait(inotify: watch.Inotify) -> None:
    assert list(inotify.read()) == []


def test_file_systems_that_others_write_to(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/root rw\n"
        "2 1 0:50 / /srv/logs rw shared:1 - nfs4 server:/logs rw\n"
        "3 1 0:51 / /srv/s3 rw - fuse.s3fs s3fs rw\n"
        "4 2 8:2 / /srv/logs/local rw - xfs /dev/b rw\n"
        "5 1 0:52 / /srv/with\\040space rw - cifs //host/share rw\n"
    )
    directories = [
        "/var/log",
        "/srv/logs",
        "/srv/logs/a",
        "/srv/logs/local",
        "/srv/s3/x",
        "/srv/with space",
        "/srv/logsx",
    ]
    assert watch.unheard(directories, str(mounts)) == ["/srv/logs", "/srv/logs/a", "/srv/s3/x", "/srv/with space"]


def test_without_a_mount_table_everything_is_heard(tmp_path: Path) -> None:
    assert watch.unheard([str(tmp_path)], os.fspath(tmp_path / "missing")) == []
