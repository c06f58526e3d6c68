"""What a ClickHouse error means for the records: its error code decides (ClickHouse, ``src/Common/ErrorCodes.cpp``)."""

from __future__ import annotations

import re

from fastlog.types import Outcome

_CODE = re.compile(r"Code: (\d+)\.")
_LONGEST_DETAIL = 300

_ENDPOINT = frozenset(
    {
        16,  # NO_SUCH_COLUMN_IN_TABLE
        36,  # BAD_ARGUMENTS
        46,  # UNKNOWN_FUNCTION
        47,  # UNKNOWN_IDENTIFIER
        48,  # NOT_IMPLEMENTED
        50,  # UNKNOWN_TYPE
        53,  # TYPE_MISMATCH
        60,  # UNKNOWN_TABLE
        62,  # SYNTAX_ERROR
        73,  # UNKNOWN_FORMAT
        81,  # UNKNOWN_DATABASE
        115,  # UNKNOWN_SETTING
        164,  # READONLY
        170,  # BAD_GET (a cluster that is not configured)
        192,  # UNKNOWN_USER
        193,  # WRONG_PASSWORD
        194,  # REQUIRED_PASSWORD
        291,  # DATABASE_ACCESS_DENIED
        452,  # SETTING_CONSTRAINT_VIOLATION
        497,  # ACCESS_DENIED
        516,  # AUTHENTICATION_FAILED
        701,  # CLUSTER_DOESNT_EXIST
    }
)
"""The address, the credentials, the table or a setting is wrong; nothing is wrong with the records."""

_RECORDS = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        131,  # TOO_LARGE_STRING_SIZE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        469,  # VIOLATED_CONSTRAINT
    }
)
"""The table takes no such value; smaller parts show which record has it."""

_TOO_MANY_PARTS = 252
"""Also raised for one INSERT over too many partitions, which smaller parts get past; merges that lag only need time."""


def error_code(text: str) -> int:
    """The number in ``Code: 60. DB::Exception: …``; 0 when there is none."""
    match = _CODE.search(text)
    return int(match[1]) if match else 0


def refusal(code: int, text: str, status: int = 0) -> Outcome:
    """The outcome of a refused statement: ClickHouse's error ``code`` (0 = unknown), its ``text``, the HTTP ``status``.

    Whatever is neither about the endpoint nor about the records is a server that needs time.
    """
    detail = " ".join(text.split())
    if len(detail) > _LONGEST_DETAIL:
        detail = detail[: _LONGEST_DETAIL - 1] + "…"
    if not detail:
        detail = f"HTTP status {status}"
    if code in _ENDPOINT:
        return Outcome(Outcome.WAIT, detail)
    if code in _RECORDS or (code == _TOO_MANY_PARTS and "partitions for single INSERT" in text):
        return Outcome(Outcome.SPLIT, detail)
    if code == 0 and status == 413:
        return Outcome(Outcome.SPLIT, detail)
    if code == 0 and status not in (0, 429) and status < 500:
        return Outcome(Outcome.WAIT, detail)
    return Outcome(Outcome.RETRY, detail)
