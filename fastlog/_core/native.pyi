from collections.abc import Buffer as Readable

from fastlog._core.batch import Batch
from fastlog._core.buffer import Buffer

COLUMNS: tuple[str, ...]

class Encoder:
    def encode(self, batch: Batch) -> Buffer: ...

def slice_block(block: Readable, first: int, count: int) -> Buffer: ...
