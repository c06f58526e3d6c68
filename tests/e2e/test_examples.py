"""The examples run unchanged but for their paths and addresses, as processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sink import Sink

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

MODERN = """\
2025-11-11T00:00:01.123456+00:00 prod-web-01 systemd[1]: Started cron.service.
2025-11-11T00:00:02+00:00 prod-web-01 kernel: eth0: link up
not a syslog line
"""
DEMO = """\
2025-11-11T00:00:01+00:00 prod-web-01 systemd[1]: Started cron.service.
2025-11-11T00:00:02+00:00 prod-web-01 sshd[4242]: error: maximum authentication attempts exceeded
2025-11-11T00:00:03+00:00 prod-web-01 app[7]: {"level": "WARN", "user": {"id": 5}}
"""
LEGACY = """\
Nov 17 22:14:15 prod-web-01 sshd[4242]: Failed password for root
Nov  7 22:14:15 prod-web-01 sshd[4242]: Failed password for root
"""


def fastlog(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "FASTLOG_STATE_DIRECTORY": str(tmp_path / "state"), "CLICKSTACK_API_KEY": "k3y"}
    command = [sys.executable, "-m", "fastlog", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100)


def ship(tmp_path: Path, sink: Sink, example: str, log: str) -> list[dict[str, Any]]:
    """The records that ``example`` sends of a file with ``log`` in it."""
    path = tmp_path / "input"
    path.write_text(log)
    done = fastlog(
        tmp_path,
        *("run", "--config", str(EXAMPLES / example), "--exit-when-caught-up"),
        *("--set", f"receivers::filelog/syslog::include=[{path}]"),
        *("--set", "receivers::filelog/syslog::start_at=beginning"),
        *("--set", "processors::resourcedetection::detectors=[system]"),
        *("--set", f"exporters::otlphttp::endpoint={sink.url}"),
    )
    assert done.returncode == 0, done.stderr
    return [flat(resource, record) for resource, record in sink.records()]


def flat(resource: Any, record: Any) -> dict[str, Any]:
    def values(attributes: Any) -> dict[str, Any]:
        return {one.key: one.value.string_value for one in attributes}

    return {
        "time": record.time_unix_nano,
        "body": record.body.string_value,
        "severity": (record.severity_number, record.severity_text),
        **values(record.attributes),
        "resource": values(resource.attributes),
    }


@pytest.mark.parametrize("name", ["ec2-host-logs.yaml", "ec2-host-logs-legacy.yaml", "ec2-host-logs-legacy-fixed.yaml"])
def test_it_is_valid(tmp_path: Path, name: str) -> None:
    done = fastlog(tmp_path, "validate", "--config", str(EXAMPLES / name))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OK\n  logs: filelog/syslog → resourcedetection → otlphttp (after 1024 records or 10s)\n" in done.stdout


def test_the_demo_is_valid_over_its_base(tmp_path: Path) -> None:
    done = fastlog(
        tmp_path, "validate", "--config", "clickstack", "--config", str(EXAMPLES / "ec2-host-logs-demo.yaml")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(
        "OK\n  logs/ec2-demo: filelog/journal → resource, transform → clickhouse (after 10000 records or 5s)\n"
    )


def test_the_demo_over_its_base(tmp_path: Path) -> None:
    """To an OTLP destination instead of ClickHouse, so that the records can be looked at."""
    path = tmp_path / "journal.log"
    path.write_text(DEMO)
    with Sink() as sink:
        done = fastlog(
            tmp_path,
            *("run", "--config", "clickstack", "--config", str(EXAMPLES / "ec2-host-logs-demo.yaml")),
            *("--set", f"receivers::filelog/journal::include=[{path}]", "--exit-when-caught-up"),
            *("--set", f"exporters::otlphttp::endpoint={sink.url}"),
            *("--set", "service::pipelines::logs/ec2-demo::exporters=[otlphttp]"),
        )
        assert done.returncode == 0, done.stderr
        records = [flat(resource, record) for resource, record in sink.records()]
    assert [record["severity"] for record in records] == [(9, "info"), (17, "error"), (13, "warn")]
    assert [record["time"] for record in records] == [1_762_819_200_000_000_000 + n * 10**9 for n in (1, 2, 3)]
    assert {record["source"] for record in records} == {"ec2-demo"}
    assert (records[2]["level"], records[2]["unit"]) == ("WARN", "app")
    assert "user.id" in records[2]
    assert all(record["resource"]["service.name"] == "ec2-demo" for record in records)
    assert all(len(record["resource"]) == 8 for record in records)


def test_the_trap_is_named_with_its_fix(tmp_path: Path) -> None:
    done = fastlog(tmp_path, "validate", "--config", str(EXAMPLES / "ec2-host-logs-legacy.yaml"))
    assert "1 warning:\n" in done.stdout
    assert "ec2-host-logs-legacy.yaml:9: receivers::filelog/syslog::operators[0]::regex: " in done.stdout
    assert "\n      write (?P<timestamp>\\w+\\s+\\d+ \\d{2}:\\d{2}:\\d{2})\n" in done.stdout
    fixed = fastlog(tmp_path, "validate", "--config", str(EXAMPLES / "ec2-host-logs-legacy-fixed.yaml"))
    assert "warning" not in fixed.stdout


def test_modern_hosts(tmp_path: Path) -> None:
    with Sink() as sink:
        first, second, third = ship(tmp_path, sink, "ec2-host-logs.yaml", MODERN)
        assert {request.headers["authorization"] for request in sink.requests} == {"k3y"}
    assert first.pop("resource")["os.type"] == "linux"
    assert first == {
        "time": 1_762_819_201_123_456_000,
        "body": MODERN.splitlines()[0],
        "severity": (0, ""),
        "timestamp": "2025-11-11T00:00:01.123456+00:00",
        "hostname": "prod-web-01",
        "unit": "systemd",
        "pid": "1",
        "message": "Started cron.service.",
        "source": "ec2-host-logs",
        "log.file.name": "input",
    }
    assert (second["unit"], second["pid"], second["time"]) == ("kernel", "", 1_762_819_202_000_000_000)
    assert (third["body"], third["time"], third["source"]) == ("not a syslog line", 0, "ec2-host-logs")
    assert "unit" not in third


@pytest.mark.parametrize(
    ("name", "parsed"), [("ec2-host-logs-legacy.yaml", False), ("ec2-host-logs-legacy-fixed.yaml", True)]
)
def test_legacy_hosts(tmp_path: Path, name: str, parsed: bool) -> None:
    with Sink() as sink:
        two_digits, padded = ship(tmp_path, sink, name, LEGACY)
    assert (two_digits["unit"], two_digits["pid"]) == ("sshd", "4242")
    assert two_digits["time"] > 0
    assert padded["body"] == LEGACY.splitlines()[1]
    assert ("unit" in padded, padded["time"] > 0) == (parsed, parsed)
    if parsed:
        assert two_digits["time"] - padded["time"] in (10 * 86400 * 10**9, (365 + 10) * 86400 * 10**9)
