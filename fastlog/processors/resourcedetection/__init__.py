"""The processor ``resourcedetection`` (``resource_detection``): attributes of the machine that fastlog runs on."""

from __future__ import annotations

from fastlog.processors.resourcedetection.config import Config
from fastlog.processors.resourcedetection.processor import ResourceDetection
from fastlog.types import Component, Context


def create(config: Config, context: Context) -> ResourceDetection:
    return ResourceDetection(config, context)


COMPONENT = Component(kind="processor", type="resourcedetection", config=Config, create=create)
