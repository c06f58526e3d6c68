"""fastlog in a program: bytes of log in, an OTLP request or columns out, without an object per record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator, model_validator

from fastlog._core.anyvalue import encode_any
from fastlog._core.batch import Batch, Resource
from fastlog._core.buffer import Buffer
from fastlog._core.hot import frame, otlp
from fastlog._core.plan import Op
from fastlog.config.fields import ByteSize, ConfigModel
from fastlog.config.validate import validate_model
from fastlog.errors import ConfigError
from fastlog.operators import Operators, compile_plan, explain
from fastlog.receivers.filelog.encoding import NATIVE, Transcoder

if TYPE_CHECKING:
    from typing_extensions import Buffer as Readable

BLOCK = 1 << 20
"""Bytes that :meth:`Encoder.encode` takes at a time, to the last line that ends in them: what stays in the cache."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Records of one block that an operator could not process.

    ``operator`` is where it was written (``operators[1]``), ``records`` their number, ``reason`` why the first of them
    failed, and ``record`` the bytes of that one.
    """

    operator: str
    records: int
    reason: str
    record: bytes


class _Settings(ConfigModel):
    operators: Operators = Field(default_factory=list)
    attributes: dict[str, Any] = Field(default_factory=dict)
    resource: dict[str, Any] = Field(default_factory=dict)
    max_log_size: ByteSize = 1 << 20
    encoding: str = "utf-8"

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, name: str) -> str:
        if name.lower() not in NATIVE:
            Transcoder(name)
        return name

    @field_validator("attributes", "resource")
    @classmethod
    def _values(cls, values: dict[str, Any]) -> dict[str, Any]:
        for key, value in values.items():
            try:
                encode_any(value)
            except (TypeError, OverflowError) as error:
                raise ValueError(f"{key}: {error}") from None
        return values

    @model_validator(mode="after")
    def _sound(self) -> _Settings:
        if not 0 < self.max_log_size <= 1 << 30:
            raise ValueError(f"'max_log_size' must be between 1 byte and 1 GiB, not {self.max_log_size}")
        return self


class Encoder:
    """Log lines to OTLP, or to columns, by a list of the collector's operators. Several threads may use one at once.

    ``operators``: the same maps as under ``operators:`` of a receiver. ``attributes`` are set on every record,
    ``resource`` are the attributes of the resource that all are of. ``max_log_size`` (bytes, or as in ``"1MiB"``): a
    longer line is cut there. ``encoding``: as the ``filelog`` receiver's (``utf-8``, ``utf-8-raw``, ``nop``,
    ``utf-16le``, ...). ``on_failure`` is called, in the thread that encodes, once for each block and operator that has
    failed on records of it. Raises :class:`ConfigError` for what a configuration file would be refused for, in the same
    words.
    """

    def __init__(
        self,
        operators: Iterable[Mapping[str, Any]] = (),
        *,
        attributes: Mapping[str, Any] | None = None,
        resource: Mapping[str, Any] | None = None,
        max_log_size: int | str = 1 << 20,
        encoding: str = "utf-8",
        on_failure: Callable[[Failure], None] | None = None,
    ) -> None:
        settings = validate_model(
            _Settings,
            {
                "operators": list(operators),
                "attributes": dict(attributes or {}),
                "resource": dict(resource or {}),
                "max_log_size": max_log_size,
                "encoding": encoding,
            },
        )
        native = NATIVE.get(settings.encoding.lower())
        self._transcoder = None if native else Transcoder(settings.encoding)
        self._has_lines = native != "nop"
        self._max_log_size = settings.max_log_size
        self._attributes = [(key.encode(), value) for key, value in settings.attributes.items()]
        self._resources = [Resource(settings.resource)]
        self._on_failure = on_failure
        try:
            self._plan = compile_plan(
                settings.operators,
                framer=frame.LineFramer(settings.max_log_size, native or "utf-8"),
                constants=settings.attributes,
                raw=native == "utf-8-raw",
                on_failures=self._report if on_failure is not None else None,
            )
        except ValueError as error:
            raise ConfigError(str(error)) from error

    def encode(self, data: Readable) -> memoryview:
        """``data`` as an ``ExportLogsServiceRequest`` (opentelemetry-proto 1.x, collector/logs/v1), ready to be sent.

        ``data`` is C-contiguous bytes of whole records: its last line is a record even without a line feed. The result
        is read-only, owns its memory, and stays valid whatever is encoded later; it is empty when there is no record.
        It's fastest on blocks of about 1 MiB, as then results too use the same memory again and again. Raises
        OverflowError when the request would exceed 2 GiB.
        """
        result = Buffer()
        for batch in self._blocks(data):
            try:
                self._run(batch)
                otlp.encode(batch, result)
            finally:
                batch.release()
        return memoryview(result)

    def parse(self, data: Readable) -> Batch:
        """``data`` as one batch: ``batch.columns`` names its columns, ``batch.column(name)`` has one, and
        ``pyarrow.record_batch(batch)`` all. ``batch.release()`` gives its memory to the next call; no one need call it.

        Raises OverflowError when the text, and what is made of it, would exceed 2 GiB.
        """
        batch = self._plan.new_batch()
        batch.fill(self._text(data))
        self._run(batch)
        return batch

    def _run(self, batch: Batch) -> None:
        batch.resources = list(self._resources)
        for key, value in self._attributes:
            batch.set_constant(key, value)
        self._plan.run(batch)

    def _text(self, data: Readable) -> memoryview:
        view = memoryview(data).cast("B")
        return view if self._transcoder is None else memoryview(self._transcoder.decode(bytes(view)))

    def _blocks(self, data: Readable) -> Iterable[Batch]:
        """Batches of whole lines, framed by nobody yet."""
        text = self._text(data)
        size = max(BLOCK, self._max_log_size) if self._has_lines else len(text)
        at = 0
        while at < len(text):
            batch = self._plan.new_batch()
            taken = 0
            while not taken:
                batch.fill(text[at + batch.raw_size : at + batch.raw_size + size])
                taken = batch.raw_size if at + batch.raw_size == len(text) else batch.last_newline()
            batch.truncate(taken)
            at += taken
            yield batch

    def _report(self, batch: Batch, op: Op, failed: int, first_row: int, code: int) -> None:
        assert self._on_failure is not None, "the plan has no report without it"
        self._on_failure(Failure(op.name, failed, explain(code, op, batch, first_row), batch.line(first_row)))


def parse(
    data: Readable,
    operators: Iterable[Mapping[str, Any]] = (),
    *,
    attributes: Mapping[str, Any] | None = None,
    resource: Mapping[str, Any] | None = None,
    max_log_size: int | str = 1 << 20,
    encoding: str = "utf-8",
    on_failure: Callable[[Failure], None] | None = None,
) -> Batch:
    """``data`` as a batch of columns: :meth:`Encoder.parse` of an encoder that is made for it.

    Compiling the operators takes longer than a small block: for more than one, keep an :class:`Encoder`.
    """
    encoder = Encoder(
        operators,
        attributes=attributes,
        resource=resource,
        max_log_size=max_log_size,
        encoding=encoding,
        on_failure=on_failure,
    )
    return encoder.parse(data)
