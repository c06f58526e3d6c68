"""Configuration of the ``transform`` processor: the collector's keys (processor/transformprocessor v0.160).

Only ``log_statements`` in the context ``log`` are supported; the others are refused, as nothing else flows here.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from fastlog.config.fields import ConfigModel
from fastlog.processors.transform.compiler import Compiler
from fastlog.processors.transform.parser import parse_condition, parse_statement

ErrorMode = Literal["ignore", "silent", "propagate"]


class StatementGroup(ConfigModel):
    """One entry of ``log_statements``."""

    context: str = ""
    error_mode: ErrorMode | None = None
    conditions: list[str] = Field(default_factory=list)
    statements: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check(self) -> StatementGroup:
        if self.context not in ("", "log"):
            raise ValueError(f"the context {self.context!r} is not supported; write context: log")
        self.compile_into(Compiler(), "propagate")
        return self

    def compile_into(self, compiler: Compiler, error_mode: ErrorMode) -> None:
        """Raises OttlError for what is wrong in a statement or condition."""
        compiler.group(
            [(text, parse_condition(text)) for text in self.conditions],
            [parse_statement(text) for text in self.statements],
            propagate=(self.error_mode or error_mode) == "propagate",
        )


class Config(ConfigModel):
    error_mode: ErrorMode = "propagate"
    log_statements: list[StatementGroup] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, data: Any) -> Any:
        """Bare statements make one group together, without a context."""
        if isinstance(data, dict):
            for name in ("trace_statements", "metric_statements", "profile_statements"):
                if data.get(name):
                    raise ValueError(f"{name} is not supported: only logs flow here; remove it")
            data = {
                key: value for key, value in data.items() if not key.endswith("_statements") or key == "log_statements"
            }
            entries = data.get("log_statements")
            if isinstance(entries, list) and entries and all(isinstance(entry, str) for entry in entries):
                data = {**data, "log_statements": [{"statements": entries}]}
        return data
