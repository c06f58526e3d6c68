"""RE2 itself, for a pattern whose automaton exceeds the state budget: the same answers, some fifty times slower.

Needs google-re2 (``pip install 'fastlog-ingest[re2]'``); imported only when such a pattern is met.
"""

from __future__ import annotations

from fastlog.errors import FastlogError
from fastlog.operators.regex.syntax import parse

_MAX_MEMORY = 256 << 20  # RE2's own default, 8 MiB, refuses patterns that Go takes


class Re2Fallback:
    """Looks like :class:`fastlog._core.regex.Program` to a caller that matches one text at a time."""

    def __init__(self, pattern: str) -> None:
        """Raises :class:`RegexSyntaxError` as ``compile`` does, :class:`FastlogError` if RE2 is missing or refuses."""
        self.pattern = pattern
        self.names = parse(pattern).names
        try:
            import re2
        except ImportError:
            raise FastlogError(
                f"the regular expression `{pattern}` is too large for the built-in engine, and google-re2, which could "
                "run it, is not installed; write a simpler expression or run pip install 'fastlog-ingest[re2]'"
            ) from None
        options = re2.Options()
        options.max_mem = _MAX_MEMORY
        options.log_errors = False
        try:
            self._search = re2.compile(pattern.encode(), options).search
        except re2.error as error:
            raise FastlogError(
                f"the regular expression `{pattern}` is too large for the built-in engine, and RE2 refuses it "
                f"({error}); write a simpler expression"
            ) from None

    @property
    def groups(self) -> int:
        """The number of capturing groups."""
        return len(self.names)

    @property
    def groupindex(self) -> dict[str, int]:
        """Name → number of each named group; of several groups with one name, the last."""
        return {name: number for number, name in enumerate(self.names, 1) if name}

    def match(self, text: bytes | bytearray | memoryview) -> list[tuple[int, int]] | None:
        """The (start, end) of the leftmost match and of each group, (-1, -1) for a group that took no part, or None."""
        found = self._search(bytes(text))
        return None if found is None else [found.span(group) for group in range(self.groups + 1)]
