"""Detects once, in the background from the start, and merges what came into the resource of every record."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from functools import lru_cache, partial

from fastlog._core.batch import Batch, Resource
from fastlog.processors.resourcedetection import docker, ec2, env, system
from fastlog.processors.resourcedetection.config import Config
from fastlog.processors.resourcedetection.detector import Attributes, Detector, Question, Unavailable
from fastlog.telemetry import Log
from fastlog.types import Context

SCHEMA_URL = "https://opentelemetry.io/schemas/1.40.0"
"""The names of the attributes are this schema's; but for those of ``env``, which are the user's."""

_REMEMBERED = 1024  # merged resources; more distinct ones in turn are merged again


class ResourceDetection:
    """Starts detecting when it is made. Batches wait for the end of that, at most ``timeout`` from there."""

    def __init__(self, config: Config, context: Context) -> None:
        self._log = Log(f"fastlog.{context.id}")
        self._config = config
        self._environment = context.environment
        self._deadline = time.monotonic() + config.timeout
        self._done = threading.Event()
        self._found: Attributes = {}
        self._schema = ""
        self._merged = lru_cache(_REMEMBERED)(self._merge)
        threading.Thread(target=self._detect, name=f"fastlog-{context.id}", daemon=True).start()

    def process(self, batch: Batch) -> None:
        if not self._done.is_set():
            self._done.wait()
        if self._found:
            batch.resources = [self._merged(resource) for resource in batch.resources]

    def _merge(self, resource: Resource) -> Resource:
        schema = resource.schema_url or self._schema
        if self._config.override:
            return Resource({**resource.attributes, **self._found}, schema)
        return Resource({**self._found, **resource.attributes}, schema)

    def _detect(self) -> None:
        """Ask all detectors at once; where two know the same attribute, the first in the configured order is right."""
        try:
            answers = [_Answer(self, name) for name in self._config.detectors]
            found: Attributes = {}
            for answer in answers:
                attributes = answer.get(self._deadline)
                found = {**attributes, **found}
                if attributes and answer.name != "env":
                    self._schema = SCHEMA_URL
            self._found = found
            self._log.info("detected the resource", **{name: value for name, value in sorted(found.items())})
        finally:
            self._done.set()

    def ask(self, name: str) -> Attributes:
        """The answer of one detector, asked again while it fails and time is left."""
        retry = self._config.retry
        question = Question(self._environment, self._deadline, partial(self.warn, name))
        pause = retry.initial_interval
        while True:
            try:
                return self._detector(name)(question)
            except Unavailable as error:
                self.warn(name, f"{error}; records go without its attributes")
                return {}
            except Exception as error:  # whatever a detector trips over, the others' answers count
                problem = error
            wait = pause * (1 + retry.randomization_factor * random.uniform(-1, 1))
            if not retry.enabled or time.monotonic() + wait >= self._deadline:
                self.warn(name, f"{problem}; records go without its attributes")
                return {}
            time.sleep(wait)
            pause = min(pause * retry.multiplier, retry.max_interval)

    def _detector(self, name: str) -> Detector:
        config = self._config
        detectors: Mapping[str, Detector] = {
            "docker": partial(docker.detect, config.docker),
            "ec2": partial(ec2.detect, config.ec2),
            "env": env.detect,
            "system": partial(system.detect, config.system),
        }
        return detectors[name]

    def warn(self, name: str, problem: str) -> None:
        if not self._done.is_set():  # it has been said that the answer is late
            self._log.warning(problem, detector=name)


class _Answer:
    """One detector at work on a thread of its own, which nobody waits for beyond the deadline."""

    def __init__(self, owner: ResourceDetection, name: str) -> None:
        self._owner = owner
        self.name = name
        self._attributes: Attributes = {}
        self._thread = threading.Thread(target=self._run, name=f"detector {name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._attributes = self._owner.ask(self.name)

    def get(self, deadline: float) -> Attributes:
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive():
            self._owner.warn(self.name, "no answer in time; records go without its attributes")
            return {}
        return self._attributes
