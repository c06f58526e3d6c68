"""The processor ``transform``: OTTL statements over whole columns."""

from __future__ import annotations

from fastlog._core.batch import Batch
from fastlog._core.hot import ottl
from fastlog.processors.transform.compiler import Compiler
from fastlog.processors.transform.config import Config
from fastlog.types import Component, Context


class Transform:
    def __init__(self, config: Config) -> None:
        compiler = Compiler()
        for group in config.log_statements:
            group.compile_into(compiler, config.error_mode)
        self._program = compiler.program()

    def process(self, batch: Batch) -> None:
        if self._program.run(batch) < 0:
            # error_mode: propagate; the collector refuses the whole request, which loses it
            ottl.drop_all(batch)


def create(config: Config, context: Context) -> Transform:
    return Transform(config)


COMPONENT = Component(kind="processor", type="transform", config=Config, create=create)
