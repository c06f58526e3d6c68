"""What can stop the compiler short of a syntax error."""

from __future__ import annotations

from fastlog.errors import FastlogError


class TooManyStates(FastlogError):
    """A valid pattern whose automaton would exceed the budget; RE2 can still run it (``fallback``)."""
