"""What ``scripts/demo`` runs, in this interpreter: the guide's configuration unchanged, into the embedded store."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("chdb")
from fastlog.demo import host_log
from fastlog.local.engine import Engine

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r"^(?P<timestamp>\S+) (?P<hostname>\S+) (?P<unit>\S+?)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$")


def fastlog(folder: Path, *arguments: str) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CLICKHOUSE_ENDPOINT": f"chdb://{folder}/store",
        "FASTLOG_STATE_DIRECTORY": str(folder / "state"),
        "HYPERDX_OTEL_BATCH_TIMEOUT": "1s",
    }
    done = subprocess.run(
        [sys.executable, "-m", "fastlog", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def demo(folder: Path) -> str:
    log = str(folder.parent / "journal.log")
    fastlog(folder, "demo", "prepare", str(folder), "--log", log)
    include = f"receivers::filelog/journal::include=[{log}]"
    base = ("--config", "clickstack", "--config", "examples/ec2-host-logs-demo.yaml", "--set", include)
    fastlog(folder, "run", *base, "--exit-when-caught-up")
    return fastlog(folder, "demo", "show", str(folder))


def test_every_line_lands_once_and_twice_in_a_row_works(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    demo(folder)
    shown = demo(folder)
    lines = list(host_log())
    matches = [match.groupdict() for match in map(LINE.match, lines) if match]
    with Engine(folder / "store") as engine:

        def rows(statement: str) -> list[list[str]]:
            return [line.split("\t") for line in engine.query(statement, "TSVRaw").decode().splitlines()]

        assert sorted(row[0] for row in rows("SELECT Body FROM otel_logs")) == sorted(lines)
        units = Counter(match["unit"] for match in matches)
        by_unit = rows("SELECT LogAttributes['unit'], count() FROM otel_logs GROUP BY 1")
        assert {unit: int(count) for unit, count in by_unit} == units
        assert rows(
            "SELECT count() FROM otel_logs WHERE Timestamp != parseDateTime64BestEffort(LogAttributes['timestamp'], 9)"
        ) == [["0"]]
        assert rows(
            "SELECT DISTINCT ServiceName, ResourceAttributes['host.id'], LogAttributes['source'] FROM otel_logs"
        ) == [["ec2-demo", "i-0abc123def456789", "ec2-demo"]]
        by_severity = dict(rows("SELECT SeverityText, toString(count()) FROM otel_logs GROUP BY 1"))
        assert sorted(by_severity) == ["debug", "error", "info", "warn"]
        assert by_severity["debug"] == str(sum("-DEBUG" in line for line in lines)), "inferred at a word boundary"
        slow = rows("SELECT count() FROM otel_logs WHERE LogAttributes['msg'] = 'slow request' AND SeverityNumber = 13")
        assert int(slow[0][0]) == sum('"slow request"' in line for line in lines)
    assert f"{len(lines):,}" in shown
    assert "Failed logins by address" in shown
    assert re.search(r"203\.0\.113\.\d+ +\d+ +\d+ +2025-11-11 14:2", shown)
    assert "query --store" in shown
