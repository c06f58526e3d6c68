"""Why an operator could not process a row: the words for the kernels' codes (fastlog/_core/failure.pxd)."""

from __future__ import annotations

from fastlog._core.batch import Batch
from fastlog._core.plan import Op
from fastlog.operators.layouts import ERRORS as TIMES
from fastlog.operators.layouts import describe

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
_JSON = {
    1: "no JSON value begins where one should",
    2: "a JSON string is not closed",
    3: "unknown or unfinished escape in a JSON string",
    4: "a JSON number is malformed",
    5: "a JSON number is larger than a double holds",
    6: "a JSON word that is neither true, false nor null",
    7: "a JSON object's key is missing",
    8: "a JSON object's key has no colon after it",
    9: "neither a comma nor the end of the JSON object or array",
    10: "text after the JSON object",
    11: "JSON nested deeper than 10000",
    12: "no JSON object",
}
_TIME = {
    **TIMES,
    1: "the time does not have the text that its layout has",
    2: "a part of the time is not what its layout says",
    3: "extra text after the time",
    16: "unknown time zone",
    17: "no number, as the epoch layout wants it",
    18: "neither text nor a number that is a time",
}


def explain(code: int, op: Op | None = None, batch: Batch | None = None, row: int = 0) -> str:
    """What went wrong, in words, for the ``code`` that a plan reports.

    With the operator and the record, a time's failure is told in the collector's words, which quote the value; without
    them, or if a later operator took the field away, in general ones.
    """
    if code >= TIME:
        blocks = getattr(op, "blocks", None)
        failure = blocks.time_failure(batch, row) if blocks is not None and batch is not None else None
        if failure is not None and failure[2] == code - TIME:
            parser, value, reason, step, at = failure
            return describe(parser, reason, value, step, at)
        return f"time: {_TIME.get(code - TIME, f'code {code}')}"
    return (_JSON.get(code - JSON) if code >= JSON else MESSAGES.get(code)) or f"code {code}"
