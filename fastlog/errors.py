"""Exceptions, and what a config problem looks like. A leaf: imports nothing of fastlog.

Every message says what is wrong, where, and what to write instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PathPart = str | int


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written: a file (or ``env:NAME``, ``--set``, ``builtin:clickstack``) and its 1-based line."""

    source: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


def format_path(path: Sequence[PathPart]) -> str:
    """``("receivers", "filelog/a", "operators", 1, "layout")`` as ``receivers::filelog/a::operators[1]::layout``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f"::{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with, or risky in, a configuration.

    ``message`` names the bad value and what is wrong with it; ``fix`` is what to write instead.
    """

    path: tuple[PathPart, ...]
    message: str
    fix: str = ""
    place: Place | None = None

    def __str__(self) -> str:
        text = f"{format_path(self.path)}: {self.message}" if self.path else self.message
        if self.fix:
            text += f"; {self.fix}"
        if self.place is not None:
            text += f" ({self.place})"
        return text


class FastlogError(Exception):
    """The base of every exception fastlog raises on purpose."""


class ConfigError(FastlogError):
    """A configuration that can't run. Holds every problem found, not the first only."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems = [Problem((), problems)] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class StoreError(FastlogError):
    """The embedded store can't be opened, or has refused a statement."""


class ComponentError(FastlogError):
    """A component that can't start although its configuration is valid: a port in use, a store that another holds."""


class RegexSyntaxError(FastlogError, ValueError):
    """A regular expression that RE2 syntax does not allow, with the message that Go's ``regexp`` gives.

    ``reason`` is Go's name of the mistake, ``fragment`` the part of the pattern it is in.
    """

    def __init__(self, reason: str, fragment: str) -> None:
        self.reason = reason
        self.fragment = fragment
        super().__init__(f"error parsing regexp: {reason}: `{fragment}`")


class OttlError(FastlogError, ValueError):
    """A statement or condition of the transform processor that can't be run: what is wrong, and at which column."""
