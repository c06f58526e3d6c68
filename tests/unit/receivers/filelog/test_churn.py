"""Random histories of a log directory: appended to, rotated, copied and truncated, deleted, with restarts between. Each
line arrives exactly once while the checkpoint keeps up, and at least once when it lags."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from .conftest import Harness

STEPS = 40


class Directory:
    """Applications that write and a logrotate that renames; every line is unique."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self.path = path
        self.chance = chance
        self.lines: list[str] = []
        self.names = ["a.log", "b.log", "c.log"]
        self.turn = 0

    def write(self, path: Path) -> None:
        with path.open("a") as file:
            for _ in range(self.chance.choice([1, 1, 2, 30])):
                self.lines.append(f"{path.name.split('.')[0]} {len(self.lines)} {'x' * self.chance.randrange(60)}!")
                file.write(self.lines[-1] + "\n")

    def append(self) -> None:
        self.write(self.path / self.chance.choice(self.names))

    def rotate(self) -> None:
        """Rename, write on under the new name, begin anew."""
        name = self.chance.choice(self.names)
        log = self.path / name
        if not log.exists():
            return
        self.turn += 1
        old = self.path / self.chance.choice([f"{name}.{self.turn}", f"{name[0]}-{self.turn}.log"])
        log.rename(old)
        if self.chance.random() < 0.7:
            self.write(old)
        if self.chance.random() < 0.7:
            self.write(log)

    def rotate_again(self) -> None:
        """What was rotated once is renamed again."""
        rotated = sorted(path for path in self.path.iterdir() if path.name not in self.names)
        if rotated:
            self.turn += 1
            self.chance.choice(rotated).rename(self.path / f"old-{self.turn}.log.gone")

    def delete(self) -> None:
        """The oldest, long after it was written to."""
        rotated = sorted(self.path.glob("*.gone"))
        if rotated:
            rotated[0].unlink()

    def pause(self) -> None:
        time.sleep(self.chance.choice([0.0, 0.001, 0.02, 0.06]))


def run(harness: Harness, seed: int, **config: object) -> Directory:
    chance = random.Random(seed)
    directory = Directory(harness.directory, chance)
    acts = [directory.append] * 6 + [directory.rotate] * 2 + [directory.rotate_again, directory.delete]
    (harness.directory / "begin.log").write_text("begin\n")
    directory.lines.append("begin")
    harness.start(**config)
    harness.wait(lambda: "begin" in harness.lines)
    for _ in range(STEPS):
        chance.choice(acts)()
        directory.pause()
    return directory


@pytest.mark.parametrize("seed", range(6))
def test_every_line_once_through_rotations(harness: Harness, seed: int) -> None:
    directory = run(harness, seed, max_concurrent_files=[1024, 4, 1][seed % 3])
    harness.wait(lambda: len(harness.lines) >= len(directory.lines))
    harness.settle(0.1)
    assert Counter(harness.lines) == Counter(directory.lines)


@pytest.mark.parametrize("seed", range(6))
def test_lines_of_one_file_keep_their_order(harness: Harness, seed: int) -> None:
    run(harness, 100 + seed)
    harness.settle()
    for source in {origin.source for origin in harness.origins}:
        ranges = [(origin.start, origin.end) for origin in harness.origins if origin.source == source]
        assert ranges == sorted(ranges)
        assert all(before[1] == after[0] for before, after in itertools.pairwise(ranges))


@pytest.mark.parametrize("seed", range(4))
def test_restarts_lose_nothing_and_repeat_nothing(harness: Harness, seed: int) -> None:
    chance = random.Random(200 + seed)
    directory = Directory(harness.directory, chance)
    config = {"include": [str(harness.directory / "*")]}
    directory.append()
    for _ in range(4):
        harness.start(**config)
        for _ in range(15):
            chance.choice([directory.append, directory.append, directory.rotate])()
            directory.pause()
        harness.stop()
        directory.append()
        directory.rotate()
    harness.start(**config)
    harness.wait(lambda: len(harness.lines) >= len(directory.lines))
    harness.settle(0.1)
    assert Counter(harness.lines) == Counter(directory.lines)


@pytest.mark.parametrize("seed", range(4))
def test_a_checkpoint_that_lags_repeats_and_loses_nothing(harness: Harness, seed: int) -> None:
    chance = random.Random(300 + seed)
    directory = Directory(harness.directory, chance)
    config = {"include": [str(harness.directory / "*")]}
    directory.append()
    for _ in range(4):
        harness.host.acknowledge = chance.random() < 0.5
        harness.start(**config)
        for _ in range(15):
            chance.choice([directory.append, directory.append, directory.rotate])()
            directory.pause()
        harness.stop()
    harness.host.acknowledge = True
    harness.start(**config)
    harness.wait(lambda: set(harness.lines) >= set(directory.lines))
    assert set(harness.lines) == set(directory.lines)


@pytest.mark.parametrize("seed", range(3))
def test_copytruncate_with_its_copies_in_the_pattern(harness: Harness, seed: int) -> None:
    """The writer pauses between copy and truncation: what it wrote then would be gone for anybody."""
    chance = random.Random(400 + seed)
    directory = Directory(harness.directory, chance)
    log = harness.directory / "app.log"
    harness.start(include=[str(harness.directory / "app*")])
    for turn in range(15):
        for _ in range(chance.randrange(4)):
            directory.write(log)
            directory.pause()
        if log.exists():
            shutil.copy(log, harness.directory / f"app.log.{turn}")
            directory.pause()
            os.truncate(log, 0)
        directory.pause()
    harness.wait(lambda: len(harness.lines) >= len(directory.lines))
    harness.settle(0.2)
    assert Counter(harness.lines) == Counter(directory.lines)
