"""fastlog as a process, and a destination that decodes what it sends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sink import Sink


@dataclass
class Fastlog:
    """``fastlog run`` with a configuration, in a directory of its own; its state stays there from run to run."""

    directory: Path
    sink: Sink
    process: subprocess.Popen[str] | None = None
    _log: Path = field(init=False)

    def __post_init__(self) -> None:
        self._log = self.directory / "fastlog.err"

    def configure(self, config: dict[str, Any] | str) -> None:
        """Write the configuration. A map of receivers is completed: each goes to the sink at once."""
        if not isinstance(config, str):
            config = yaml.safe_dump(
                {
                    "receivers": config,
                    "exporters": {"otlphttp": {"endpoint": self.sink.url}},
                    "service": {"pipelines": {"logs": {"receivers": list(config), "exporters": ["otlphttp"]}}},
                }
            )
        (self.directory / "config.yaml").write_text(config)

    def start(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        """Start the process; it is running when it says that it reads."""
        self._log.write_bytes(b"")
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fastlog", "run", "--config", "config.yaml", *arguments],
                cwd=self.directory,
                env={
                    **os.environ,
                    "FASTLOG_STATE_DIRECTORY": str(self.directory / "state"),
                    "PYTHONPATH": str(Path(__file__).parents[2]),
                    **(environment or {}),
                },
                stderr=log,
                text=True,
            )

    def said(self) -> str:
        return self._log.read_text()

    def wait_said(self, text: str, seconds: float = 20.0) -> None:
        self.wait(lambda: text in self.said(), seconds)

    def wait(self, done: Callable[[], bool], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert self.process is None or self.process.poll() is None or done(), f"fastlog ended: {self.said()}"
            assert time.monotonic() < end, f"not in {seconds} s; {len(self.bodies())} records; {self.said()[-2000:]}"
            time.sleep(0.02)

    def wait_records(self, count: int, seconds: float = 20.0) -> list[Any]:
        """The records at the sink, once there are ``count``."""
        self.wait(lambda: self.sink.record_count() >= count, seconds)
        return [record for _, record in self.sink.records()]

    def bodies(self) -> list[str]:
        return [record.body.string_value for _, record in self.sink.records()]

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(30)
        self.process = None
        return code


@pytest.fixture
def fastlog(tmp_path: Path) -> Iterator[Fastlog]:
    with Sink() as sink:
        running = Fastlog(tmp_path, sink)
        yield running
        if running.process is not None:
            running.process.kill()
            running.process.wait()
