"""``fastlog query`` and ``fastlog demo`` on a real store, as a person runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("chdb")
from fastlog.local.engine import Engine

ROOT = Path(__file__).resolve().parents[2]


def fastlog(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fastlog", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("query") / "store"
    with Engine(path) as engine:
        engine.execute(
            "CREATE TABLE otel_logs (Timestamp DateTime64(9), Body String) ENGINE = MergeTree ORDER BY Timestamp"
        )
        engine.execute(
            "INSERT INTO otel_logs SELECT toDateTime64('2025-11-11 06:25:00', 9, 'UTC') + number, "
            "concat('line [', number, ']') FROM numbers(1500)"
        )
    return path


def test_a_pipe_gets_tab_separated_values(store: Path) -> None:
    answer = fastlog(
        "query", "SELECT Timestamp, Body FROM otel_logs LIMIT 1", "--store", str(store), TZ="America/New_York"
    )
    assert answer.stderr == ""
    assert answer.stdout == "Timestamp\tBody\n2025-11-11 06:25:00.000000000\tline [0]\n"


@pytest.mark.parametrize(
    "arguments", [("SELECT 1 AS a", "--format", "JSONEachRow"), ("SELECT 1 AS a FORMAT JSONEachRow",)]
)
def test_any_format_of_clickhouse(store: Path, arguments: tuple[str, ...]) -> None:
    answer = fastlog("query", *arguments, FASTLOG_STORE=str(store))
    assert json.loads(answer.stdout) == {"a": 1}


def test_a_table_says_when_it_is_cut(store: Path) -> None:
    answer = fastlog(
        "query", "--format", "table", "SELECT toUInt64(1234567) AS n, Body FROM otel_logs", FASTLOG_STORE=str(store)
    )
    assert "1,234,567" in answer.stdout
    assert "line [999]" in answer.stdout
    assert "line [1000]" not in answer.stdout
    assert answer.stdout.endswith("500 more rows; --format CSVWithNames prints all of them\n")


def test_an_unknown_table_names_those_there_are(store: Path) -> None:
    answer = fastlog("query", "SELECT * FROM logs", "--store", str(store))
    assert answer.returncode == 1
    assert "UNKNOWN_TABLE" in answer.stderr
    assert "the store has: default.otel_logs" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_no_store(tmp_path: Path) -> None:
    answer = fastlog("query", "SELECT 1", folder=tmp_path)
    assert answer.returncode == 2
    assert "there is no store in .fastlog-demo/store" in answer.stderr
    assert "run ./scripts/demo, or name another with --store PATH" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_store_in_use_names_the_process(store: Path) -> None:
    with Engine(store):
        answer = fastlog("query", "SELECT 1", "--store", str(store))
        prepare = fastlog("demo", "prepare", str(store.parent), "--log", str(store.parent / "journal.log"))
    for refused in (answer, prepare):
        assert refused.returncode == 1
        assert f"open in process {os.getpid()}" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert not (store.parent / "journal.log").exists()


def test_prepare_starts_afresh(tmp_path: Path) -> None:
    (tmp_path / "demo" / "store").mkdir(parents=True)
    (tmp_path / "demo" / "state").mkdir()
    (tmp_path / "demo" / "store" / "old").touch()
    answer = fastlog("demo", "prepare", str(tmp_path / "demo"), "--log", str(tmp_path / "host" / "journal.log"))
    assert answer.returncode == 0
    assert "lines" in answer.stdout
    assert list((tmp_path / "demo").iterdir()) == []
    assert (tmp_path / "host" / "journal.log").stat().st_size > 1_000_000


def test_prepare_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = fastlog("demo", "prepare", str(tmp_path / "demo"), "--log", str(tmp_path / "file" / "journal.log"))
    assert answer.returncode == 1
    assert "can't be written" in answer.stderr
    assert "Traceback" not in answer.stderr
