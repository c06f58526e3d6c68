"""What the exporters that speak OTLP share: a Batch to a chunk, a chunk to smaller ones, chunks to OTLP/JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fastlog._core.hot import otlp as kernel
from fastlog._core.otlp_json import to_json as _to_json
from fastlog._core.otlp_split import split as _split
from fastlog.types import Chunk

if TYPE_CHECKING:
    from fastlog._core.batch import Batch
    from fastlog._core.buffer import Buffer


def encode(batch: Batch) -> Chunk:
    """The records of ``batch`` that are not dropped, as a run of ``resource_logs`` fields."""
    data, records = kernel.encode(batch)
    return Chunk(data, records, batch.origin)


def split(chunk: Chunk, max_records: int, max_bytes: int) -> list[Chunk]:
    """The records of ``chunk`` in chunks within the limits (0 records = no limit; a single record may have more bytes).
    ``chunk`` is released unless it is the one that comes back."""
    if (not max_records or chunk.records <= max_records) and len(chunk.data) <= max_bytes:
        return [chunk]
    parts = [Chunk(data, records, chunk.origin) for data, records in _split(chunk.data, max_records, max_bytes)]
    chunk.release()
    return parts


def to_json(bodies: Iterable[Buffer]) -> Buffer:
    """One OTLP/JSON request of the records in ``bodies``, without a newline in it."""
    return _to_json(bodies)
