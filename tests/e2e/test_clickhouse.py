"""The clickhouse exporter into a real ClickHouse engine: embedded, and over HTTP through clickhouse_http_front.py."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fastlog._core.batch import Batch
from fastlog.errors import ComponentError, StoreError
from fastlog.exporters.clickhouse import COMPONENT, schema
from fastlog.exporters.clickhouse.config import Config
from fastlog.exporters.clickhouse.exporter import ClickHouseExporter
from fastlog.types import Chunk, ComponentID, Context, Origin, Outcome
from tests.property.native_oracle import expected_rows

pytest.importorskip("chdb")
from fastlog.local.engine import Engine
from tests.e2e.clickhouse_http_front import Front

NOON = 1_762_862_400_000_000_000  # 2025-11-11 12:00:00 UTC
ROWS = """SELECT toUnixTimestamp64Nano(Timestamp) AS Timestamp, SeverityText, SeverityNumber, ServiceName, Body,
    ResourceSchemaUrl, ResourceAttributes, LogAttributes FROM {table} ORDER BY Timestamp
    SETTINGS output_format_json_quote_64bit_integers = 0"""


def records(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "time_unix_nano": NOON + i,
            "observed_time_unix_nano": NOON + 10**9,
            "severity_number": 9 if i % 5 else 17,
            "severity_text": "info" if i % 5 else "error",
            "body": f"line {i} ünï\x00",
            "attributes": {"unit": "sshd", "pid": str(i), "ratio": i / 3, "tags": {"b": [1, None], "a": "x"}},
            "resource": {"service.name": f"svc-{i % 3}", "host.name": "prod-web-01"},
        }
        for i in range(start, start + count)
    ]


def chunk(exporter: ClickHouseExporter, rows: list[dict[str, Any]]) -> Chunk:
    batch = Batch.from_records(rows)
    batch.origin = Origin("test", 0, len(rows), 0)
    return exporter.encode(batch)


def context(**services: Any) -> Context:
    return Context(ComponentID("clickhouse"), "exporters::clickhouse", services=services)


Create = Callable[..., ClickHouseExporter]


@pytest.fixture
def create() -> Iterator[Create]:
    """Makes exporters and shuts them down: a store that stays open would keep the next test from opening its own."""
    made: list[ClickHouseExporter] = []

    def create(endpoint: str, **values: Any) -> ClickHouseExporter:
        config = Config.model_validate({"endpoint": endpoint, **values})
        made.append(COMPONENT.create(config, context(store=Engine)))
        return made[-1]

    yield create
    for exporter in made:
        exporter.shutdown()


def landed(engine: Engine, table: str = "otel_logs") -> list[dict[str, Any]]:
    answer = engine.query(ROWS.format(table=table), "JSONEachRow")
    return [json.loads(line) for line in answer.splitlines()]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "store") as engine:
        yield engine


@pytest.fixture
def front(engine: Engine) -> Iterator[Front]:
    with Front(engine) as front:
        yield front


# -- embedded


def test_records_land_in_the_embedded_store(create: Create, engine: Engine) -> None:
    exporter = create(f"chdb://{engine.path}")
    first, second = records(100), records(50, start=100)
    outcome = exporter.send([chunk(exporter, first), chunk(exporter, second)], 5.0)
    assert outcome.kind == Outcome.DELIVERED, outcome
    assert landed(engine) == expected_rows(first + second)


def test_the_embedded_table_has_clickstacks_columns(create: Create, engine: Engine) -> None:
    exporter = create(f"chdb://{engine.path}", database="otel", logs_table_name="logs", ttl="720h")
    rows = records(1)
    rows[0]["resource"]["k8s.pod.name"] = "web-1"
    rows[0]["time_unix_nano"] = time.time_ns()  # an older one may be gone at any time
    exporter.send([chunk(exporter, rows)], 5.0)
    answer = engine.query("SELECT name FROM system.columns WHERE database = 'otel' AND table = 'logs'", "TSV")
    names = answer.decode().split()
    assert names[:16] == [
        "Timestamp", "TraceId", "SpanId", "TraceFlags", "SeverityText", "SeverityNumber", "ServiceName", "Body",
        "ResourceSchemaUrl", "ResourceAttributes", "ScopeSchemaUrl", "ScopeName", "ScopeVersion", "ScopeAttributes",
        "LogAttributes", "EventName",
    ]  # fmt: skip
    assert "__hdx_materialized_k8s.pod.name" in names
    promoted = engine.query("SELECT `__hdx_materialized_k8s.pod.name`, LogAttributeItems[1] FROM otel.logs", "TSV")
    assert promoted == b"web-1\tunit=sshd\n"
    made = engine.query("SHOW CREATE TABLE otel.logs", "TSVRaw").decode()
    assert "TTL toDateTime(Timestamp) + toIntervalDay(30)" in made
    assert made.count("TYPE text(tokenizer") == 8


def test_other_columns_are_empty_as_the_collector_leaves_them(create: Create, engine: Engine) -> None:
    exporter = create(f"chdb://{engine.path}")
    exporter.send([chunk(exporter, records(1))], 5.0)
    names = "TraceId, SpanId, TraceFlags, ResourceSchemaUrl, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes"
    answer = engine.query(f"SELECT {names}, EventName FROM otel_logs", "JSONCompactEachRow")
    assert json.loads(answer) == ["", "", 0, "", "", "", "", {}, ""]


def test_without_create_schema_a_missing_table_is_the_endpoints_fault(create: Create, engine: Engine) -> None:
    exporter = create(f"chdb://{engine.path}", create_schema=False)
    outcome = exporter.send([chunk(exporter, records(1))], 5.0)
    assert outcome.kind == Outcome.WAIT
    assert "otel_logs does not exist" in outcome.detail


def test_no_store_is_provided() -> None:
    with pytest.raises(ComponentError, match="no embedded store in this program"):
        COMPONENT.create(Config.model_validate({"endpoint": "chdb:///tmp/x"}), context())


def test_a_store_that_another_process_has(tmp_path: Path) -> None:
    program = (
        "import sys; from fastlog.local.engine import Engine\n"
        "with Engine(sys.argv[1]) as engine:\n    print('open', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "store")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert other.stdout is not None
    with other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match=f"is open in process {other.pid}"):
            Engine(tmp_path / "store")
        other.communicate()
    with Engine(tmp_path / "store") as engine:
        assert engine.query("SELECT 1", "TSV") == b"1\n"


def test_a_process_has_one_store(engine: Engine, tmp_path: Path) -> None:
    with Engine(engine.path) as twin:
        assert twin.query("SELECT 1", "TSV") == b"1\n"
    with pytest.raises(StoreError, match=f"this process has {engine.path} open"):
        Engine(tmp_path / "other")


def test_what_the_engine_refuses(engine: Engine) -> None:
    with pytest.raises(StoreError, match=r"^Code: 60\. DB::Exception: .*nope") as caught:
        engine.query("SELECT * FROM nope", "TSV")
    assert "version" not in str(caught.value)
    engine.execute("CREATE TABLE t (a Int64) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(StoreError, match=r"^Code: "):
        engine.insert("INSERT INTO t (a)", "Native", [b"\x01\x01garbage"])
    assert engine.insert("INSERT INTO t (a)", "CSV", [b"1\n", b"2\n"]) == 2
    engine.close()
    engine.close()
    with pytest.raises(StoreError, match="was closed"):
        engine.query("SELECT 1", "TSV")


def test_threads_take_turns(engine: Engine) -> None:
    engine.execute("CREATE TABLE t (a Int64) ENGINE = MergeTree ORDER BY a")
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for i in range(10):
                engine.insert("INSERT INTO t", "CSV", [b"%d\n" % i])
                engine.query("SELECT count() FROM t", "TSV")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert engine.query("SELECT count() FROM t", "TSV") == b"40\n"


# -- splitting


@pytest.mark.parametrize(("max_records", "max_bytes"), [(7, 1 << 20), (0, 2000), (30, 1500), (0, 1), (1000, 1 << 20)])
def test_split_chunks_have_the_same_records(create: Create, engine: Engine, max_records: int, max_bytes: int) -> None:
    exporter = create(f"chdb://{engine.path}")
    rows = records(100)
    rows[40]["body"] = "x" * 5000
    parts = exporter.split(chunk(exporter, rows), max_records, max_bytes)
    assert sum(part.records for part in parts) == 100
    for part in parts:
        assert not max_records or part.records <= max_records
        assert len(part.data) <= max_bytes or part.records == 1
    assert exporter.send(parts, 5.0).kind == Outcome.DELIVERED
    assert landed(engine) == expected_rows(rows)


# -- over HTTP


@pytest.mark.parametrize("compress", ["", "none", "gzip", "deflate", "zstd"])
def test_records_land_over_http(create: Create, front: Front, engine: Engine, compress: str) -> None:
    exporter = create(front.endpoint, compress=compress, username="default", password="pw")
    rows = records(300)
    outcome = exporter.send([chunk(exporter, rows[:100]), chunk(exporter, rows[100:])], 5.0)
    assert outcome.kind == Outcome.DELIVERED, outcome
    assert landed(engine) == expected_rows(rows)
    statement, settings, size, headers = front.requests[-1]
    assert statement.startswith("INSERT INTO `default`.`otel_logs` (Timestamp, ")
    assert settings == {"async_insert": "1", "wait_for_async_insert": "1"}
    assert headers["X-ClickHouse-User"] == "default"
    assert headers["X-ClickHouse-Key"] == "pw"
    assert headers.get("Content-Encoding", "") == {"": "zstd", "none": ""}.get(compress, compress)
    assert size < 20_000 or compress == "none"


def test_a_servers_table_is_the_collectors(create: Create, front: Front, engine: Engine) -> None:
    exporter = create(front.endpoint, database="otel", ttl="87600h")
    deadline = time.monotonic() + 10
    while len(front.requests) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert exporter.set_up(5.0) is None
    made = engine.query("SHOW CREATE TABLE otel.otel_logs", "TSVRaw").decode()
    assert "`TimestampTime` DateTime DEFAULT toDateTime(Timestamp)" in made
    assert "ORDER BY (ServiceName, TimestampTime, Timestamp)" in made
    assert "TTL TimestampTime + toIntervalDay(3650)" in made
    exporter.send([chunk(exporter, records(3))], 5.0)
    answer = engine.query("SELECT DISTINCT toUnixTimestamp(TimestampTime) FROM otel.otel_logs", "TSV")
    assert answer == f"{NOON // 10**9}\n".encode()


def test_a_table_that_has_no_event_name_is_fine(create: Create, front: Front, engine: Engine) -> None:
    older = schema.collector_table("otel_logs").replace("    `EventName` String CODEC(ZSTD(1)),\n", "")
    assert "EventName" not in older
    engine.execute(older)
    exporter = create(front.endpoint, create_schema=False)
    assert exporter.send([chunk(exporter, records(3))], 5.0).kind == Outcome.DELIVERED


def test_a_server_that_is_down_delays_the_table_only(create: Create, front: Front, engine: Engine) -> None:
    front.refusals += [(503, "starting")] * 2
    exporter = create(front.endpoint)
    outcomes = [exporter.send([chunk(exporter, records(3))], 5.0) for _ in range(3)]
    assert [outcome.kind for outcome in outcomes].count(Outcome.RETRY) in (1, 2)
    assert outcomes[0].detail == "creating the table: starting"
    assert outcomes[-1].kind == Outcome.DELIVERED
    assert len(landed(engine)) in (3, 6)


def test_wrong_password(create: Create, engine: Engine) -> None:
    with Front(engine, password="right") as front:
        exporter = create(front.endpoint, username="default", password="wrong", create_schema=False)
        outcome = exporter.send([chunk(exporter, records(1))], 5.0)
        assert outcome.kind == Outcome.WAIT
        assert "Authentication failed" in outcome.detail
        assert "wrong" not in outcome.detail


def test_nobody_listens(create: Create) -> None:
    exporter = create("http://127.0.0.1:9", create_schema=False)
    outcome = exporter.send([chunk(exporter, records(1))], 5.0)
    assert outcome.kind == Outcome.RETRY
    assert "refused" in outcome.detail


def test_fastlog_run_over_http_through_an_outage(front: Front, engine: Engine, tmp_path: Path) -> None:
    lines = [f"line {i} of a log" for i in range(5000)]
    (tmp_path / "app.log").write_text("\n".join(lines) + "\n")
    (tmp_path / "config.yaml").write_text(
        f"""
receivers:
  filelog: {{include: [{tmp_path}/app.log], start_at: beginning}}
processors:
  batch: {{timeout: 100ms, send_batch_size: 1000, send_batch_max_size: 1000}}
exporters:
  clickhouse:
    endpoint: {front.endpoint}
    retry_on_failure: {{initial_interval: 50ms, max_interval: 50ms, max_elapsed_time: 0s}}
service:
  pipelines:
    logs: {{receivers: [filelog], processors: [batch], exporters: [clickhouse]}}
"""
    )
    front.refusals += [(503, "starting")] * 3
    done = subprocess.run(
        [sys.executable, "-m", "fastlog", "run", "--config", "config.yaml", "--exit-when-caught-up"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd(), "FASTLOG_STATE_DIRECTORY": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "5,000 sent" in done.stderr
    bodies = engine.query("SELECT Body FROM otel_logs", "TSVRaw").decode().splitlines()
    assert sorted(bodies) == sorted(lines)
    inserts = [request for request in front.requests if request[0].startswith("INSERT")]
    assert len(inserts) >= 5, "send_batch_max_size cuts the block"
