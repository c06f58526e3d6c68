"""fastlog against what the collector did: every golden case, from configuration to OTLP, without Go."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import pytest

from tests.golden.goldenlib import compare
from tests.golden.goldenlib.canonical import Record
from tests.golden.goldenlib.cases import ROOT, Case, load
from tests.golden.goldenlib.run import RunError, collect_all, refusals

FASTLOG = [sys.executable, "-m", "fastlog"]
CASES = load()
DEVIATIONS = compare.deviations()


@pytest.fixture(scope="session", autouse=True)
def _this_fastlog() -> None:
    """Child processes import the fastlog of this checkout or, when there is none, the installed one."""
    root = str(ROOT.parent.parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH")) if p)


def _selected(request: pytest.FixtureRequest) -> list[Case]:
    """The cases that this session has selected."""
    params = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    return list({p["case"].id: p["case"] for p in params if isinstance(p.get("case"), Case)}.values())


def _to_refuse(case: Case) -> bool:
    return case.refused or bool(DEVIATIONS.get(case.id, {}).get("unsupported"))


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest) -> dict[str, list[Record] | RunError]:
    """The records of all selected cases, many run in one process."""
    cases = [case for case in _selected(request) if not _to_refuse(case)]
    wanted = {case.id: len(compare.expected(case.group).get(case.name, [])) for case in cases}
    return collect_all([*FASTLOG, "run"], cases, wanted)


@pytest.fixture(scope="session")
def said(request: pytest.FixtureRequest) -> dict[str, str | None]:
    """What ``fastlog validate`` says to the selected cases that are to be refused."""
    return refusals([*FASTLOG, "validate"], [case for case in _selected(request) if _to_refuse(case)])


def _params(cases: Iterable[Case]) -> list[object]:
    return [pytest.param(case, id=case.id) for case in cases]


@pytest.mark.parametrize("case", _params(c for c in CASES if not c.refused and c.id not in DEVIATIONS))
def test_records_are_the_collectors(case: Case, results: dict[str, list[Record] | RunError]) -> None:
    got = results[case.id]
    if isinstance(got, RunError):
        raise got
    differences = compare.difference(case, compare.expected(case.group)[case.name], got)
    assert not differences, "\n".join(differences)


@pytest.mark.parametrize("case", _params(c for c in CASES if c.refused and c.id not in DEVIATIONS))
def test_what_the_collector_refuses_is_refused(case: Case, said: dict[str, str | None]) -> None:
    assert said[case.id], "fastlog validate accepts this configuration"


@pytest.mark.parametrize("case", _params(c for c in CASES if DEVIATIONS.get(c.id, {}).get("unsupported")))
def test_unsupported_configurations_are_refused(case: Case, said: dict[str, str | None]) -> None:
    assert said[case.id], "supported now: take it out of deviations.yaml"


@pytest.mark.parametrize(
    "case", _params(c for c in CASES if c.id in DEVIATIONS and not DEVIATIONS[c.id].get("unsupported"))
)
def test_documented_deviations_are_as_documented(case: Case, results: dict[str, list[Record] | RunError]) -> None:
    got = results[case.id]
    if isinstance(got, RunError):
        raise got
    different = compare.different_records(case, compare.expected(case.group)[case.name], got)
    assert different == DEVIATIONS[case.id]["records"], "0: take it out of deviations.yaml"


def test_every_case_is_recorded_and_every_record_has_a_case() -> None:
    known = {case.id for case in CASES}
    recorded = {f"{group}.{name}" for group in {c.group for c in CASES} for name in compare.expected(group)}
    assert recorded == known
    assert DEVIATIONS.keys() <= known
