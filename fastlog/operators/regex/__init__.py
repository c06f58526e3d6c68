"""Regular expressions in RE2 syntax with the semantics of Go's ``regexp``, compiled to tagged automata (DESIGN,
section 3).

The stages, a module each: ``syntax`` (text → tree), ``nfa`` (tree → automaton over bytes), ``determinize`` (→ tagged
deterministic automaton), ``allocate`` and ``assemble`` (→ tables); ``fastlog._core.regex`` runs the tables.
"""

from __future__ import annotations

from fastlog._core.regex import Program
from fastlog.errors import RegexSyntaxError
from fastlog.operators.regex.assemble import assemble
from fastlog.operators.regex.determinize import determinize
from fastlog.operators.regex.errors import TooManyStates
from fastlog.operators.regex.nfa import Nfa
from fastlog.operators.regex.syntax import parse

__all__ = ["STATE_BUDGET", "Program", "RegexSyntaxError", "TooManyStates", "compile"]

STATE_BUDGET = 2000
_NFA_FACTOR = 10  # nondeterministic states are cheap, but not free


def compile(pattern: str, *, state_budget: int = STATE_BUDGET) -> Program:
    """Compile ``pattern``.

    Raises :class:`RegexSyntaxError` for what RE2 syntax does not allow, and :class:`TooManyStates` for a valid pattern
    whose automaton would have more than ``state_budget`` states.
    """
    parsed = parse(pattern)
    tdfa = determinize(Nfa(parsed, _NFA_FACTOR * state_budget), state_budget)
    return Program(pattern, parsed.names, assemble(tdfa))
