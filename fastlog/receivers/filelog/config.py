"""The configuration of ``filelog``: the keys and defaults of the collector's receiver (pkg/stanza/fileconsumer
v0.160)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from fastlog.config.fields import ByteSize, ConfigModel, Duration
from fastlog.operators import Operators
from fastlog.receivers.filelog.encoding import NATIVE, Transcoder
from fastlog.receivers.filelog.fingerprint import MIN_SIZE
from fastlog.receivers.filelog.glob import Glob
from fastlog.receivers.filelog.multiline import compile_pattern

_UNSUPPORTED = {
    "header": "remove it, and parse the header lines with an operator",
    "ordering_criteria": "remove it; 'include' and 'exclude' choose the files, and each is read in its own order",
}
_UNSUPPORTED_IF_ON = {
    "delete_after_read": "remove it, and delete files with logrotate or a timer",
    "include_file_record_number": "remove it",
    "include_file_record_offset": "remove it",
    "acquire_fs_lock": "remove it; fastlog never writes to the files it reads",
    "compression": "remove it, and give the uncompressed files in 'include'",
}


class Multiline(ConfigModel):
    """Records that begin, or end, where a pattern matches. Exactly one of the two."""

    line_start_pattern: str = ""
    line_end_pattern: str = ""
    omit_pattern: bool = False

    @property
    def pattern(self) -> str:
        return self.line_start_pattern or self.line_end_pattern

    @field_validator("line_start_pattern", "line_end_pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        if pattern:
            compile_pattern(pattern)
        return pattern

    @model_validator(mode="after")
    def _one_pattern(self) -> Multiline:
        if self.line_start_pattern and self.line_end_pattern:
            raise ValueError("only one of line_start_pattern and line_end_pattern can be set; remove one")
        return self


class RetryOnFailure(ConfigModel):
    """Accepted as the collector has it. fastlog keeps what an exporter has not taken, whatever is written here: the
    file is read no further until memory is free again."""

    enabled: bool = False
    initial_interval: Duration = 1.0
    max_interval: Duration = 30.0
    max_elapsed_time: Duration = 300.0


class Config(ConfigModel):
    """Sizes in bytes, times in seconds."""

    include: list[str] = Field(default_factory=list)
    exclude: list[str] = Field(default_factory=list)
    exclude_older_than: Duration = 0.0
    start_at: Literal["beginning", "end"] = "end"
    multiline: Multiline = Multiline()
    force_flush_period: Duration = 0.5
    encoding: str = "utf-8"
    preserve_leading_whitespaces: bool = False
    preserve_trailing_whitespaces: bool = False
    include_file_name: bool = True
    include_file_path: bool = False
    include_file_name_resolved: bool = False
    include_file_path_resolved: bool = False
    include_file_owner_name: bool = False
    include_file_owner_group_name: bool = False
    include_file_permissions: bool = False
    include_file_record_number: bool = False
    include_file_record_offset: bool = False
    poll_interval: Duration = 0.2
    fingerprint_size: ByteSize = 1000
    initial_buffer_size: ByteSize = 16 * 1024
    """Accepted, and without effect: blocks are as large as what there is to read, up to 1 MiB."""
    max_log_size: ByteSize = 1024 * 1024
    max_log_size_behavior: Literal["split"] = "split"
    max_concurrent_files: int = 1024
    max_batches: int = 0
    """Accepted, and without effect: files take turns block by block."""
    delete_after_read: bool = False
    acquire_fs_lock: bool = False
    file_cache_advise: bool = False
    skip_unmodified_files: bool = False
    """Accepted, and without effect: a file that has not changed is never opened."""
    on_truncate: Literal["ignore", "read_whole_file", "read_new"] = "read_whole_file"
    polls_to_archive: int = 0
    """Accepted, and without effect: a file's offset is remembered for 30 days."""
    compression: str = ""
    attributes: dict[str, str] = Field(default_factory=dict)
    resource: dict[str, str] = Field(default_factory=dict)
    operators: Operators = Field(default_factory=list)
    storage: str | None = None
    retry_on_failure: RetryOnFailure = RetryOnFailure()

    @model_validator(mode="before")
    @classmethod
    def _name_what_is_missing(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key, fix in _UNSUPPORTED.items():
                if data.get(key):
                    raise ValueError(f"'{key}' is not supported; {fix}")
            for key, fix in _UNSUPPORTED_IF_ON.items():
                if data.get(key):
                    raise ValueError(f"'{key}: {str(data[key]).lower()}' is not supported; {fix}")
            if data.get("max_log_size_behavior") == "truncate":
                raise ValueError("'max_log_size_behavior: truncate' is not supported; 'split' keeps the whole line")
            return {key: value for key, value in data.items() if key not in _UNSUPPORTED}
        return data

    @field_validator("include", "exclude", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        """One pattern, or several separated by commas, may be written as a string, as in the collector."""
        return (value.split(",") if value else []) if isinstance(value, str) else value

    @field_validator("include", "exclude")
    @classmethod
    def _globs(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            Glob(pattern)
        return patterns

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, name: str) -> str:
        if name.lower() not in NATIVE:
            Transcoder(name)
        return name

    @field_validator("attributes", "resource")
    @classmethod
    def _constant(cls, values: dict[str, str]) -> dict[str, str]:
        for key, value in values.items():
            if "EXPR(" in value:
                raise ValueError(f"{key}: expressions are not supported; write the value itself, or use ${{env:NAME}}")
        return values

    @model_validator(mode="after")
    def _sound(self) -> Config:
        if not self.include:
            raise ValueError("'include' must name at least one path or pattern, as in 'include: [/var/log/syslog]'")
        if self.fingerprint_size < MIN_SIZE:
            raise ValueError(f"'fingerprint_size' must be at least {MIN_SIZE} bytes, not {self.fingerprint_size}")
        if not 0 < self.max_log_size <= 1 << 30:
            raise ValueError(f"'max_log_size' must be between 1 byte and 1 GiB, not {self.max_log_size}")
        if self.max_concurrent_files < 1:
            raise ValueError(f"'max_concurrent_files' must be positive, not {self.max_concurrent_files}")
        if self.max_batches < 0:
            raise ValueError(f"'max_batches' must not be negative, not {self.max_batches}; 0 means no limit")
        if self.poll_interval <= 0:
            raise ValueError("'poll_interval' must be positive, as in '200ms'")
        if self.multiline.pattern and NATIVE.get(self.encoding.lower()) == "nop":
            raise ValueError("'encoding: nop' has no lines; remove 'multiline' or choose another encoding")
        return self

    def deviations(self) -> list[str]:
        """Defaults that differ from the collector's because its own lose data; printed at start."""
        if "on_truncate" in self.model_fields_set:
            return []
        return ["on_truncate is read_whole_file, not ignore: what is written after a truncation is read"]
