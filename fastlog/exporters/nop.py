"""The ``nop`` exporter: takes everything and keeps nothing; for measuring what comes before it."""

from __future__ import annotations

from fastlog._core.batch import Batch
from fastlog._core.buffer import Buffer
from fastlog.config.fields import Delivery, ExporterConfig
from fastlog.types import Chunk, Component, Context, Outcome


class Config(ExporterConfig):
    def delivery(self) -> Delivery:
        return Delivery("at-least-once", "nothing is kept anywhere")


class NopExporter:
    def encode(self, batch: Batch) -> Chunk:
        return Chunk(Buffer(), batch.records, batch.origin)

    def send(self, chunks: list[Chunk], timeout: float) -> Outcome:
        return Outcome(Outcome.DELIVERED)

    def shutdown(self) -> None:
        pass


def create(config: Config, context: Context) -> NopExporter:
    return NopExporter()


COMPONENT = Component(kind="exporter", type="nop", config=Config, create=create)
