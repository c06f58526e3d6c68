"""The demo's first data set: one day of ``prod-web-01``, a web server on EC2, as rsyslog writes it (modern format).

    2025-11-11T06:25:01.123456+00:00 prod-web-01 CRON[4321]: (root) CMD (...)

Both the guides' layouts read these stamps: gotime ``2006-01-02T15:04:05.999999-07:00`` spells the fraction, strptime
``%Y-%m-%dT%H:%M:%S%z`` does not, and the collector's parser accepts one after the seconds either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastlog.demo import intruders, machine
from fastlog.demo.simulation import Simulation

HOST = "prod-web-01"
BOOT = datetime(2025, 11, 11, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LogFile:
    """A generated file: its size in ``lines`` and bytes."""

    path: Path
    lines: int
    size: int


def host_log(seed: int = 20251111) -> Iterator[str]:
    """The lines of 2025-11-11 UTC, without line ends, in the order of time. The same seed gives the same lines."""
    sim = Simulation(HOST, BOOT, BOOT + timedelta(days=1), seed)
    daemons = machine.Daemons()
    jail = intruders.Fail2ban(sim, daemons)
    sim.spawn(machine.boot(sim, daemons))
    machine.timers(sim, daemons)
    intruders.operators(sim, daemons, jail)
    for process in (
        machine.cron(sim),
        machine.shop_api(sim, daemons),
        machine.out_of_memory(sim, daemons),
        intruders.firewall(sim),
        intruders.background_guessing(sim, jail),
        intruders.brute_force(sim, jail),
    ):
        sim.spawn(process, 25.0)
    return sim.run()


def write_host_log(path: Path, seed: int = 20251111) -> LogFile:
    """Write :func:`host_log` to ``path``, replacing it; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = 0
    with path.open("w", encoding="ascii", newline="\n") as out:
        for line in host_log(seed):
            out.write(line + "\n")
            lines += 1
    return LogFile(path, lines, path.stat().st_size)
