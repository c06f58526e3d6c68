"""The clickhouse exporter's configuration: the collector's keys and defaults, and what to write instead."""

from typing import Any

import pytest
from pydantic import ValidationError

from fastlog.exporters.clickhouse import COMPONENT
from fastlog.exporters.clickhouse.config import Config


def config(**values: Any) -> Config:
    return Config.model_validate({"endpoint": "http://ch:8123", **values})


def test_the_collectors_defaults() -> None:
    assert COMPONENT.type == "clickhouse"
    default = config()
    assert default.timeout == 5
    assert default.target_database() == "default"
    assert default.logs_table_name == "otel_logs"
    assert default.ttl == 0
    assert default.create_schema
    assert default.table_engine.sql() == "MergeTree()"
    assert default.settings() == {"async_insert": "1", "wait_for_async_insert": "1"}
    assert default.credentials() == ("", "")


def test_every_key_of_the_collector_is_taken() -> None:
    full = config(
        username="writer",
        password="secret",
        database="otel",
        tls={"insecure": True},
        connection_params={"max_insert_threads": "2", "dial_timeout": "10s"},
        logs_table_name="logs",
        traces_table_name="t",
        metrics_table_name="m",
        metrics_tables={"gauge": {"name": "g"}},
        ttl="720h",
        table_engine={"name": "ReplicatedMergeTree", "params": "'/ch/{shard}', '{replica}'"},
        cluster_name="main",
        create_schema=False,
        compress="zstd",
        async_insert=False,
        json=False,
        timeout="10s",
        retry_on_failure={"enabled": True, "max_elapsed_time": "0s"},
        sending_queue={"num_consumers": 4},
    )
    assert full.ttl == 720 * 3600
    assert full.table_engine.sql() == "ReplicatedMergeTree('/ch/{shard}', '{replica}')"
    assert full.settings() == {"async_insert": "0", "max_insert_threads": "2"}
    assert full.credentials() == ("writer", "secret")
    assert "secret" not in repr(full)


@pytest.mark.parametrize(
    ("endpoint", "instead"),
    [
        ("tcp://clickhouse:9000", "'http://clickhouse:8123'"),
        ("tcp://clickhouse:9000?dial_timeout=10s", "'http://clickhouse:8123'"),
        ("clickhouse://user:pw@ch.example.com:9440/otel", "'https://ch.example.com:8443'"),
        ("tcp://ch:9000?secure=true", "'https://ch:8443'"),
        ("clickhouse://ch", "'http://ch:8123'"),
        ("tcp://[::1]:9000", "'http://[::1]:8123'"),
        ("chdb://store", "chdb:///var/lib/fastlog/store"),
        ("chdb:///", "chdb:///var/lib/fastlog/store"),
        ("localhost:8123", "http://host:8123"),
        ("http://", "http://host:8123"),
        ("http://ch:port", "http://host:8123"),
        ("", "http://host:8123"),
    ],
)
def test_an_endpoint_that_is_none(endpoint: str, instead: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config(endpoint=endpoint)
    message = caught.value.errors(include_input=False)[0]["msg"]
    assert instead in message
    assert "pw" not in message


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"json": True}, "leave json out"),
        ({"compress": "br"}, "write zstd, gzip, deflate or none"),
        ({"ttl": "-1h"}, "as in '720h'"),
        ({"ttl": "10ms"}, "at least 1s"),
        ({"logs_table_name": ""}, "write otel_logs"),
        ({"tables": "x"}, "Extra inputs"),
    ],
)
def test_values_that_are_refused(values: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        config(**values)


def test_what_the_endpoint_says_beside_the_address() -> None:
    given = config(endpoint="http://u:p%40ss@ch:8123/otel?async_insert=0&max_execution_time=60&compress=gzip")
    assert given.credentials() == ("u", "p@ss")
    assert given.target_database() == "otel"
    assert given.settings() == {"async_insert": "0", "max_execution_time": "60"}
    assert given.body_compression() == "gzip"
    assert config(endpoint="http://ch:8123/otel", database="logs").target_database() == "logs"
    assert config(endpoint="http://u:p@ch", username="me", password="x").credentials() == ("me", "x")


@pytest.mark.parametrize(
    ("compress", "sent"),
    [("", "zstd"), ("lz4", "zstd"), ("true", "zstd"), ("gzip", "gzip"), ("none", "none"), ("deflate", "deflate")],
)
def test_compression_of_the_body(compress: str, sent: str) -> None:
    assert config(compress=compress).body_compression() == sent


def test_an_embedded_store() -> None:
    embedded = config(endpoint="chdb:///var/lib/fastlog/my%20store")
    assert embedded.store_path() == "/var/lib/fastlog/my store"
    assert embedded.target_database() == "default"
    assert config().store_path() is None


def test_what_is_unlike_the_collector_is_said() -> None:
    said = list(config(compress="lz4", connection_params={"wait_for_async_insert": "0"}).deviations())
    assert any("sent as zstd" in line for line in said)
    assert any("may still lose" in line for line in said)
    assert not any("zstd" in line for line in config().deviations())
