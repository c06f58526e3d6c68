"""The ``batch`` processor's settings. There is one batching stage, in the exporters' queues; its policy is from here.

Names and defaults: processor/batchprocessor v0.160.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from fastlog.config.fields import ConfigModel, Duration
from fastlog.types import Component, Context


class Config(ConfigModel):
    timeout: Duration = 0.2
    send_batch_size: Annotated[int, Field(ge=0)] = 8192
    send_batch_max_size: Annotated[int, Field(ge=0)] = 0
    metadata_keys: list[str] = Field(default_factory=list)
    metadata_cardinality_limit: Annotated[int, Field(ge=0)] = 1000

    @model_validator(mode="after")
    def _check(self) -> Config:
        if 0 < self.send_batch_max_size < self.send_batch_size:
            raise ValueError(
                f"send_batch_max_size {self.send_batch_max_size} is below send_batch_size {self.send_batch_size}; "
                f"write {self.send_batch_size} or more, or 0 for no limit"
            )
        if self.timeout < 0:
            raise ValueError("timeout is negative; write 0 to send at once, or as in '200ms'")
        if self.metadata_keys:
            raise ValueError("metadata_keys is not supported: no receiver here has client metadata; remove it")
        return self


def create(config: Config, context: Context) -> Config:
    """The policy itself; the graph hands it to the exporters."""
    return config


COMPONENT = Component(kind="processor", type="batch", config=Config, create=create)
