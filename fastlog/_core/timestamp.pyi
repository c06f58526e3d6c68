from collections.abc import Sequence
from typing import Protocol

from typing_extensions import Buffer

PADDING: int

class Location(Protocol):
    """One place's clock changes; ``fastlog.operators.zones.Location`` has it."""

    @property
    def name(self) -> str: ...
    @property
    def first_kind(self) -> int: ...
    @property
    def repeats_from(self) -> int: ...
    @property
    def transitions(self) -> list[tuple[int, int]]: ...
    @property
    def kinds(self) -> list[tuple[int, str]]: ...

class TimeParser:
    """A compiled time layout. Build one with ``fastlog.operators.layouts.compile_layout``."""

    def __new__(
        cls,
        layout_type: str,
        layout: str,
        kind: int,
        fraction: int,
        steps: list[tuple[int, int, int, bytes]],
        locations: Sequence[Location],
        elements: tuple[tuple[str, str], ...],
    ) -> TimeParser: ...
    @property
    def layout_type(self) -> str: ...
    @property
    def layout(self) -> str: ...
    @property
    def elements(self) -> tuple[tuple[str, str], ...]: ...
    now_ns: int
    def run(self, value: bytes | int | float) -> tuple[int, int, int, int]: ...
    def parse(self, value: bytes | int | float, now_ns: int | None = None) -> int | None: ...
    def parse_spans(self, data: Buffer, offsets: Buffer, lengths: Buffer, times: Buffer) -> int: ...
