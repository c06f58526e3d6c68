"""The receiver ``filelog`` (``file_log``): reads and follows files, as the collector's receiver of that name does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastlog._core.batch import Batch
from fastlog._core.hot import frame
from fastlog._core.plan import Framer, Op, Plan
from fastlog.errors import Problem
from fastlog.operators import compile_plan, explain
from fastlog.operators.traps import padded_day
from fastlog.receivers.filelog.config import Config
from fastlog.receivers.filelog.encoding import NATIVE, Transcoder
from fastlog.receivers.filelog.multiline import compile_following, compile_pattern
from fastlog.receivers.filelog.reader import BlockReader, after_last_line, anywhere
from fastlog.receivers.filelog.receiver import FilelogReceiver, attribute_keys
from fastlog.telemetry import ErrorSampler, Log
from fastlog.types import Component, Context

_SHOWN = 200  # bytes of a record that an error line quotes


def create(config: Config, context: Context) -> FilelogReceiver:
    """The receiver of ``config``, with its operators compiled. Raises ValueError for what they can't do together."""
    native = NATIVE.get(config.encoding.lower())
    rules: dict[str, Any] = {
        "max_log_size": config.max_log_size,
        "encoding": native or "utf-8",
        "trim_leading": not config.preserve_leading_whitespaces,
        "trim_trailing": not config.preserve_trailing_whitespaces,
    }
    errors = ErrorSampler(Log(f"fastlog.{context.id}"))

    def report(batch: Batch, op: Op, failed: int, first_row: int, code: int) -> None:
        errors.add(
            "an operator could not process records",
            failed,
            operator=f"{context.path}::{op.name}",
            reason=explain(code, op, batch, first_row),
            record=batch.line(first_row)[:_SHOWN].decode("utf-8", "replace"),
        )

    def plan(framer: Framer) -> Plan:
        return compile_plan(
            config.operators,
            framer=framer,
            constants=attribute_keys(config),
            raw=native == "utf-8-raw",
            on_failures=report,
        )

    transcoder = None if native else Transcoder(config.encoding)
    if pattern := config.multiline.pattern:
        ends = bool(config.multiline.line_end_pattern)
        framer = frame.PatternFramer(
            compile_pattern(pattern),
            None if ends else compile_following(pattern),
            ends=ends,
            omit=config.multiline.omit_pattern,
            **rules,
        )
        reader = BlockReader(
            plan(framer), framer.complete, config.max_log_size, transcoder, unfinished=plan(frame.RecordFramer(**rules))
        )
    else:
        cut = anywhere if native == "nop" else after_last_line
        reader = BlockReader(plan(frame.LineFramer(**rules)), cut, config.max_log_size, transcoder)
    return FilelogReceiver(config, context, reader)


def warn(config: Config) -> Iterable[Problem]:
    """What is valid and still a mistake."""
    return padded_day(config.operators)


COMPONENT = Component(kind="receiver", type="filelog", config=Config, create=create, checks=(warn,))
