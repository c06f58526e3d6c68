"""The ``attributes`` processor: actions on the attributes of records. Names: processor/attributesprocessor v0.160."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, model_validator

from fastlog._core.actions import delete_attribute, rewrite, set_attribute
from fastlog._core.batch import Batch
from fastlog.config.fields import ConfigModel
from fastlog.processors.actions import Action, converted, extracted, hashed
from fastlog.types import Component, Context


class Config(ConfigModel):
    actions: Annotated[list[Action], Field(min_length=1)]
    include: Any = None
    exclude: Any = None

    @model_validator(mode="after")
    def _check(self) -> Config:
        for name in ("include", "exclude"):
            if getattr(self, name) is not None:
                raise ValueError(
                    f"{name} is not supported; remove it, or use the transform processor with a where clause"
                )
        return self


class AttributesProcessor:
    def __init__(self, config: Config) -> None:
        self._actions = config.actions
        self._matches: dict[tuple[int, bytes], bool] = {}

    def process(self, batch: Batch) -> None:
        for i, action in enumerate(self._actions):
            self._run(i, action, batch)

    def _run(self, index: int, action: Action, batch: Batch) -> None:
        name = action.key
        if action.action in ("insert", "update", "upsert"):
            value = action.value if action.value is not None else action.default_value
            source = action.from_attribute.encode() if action.from_attribute else None
            set_attribute(batch, name.encode(), value, action.action, source, value is not None)
        elif action.action == "delete":
            for key in self._keys(index, action, batch):
                delete_attribute(batch, key)
        elif action.action == "hash":
            for key in self._keys(index, action, batch):
                rewrite(batch, key, _hasher(key.decode()))
        elif action.action == "extract":
            rewrite(batch, name.encode(), lambda value: extracted(action, value))
        else:
            rewrite(batch, name.encode(), lambda value: {name: converted(value, action.converted_type)})

    def _keys(self, index: int, action: Action, batch: Batch) -> list[bytes]:
        """The keys of the batch that a delete or a hash is about."""
        keys = [action.key.encode()] if action.key else []
        if action.pattern:
            keys += [key for key in batch.key_names() if key not in keys and self._selects(index, action, key)]
        return keys

    def _selects(self, index: int, action: Action, key: bytes) -> bool:
        known = self._matches.get((index, key))
        if known is None:
            if len(self._matches) > 10_000:
                self._matches.clear()
            known = self._matches[index, key] = action.program.match(key) is not None
        return known


def _hasher(name: str) -> Callable[[Any], dict[str, Any]]:
    """What replaces the attribute ``name`` by its hash."""
    return lambda value: {name: hashed(value)}


def create(config: Config, context: Context) -> AttributesProcessor:
    return AttributesProcessor(config)


COMPONENT = Component(kind="processor", type="attributes", config=Config, create=create)
