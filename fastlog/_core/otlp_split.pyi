from fastlog._core.buffer import Buffer

def split(
    data: bytes | bytearray | memoryview | Buffer, max_records: int, max_bytes: int
) -> list[tuple[Buffer, int]]: ...
