"""The reader thread on real files: what is read, in which order, and from where after a restart."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from fastlog.receivers.filelog import receiver as receiver_module
from fastlog.receivers.filelog import watch

from .conftest import Harness


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_reads_what_is_there_and_what_comes(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "one\ntwo\n")
    harness.start()
    harness.wait_lines("one", "two")
    append(log, "three\n")
    harness.wait_lines("one", "two", "three")
    assert {record["attributes"]["log.file.name"] for record in harness.records} == {"app.log"}


def test_ranges_follow_each_other_without_gaps(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "one\n")
    harness.start()
    harness.wait_lines("one")
    append(log, "two\nthr")
    harness.wait_lines("one", "two")
    append(log, "ee\n")
    harness.wait_lines("one", "two", "three")
    assert [(o.start, o.end, o.sequence) for o in harness.origins] == [(0, 4, 0), (4, 8, 1), (8, 14, 2)]
    assert len({origin.source for origin in harness.origins}) == 1


def test_start_at_end_skips_what_was_there_but_not_new_files(harness: Harness) -> None:
    old, empty, new = (harness.directory / name for name in ("old.log", "empty.log", "new.log"))
    append(old, "before\n")
    empty.touch()
    harness.start(start_at="end")
    time.sleep(0.1)
    append(old, "after\n")
    append(new, "new\n")
    append(empty, "filled\n")
    harness.wait(lambda: len(harness.lines) >= 3)
    assert sorted(harness.lines) == ["after", "filled", "new"]


def test_start_at_end_does_not_apply_after_a_restart(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "before\n")
    harness.start(start_at="end")
    harness.settle(0.1)
    harness.stop()
    append(log, "while down\n")
    append(harness.directory / "other.log", "new while down\n")
    harness.start(start_at="end")
    harness.wait(lambda: len(harness.lines) >= 2)
    assert sorted(harness.lines) == ["new while down", "while down"]


def test_a_restart_goes_on_after_what_was_acknowledged(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "one\n")
    harness.start()
    harness.wait_lines("one")
    harness.host.acknowledge = False
    append(log, "two\n")
    harness.wait_lines("one", "two")
    harness.stop()
    append(log, "three\n")
    harness.records.clear()
    harness.start()
    harness.wait_lines("two", "three")


def test_an_unfinished_line_is_sent_after_the_flush_period(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "one\ntail")
    began = time.monotonic()
    harness.start(force_flush_period="300ms")
    harness.wait_lines("one", "tail")
    assert time.monotonic() - began >= 0.3
    append(log, " goes on\n")
    harness.wait_lines("one", "tail", "goes on")


def test_growth_postpones_the_flush(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "a")
    harness.start(force_flush_period="300ms")
    for letter in "bcde":
        time.sleep(0.15)
        append(log, letter)
    assert harness.lines == []
    harness.wait_lines("abcde")


def test_without_a_flush_period_an_unfinished_line_waits(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "tail")
    harness.start(force_flush_period="0s")
    harness.settle(0.7)
    assert harness.lines == []
    append(log, "!\n")
    harness.wait_lines("tail!")


def test_a_file_larger_than_a_block_is_cut_at_line_ends(harness: Harness) -> None:
    lines = [f"{number:07d} " + "x" * (1 + number % 200) for number in range(30_000)]
    (harness.directory / "app.log").write_text("\n".join(lines) + "\n")
    harness.start()
    harness.wait(lambda: len(harness.lines) >= len(lines))
    assert harness.lines == lines
    assert len(harness.origins) > 2
    assert all(before.end == after.start for before, after in zip(harness.origins, harness.origins[1:], strict=False))


@pytest.mark.parametrize("size", [1, 7, 1024])
def test_a_line_over_max_log_size_is_cut_as_one_pass_would(harness: Harness, size: int) -> None:
    (harness.directory / "app.log").write_text("abc\n" + "y" * 2500 + "\nend\n")
    harness.start(max_log_size=size)
    text = {1: 2506, 7: 1 + 358 + 1, 1024: 1 + 3 + 1}[size]
    harness.wait(lambda: len(harness.lines) >= text)
    assert "".join(harness.lines) == "abc" + "y" * 2500 + "end"
    assert max(map(len, harness.lines)) == size or size == 1024


def test_a_renamed_file_is_read_to_its_end_and_the_new_one_from_its_start(harness: Harness) -> None:
    log = harness.directory / "app.log"
    writer = log.open("a")
    writer.write("one\n")
    writer.flush()
    harness.start()
    harness.wait_lines("one")
    log.rename(harness.directory / "app.log.1")
    writer.write("two\n")
    writer.flush()
    append(log, "new\n")
    harness.wait(lambda: len(harness.lines) >= 3)
    writer.write("three\n")
    writer.close()
    harness.wait(lambda: len(harness.lines) >= 4)
    assert sorted(harness.lines) == ["new", "one", "three", "two"]
    assert {record["attributes"]["log.file.name"] for record in harness.records} == {"app.log"}


def test_a_file_renamed_within_the_patterns_is_not_read_again(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "one\n")
    harness.start()
    harness.wait_lines("one")
    log.rename(harness.directory / "old.log")
    append(harness.directory / "old.log", "two\n")
    harness.wait_lines("one", "two")
    assert harness.records[1]["attributes"]["log.file.name"] == "old.log"
    assert harness.origins[1].source == harness.origins[0].source


def test_a_rotation_chain_loses_nothing(harness: Harness) -> None:
    names = [harness.directory / name for name in ("app.log", "app.log.1", "app.log.2")]
    append(harness.directory / "other.log", "begin\n")
    harness.start()
    harness.wait_lines("begin")
    harness.records.clear()
    for turn in range(20):
        append(names[0], f"{turn} a\n{turn} b\n")
        if names[1].exists():
            names[1].rename(names[2])
        names[0].rename(names[1])
        append(names[1], f"{turn} late\n")
        time.sleep(0.03)
    harness.wait(lambda: len(harness.lines) >= 60)
    harness.settle()
    assert sorted(harness.lines) == sorted(f"{turn} {what}" for turn in range(20) for what in ("a", "b", "late"))


def test_new_files_that_begin_alike_are_told_from_the_renamed_one(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "start\n")
    harness.start()
    harness.wait_lines("start")
    log.rename(harness.directory / "app.log.1")
    append(log, "start\n")
    harness.wait_lines("start", "start")
    append(log, "more\n")
    harness.wait_lines("start", "start", "more")


def test_a_deleted_file_is_read_to_its_end(harness: Harness) -> None:
    log = harness.directory / "app.log"
    writer = log.open("a")
    writer.write("one\n")
    writer.flush()
    harness.start()
    harness.wait_lines("one")
    log.unlink()
    writer.write("two\n")
    writer.close()
    harness.wait_lines("one", "two")


def test_a_truncated_file_is_read_from_its_start(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "one\ntwo\n")
    harness.start()
    harness.wait_lines("one", "two")
    os.truncate(log, 0)
    append(log, "3\n")
    harness.wait_lines("one", "two", "3")
    assert harness.origins[0].source != harness.origins[1].source
    assert harness.origins[1].start == 0


def test_copytruncate_reads_the_rest_from_the_copy(harness: Harness) -> None:
    log, copy = harness.directory / "app.log", harness.directory / "app-1.log"
    append(log, "one\n")
    harness.start()
    harness.wait_lines("one")
    harness.stop()
    append(log, "unread\n")
    shutil.copy(log, copy)
    os.truncate(log, 0)
    append(log, "new\n")
    harness.start()
    harness.wait(lambda: len(harness.lines) >= 3)
    harness.settle()
    assert sorted(harness.lines) == ["new", "one", "unread"]


def test_a_copy_is_not_read_twice(harness: Harness) -> None:
    log, copy = harness.directory / "app.log", harness.directory / "app-1.log"
    append(log, "one\ntwo\n")
    harness.start()
    harness.wait_lines("one", "two")
    shutil.copy(log, copy)
    harness.settle()
    os.truncate(log, 0)
    append(log, "three\n")
    harness.wait_lines("one", "two", "three")
    harness.settle()
    assert harness.lines == ["one", "two", "three"]


def test_two_files_that_begin_alike_are_both_read_once_they_differ(harness: Harness) -> None:
    first, second = harness.directory / "a.log", harness.directory / "b.log"
    append(first, "header\n")
    append(second, "header\n")
    harness.start()
    harness.wait_lines("header")
    append(second, "of b\n")
    harness.wait(lambda: "of b" in harness.lines)
    append(first, "of a\n")
    harness.wait(lambda: "of a" in harness.lines)
    assert sorted(harness.lines) == ["header", "header", "of a", "of b"]


def test_on_truncate_read_whole_file(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "sixteen bytes at least\nsecond\n")
    harness.start(fingerprint_size=16)
    harness.wait_lines("sixteen bytes at least", "second")
    os.truncate(log, 23)
    harness.wait_lines("sixteen bytes at least", "second", "sixteen bytes at least")


def test_on_truncate_ignore_waits_for_the_old_size(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "sixteen bytes at least\nsecond\n")
    harness.start(fingerprint_size=16, on_truncate="ignore")
    harness.wait_lines("sixteen bytes at least", "second")
    os.truncate(log, 23)
    harness.settle()
    append(log, "1234567\nnew\n")
    harness.wait_lines("sixteen bytes at least", "second", "new")


def test_on_truncate_read_new(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "sixteen bytes at least\nsecond\n")
    harness.start(fingerprint_size=16, on_truncate="read_new")
    harness.wait_lines("sixteen bytes at least", "second")
    os.truncate(log, 23)
    harness.settle()
    append(log, "new\n")
    harness.wait_lines("sixteen bytes at least", "second", "new")


def test_directories_that_appear_are_read(harness: Harness) -> None:
    harness.start(include=[str(harness.directory / "**" / "*.log"), str(harness.directory / "later" / "x.txt")])
    deep = harness.directory / "a" / "b"
    deep.mkdir(parents=True)
    append(deep / "deep.log", "deep\n")
    harness.wait_lines("deep")
    later = harness.directory / "later"
    later.mkdir()
    append(later / "x.txt", "later\n")
    harness.wait_lines("deep", "later")


def test_exclude(harness: Harness) -> None:
    append(harness.directory / "a.log", "a\n")
    append(harness.directory / "b.log", "b\n")
    harness.start(exclude=[str(harness.directory / "b*")])
    harness.wait_lines("a")
    append(harness.directory / "b.log", "b\n")
    append(harness.directory / "a.log", "a2\n")
    harness.wait_lines("a", "a2")


def test_symbolic_links_are_followed_to_other_directories(harness: Harness, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "real.txt"
    target.parent.mkdir()
    append(target, "one\n")
    (harness.directory / "link.log").symlink_to(target)
    harness.start(include_file_name_resolved=True, include_file_path_resolved=True, include_file_path=True)
    harness.wait_lines("one")
    append(target, "two\n")
    harness.wait_lines("one", "two")
    assert harness.records[1]["attributes"] == {
        "log.file.name": "link.log",
        "log.file.path": str(harness.directory / "link.log"),
        "log.file.name_resolved": "real.txt",
        "log.file.path_resolved": str(target),
    }


def test_attributes_of_the_file_and_of_the_configuration(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "one\n")
    log.chmod(0o640)
    harness.start(
        attributes={"team": "x", "log.file.name": "overridden"},
        resource={"service.name": "demo"},
        include_file_owner_name=True,
        include_file_owner_group_name=True,
        include_file_permissions=True,
    )
    harness.wait_lines("one")
    assert harness.records[0]["attributes"] == {
        "team": "x",
        "log.file.name": "app.log",
        "log.file.owner.name": log.owner(),
        "log.file.owner.group.name": log.group(),
        "log.file.permissions": "640",
    }
    assert harness.records[0]["resource"] == {"service.name": "demo"}


def test_few_open_files_are_enough_for_many(harness: Harness) -> None:
    logs = [harness.directory / f"{number}.log" for number in range(40)]
    for log in logs:
        append(log, f"{log.name} one\n")
    harness.start(max_concurrent_files=3)
    harness.wait(lambda: len(harness.lines) >= 40)
    harness.settle(0.1)
    opened = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    assert sum(str(harness.directory) in name for name in opened) <= 3
    for log in logs:
        append(log, f"{log.name} two\n")
    harness.wait(lambda: len(harness.lines) >= 80)
    assert sorted(harness.lines) == sorted(f"{log.name} {word}" for log in logs for word in ("one", "two"))


def test_without_inotify_files_are_polled(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: watch.Inotify) -> None:
        raise watch.WatchError(24, "no inotify instance")

    monkeypatch.setattr(watch.Inotify, "__init__", refuse)
    log = harness.directory / "app.log"
    append(log, "one\n")
    harness.start(poll_interval="50ms")
    harness.wait_lines("one")
    append(log, "two\n")
    append(harness.directory / "new.log", "new\n")
    harness.wait(lambda: len(harness.lines) >= 3)
    log.rename(harness.directory / "app.log.1")
    append(log, "three\n")
    harness.wait(lambda: len(harness.lines) >= 4)
    assert sorted(harness.lines) == ["new", "one", "three", "two"]


def test_a_deaf_inotify_is_noticed_and_polling_takes_over(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch.Inotify, "read", lambda self: ())
    monkeypatch.setattr(receiver_module, "SETTLED", 0.0)
    monkeypatch.setattr(receiver_module, "GAP", 0.05)
    log = harness.directory / "app.log"
    append(log, "one\n")
    harness.start(poll_interval="50ms")
    harness.wait_lines("one")
    append(log, "two\n")
    harness.wait_lines("one", "two")
    began = time.monotonic()
    append(log, "three\n")
    harness.wait_lines("one", "two", "three")
    assert time.monotonic() - began < 1.0


def test_an_unreadable_file_is_reported_once_and_read_when_it_can_be(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = harness.directory / "app.log"
    append(log, "one\n")
    real, refused = os.open, [True]

    def denied(path: str, *rest: int, **more: int) -> int:
        if path == str(log) and refused[0]:
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", denied)
    harness.start()
    append(log, "two\n")
    harness.settle()
    assert [record.message for record in caplog.records].count(
        "can't open a file; it is tried again when it changes"
    ) == 1
    refused[0] = False
    append(log, "three\n")
    harness.wait_lines("one", "two", "three")


def test_stop_ends_a_wait_at_once(harness: Harness) -> None:
    harness.start()
    harness.settle(0.1)
    began = time.monotonic()
    harness.stop()
    assert time.monotonic() - began < 0.5


def test_an_idle_receiver_does_nothing(harness: Harness) -> None:
    for number in range(200):
        append(harness.directory / f"{number}.log", f"{number}\n")
    harness.start()
    harness.wait(lambda: len(harness.lines) >= 200)
    harness.settle(1.2)
    began = time.process_time()
    time.sleep(1.0)
    assert time.process_time() - began < 0.1


def test_other_encodings_are_decoded_and_positions_stay_the_files(harness: Harness) -> None:
    log = harness.directory / "app.log"
    text = "".join(f"zeile {number} \u00e4\u00f6\n" for number in range(60_000))
    log.write_bytes(text.encode("utf-16-le"))
    harness.start(encoding="utf-16le")
    harness.wait(lambda: len(harness.lines) >= 60_000)
    assert harness.lines == text.splitlines()
    assert harness.origins[-1].end == len(text) * 2
    with log.open("ab") as file:
        file.write("rest".encode("utf-16-le")[:-1])
    harness.wait(lambda: len(harness.lines) > 60_000)
    assert harness.lines[-1] == "res"


def test_nop_gives_the_bytes_of_the_file(harness: Harness) -> None:
    (harness.directory / "app.log").write_bytes(b"one\n\xff two\n")
    harness.start(encoding="nop")
    harness.wait(lambda: len(harness.records) >= 1)
    assert [record["body"] for record in harness.records] == [b"one\n\xff two\n"]


def test_a_directory_that_cannot_be_read_is_named(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    closed = str(harness.directory)
    monkeypatch.setattr(os, "access", lambda path, mode: path != closed)
    harness.start()
    harness.settle()
    (said,) = [record for record in caplog.records if "directories can't be read" in record.message]
    assert said.fields["paths"] == [closed]  # type: ignore[attr-defined]


def test_operators_run_and_failures_are_reported_once(harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
    log = harness.directory / "app.log"
    append(log, "one\ntwo\n")
    harness.start(
        operators=[
            {"type": "add", "field": "attributes.source", "value": "here"},
            {"type": "move", "from": "attributes.missing", "to": "attributes.x"},
        ]
    )
    harness.wait_lines("one", "two")
    assert harness.records[0]["attributes"] == {"log.file.name": "app.log", "source": "here"}
    (said,) = [record for record in caplog.records if "could not process" in record.message]
    fields = said.__dict__["fields"]
    assert fields["operator"] == "receivers::filelog::operators[1]"
    assert fields["count"] == 2
    assert fields["record"] == "one"


def test_a_read_that_fails_is_reported_and_tried_again(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = harness.directory / "app.log"
    append(log, "one\n")
    harness.start()
    harness.wait_lines("one")
    pread, broken = os.pread, [True]

    def fails(fd: int, size: int, offset: int) -> bytes:
        if broken[0]:
            raise OSError(5, "Input/output error")
        return pread(fd, size, offset)

    monkeypatch.setattr(os, "pread", fails)
    append(log, "two\n")
    append(harness.directory / "new.log", "new\n")
    harness.settle(0.2)
    assert any("can't read a file" in record.getMessage() for record in caplog.records)
    broken[0] = False
    append(log, "three\n")
    append(harness.directory / "new.log", "new 2\n")
    harness.wait(lambda: len(harness.lines) >= 5)
    assert sorted(harness.lines) == ["new", "new 2", "one", "three", "two"]


def test_multiline_records_after_one_that_was_flushed(harness: Harness) -> None:
    log = harness.directory / "app.log"
    append(log, "> one\n  more\n> two\n  last")
    harness.start(multiline={"line_start_pattern": "^>"}, force_flush_period="100ms")
    harness.wait_lines("> one\n  more", "> two\n  last")
    append(log, "\n> three\n  x\n> four\n> five\n")
    harness.wait_lines("> one\n  more", "> two\n  last", "> three\n  x", "> four", "> five")


def test_files_that_never_change_are_noted_now_and_then(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver_module, "REMIND", 0.0)
    append(harness.directory / "old.log", "one\n")
    harness.start()
    harness.wait_lines("one")
    source = harness.origins[0].source
    harness.host.facts.clear()
    end = time.monotonic() + 10
    while source not in harness.host.facts and time.monotonic() < end:
        time.sleep(0.05)
    assert harness.host.facts[source]["path"] == str(harness.directory / "old.log")
