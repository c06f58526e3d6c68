"""The collector's operators: a list of configurations is compiled to one Plan.

A module each: its configuration, and the kernels it compiles to. ``registry.py`` names them.
"""

from fastlog.operators.base import OperatorConfig
from fastlog.operators.chain import Operators
from fastlog.operators.failures import explain
from fastlog.operators.plan import compile_plan

__all__ = ["OperatorConfig", "Operators", "compile_plan", "explain"]
