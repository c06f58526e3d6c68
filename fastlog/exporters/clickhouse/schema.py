"""The ``otel_logs`` table: as the collector's clickhouse exporter (v0.149) makes it on a server, and as ClickStack
does.

Both have the same columns for the records themselves, so one INSERT serves both. They differ in keys and indices, and
in ``TimestampTime``, which only the collector's has and which the server computes.
"""

from __future__ import annotations

_RECORD = """
    `TraceId` String CODEC(ZSTD(1)),
    `SpanId` String CODEC(ZSTD(1)),
    `TraceFlags` UInt8,
    `SeverityText` LowCardinality(String) CODEC(ZSTD(1)),
    `SeverityNumber` UInt8,
    `ServiceName` LowCardinality(String) CODEC(ZSTD(1)),
    `Body` String CODEC(ZSTD(1)),
    `ResourceSchemaUrl` LowCardinality(String) CODEC(ZSTD(1)),
    `ResourceAttributes` Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    `ScopeSchemaUrl` LowCardinality(String) CODEC(ZSTD(1)),
    `ScopeName` String CODEC(ZSTD(1)),
    `ScopeVersion` LowCardinality(String) CODEC(ZSTD(1)),
    `ScopeAttributes` Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    `LogAttributes` Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    `EventName` String CODEC(ZSTD(1)),"""

_MAPS = {"res": "ResourceAttributes", "scope": "ScopeAttributes", "log": "LogAttributes"}

_PROMOTED = (
    "k8s.cluster.name",
    "k8s.container.name",
    "k8s.deployment.name",
    "k8s.namespace.name",
    "k8s.node.name",
    "k8s.pod.name",
    "k8s.pod.uid",
    "deployment.environment.name",
)
"""Resource attributes that ClickStack's dashboards filter by; it keeps each in a column of its own."""


def quoted(name: str) -> str:
    """``name`` as an SQL identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def table_name(database: str, table: str) -> str:
    return f"{quoted(database)}.{quoted(table)}"


def ttl_interval(seconds: float) -> str:
    """A table's TTL in the largest unit that divides it, as the collector writes it: ``toIntervalDay(30)``."""
    whole = int(seconds)
    for unit, size in (("Day", 86_400), ("Hour", 3_600), ("Minute", 60)):
        if whole % size == 0:
            return f"toInterval{unit}({whole // size})"
    return f"toIntervalSecond({whole})"


def create_database(database: str, cluster: str = "") -> str:
    return f"CREATE DATABASE IF NOT EXISTS {quoted(database)}{_on(cluster)}"


def collector_table(name: str, *, ttl: float = 0, engine: str = "MergeTree()", cluster: str = "") -> str:
    """The collector's table. ``name`` is quoted (:func:`table_name`), ``ttl`` in seconds, 0 = none."""
    indices = "".join(
        f"""
    INDEX idx_{short}_attr_key mapKeys({column}) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_{short}_attr_value mapValues({column}) TYPE bloom_filter(0.01) GRANULARITY 1,"""
        for short, column in _MAPS.items()
    )
    return f"""CREATE TABLE IF NOT EXISTS {name}{_on(cluster)} (
    `Timestamp` DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    `TimestampTime` DateTime DEFAULT toDateTime(Timestamp),{_RECORD}
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,{indices}
    INDEX idx_body Body TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
) ENGINE = {engine}
PARTITION BY toDate(TimestampTime)
PRIMARY KEY (ServiceName, TimestampTime)
ORDER BY (ServiceName, TimestampTime, Timestamp){_ttl("TimestampTime", ttl)}
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1"""


def clickstack_table(name: str, *, ttl: float = 0) -> str:
    """ClickStack's table, with its text indices (which need ClickHouse 26.2 or later; the embedded engine has them)."""
    promoted = "".join(
        f"""
    `__hdx_materialized_{key}` LowCardinality(String) MATERIALIZED ResourceAttributes['{key}'] CODEC(ZSTD(1)),"""
        for key in _PROMOTED
    )
    items = "".join(
        f"""
    `{column[: -len("s")]}Items` Array(String)
        ALIAS arrayMap((item) -> concat(item.1, '=', item.2), {column}::Array(Tuple(String, String))),"""
        for column in _MAPS.values()
    )
    indices = "".join(
        f"""
    INDEX idx_{short}_attr_key mapKeys({column}) TYPE text(tokenizer = 'array'),
    INDEX idx_{short}_attr_items {column[: -len("s")]}Items TYPE text(tokenizer = 'array'),"""
        for short, column in _MAPS.items()
    )
    return f"""CREATE TABLE IF NOT EXISTS {name} (
    `Timestamp` DateTime64(9) CODEC(Delta(8), ZSTD(1)),{_RECORD}{promoted}{items}
    INDEX idx_trace_id TraceId TYPE text(tokenizer = 'array'),{indices}
    INDEX idx_lower_body lower(Body) TYPE text(tokenizer = 'splitByNonAlpha')
) ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp){_ttl("toDateTime(Timestamp)", ttl)}
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, enable_block_number_column = 1,
    enable_block_offset_column = 1"""


def _on(cluster: str) -> str:
    return f" ON CLUSTER {quoted(cluster)}" if cluster else ""


def _ttl(column: str, seconds: float) -> str:
    return f"\nTTL {column} + {ttl_interval(seconds)}" if seconds > 0 else ""
