from fastlog._core.batch import Batch
from fastlog._core.buffer import Buffer

def encode(batch: Batch, buffer: Buffer | None = None) -> tuple[Buffer, int]: ...
