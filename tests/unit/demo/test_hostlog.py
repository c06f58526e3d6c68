"""The generated host log: reproducible, in order, consistent, and telling the stories that the demo's tables show."""

import hashlib
import re
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from fastlog.demo import HOST, host_log, write_host_log

LINE = re.compile(r"^(?P<timestamp>\S+) (?P<hostname>\S+) (?P<unit>\S+?)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$")


@pytest.fixture(scope="module")
def records() -> list[dict[str, str | None]]:
    matches = [LINE.match(line) for line in host_log()]
    assert all(matches), "every line is in the guide's format"
    return [match.groupdict() for match in matches if match]


def test_the_same_lines_on_every_python(tmp_path: Path) -> None:
    written = write_host_log(tmp_path / "deep" / "journal.log")
    content = written.path.read_bytes()
    assert written.size == len(content)
    assert written.lines == content.count(b"\n")
    assert content.endswith(b"\n")
    assert hashlib.sha256(content).hexdigest() == "e437cada9ebe2ba10baadf1f588b392c54ea318d5505930d15258dad528398bb"


def test_another_seed_is_another_day() -> None:
    assert list(host_log(1))[:200] != list(host_log(2))[:200]


def test_one_day_in_order_of_time(records: list[dict[str, str]]) -> None:
    stamps = [record["timestamp"] for record in records]
    assert stamps == sorted(stamps)
    assert {stamp[:10] for stamp in stamps} == {"2025-11-11"}
    assert {stamp[-6:] for stamp in stamps} == {"+00:00"}
    assert {int(stamp[11:13]) for stamp in stamps} == set(range(24))
    assert 15_000 <= len(records) <= 40_000
    assert {record["hostname"] for record in records} == {HOST}


def test_process_ids_grow_with_time(records: list[dict[str, str]]) -> None:
    first_seen: dict[str, int] = {}
    for index, record in enumerate(records):
        if record["unit"] == "CRON" and "session opened" in record["message"]:
            first_seen.setdefault(record["pid"], index)
    pids = [int(pid) for pid in first_seen]
    assert pids == sorted(pids)


def test_a_process_id_belongs_to_one_unit(records: list[dict[str, str]]) -> None:
    owners: dict[str, set[str]] = {}
    for record in records:
        if record["pid"]:
            owners.setdefault(record["pid"], set()).add(record["unit"].split(".")[0])
    assert {pid: units for pid, units in owners.items() if len(units) > 1} == {}


def test_sessions_are_closed_by_who_opened_them(records: list[dict[str, str]]) -> None:
    opened: Counter[tuple[str, str]] = Counter()
    for record in records:
        if record["unit"] not in ("CRON", "sshd", "sudo") or "session" not in record["message"]:
            continue
        key = (record["unit"], record["pid"])
        if "session opened" in record["message"]:
            opened[key] += 1
        elif "session closed" in record["message"]:
            opened[key] -= 1
            assert opened[key] == 0
    still_open = [key for key, count in opened.items() if count]
    assert len(still_open) <= 2, "only what runs across midnight"


def test_fail2ban_bans_after_five_failures(records: list[dict[str, str]]) -> None:
    found: dict[str, list[datetime]] = {}
    banned: set[str] = set()
    bans = 0
    for record in records:
        message = record["message"]
        if match := re.search(r"Found (\S+) - (.*)$", message):
            found.setdefault(match[1], []).append(datetime.fromisoformat(match[2]))
        elif match := re.search(r"\] Ban (\S+)", message):
            recent = found[match[1]][-5:]
            assert len(recent) == 5
            assert (recent[-1] - recent[0]).total_seconds() <= 600
            assert match[1] not in banned
            banned.add(match[1])
            bans += 1
        elif match := re.search(r"Unban (\S+)", message):
            banned.remove(match[1])
        elif match := re.search(r"(?:Failed|Accepted) \w+ for .* from (\S+) port", message):
            assert match[1] not in banned, "a banned address reaches sshd no more"
    assert bans > 50


def test_the_attack_stands_out(records: list[dict[str, str]]) -> None:
    failures = Counter(
        match[1]
        for record in records
        if (match := re.search(r"^Failed password for .* from (\S+) port", record["message"]))
    )
    assert all(address.startswith("203.0.113.") for address, _ in failures.most_common(10))
    assert sum(failures.values()) > 800


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("kernel", "Linux version"),
        ("kernel", "[UFW BLOCK]"),
        ("kernel", "Out of memory".lower()),
        ("systemd", "Startup finished"),
        ("sshd", "Accepted publickey"),
        ("sshd", "Failed password for bob"),
        ("CRON", "run-parts --report /etc/cron.hourly"),
        ("anacron", "Job `cron.daily' terminated"),
        ("rsyslogd", "exiting on signal 15."),
        ("rsyslogd", "was HUPed"),
        ("sudo", "COMMAND=/usr/bin/systemctl restart rsyslog"),
        ("systemd-logind", "Removed session"),
    ],
)
def test_the_day_has(records: list[dict[str, str]], unit: str, text: str) -> None:
    assert any(record["unit"] == unit and text in record["message"] for record in records)


def test_rsyslogd_comes_back_as_another_process(records: list[dict[str, str]]) -> None:
    ids = [
        match[1]
        for record in records
        if (match := re.search(r'x-pid="(\d+)".*\] (?:start|exiting)', record["message"]))
    ]
    assert ids[0] == ids[1] != ids[2]
    assert all(record["pid"] is None for record in records if record["unit"] == "rsyslogd")
