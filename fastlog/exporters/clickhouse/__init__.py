"""Exporter ``clickhouse``: blocks in ClickHouse's Native format, over HTTP or into the embedded store."""

from fastlog.exporters.clickhouse.config import Config
from fastlog.exporters.clickhouse.exporter import create
from fastlog.types import Component

COMPONENT = Component(kind="exporter", type="clickhouse", config=Config, create=create)
