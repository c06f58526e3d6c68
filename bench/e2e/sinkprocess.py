"""The sink of tests/sink.py in a process of its own, on a core of its own where asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class SinkProcess:
    """tests/sink.py in a process of its own."""

    def __init__(self, *, discard: bool = False, arena: int = 0, core: int | None = None) -> None:
        command = [sys.executable, str(ROOT / "tests" / "sink.py"), *(["--discard"] if discard else [])]
        command += ["--arena", str(arena)]
        cores = None if core is None else [core]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, preexec_fn=lambda: pin(cores)
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def ask(self, path: str) -> dict[str, float]:
        with urllib.request.urlopen(self.url + path, timeout=600) as response:
            told: dict[str, float] = json.load(response)
            return told

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def pin(cores: list[int] | None) -> None:
    if cores is not None:
        os.sched_setaffinity(0, cores)
