from fastlog._core.batch import Batch, Resource
from fastlog._core.buffer import Buffer

COLUMNS: tuple[str, ...]

class FlatResource:
    """One resource as an Encoder writes it; it keeps one for each."""

    def __init__(self, resource: Resource) -> None: ...

class Encoder:
    def encode(self, batch: Batch) -> Buffer: ...

def slice_block(block: Buffer | bytes | memoryview, first: int, count: int) -> Buffer: ...
