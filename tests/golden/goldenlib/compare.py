"""Differences between what was recorded and what was got."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .canonical import Record
from .cases import CASES, EXPECTED, ROOT, Case

DEVIATIONS = ROOT / "deviations.yaml"


def _path(group: str) -> Path:
    """Where a group's results are: compressed when its file of cases says ``compress: true`` in its first lines."""
    head = (CASES / f"{group}.yaml").read_text(encoding="utf-8").splitlines()[:5]
    return EXPECTED / f"{group}.jsonl{'.gz' if 'compress: true' in head else ''}"


@cache
def expected(group: str) -> dict[str, list[Record]]:
    """The recorded records of a group by case name; a case without records has an empty list."""
    path = _path(group)
    if not path.exists():
        return {}
    raw = path.read_bytes()
    out: dict[str, list[Record]] = {}
    for line in (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode().splitlines():
        entry = json.loads(line)
        records = out.setdefault(entry.pop("case"), [])
        if entry:
            records.append(entry)
    return out


def write_expected(group: str, results: dict[str, list[Record]]) -> None:
    """Write a group's records, one a line; a case that yields none has a line with its name alone."""
    lines = []
    for name, records in sorted(results.items()):
        for record in records or [{}]:
            lines.append(json.dumps({"case": name, **record}, ensure_ascii=True) + "\n")
    path, raw = _path(group), "".join(lines).encode()
    EXPECTED.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(raw, 9, mtime=0) if path.suffix == ".gz" else raw)
    expected.cache_clear()


def deviations() -> dict[str, dict[str, Any]]:
    """Case id → {"reason": …, "unsupported": true} or {"reason": …, "records": how many differ}."""
    return yaml.safe_load(DEVIATIONS.read_text(encoding="utf-8")) or {} if DEVIATIONS.exists() else {}


def inferred(nanoseconds: int, now: datetime) -> int:
    """The time with the year that the collector infers for it at ``now`` (timeutils.SetTimestampYear), in UTC.

    The current year, or the one before if that lies more than seven days ahead.
    """
    seconds, rest = divmod(nanoseconds, 10**9)
    stamp = datetime.fromtimestamp(seconds, UTC).replace(year=now.year)
    if stamp > now + timedelta(days=7):
        stamp = stamp.replace(year=now.year - 1)
    return int(stamp.timestamp()) * 10**9 + rest


def _key(record: Record) -> str:
    return json.dumps(record, sort_keys=True)


def _place(record: Record) -> str:
    """Records of one file and one resource keep their order; between them requests may regroup."""
    file = record["attributes"].get("log.file.name") if "attributes" in record else None
    return json.dumps([file, record["resource"]], sort_keys=True)


def _fields(want: Any, got: Any, path: str = "") -> list[str]:
    """The places where two records differ, as ``path: expected …, got …`` lines."""
    if isinstance(want, dict) and isinstance(got, dict):
        lines = []
        for key in sorted(want.keys() | got.keys()):
            where = f"{path}.{key}" if path else key
            if key not in got:
                lines.append(f"{where}: missing, expected {_short(want[key])}")
            elif key not in want:
                lines.append(f"{where}: unexpected {_short(got[key])}")
            else:
                lines += _fields(want[key], got[key], where)
        return lines
    return [] if want == got else [f"{path}: expected {_short(want)}, got {_short(got)}"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:300] + "…"


def _wanted(case: Case, want: list[Record]) -> list[Record]:
    """The recorded records, in a case without years with those of today."""
    if not case.yearless:
        return want
    now = datetime.now(UTC)
    return [{**r, "time": inferred(r["time"], now) if r["time"] else 0} for r in want]


def different_records(case: Case, want: list[Record], got: list[Record]) -> int:
    """How many of the wanted records did not come."""
    missing = Counter(map(_key, _wanted(case, want)))
    missing.subtract(map(_key, got))
    return sum(count for count in missing.values() if count > 0)


def difference(case: Case, want: list[Record], got: list[Record]) -> list[str]:
    """What a reader needs to see why ``got`` is not ``want``; empty when they agree."""
    want = _wanted(case, want)
    missing = Counter(map(_key, want))
    missing.subtract(map(_key, got))
    lacking = [r for r in want if missing[_key(r)] > 0]
    surplus = [r for r in got if missing[_key(r)] < 0]
    lines: list[str] = []
    if len(want) != len(got):
        lines.append(f"{len(want)} records expected, {len(got)} came")
    for index in range(max(len(lacking), len(surplus))):
        if index < len(lacking) and index < len(surplus):
            lines.append(f"record with body {_short(lacking[index].get('record', lacking[index])['body'])}:")
            lines += ["  " + text for text in _fields(lacking[index], surplus[index])]
        elif index < len(lacking):
            lines.append(f"missing: {_short(lacking[index])}")
        else:
            lines.append(f"unexpected: {_short(surplus[index])}")
    if not lines:
        orders: tuple[dict[str, list[str]], dict[str, list[str]]] = (defaultdict(list), defaultdict(list))
        for order, records in zip(orders, (want, got), strict=True):
            for record in records:
                order[_place(record)].append(_key(record))
        if orders[0] != orders[1]:
            lines.append("the same records in another order")
    return lines
