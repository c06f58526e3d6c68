"""The ``file`` exporter: a line of OTLP/JSON a request (exporter/fileexporter v0.160, "File Format"), or with
``format: proto`` the encoded request behind its length, four bytes big-endian.

A request that can't be written whole is taken back before it is tried again, so a reader never meets half a line.
"""

from __future__ import annotations

import os
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import field_validator, model_validator

from fastlog.config.fields import ConfigModel, Delivery, Duration, ExporterConfig
from fastlog.exporters import otlp
from fastlog.types import Chunk, Component, Context, Outcome

if TYPE_CHECKING:
    from fastlog._core.batch import Batch

_VECTORS = 64  # buffers a system call


class GroupByConfig(ConfigModel):
    """``group_by``: one file for each value of a resource attribute."""

    enabled: bool = False
    resource_attribute: str = "fileexporter.path_segment"
    max_open_files: int = 100


class Config(ExporterConfig):
    path: str
    format: Literal["json", "proto"] = "json"
    append: bool = False
    create_directory: bool = False
    directory_permissions: str = "0755"
    flush_interval: Duration = 1.0  # accepted; a request is written through at once
    compression: Literal[""] = ""
    group_by: GroupByConfig = GroupByConfig()

    @field_validator("path")
    @classmethod
    def _not_empty(cls, value: str) -> str:
        if not value:
            raise ValueError("no path; write the file to append records to")
        return value

    @field_validator("directory_permissions")
    @classmethod
    def _octal(cls, value: str) -> str:
        if not value or set(value) - set("01234567") or int(value, 8) > 0o7777:
            raise ValueError(f"{value!r} are no permissions; write them in octal, as in '0755'")
        return value

    @model_validator(mode="after")
    def _check(self) -> Config:
        if self.group_by.enabled:
            raise ValueError("group_by is not supported; write one exporter for each file, behind a filter")
        return self

    def delivery(self) -> Delivery:
        return Delivery("at-least-once", "a line written just before a crash is written again")


class FileExporter:
    """Opens the file when it is created, as the collector does: emptied unless ``append`` is set, readable by its
    owner."""

    def __init__(self, config: Config) -> None:
        path = Path(config.path)
        if config.create_directory:
            path.parent.mkdir(mode=int(config.directory_permissions, 8), parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | (0 if config.append else os.O_TRUNC)
        self._fd = os.open(path, flags, 0o600)
        self._json = config.format == "json"
        self._lock = threading.Lock()

    def encode(self, batch: Batch) -> Chunk:
        return otlp.encode(batch)

    def split(self, chunk: Chunk, max_records: int, max_bytes: int) -> list[Chunk]:
        return otlp.split(chunk, max_records, max_bytes)

    def send(self, chunks: list[Chunk], timeout: float) -> Outcome:
        bodies = [chunk.data for chunk in chunks]
        if self._json:
            parts: list[Any] = [otlp.to_json(bodies), b"\n"]
        else:
            parts = [struct.pack(">I", sum(len(body) for body in bodies)), *bodies]
        with self._lock:
            try:
                size = os.fstat(self._fd).st_size
                try:
                    _write(self._fd, parts)
                except OSError:
                    os.ftruncate(self._fd, size)
                    raise
            except OSError as error:
                return Outcome(Outcome.RETRY, f"{type(error).__name__}: {error.strerror}")
        return Outcome(Outcome.DELIVERED)

    def shutdown(self) -> None:
        os.close(self._fd)


def _write(fd: int, parts: list[Any]) -> None:
    views = [view for part in parts if (view := memoryview(part)).nbytes]
    try:
        first = 0
        while first < len(views):
            written = os.writev(fd, views[first : first + _VECTORS])
            while first < len(views) and written >= views[first].nbytes:
                written -= views[first].nbytes
                first += 1
            if written:
                whole = views[first]
                views[first] = whole[written:]
                whole.release()
    finally:
        for view in views:  # their buffers can't be given back while they are viewed
            view.release()


def create(config: Config, context: Context) -> FileExporter:
    return FileExporter(config)


COMPONENT = Component(kind="exporter", type="file", config=Config, create=create)
