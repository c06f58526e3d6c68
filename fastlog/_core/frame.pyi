from fastlog._core.batch import Batch
from fastlog._core.plan import Framer
from fastlog._core.regex import Program

class LineFramer(Framer):
    """Records are lines ending in LF; see frame.pyx."""

    def __init__(
        self,
        max_log_size: int = 1 << 20,
        encoding: str = "utf-8",
        trim_leading: bool = True,
        trim_trailing: bool = True,
    ) -> None: ...

class RecordFramer(LineFramer):
    """The block is one record, or several of max_log_size."""

class PatternFramer(LineFramer):
    """Records begin, or end, with a match of a pattern; see frame.pyx."""

    def __init__(
        self,
        pattern: Program,
        following: Program | None = None,
        ends: bool = False,
        omit: bool = False,
        *,
        max_log_size: int = 1 << 20,
        encoding: str = "utf-8",
        trim_leading: bool = True,
        trim_trailing: bool = True,
    ) -> None: ...
    def complete(self, batch: Batch, at_end: bool) -> int: ...
