from collections.abc import Iterable

class FieldRef:
    """A compiled field. ``place``: 0 attributes, 1 resource, 2 body; ``key`` is the first name's index in the plan's
    keys, or -1 (the body, or a whole place); ``names`` are the names below it."""

    def __new__(cls, place: int, key: int, names: Iterable[bytes] = ()) -> FieldRef: ...
