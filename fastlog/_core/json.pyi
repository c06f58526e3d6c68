from typing import Any

def parse(text: bytes, *, parse_ints: bool = False, stream: bool = False, any_value: bool = False) -> Any:
    """The Python value of ``text``, or (code, byte offset) of the error: codes are those of ``json.pxd``.

    Without ``any_value`` only an object or null is taken. ``stream``: whatever follows the value is ignored.
    """
