"""Why an operator could not process a row: the words for the kernels' codes (fastlog/_core/failure.pxd)."""

from __future__ import annotations

MESSAGES = {
    1: "the field to read is not there",
    2: "add: there is no 'value' to add",
    3: "the field to parse is no string",
    4: "regex pattern does not match",
    5: "a boolean, a null, a map or an array cannot be a severity",
    6: "a number that is not whole cannot be a severity",
}
JSON = 32
TIME = 64


def explain(code: int) -> str:
    """What went wrong, in words, for the ``code`` that a plan reports."""
    return MESSAGES.get(code, f"failed with code {code}")
