"""What every operator's configuration has, and how operators are described to the registry."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import model_validator

from fastlog.config.fields import ConfigModel

if TYPE_CHECKING:
    from fastlog.operators.plan import PlanBuilder

OnError = Literal["send", "send_quiet", "drop", "drop_quiet"]

ON_ERROR: dict[str, int] = {"send": 0, "drop": 1, "send_quiet": 2, "drop_quiet": 3}
"""The kernels' numbers (fastlog/_core/failure.pxd)."""


class OperatorConfig(ConfigModel):
    """The keys that every operator has (pkg/stanza 0.160, operator/helper/transformer.go).

    ``on_error``: what happens to a record that the operator can't process: it goes on to the next operator as it is, or
    it is dropped; the quiet forms don't report it.
    """

    type: str
    id: str = ""
    output: list[str] = []  # noqa: RUF012 - pydantic copies it
    on_error: OnError = "send"

    unsupported: ClassVar[dict[str, str]] = {
        "if": "remove it; every operator processes every record, 'on_error: send_quiet' passes over what doesn't fit",
    }
    """Keys of the collector that are refused, and what to write instead."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_unsupported(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key, fix in cls.unsupported.items():
                if data.get(key) is not None:
                    raise ValueError(f"'{key}' is not supported by fastlog's operators yet; {fix}")
            if isinstance(data.get("output"), str):
                data = {**data, "output": [name.strip() for name in data["output"].split(",")]}
        return data

    @property
    def failure_mode(self) -> int:
        """``on_error`` as the kernels have it."""
        return ON_ERROR[self.on_error]


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator's module exports as ``OPERATOR``.

    ``compile(config, plan, name)`` adds the kernels of one operator to ``plan``; ``name`` is where it was written.
    """

    type: str
    config: builtins.type[OperatorConfig]
    compile: Callable[[Any, PlanBuilder, str], None]
