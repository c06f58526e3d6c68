"""``fastlog run`` on files that grow, are rotated and outlive it, with a real destination."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

from tests.e2e.conftest import Fastlog
from tests.sink import Answer, Sink


def filelog(directory: Path, **keys: object) -> dict[str, object]:
    return {"filelog": {"include": [str(directory / "logs" / "*.log")], "start_at": "beginning", **keys}}


def logs(fastlog: Fastlog) -> Path:
    directory = fastlog.directory / "logs"
    directory.mkdir(exist_ok=True)
    return directory


def test_every_line_arrives_once_and_in_order(fastlog: Fastlog) -> None:
    lines = [f"line {number} {'x' * (number % 300)}y" for number in range(50_000)]
    log = logs(fastlog) / "app.log"
    log.write_text("".join(f"{line}\n" for line in lines[:40_000]))
    fastlog.configure(filelog(fastlog.directory))
    fastlog.start()
    fastlog.wait_records(40_000)
    with log.open("a") as file:
        for start in range(40_000, 50_000, 500):
            file.writelines(f"{line}\n" for line in lines[start : start + 500])
            file.flush()
    fastlog.wait_records(50_000)
    assert fastlog.stop() == 0
    # Requests may finish in any order, the records of one keep theirs.
    assert sorted(fastlog.bodies()) == sorted(lines)


def test_a_write_arrives_promptly(fastlog: Fastlog) -> None:
    log = logs(fastlog) / "app.log"
    log.write_text("first\n")
    fastlog.configure(filelog(fastlog.directory))
    fastlog.start()
    fastlog.wait_records(1)
    took = []
    for number in range(20):
        began = time.monotonic()
        with log.open("a") as file:
            file.write(f"{number}\n")
        fastlog.wait_records(number + 2)
        took.append(time.monotonic() - began)
    assert sorted(took)[10] < 0.3, f"the median of {took}"


def test_a_stopped_run_goes_on_where_it_was(fastlog: Fastlog) -> None:
    log = logs(fastlog) / "app.log"
    log.write_text("one\ntwo\n")
    fastlog.configure(filelog(fastlog.directory))
    fastlog.start()
    fastlog.wait_records(2)
    assert fastlog.stop() == 0
    with log.open("a") as file:
        file.write("three\n")
    fastlog.start()
    fastlog.wait_records(3)
    assert fastlog.stop() == 0
    assert fastlog.bodies() == ["one", "two", "three"]


def test_killed_runs_lose_nothing(fastlog: Fastlog) -> None:
    """Rotation by rename while runs are killed: every line arrives, some more than once."""
    chance = random.Random(7)
    directory = logs(fastlog)
    log = directory / "app.log"
    fastlog.configure(
        {"filelog": {"include": [str(directory / "app.log*")], "start_at": "beginning", "poll_interval": "50ms"}}
    )
    expected = []
    for kill in range(4):
        fastlog.start()
        for _ in range(10):
            with log.open("a") as file:
                for _ in range(500):
                    expected.append(f"line {len(expected)}")
                    file.write(expected[-1] + "\n")
            time.sleep(chance.random() * 0.1)
        fastlog.stop(signal.SIGKILL)
        log.rename(directory / f"app.log.{kill}")
    log.write_text("last\n")
    expected.append("last")
    fastlog.start()
    fastlog.wait(lambda: set(expected) <= set(fastlog.bodies()))
    assert fastlog.stop() == 0
    assert set(fastlog.bodies()) == set(expected)


def test_an_outage_holds_the_checkpoint_back(fastlog: Fastlog) -> None:
    log = logs(fastlog) / "app.log"
    log.write_text("one\ntwo\n")
    with Sink(answers=lambda request: Answer(503)) as away:
        first = Fastlog(fastlog.directory, away)
        first.configure(filelog(fastlog.directory))
        first.start()
        first.wait(lambda: bool(away.requests))
        first.stop(signal.SIGKILL)
    fastlog.configure(filelog(fastlog.directory))
    fastlog.start()
    fastlog.wait_records(2)
    assert fastlog.stop() == 0
    assert fastlog.bodies() == ["one", "two"]


def test_two_processes_of_one_configuration_are_refused(fastlog: Fastlog) -> None:
    logs(fastlog)
    fastlog.configure(filelog(fastlog.directory))
    fastlog.start()
    fastlog.wait_said("no file matches yet")
    second = Fastlog(fastlog.directory, fastlog.sink)
    first, second._log = fastlog.process, fastlog.directory / "second.err"
    second.start()
    assert second.process is not None
    assert second.process.wait(20) != 0
    assert "another fastlog process" in second.said()
    assert first is not None
    assert first.poll() is None
    assert fastlog.stop() == 0


def test_a_hundred_files_through_rotation(fastlog: Fastlog) -> None:
    directory = logs(fastlog)
    fastlog.configure(filelog(fastlog.directory, max_concurrent_files=20))
    fastlog.start()
    fastlog.wait_said("no file matches yet")
    expected = []
    for turn in range(5):
        for number in range(100):
            path = directory / f"{number}.log"
            if turn:
                path.rename(directory / f"{number}.log.{turn}")
            with path.open("w") as file:
                for line in range(5):
                    expected.append(f"{number} {turn} {line}")
                    file.write(expected[-1] + "\n")
        time.sleep(0.2)
    fastlog.wait_records(len(expected))
    assert fastlog.stop() == 0
    assert sorted(fastlog.bodies()) == sorted(expected)
