from collections.abc import Callable, Mapping
from typing import Any

from fastlog._core.batch import Batch

def set_attribute(
    batch: Batch, key: bytes, value: Any, mode: str, source: bytes | None = None, has_value: bool = True
) -> None: ...
def delete_attribute(batch: Batch, key: bytes) -> None: ...
def rewrite(batch: Batch, key: bytes, change: Callable[[Any], Mapping[str, Any]]) -> None: ...
