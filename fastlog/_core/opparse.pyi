from collections.abc import Sequence
from typing import Protocol

from fastlog._core.blocks import Blocks
from fastlog._core.fieldref import FieldRef
from fastlog._core.plan import Op
from fastlog._core.regex import Program

class JsonOp(Op):
    """Parses the text in ``source`` as a JSON object and merges it into ``target``."""

    blocks: Blocks

    def __init__(
        self,
        name: str,
        source: FieldRef,
        target: FieldRef,
        blocks: Blocks,
        *,
        parse_ints: bool = False,
        on_error: int = 0,
    ) -> None: ...
    def finish(self, fixed_keys: int) -> None:
        """Called once the plan's keys are known: attributes of these become columns."""

class Matcher(Protocol):
    def match(self, text: bytes) -> list[tuple[int, int]] | None: ...

class RegexOp(Op):
    """Matches the text in ``source`` and merges the named groups into ``target``.

    ``groups``: (the plan's key of a name, group number) of each name. ``columns=True`` when the source is the body, the
    target are the attributes, and no row can have one of these names before. A ``program`` that is no Program is any
    object with its ``match``; the operator is then slow, and holds the GIL. ``raw``: the text may be ill-formed UTF-8.
    """

    blocks: Blocks

    def __init__(
        self,
        name: str,
        program: Program | Matcher,
        groups: Sequence[tuple[int, int]],
        source: FieldRef,
        target: FieldRef,
        blocks: Blocks,
        *,
        columns: bool = False,
        raw: bool = False,
        on_error: int = 0,
    ) -> None: ...

class ConvertOp(Op):
    """Sets time or severity, or both, from fields of any kind."""

    blocks: Blocks

    def __init__(self, name: str, blocks: Blocks, *, on_error: int = 0) -> None: ...
