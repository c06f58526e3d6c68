"""The ``resource`` processor: actions on the attributes of resources. Names: processor/resourceprocessor v0.160.

A batch has few resources and the same ones come again, so each is processed once and remembered.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fastlog._core.batch import Batch, Resource
from fastlog.config.fields import ConfigModel
from fastlog.processors.actions import Action, apply
from fastlog.types import Component, Context

_REMEMBERED = 10_000


class Config(ConfigModel):
    attributes: Annotated[list[Action], Field(min_length=1)]


class ResourceProcessor:
    def __init__(self, config: Config) -> None:
        self._actions = config.attributes
        self._known: dict[Resource, Resource] = {}

    def process(self, batch: Batch) -> None:
        batch.resources = [self._known.get(resource) or self._remember(resource) for resource in batch.resources]

    def _remember(self, resource: Resource) -> Resource:
        attributes = dict(resource.attributes)
        apply(self._actions, attributes)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        return self._known.setdefault(resource, Resource(attributes, resource.schema_url))


def create(config: Config, context: Context) -> ResourceProcessor:
    return ResourceProcessor(config)


COMPONENT = Component(kind="processor", type="resource", config=Config, create=create)
