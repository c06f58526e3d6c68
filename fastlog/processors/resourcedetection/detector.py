"""What a detector is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Attributes = dict[str, object]


class Unavailable(Exception):
    """There is nothing to detect: the service that would know is not here. Asking again is no use."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a detector is handed. ``deadline`` is on the monotonic clock; an answer after it is too late."""

    environment: Mapping[str, str]
    deadline: float
    warn: Callable[[str], None]


Detector = Callable[[Question], Attributes]
"""Raises Unavailable, or anything else, which counts as a failure and may be tried again."""
