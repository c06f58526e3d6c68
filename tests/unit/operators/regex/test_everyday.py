"""The everyday patterns (tests/data/everyday_patterns.yaml) run on the engine, match their lines and agree with RE2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from fastlog._core.regexscan import count_matches, match_lines
from fastlog.operators import regex
from fastlog.operators.regex.fallback import Re2Fallback

EVERYDAY = yaml.safe_load((Path(__file__).parents[3] / "data" / "everyday_patterns.yaml").read_text())


@pytest.mark.parametrize("case", EVERYDAY, ids=[case["name"] for case in EVERYDAY])
def test_everyday(case: dict[str, Any]) -> None:
    program = regex.compile(case["pattern"])
    referee = Re2Fallback(case["pattern"])
    lines = [line.encode() for line in case["lines"]]
    for line in lines:
        found = program.match(line)
        assert found is not None
        assert found == referee.match(line)
        for cut in range(len(line)):
            assert program.match(line[:cut]) == referee.match(line[:cut]), line[:cut]
            changed = line[:cut] + b"\t" + line[cut + 1 :]
            assert program.match(changed) == referee.match(changed), changed
    matched, tags = match_lines(program, b"\n".join(lines))
    assert matched == count_matches(program, b"\n".join(lines) + b"\n") == len(lines)
    positions = memoryview(tags).cast("i").tolist()
    width = 2 * (program.groups + 1)
    for number, line in enumerate(lines):
        row = positions[number * width : (number + 1) * width]
        assert list(zip(row[::2], row[1::2], strict=True)) == program.match(line)
