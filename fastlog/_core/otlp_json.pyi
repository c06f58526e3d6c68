from collections.abc import Iterable

from fastlog._core.buffer import Buffer

def to_json(chunks: Iterable[bytes | bytearray | memoryview | Buffer]) -> Buffer: ...
