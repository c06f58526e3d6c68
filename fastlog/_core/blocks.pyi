from collections.abc import Sequence

from fastlog._core.batch import Batch
from fastlog._core.fieldref import FieldRef
from fastlog._core.severity import SeverityMap
from fastlog._core.timestamp import TimeParser

class Blocks:
    """``body``: the field that becomes the body; ``time``: how ``time_from`` is parsed; ``severity``: where
    ``severity_from`` is looked up. Each may be None. ``zones``: pairs of an abbreviation (2 to 5 capital letters,
    bytes) and the parser of stamps that have it. ``names``: the plan's keys that hold the names of severities 1 to 24,
    which a ``severity`` needs."""

    def __init__(
        self,
        *,
        body: FieldRef | None = None,
        time: TimeParser | None = None,
        time_from: FieldRef | None = None,
        zones: Sequence[tuple[bytes, TimeParser]] = (),
        severity: SeverityMap | None = None,
        severity_from: FieldRef | None = None,
        overwrite_text: bool = False,
        names: Sequence[int] = (),
    ) -> None: ...
    def time_failure(self, batch: Batch, row: int) -> tuple[TimeParser, bytes | int | float, int, int, int] | None: ...
