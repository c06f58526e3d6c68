"""``env``: ``OTEL_RESOURCE_ATTRIBUTES``, as ``key=value`` pairs between commas (internal/env/env.go)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from fastlog.processors.resourcedetection.detector import Attributes, Question

VARIABLE = "OTEL_RESOURCE_ATTRIBUTES"
DEPRECATED = "OTEL_RESOURCE"
_PAIR = re.compile(r"\s*([\x00-\x7f]{1,256}?)\s*=\s*([\x00-\x7f]{0,256}?)\s*(?:,|\Z)", re.ASCII)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def detect(question: Question) -> Attributes:
    """The pairs; values are percent-decoded. ValueError names the text that is no pair."""
    text = question.environment.get(VARIABLE, "").strip() or question.environment.get(DEPRECATED, "").strip()
    attributes: Attributes = {}
    at = 0
    while at < len(text):
        match = _PAIR.match(text, at)
        if match is None:
            raise ValueError(f"{VARIABLE}: {text[at:]!r} is not 'key=value'; separate pairs with commas")
        key, value = match.groups()
        if _BAD_ESCAPE.search(value):
            raise ValueError(f"{VARIABLE}: {value!r} has a '%' that escapes nothing; write '%25' for itself")
        attributes[key] = unquote_to_bytes(value.replace("+", " ")).decode("utf-8", "replace")
        at = match.end()
    return attributes
