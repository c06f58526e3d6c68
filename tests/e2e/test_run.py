"""``fastlog run`` as a process: from files to a real OTLP/HTTP destination."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sink import Answer, Sink

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as one:
        yield one


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts ``fastlog`` with the state in ``tmp_path``; what still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "fastlog", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "FASTLOG_STATE_DIRECTORY": str(tmp_path / "state"), **environment},
        )
        running.append(process)
        return process

    yield run
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def configure(tmp_path: Path, sink: Sink, **receiver: Any) -> Path:
    path = tmp_path / "config.yaml"
    config = {
        "receivers": {"file_log": {"include": [str(tmp_path / "*.log")], "start_at": "beginning", **receiver}},
        "processors": {"batch": {"timeout": "100ms"}},
        "exporters": {"otlp_http": {"endpoint": sink.url, "headers": {"authorization": "${env:API_KEY}"}}},
        "service": {
            "pipelines": {"logs": {"receivers": ["file_log"], "processors": ["batch"], "exporters": ["otlp_http"]}}
        },
    }
    path.write_text(json.dumps(config))
    return path


def bodies(sink: Sink) -> list[str]:
    return [record.body.string_value for _, record in sink.records()]


def lines(count: int, start: int = 0) -> str:
    return "".join(f"line {number}\n" for number in range(start, start + count))


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_all_that_exists_then_the_end(tmp_path: Path, sink: Sink, start: Start) -> None:
    (tmp_path / "a.log").write_text(lines(30_000))
    config = configure(tmp_path, sink)
    one = start("run", "--config", str(config), "--exit-when-caught-up", API_KEY="12345")
    out, err = one.communicate(timeout=60)
    assert one.returncode == 0, err
    assert out == ""
    assert bodies(sink) == lines(30_000).splitlines()
    assert "30,000 records read" in err.splitlines()[-1]
    assert "30,000 sent, 0 rejected" in err.splitlines()[-1]
    assert "delivers at-least-once exporter=otlp_http" in err
    assert "\x1b" not in err

    with (tmp_path / "a.log").open("a") as file:
        file.write(lines(10, 30_000))
    again = start("run", "--config", str(config), "--exit-when-caught-up", API_KEY="12345")
    _, err = again.communicate(timeout=60)
    assert "10 records read" in err.splitlines()[-1]
    assert bodies(sink) == lines(30_010).splitlines()


def test_the_peak_is_not_that_of_the_parent(tmp_path: Path, sink: Sink, start: Start) -> None:
    (tmp_path / "a.log").write_text(lines(5))
    config = configure(tmp_path, sink)
    large = b"x" * (400 << 20)  # the kernel hands the largest size on through fork and exec
    one = start("run", "--config", str(config), "--exit-when-caught-up", API_KEY="x")
    _, err = one.communicate(timeout=60)
    del large
    peak = re.search(r"peak (\d+) MiB", err)
    assert peak is not None
    assert 10 < int(peak[1]) < 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_follow_until_a_signal(tmp_path: Path, sink: Sink, start: Start, number: int) -> None:
    log = tmp_path / "a.log"
    log.write_text(lines(5))
    one = start("run", "--config", str(configure(tmp_path, sink)), API_KEY="x")
    until(lambda: len(bodies(sink)) == 5)
    with log.open("a") as file:
        file.write(lines(5, 5))
    until(lambda: len(bodies(sink)) == 10)
    one.send_signal(number)
    _, err = one.communicate(timeout=30)
    assert one.returncode == 0
    assert bodies(sink) == lines(10).splitlines()
    assert "10 records read" in err.splitlines()[-1]


def test_a_stop_sends_what_waits_for_a_batch(tmp_path: Path, sink: Sink, start: Start) -> None:
    (tmp_path / "a.log").write_text(lines(5))
    config = configure(tmp_path, sink)
    one = start("run", "--config", str(config), "--set", "processors::batch::timeout=1h", API_KEY="x")
    state = tmp_path / "state"
    until(lambda: any(state.rglob("*.lock")))
    time.sleep(1.0)
    assert bodies(sink) == []
    one.send_signal(signal.SIGTERM)
    one.communicate(timeout=30)
    assert bodies(sink) == lines(5).splitlines()


def test_a_second_signal_ends_at_once(tmp_path: Path, start: Start) -> None:
    (tmp_path / "a.log").write_text(lines(5))
    with Sink(answers=[Answer(503)] * 1000) as away:
        config = configure(tmp_path, away)
        one = start("run", "--config", str(config), API_KEY="x")
        until(lambda: bool(away.requests))
        one.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert one.poll() is None, "it drains"
        one.send_signal(signal.SIGTERM)
        _, err = one.communicate(timeout=5)
    assert one.returncode == 1
    assert "stopped at once" in err
    with Sink() as back:
        config.write_text(config.read_text().replace(away.url, back.url))
        start("run", "--config", str(config), "--exit-when-caught-up", API_KEY="x").communicate(timeout=30)
        assert bodies(back) == lines(5).splitlines()


def test_a_hangup_loads_the_configuration_again(tmp_path: Path, sink: Sink, start: Start) -> None:
    log = tmp_path / "a.log"
    log.write_text(lines(5))
    config = configure(tmp_path, sink)
    one = start("run", "--config", str(config), API_KEY="x")
    until(lambda: len(bodies(sink)) == 5)
    before = config.read_text()
    config.write_text(before.replace("otlp_http", "otlp_htp", 1))
    one.send_signal(signal.SIGHUP)
    with Sink() as other:
        time.sleep(0.5)
        with log.open("a") as file:
            file.write(lines(5, 5))
        until(lambda: len(bodies(sink)) == 10)
        config.write_text(before.replace(sink.url, other.url))
        one.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        with log.open("a") as file:
            file.write(lines(5, 10))
        until(lambda: len(bodies(other)) == 5)
        one.send_signal(signal.SIGTERM)
        _, err = one.communicate(timeout=30)
    assert one.returncode == 0
    assert bodies(sink) + bodies(other) == lines(15).splitlines()
    assert "going on with the old one" in err
    assert "did you mean" in err


def test_progress_on_a_terminal(tmp_path: Path, sink: Sink) -> None:
    (tmp_path / "a.log").write_text(lines(400_000))
    script = shutil.which("script")
    if script is None:
        pytest.skip("script(1) makes the terminal")
    command = shlex.join([sys.executable, "-m", "fastlog", "run", "--exit-when-caught-up", "--config"])
    config = configure(tmp_path, sink)
    environment = {**os.environ, "FASTLOG_STATE_DIRECTORY": str(tmp_path / "state"), "TERM": "xterm", "API_KEY": "x"}
    done = subprocess.run(
        [script, "-qec", f"{command} {config}", os.devnull],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    assert "400,000 records read" in done.stdout
    assert sink.record_count() == 400_000


def test_own_logs_as_json(tmp_path: Path, sink: Sink, start: Start) -> None:
    (tmp_path / "a.log").write_text(lines(5))
    one = start(
        *("run", "--config", str(configure(tmp_path, sink)), "--exit-when-caught-up"),
        *("--set", "service::telemetry::logs::encoding=json"),
    )
    _, err = one.communicate(timeout=30)
    *logged, _summary = err.splitlines()
    records = [json.loads(line) for line in logged]
    unset = "exporters::otlp_http::headers::authorization: the environment variable API_KEY is not set"
    assert records[0]["level"] == "warn"
    assert records[0]["msg"].startswith(unset)


def test_what_start_imports(tmp_path: Path, sink: Sink) -> None:
    """The drop-in case loads none of the heavy libraries; a start has 300 ms."""
    program = (
        "import sys\n"
        "from fastlog.cli import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "except SystemExit as exited:\n    assert not exited.code\n"
        "print(sorted({'boto3', 'chdb', 'google', 'numpy', 'pyarrow', 'rich', 're2'} & set(sys.modules)))\n"
    )
    (tmp_path / "a.log").write_text(lines(5))
    command = [
        sys.executable,
        "-c",
        program,
        "run",
        "--exit-when-caught-up",
        "--config",
        str(configure(tmp_path, sink)),
    ]
    environment = {**os.environ, "FASTLOG_STATE_DIRECTORY": str(tmp_path / "state")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=True)
    assert done.stdout == "[]\n"
    assert len(bodies(sink)) == 5
