"""The ``file_storage`` extension: which directory the checkpoints of a receiver are kept in.

Names: extension/storage/filestorage v0.160. Its keys about the database file are accepted and change nothing: fastlog
keeps one small file a receiver, which is flushed to the disk whenever it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from fastlog.config.fields import ConfigModel, Duration
from fastlog.errors import ComponentError
from fastlog.types import Component, Context


class Config(ConfigModel):
    directory: str = "/var/lib/otelcol/file_storage"
    timeout: Duration = 1.0
    create_directory: bool = True
    directory_permissions: str = "0750"
    compaction: dict[str, Any] = Field(default_factory=dict)
    fsync: bool = False
    recreate: bool = False

    @field_validator("directory")
    @classmethod
    def _not_empty(cls, value: str) -> str:
        if not value:
            raise ValueError("directory is empty; write the path of a directory")
        return value

    @field_validator("directory_permissions")
    @classmethod
    def _octal(cls, value: str) -> str:
        if not value or not set(value) <= set("01234567"):
            raise ValueError(f"{value!r} is no octal mode; write as in '0750'")
        return value


class FileStorage:
    def __init__(self, config: Config, context: Context) -> None:
        self._config = config
        self._name = str(context.id)
        self.directory = Path(config.directory)

    def start(self, ready: Callable[[], bool]) -> None:
        """Make sure of the directory. ComponentError when it is not there and may not or can't be made."""
        if self.directory.is_dir():
            return
        if not self._config.create_directory:
            raise ComponentError(f"{self._name}: {self.directory} is no directory; create it, or set create_directory")
        try:
            self.directory.mkdir(int(self._config.directory_permissions, 8), parents=True, exist_ok=True)
        except OSError as error:
            raise ComponentError(
                f"{self._name}: can't create {self.directory}: {error.strerror}; choose another directory"
            ) from error

    def stop(self) -> None:
        pass


def create(config: Config, context: Context) -> FileStorage:
    return FileStorage(config, context)


COMPONENT = Component(kind="extension", type="file_storage", config=Config, create=create)
