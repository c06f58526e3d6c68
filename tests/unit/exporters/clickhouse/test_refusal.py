"""ClickHouse's errors as outcomes."""

import pytest

from fastlog.exporters.clickhouse.refusal import error_code, refusal
from fastlog.types import Outcome


@pytest.mark.parametrize(
    ("text", "status", "kind"),
    [
        ("Code: 516. DB::Exception: x: Authentication failed. (AUTHENTICATION_FAILED)", 403, Outcome.WAIT),
        ("Code: 60. DB::Exception: Table default.otel_logs does not exist. (UNKNOWN_TABLE)", 404, Outcome.WAIT),
        ("Code: 16. DB::Exception: No such column (NO_SUCH_COLUMN_IN_TABLE)", 500, Outcome.WAIT),
        ("Code: 469. DB::Exception: Constraint is violated (VIOLATED_CONSTRAINT)", 500, Outcome.SPLIT),
        ("Code: 252. DB::Exception: Too many partitions for single INSERT block", 500, Outcome.SPLIT),
        ("Code: 252. DB::Exception: Too many parts (300). Merges are slower than inserts", 500, Outcome.RETRY),
        ("Code: 241. DB::Exception: Memory limit (total) exceeded", 500, Outcome.RETRY),
        ("Code: 999. DB::Exception: Keeper", 500, Outcome.RETRY),
        ("upstream timed out", 504, Outcome.RETRY),
        ("", 503, Outcome.RETRY),
        ("slow down", 429, Outcome.RETRY),
        ("too large", 413, Outcome.SPLIT),
        ("<html>moved</html>", 301, Outcome.WAIT),
        ("not found", 404, Outcome.WAIT),
        ("connection lost", 0, Outcome.RETRY),
    ],
)
def test_who_is_to_blame(text: str, status: int, kind: str) -> None:
    outcome = refusal(error_code(text), text, status)
    assert outcome.kind == kind
    assert outcome.detail


def test_the_detail_is_one_short_line() -> None:
    detail = refusal(241, "Code: 241.\n" + "x" * 5000).detail
    assert len(detail) <= 300
    assert "\n" not in detail
