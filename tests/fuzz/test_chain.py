"""Some of the fuzzer's inputs, the same ones in every run; ``scripts/dev fuzz`` goes on with others."""

from __future__ import annotations

import subprocess
import sys

from tests.fuzz.chain import check

COUNT = 250


def test_this_build() -> None:
    for number in range(COUNT):
        try:
            check(number)
        except AssertionError as error:
            raise AssertionError(f"input {number}: {error}") from error


def test_the_builds_agree_byte_for_byte() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--first", str(COUNT), "--count", str(COUNT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
