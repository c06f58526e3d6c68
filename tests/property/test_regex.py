"""Generated patterns and lines: the tables agree with the automaton run as it is defined, and with RE2."""

from __future__ import annotations

import random
import re
import time
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastlog._core.cpu import x86_64_v3
from fastlog._core.regex import Program
from fastlog.operators import regex
from fastlog.operators.regex.assemble import assemble
from fastlog.operators.regex.determinize import determinize, simulate
from fastlog.operators.regex.fallback import Re2Fallback
from fastlog.operators.regex.nfa import Nfa
from fastlog.operators.regex.syntax import parse
from tests.property import regexgen

BUILDS = [import_module(f"fastlog._core{level}.regexscan") for level in ([".v3", ""] if x86_64_v3() else [""])]


@settings(max_examples=150)
@given(st.integers(0, 2**32))
def test_kernel_automaton_and_re2_agree(seed: int) -> None:
    r = random.Random(seed)
    piece = regexgen.pattern(r)
    try:
        parsed = parse(piece.pattern)
        tdfa = determinize(Nfa(parsed, 1000), 100)
    except (regex.RegexSyntaxError, regex.TooManyStates):
        return
    program = Program(piece.pattern, parsed.names, assemble(tdfa))
    referee = Re2Fallback(piece.pattern)
    for _ in range(8):
        line = piece.sample(r)
        for text in (line.encode(), regexgen.mutated(r, line).encode(), (line + regexgen.mutated(r, line)).encode()):
            found = program.match(text)
            slow = simulate(tdfa, text)
            assert found == (None if slow is None else list(zip(slow[::2], slow[1::2], strict=True))), piece.pattern
            assert found == referee.match(text), (piece.pattern, text)


@settings(max_examples=60)
@given(
    st.text("ab: []0", max_size=150), st.sampled_from([r"^(\S+) (\S+?)(?:\[(\d+)\])?: (.*)$", r"(a+)(b|:)", r"\b\d\d"])
)
def test_long_runs_cross_the_blocks_of_a_scan(line: str, pattern: str) -> None:
    text = line.replace("a", "aaaaaaaaaaa").encode()
    assert regex.compile(pattern).match(text) == Re2Fallback(pattern).match(text)


@settings(max_examples=100)
@given(st.sets(st.sampled_from(range(32, 127)), min_size=1, max_size=60), st.integers(0, 2**32))
def test_any_set_of_bytes_can_be_scanned(members: set[int], seed: int) -> None:
    r = random.Random(seed)
    inside = "".join(f"\\x{byte:02x}" for byte in sorted(members))
    program = regex.compile(f"^([{inside}]+)([^{inside}]*)")
    lines = []
    for _ in range(20):
        line = bytes(r.choices(sorted(members), k=r.randint(0, 150)))
        lines.append(line + bytes(r.choices(range(32, 127), k=r.randint(0, 90))))
    reference = re.compile(f"([{inside}]+)([^{inside}]*)".encode())
    expected = []
    for line in lines:
        found = reference.match(line)
        expected += [position for group in range(3) for position in found.span(group)] if found else [-1] * 6
    for build in BUILDS:
        _, tags = build.match_lines(program, b"".join(line + b"\n" for line in lines))
        assert memoryview(tags).cast("i").tolist() == expected


@pytest.mark.parametrize("pattern", [r"^(a+)+$", r"(a|aa)*b", r"(x+x+)+y|a{3}c", r"^(.*)*(.*)*z$", r"(?:a?){10}a{10}$"])
def test_linear_time(pattern: str) -> None:
    """Eight times the text takes about eight times as long; what backtracks would never end."""
    program = regex.compile(pattern)

    def seconds(size: int) -> float:
        text = b"a" * size + b"!"
        best = 1e9
        for _ in range(5):
            start = time.process_time()
            program.match(text)
            best = min(best, time.process_time() - start)
        return best

    seconds(1000)
    assert seconds(1_600_000) < 8 * 4 * seconds(200_000)
