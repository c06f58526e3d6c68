"""Put numbered inputs through every kernel, in the baseline build and in the one for this processor.

    python -m tests.fuzz [--first N] [--count N | --minutes M]

``--worker`` is one build's process: it prints a digest an input. Its parent holds the two against each other.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator

from tests.fuzz.chain import check


def worker(first: int) -> None:
    logging.getLogger("fastlog").setLevel(logging.CRITICAL)  # operators that fail are expected
    for number in itertools.count(first):
        try:
            print(check(number), flush=True)
        except Exception:
            print(f"input {number}:\n{traceback.format_exc()}", file=sys.stderr)
            raise SystemExit(1) from None


def digests(first: int, level: str) -> tuple[subprocess.Popen[str], Iterator[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz", "--worker", "--first", str(first)],
        env={**os.environ, "FASTLOG_CPU": level},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, iter(process.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    parser.add_argument("--count", type=int, help="how many inputs (default: as many as the minutes allow)")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options.first)
    end = time.monotonic() + options.minutes * 60
    builds = {level: digests(options.first, level) for level in ("baseline", "")}
    number, shown = options.first, time.monotonic() + 60
    try:
        while time.monotonic() < end if options.count is None else number < options.first + options.count:
            found = {}
            for level, (process, lines) in builds.items():
                found[level] = next(lines, "")
                if not found[level]:
                    print(f"input {number} failed, status {process.wait()}, FASTLOG_CPU={level}", file=sys.stderr)
                    return 1
            if len(set(found.values())) > 1:
                print(f"input {number}: the builds differ: {found}", file=sys.stderr)
                return 1
            number += 1
            if time.monotonic() > shown:
                print(f"{number - options.first} inputs", flush=True)
                shown = time.monotonic() + 60
    finally:
        for process, _ in builds.values():
            process.kill()
            process.wait()
    print(f"{number - options.first} inputs, from {options.first} on: nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
