"""A real rsyslogd (Debian's package) writes both of the guides' formats from ``logger``; the guides' configurations
ship them, and through a rotation as logrotate does it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Fastlog

pytestmark = pytest.mark.heavy("rsyslogd")

EXAMPLES = Path(__file__).parents[2] / "examples"

CONFIG = """
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{directory}/log.sock" CreatePath="on" RateLimit.Interval="0")
$WorkDirectory {directory}
*.* action(type="omfile" file="{directory}/log/syslog" template="RSYSLOG_FileFormat")
*.* action(type="omfile" file="{directory}/log/messages" template="RSYSLOG_TraditionalFileFormat")
"""

# (options of logger, message)
MESSAGES = [
    (["-t", "sshd", "--id=4321"], "Failed password for invalid user admin from 203.0.113.7 port 40022 ssh2"),
    (["-t", "CRON", "--id=99", "-p", "cron.info"], "(root) CMD (   cd / && run-parts --report /etc/cron.hourly)"),
    (["-t", "kernel", "-p", "kern.warning"], "[UFW BLOCK] IN=eth0 OUT= SRC=198.51.100.4 DST=10.0.0.5 PROTO=TCP DPT=22"),
    (["-t", "systemd"], "Started Daily apt download activities."),
    (["-t", "my/app:worker"], "key=value: with a colon [and brackets]"),
    (["-t", "app", "--id=7"], "Grüße aus München, 日本語 \N{ROCKET}"),
    (["-t", "app"], "quotes \"double\" and 'single', back\\slash and %d"),
]


@dataclass
class Rsyslogd:
    """A daemon of its own, on a socket of its own."""

    directory: Path
    process: subprocess.Popen[bytes]

    @property
    def logs(self) -> Path:
        return self.directory / "log"

    def log(self, options: list[str], message: str) -> None:
        subprocess.run(["logger", "--socket", str(self.directory / "log.sock"), *options, "--", message], check=True)

    def written(self, name: str) -> list[str]:
        """The lines of ``name`` and of what it was renamed to."""
        paths = sorted(self.logs.glob(f"{name}*"), reverse=True)
        return [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]

    def wait_written(self, name: str, count: int) -> list[str]:
        for _ in range(500):
            if len(lines := self.written(name)) >= count:
                return lines
            time.sleep(0.02)
        raise AssertionError(f"rsyslogd wrote {lines}, not {count} lines")


@pytest.fixture
def rsyslogd(tmp_path: Path) -> Iterator[Rsyslogd]:
    (tmp_path / "log").mkdir()
    config = tmp_path / "rsyslog.conf"
    config.write_text(CONFIG.format(directory=tmp_path))
    program = shutil.which("rsyslogd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert program is not None
    process = subprocess.Popen([program, "-n", "-f", str(config), "-i", str(tmp_path / "rsyslogd.pid")])
    try:
        for _ in range(500):
            if (tmp_path / "log.sock").exists():
                break
            assert process.poll() is None, "rsyslogd ended"
            time.sleep(0.02)
        yield Rsyslogd(tmp_path, process)
    finally:
        process.terminate()
        process.wait(10)


def configure(fastlog: Fastlog, name: str, rsyslogd: Rsyslogd) -> None:
    """The guide's configuration for the file ``name``, with its paths, its destination and its patience replaced."""
    text = (EXAMPLES / FORMATS[name]).read_text(encoding="utf-8")
    replacements = {
        "/var/log/": f"{rsyslogd.logs}/",
        "http://YOUR_CLICKSTACK_HOST:4318": fastlog.sink.url,
        "timeout: 10s": "timeout: 200ms",
    }
    for old, new in replacements.items():
        assert old in text, f"{FORMATS[name]} has no {old}"
        text = text.replace(old, new)
    fastlog.configure(text)


def attributes(record: Any) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in record.attributes}


FORMATS = {"syslog": "ec2-host-logs.yaml", "messages": "ec2-host-logs-legacy-fixed.yaml"}
# Nothing is asked of the metadata service.
ENVIRONMENT = {"AWS_EC2_METADATA_DISABLED": "true", "CLICKSTACK_API_KEY": "key"}


@pytest.mark.parametrize("name", FORMATS)
def test_what_logger_says_arrives_parsed(name: str, rsyslogd: Rsyslogd, fastlog: Fastlog) -> None:
    configure(fastlog, name, rsyslogd)
    fastlog.start(environment=ENVIRONMENT)
    fastlog.wait_said("no file matches yet")
    began = time.time()
    for options, message in MESSAGES:
        rsyslogd.log(options, message)
    lines = rsyslogd.wait_written(name, len(MESSAGES))
    records = fastlog.wait_records(len(MESSAGES))

    assert [record.body.string_value for record in records] == lines
    for record, line, (options, message) in zip(records, lines, MESSAGES, strict=True):
        found = attributes(record)
        pid = next((option.removeprefix("--id=") for option in options if option.startswith("--id=")), "")
        assert (found["unit"], found["pid"], found["message"]) == (options[1], pid, message.strip())
        assert found["source"] == "ec2-host-logs"
        assert found["log.file.name"] == name
        assert line.startswith(found["timestamp"])
        precision = 1.0 if name == "messages" else 0.0
        assert began - precision <= record.time_unix_nano / 1e9 <= time.time()
    resource = {pair.key for pair in fastlog.sink.requests[-1].decode().resource_logs[0].resource.attributes}
    assert resource == {"host.name", "os.type"}


def test_a_rotation_by_logrotate_loses_no_line(rsyslogd: Rsyslogd, fastlog: Fastlog) -> None:
    """Renamed, written on under the new name, which the guides' patterns do not match, then the daemon is told."""
    configure(fastlog, "syslog", rsyslogd)
    fastlog.start(environment=ENVIRONMENT)
    fastlog.wait_said("no file matches yet")
    expected = 0
    for turn in range(4):
        for number in range(20):
            rsyslogd.log(["-t", "app"], f"turn {turn} line {number}")
        rsyslogd.wait_written("syslog", expected + 20)
        (rsyslogd.logs / "syslog").rename(rsyslogd.logs / f"syslog.{turn + 1}")
        rsyslogd.log(["-t", "app"], f"turn {turn} after the rename")
        expected += 21
        rsyslogd.wait_written("syslog", expected)
        rsyslogd.process.send_signal(signal.SIGHUP)
    rsyslogd.log(["-t", "app"], "last")
    fastlog.wait_records(expected + 1, seconds=30.0)
    assert fastlog.stop() == 0
    assert sorted(fastlog.bodies()) == sorted(rsyslogd.written("syslog"))
