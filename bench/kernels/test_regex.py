"""The regex engine on the everyday patterns (tests/data/everyday_patterns.yaml), the guides' among them, against
Python's ``re`` on bytes, and RE2 and PCRE2's JIT called from C++ (bench/peers/regex).

Every engine gets the same bytes in one run: the patterns' lines with their digits redrawn, so that no two lines are the
same. All groups are captured; the cost of finding the ends of the lines is measured alone and subtracted from ours and
from the peers'. ``re`` gets the lines cut already and makes one match object a line.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from fastlog._core import hot
from fastlog.operators import regex

ROOT = Path(__file__).parents[2]
EVERYDAY = yaml.safe_load((ROOT / "tests" / "data" / "everyday_patterns.yaml").read_text())
NAMES = [case["name"] for case in EVERYDAY]
GUIDES = ["syslog_modern", "syslog_legacy"]
SIZE = 1 << 20
# Times ``re``. The one exception searches for words that begin with f, i or a, so it stops at every fifth byte.
LEAST = dict.fromkeys(NAMES, 6.0) | {"failed_login": 4.0}
count_matches = import_module(f"fastlog._core{'.v3' if hot.level == 'v3' else ''}.regexscan").count_matches
nothing = regex.compile("")


def sample(case: dict[str, Any]) -> bytes:
    """About a MiB of lines."""
    r = random.Random(1)
    lines = [line.encode() for line in case["lines"]]
    out = bytearray()
    while len(out) < SIZE:
        out += re.sub(rb"(?<![a-z])\d|\d(?![a-z])", lambda _: b"%d" % r.randint(0, 9), r.choice(lines)) + b"\n"
    return bytes(out)


def best(run: Callable[[], object], rounds: int = 7) -> float:
    """CPU seconds of the fastest round."""
    fastest = 1e9
    for _ in range(rounds):
        start = time.process_time()
        run()
        fastest = min(fastest, time.process_time() - start)
    return fastest


def ours(case: dict[str, Any], data: bytes) -> float:
    program = regex.compile(case["pattern"])
    assert count_matches(program, data) >= 0.6 * data.count(b"\n")  # a redrawn digit may break a line
    return best(lambda: count_matches(program, data)) - best(lambda: count_matches(nothing, data))


def python(case: dict[str, Any], data: bytes) -> float:
    pattern = re.compile(case["pattern"].replace("(?P<0>", "(").encode())
    lines = data.split(b"\n")[:-1]
    search = pattern.match if case["pattern"].startswith("^") else pattern.search
    return best(lambda: [search(line) for line in lines], 3)


def peer(name: str, case: dict[str, Any], data: bytes, directory: Path) -> float:
    program = ROOT / "bench" / "peers" / "regex" / "_build" / "regex_peers"
    if not program.exists():
        if shutil.which("g++") is None:
            pytest.skip("needs a C++ compiler to build bench/peers/regex")
        built = subprocess.run([program.parents[1] / "build"], capture_output=True, text=True, check=False)
        if built.returncode:
            pytest.skip(f"bench/peers/regex does not build (libpcre2-dev, libre2-dev?): {built.stderr[-300:]}")
    file = directory / "lines"
    file.write_bytes(data)
    done = subprocess.run([program, name, case["pattern"], file], capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["seconds"])


@pytest.mark.parametrize("case", EVERYDAY, ids=NAMES)
def test_engine(benchmark: Any, case: dict[str, Any]) -> None:
    data = sample(case)
    program = regex.compile(case["pattern"])
    benchmark(count_matches, program, data)
    seconds, lines = ours(case, data), data.count(b"\n")
    benchmark.extra_info["MB_per_s"] = round(len(data) / seconds / 1e6)
    benchmark.extra_info["ns_per_line"] = round(seconds / lines * 1e9, 1)


@pytest.mark.parametrize("case", EVERYDAY, ids=NAMES)
def test_compile(benchmark: Any, case: dict[str, Any]) -> None:
    benchmark.pedantic(regex.compile, (case["pattern"],), rounds=3)


@pytest.mark.parametrize("case", EVERYDAY, ids=NAMES)
def test_faster_than_python(case: dict[str, Any]) -> None:
    data = sample(case)
    ratio = python(case, data) / ours(case, data)
    print(f"{case['name']}: {ratio:.1f} times re")
    assert ratio >= LEAST[case["name"]]


@pytest.mark.parametrize("case", EVERYDAY, ids=NAMES)
def test_faster_than_re2(case: dict[str, Any], tmp_path: Path) -> None:
    data = sample(case)
    ratio = peer("re2", case, data, tmp_path) / ours(case, data)
    print(f"{case['name']}: {ratio:.1f} times RE2")
    assert ratio > 1


@pytest.mark.parametrize("case", [case for case in EVERYDAY if case["name"] in GUIDES], ids=GUIDES)
def test_faster_than_pcre2_jit_on_the_guides(case: dict[str, Any], tmp_path: Path) -> None:
    data = sample(case)
    ratio = peer("pcre2", case, data, tmp_path) / ours(case, data)
    print(f"{case['name']}: {ratio:.1f} times PCRE2's JIT")
    assert ratio > 1
