KEY_MAX: int

class SeverityMap:
    """A table from severity words to SeverityNumbers; built by ``fastlog.operators.severity.compile_severity``."""

    def __new__(cls, keys: dict[bytes, int], folds: list[tuple[int, int]]) -> SeverityMap: ...
    def find(self, value: bytes | int | float) -> int: ...
