from typing import Any

from fastlog._core.batch import Batch

PLACES: dict[str, int]
OPS: dict[str, int]
EDITORS: dict[str, int]
KINDS: dict[str, int]

class OttlProgram:
    """Compiled statement groups; several threads may run one program."""

    def __init__(
        self,
        nodes: list[dict[str, Any]],
        children: list[int],
        commands: list[dict[str, Any]],
        groups: list[tuple[int, int, int, int, bool]],
        texts: list[bytes],
        cases: tuple[list[tuple[int, int]], list[tuple[int, int]]],
    ) -> None: ...
    def run(self, batch: Batch) -> int: ...

def drop_all(batch: Batch) -> None: ...
