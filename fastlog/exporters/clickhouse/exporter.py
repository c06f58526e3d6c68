"""Encodes batches as Native blocks and inserts them into ``otel_logs``."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from fastlog._core.buffer import Buffer
from fastlog._core.native import COLUMNS, Encoder, slice_block
from fastlog.errors import ComponentError, StoreError
from fastlog.exporters.clickhouse import schema
from fastlog.exporters.clickhouse.config import Config
from fastlog.exporters.clickhouse.http import Server
from fastlog.exporters.clickhouse.refusal import error_code, refusal
from fastlog.telemetry import Log
from fastlog.types import Chunk, Context, Outcome, Store

if TYPE_CHECKING:
    from fastlog._core.batch import Batch

_log = Log("fastlog.exporters.clickhouse")


class Destination(Protocol):
    def execute(self, statement: str, timeout: float) -> Outcome: ...

    def insert(self, blocks: Sequence[Buffer], timeout: float) -> Outcome: ...

    def close(self) -> None: ...


class Embedded:
    """The embedded store as a destination. It is in this process, so a time-out has nothing to wait for."""

    def __init__(self, store: Store, insert: str) -> None:
        self._store = store
        self._insert = insert

    def execute(self, statement: str, timeout: float) -> Outcome:
        try:
            self._store.execute(statement)
        except StoreError as error:
            return refusal(error_code(str(error)), str(error))
        return Outcome(Outcome.DELIVERED)

    def insert(self, blocks: Sequence[Buffer], timeout: float) -> Outcome:
        try:
            self._store.insert(self._insert, "Native", blocks)
        except StoreError as error:
            return refusal(error_code(str(error)), str(error))
        return Outcome(Outcome.DELIVERED)

    def close(self) -> None:
        self._store.close()


class ClickHouseExporter:
    """One table. Every method may be called from several threads.

    ``setup`` are the statements that make the table; they run before the first INSERT, and again with the next attempt
    until all have succeeded.
    """

    def __init__(self, destination: Destination, setup: Sequence[str] = ()) -> None:
        self._destination = destination
        self._encoder = Encoder()
        self._setup = list(setup)
        self._setting_up = threading.Lock()

    def encode(self, batch: Batch) -> Chunk:
        return Chunk(self._encoder.encode(batch), batch.records, batch.origin)

    def split(self, chunk: Chunk, max_records: int, max_bytes: int) -> list[Chunk]:
        """Cut into runs of about the same number of records; one of a single record may exceed ``max_bytes``."""
        parts = max(-(-chunk.records // max_records) if max_records else 1, -(-len(chunk.data) // max_bytes))
        parts = min(parts, chunk.records)
        if parts < 2:
            return [chunk]
        out: list[Chunk] = []
        with memoryview(chunk.data) as block:
            for part in range(parts):
                first, stop = chunk.records * part // parts, chunk.records * (part + 1) // parts
                piece = Chunk(slice_block(block, first, stop - first), stop - first, chunk.origin)
                # records differ in size, and every part has its own dictionaries
                halved = -(-piece.records // 2) if len(piece.data) > max_bytes else 0
                out += self.split(piece, halved, max_bytes) if halved else [piece]
        chunk.release()
        return out

    def send(self, chunks: list[Chunk], timeout: float) -> Outcome:
        failed = self.set_up(timeout)
        return failed or self._destination.insert([chunk.data for chunk in chunks], timeout)

    def set_up(self, timeout: float) -> Outcome | None:
        """Make the table if that is still to do. None when it is there, else why not."""
        with self._setting_up:
            while self._setup:
                outcome = self._destination.execute(self._setup[0], timeout)
                if outcome.kind != Outcome.DELIVERED:
                    kind = Outcome.RETRY if outcome.kind == Outcome.RETRY else Outcome.WAIT
                    return Outcome(kind, f"creating the table: {outcome.detail}")
                del self._setup[0]
        return None

    def shutdown(self) -> None:
        self._destination.close()


def create(config: Config, context: Context) -> ClickHouseExporter:
    """Opens the embedded store at once. A server's table is made in the background, so that a start does not wait."""
    database, path = config.target_database(), config.store_path()
    table = schema.table_name(database, config.logs_table_name)
    insert = f"INSERT INTO {table} ({', '.join(COLUMNS)})"
    if path is not None:
        open_store = context.services.get("store")
        if open_store is None:
            raise ComponentError(f"{context.path}::endpoint: no embedded store in this program; write http://host:8123")
        setup = [schema.create_database(database), schema.clickstack_table(table, ttl=config.ttl)]
        exporter = ClickHouseExporter(Embedded(open_store(path), insert), setup if config.create_schema else ())
        failed = exporter.set_up(config.timeout)
        if failed is not None:
            exporter.shutdown()
            raise ComponentError(f"{context.path}: {failed.detail}")
        return exporter
    if not config.create_schema:
        return ClickHouseExporter(Server(config, f"{insert} FORMAT Native"))
    cluster = config.cluster_name
    setup = [schema.collector_table(table, ttl=config.ttl, engine=config.table_engine.sql(), cluster=cluster)]
    if database != "default":
        setup.insert(0, schema.create_database(database, cluster))
    exporter = ClickHouseExporter(Server(config, f"{insert} FORMAT Native"), setup)

    def first_attempt() -> None:
        failed = exporter.set_up(config.timeout)
        if failed is not None:
            _log.warning(f"{failed.detail}; trying again with the first records", exporter=str(context.id))

    threading.Thread(target=first_attempt, name=f"{context.id} schema", daemon=True).start()
    return exporter
