"""Record the collector's results, or run collector and fastlog side by side. Called by ``scripts/dev golden``."""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path

from . import compare
from .canonical import Record
from .cases import CASES, Case, load, load_file
from .run import RunError, batches, collect, collect_all, refusals

REPOSITORY = Path(__file__).resolve().parents[3]
COLLECTOR = REPOSITORY / "bench/peers/otelcol/_build/otelcol"
QUIET = {"telemetry": {"metrics": {"level": "none"}, "logs": {"level": "fatal"}}}
FASTLOG = [sys.executable, "-m", "fastlog"]


def run_collector(cases: list[Case]) -> dict[str, list[Record]]:
    results: dict[str, list[Record]] = {}
    for batch in batches([c for c in cases if not c.refused], 200):
        try:
            results |= collect([str(COLLECTOR)], batch, extra=QUIET)
        except RunError as error:
            found = refusals([str(COLLECTOR), "validate"], batch)
            refused = "\n".join(f"{case_id}: {text}" for case_id, text in found.items() if text)
            raise RunError(refused or str(error)) from None
    accepted = []
    for case in cases:
        if case.refused:  # one by one: the collector stops at the first error
            said = (
                refusals([str(COLLECTOR), "validate"], [case])[case.id] or refusals([str(COLLECTOR)], [case])[case.id]
            )
            if said is None:
                accepted.append(case.id)
            else:
                last = said.strip().splitlines()[-1]
                results[case.id] = [{"refused": re.sub(r"^[\d/]+ [\d:]+ ", "", last)[:400]}]
    if accepted:
        raise RunError(f"marked as refused, but the collector accepts: {', '.join(accepted)}")
    return results


def record(cases: list[Case]) -> int:
    """Run the collector and write what it did, keeping the results of cases that were not asked for."""
    results = run_collector(cases)
    by_group: dict[str, dict[str, list[Record]]] = defaultdict(dict)
    for case in cases:
        by_group[case.group][case.name] = results[case.id]
    for group, new in by_group.items():
        known = {case.name for case in load([group]) if case.group == group}
        kept = {name: records for name, records in compare.expected(group).items() if name in known}
        compare.write_expected(group, {**kept, **new})
        print(f"{group}: {len(new)} cases, {sum(map(len, new.values()))} records")
    return 0


def side_by_side(cases: list[Case], recorded: bool) -> int:
    """Compare fastlog with the collector, or with its recorded results; print the differences."""
    known = compare.deviations()
    live = {} if recorded else run_collector(cases)
    different = 0
    wanted = {c.id: live[c.id] if live else compare.expected(c.group).get(c.name, []) for c in cases}
    runnable = [c for c in cases if not c.refused]
    results = collect_all([*FASTLOG, "run"], runnable, {c.id: len(wanted[c.id]) for c in runnable}, patience=3)
    said = refusals([*FASTLOG, "validate"], [c for c in cases if c.refused])
    for case in cases:
        if case.refused:
            lines = [] if said[case.id] else ["accepted, the collector refuses it"]
        else:
            got = results[case.id]
            lines = [str(got)] if isinstance(got, RunError) else compare.difference(case, wanted[case.id], got)
        if lines and case.id not in known:
            different += 1
            print(f"--- {case.id}")
            print("\n".join("  " + line for line in lines))
    print(f"{len(cases)} cases, {different} different, {sum(c.id in known for c in cases)} documented deviations")
    return 1 if different else 0


def fuzzed(number: int) -> list[Case]:
    """The random cases with other seeds, without those of strptime: some of their lines hang the collector."""
    groups = [load_file(CASES / f"{group}.yaml", reseed=number) for group in ("mutated", "chains")]
    return [case for cases in groups for case in cases if not case.name.startswith("strptime")]


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/dev golden", description=__doc__)
    parser.add_argument("--record", action="store_true", help="run the collector and rewrite the expected results")
    parser.add_argument("--recorded", action="store_true", help="compare with the recorded results, not the collector")
    parser.add_argument(
        "--fuzz", type=int, metavar="N", help="compare on other random lines and operators, the N-th set of them"
    )
    parser.add_argument("case", nargs="*", help="a group, a case (group.name), or the start of one")
    arguments = parser.parse_args()
    cases = load(arguments.case) if arguments.fuzz is None else fuzzed(arguments.fuzz)
    if not cases:
        parser.error("no case of that name; see tests/golden/cases")
    if not arguments.recorded and not COLLECTOR.exists():
        parser.error("the collector is not built; run bench/peers/otelcol/build")
    try:
        return record(cases) if arguments.record else side_by_side(cases, arguments.recorded)
    except RunError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
