from fastlog._core.batch import Batch
from fastlog._core.buffer import Buffer

COLUMNS: tuple[str, ...]

class Encoder:
    def encode(self, batch: Batch) -> Buffer: ...

def slice_block(block: Buffer | bytes | memoryview, first: int, count: int) -> Buffer: ...
