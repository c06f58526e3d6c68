"""Generates syslog for the benches: varied lines of about 126 bytes, the same ones for the same seed.

    python bench/gen.py --size 500MB [--format modern|legacy] [--seed 1] FILE

The pids, addresses, ports, numbers and identifiers are random, so that nothing repeats wholesale and compressors get no
more than a real log gives them. ``modern`` is rsyslog's RFC 3339 form (Ubuntu 24.04), ``legacy`` the BSD form (RFC
3164).
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

START = datetime(2025, 11, 11, tzinfo=UTC)
HOST = "ip-10-0-3-57"
BLOCK = 20_000  # lines a write

# unit, whether it has a pid, message: {a} address, {p} port or pid, {n} number, {u} user, {h} hexadecimal, {d} device
TEMPLATES: list[tuple[str, bool, str]] = [
    ("sshd", True, "Failed password for invalid user {u} from {a} port {p} ssh2"),
    ("sshd", True, "Accepted publickey for {u} from {a} port {p} ssh2: ED25519 SHA256:{h}"),
    ("sshd", True, "Received disconnect from {a} port {p}:11: Bye Bye [preauth]"),
    ("sshd", True, "pam_unix(sshd:session): session opened for user {u}(uid={n}) by {u}(uid=0)"),
    ("sshd", True, "Connection closed by {a} port {p} [preauth]"),
    ("sshd", True, "Disconnected from user {u} {a} port {p}"),
    ("sudo", True, "pam_unix(sudo:session): session closed for user {u}"),
    ("CRON", True, "pam_unix(cron:session): session closed for user {u}"),
    ("CRON", True, "({u}) CMD (run-parts --report /etc/cron.{n})"),
    ("CRON", True, "({u}) CMD (/usr/local/bin/collect --interval {n} --target {a}:{p} > /dev/null 2>&1)"),
    ("systemd", True, "Started session-{n}.scope - Session {n} of User {u}."),
    ("systemd", True, "{u}-backup.service: Deactivated successfully; consumed {n}ms CPU time."),
    ("systemd", True, "Finished {u}-{n}.service."),
    ("systemd", True, "Reloading requested from client PID {p}"),
    ("systemd-logind", True, "Session {n} logged out."),
    ("systemd-logind", True, "New session {n} of user {u}."),
    ("systemd-resolved", True, "Using degraded feature set UDP for DNS server {a}."),
    ("kernel", False, "[{n}.{n}] [UFW BLOCK] IN=ens5 SRC={a} DST={a} LEN={n} SPT={p} DPT={p}"),
    ("kernel", False, '[{n}.{n}] audit: type=1400 audit({n}.{n}:{n}): apparmor="DENIED" operation="open" pid={p}'),
    ("kernel", False, "[{n}.{n}] {d}: link becomes ready"),
    ("kernel", False, "[{n}.{n}] {d}: renamed from eth{n}"),
    ("nginx", True, '{a} - {u} "GET /v1/orders/{h}?page={n} HTTP/1.1" 200 {n} "-" rt=0.{n}'),
    ("postgres", True, "LOG:  duration: {n}.{n} ms  statement: UPDATE orders SET total = {n} WHERE id = {n}"),
    ("containerd", True, 'level=info msg="shim disconnected" id={h}{h} namespace=k8s.io pid={p}'),
    ("dhclient", True, "DHCPACK of {a} from {a} -- renewal in {n} seconds."),
    ("postfix/smtpd", True, "connect from unknown[{a}]:{p}"),
    ("amazon-ssm-agent", True, "INFO [ssm-agent-worker] received message {h}-{h}, attempt {n}"),
    ("fail2ban-server", True, "[sshd] Found {a} - attempt {n} of 5"),
    ("rsyslogd", False, '[origin software="rsyslogd" x-pid="{p}"] rsyslogd was HUPed after {n} messages'),
]
USERS = [
    "root",
    "admin",
    "ubuntu",
    "ec2-user",
    "deploy",
    "oracle",
    "test",
    "git",
    "postgres",
    "www-data",
    "backup",
    "jenkins",
]
_FIELD = re.compile(r"\{(\w)\}")
_CODES = {"a": "%d.%d.%d.%d", "p": "%d", "n": "%d", "u": "%s", "h": "%012x", "d": "veth%07x"}


def lines(form: str = "modern", seed: int = 1, host: str = HOST) -> Iterator[bytes]:
    """Lines without end, in the order of their times; each with its line feed."""
    dice = random.Random(seed)
    draw = dice.random
    compiled = []
    for unit, has_pid, message in TEMPLATES:
        kinds = _FIELD.findall(message)
        text = _FIELD.sub(lambda found: _CODES[found[1]], message.replace("%", "%%"))
        compiled.append((f"{host} {unit}[%d]: {text}\n" if has_pid else f"{host} {unit}: {text}\n", has_pid, kinds))
    at = 0.0  # seconds since START
    second, prefix = -1, ""
    while True:
        at += draw() * 0.02
        if int(at) != second:
            second = int(at)
            moment = START + timedelta(seconds=second)
            prefix = moment.strftime("%Y-%m-%dT%H:%M:%S.") if form == "modern" else f"{moment:%b %e %H:%M:%S} "
        template, has_pid, kinds = compiled[int(draw() * len(compiled))]
        values: list[object] = [300 + int(draw() * 65_000)] if has_pid else []
        for kind in kinds:
            if kind == "n":
                values.append(int(10 ** (draw() * 6)))
            elif kind == "a":
                bits = int(draw() * 0xFFFFFFFF)
                values += (bits >> 24, bits >> 16 & 255, bits >> 8 & 255, bits & 255)
            elif kind == "p":
                values.append(1024 + int(draw() * 64000))
            elif kind == "u":
                values.append(USERS[int(draw() * len(USERS))])
            else:
                values.append(int(draw() * (1 << 48 if kind == "h" else 1 << 28)))
        line = template % tuple(values)
        if form == "modern":
            yield f"{prefix}{int(at % 1 * 1e6):06d}+00:00 {line}".encode()
        else:
            yield (prefix + line).encode()


def write(out: BinaryIO, size: int, form: str = "modern", seed: int = 1) -> int:
    """Write whole lines up to ``size`` bytes; returns how many."""
    count = written = 0
    block: list[bytes] = []
    for line in lines(form, seed):
        if written + len(line) > size:
            break
        written += len(line)
        count += 1
        block.append(line)
        if len(block) == BLOCK:
            out.write(b"".join(block))
            block.clear()
    out.write(b"".join(block))
    return count


def parse_size(text: str) -> int:
    """Bytes of ``500MB`` or ``1GB`` (powers of 1000)."""
    found = re.fullmatch(r"(\d+)\s*(B|KB|MB|GB)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it as in 500MB")
    return int(found[1]) * {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}[(found[2] or "B").lower()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--size", type=parse_size, default=parse_size("500MB"))
    parser.add_argument("--format", choices=("modern", "legacy"), default="modern")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with options.file.open("wb") as out:
        count = write(out, options.size, options.format, options.seed)
    print(f"{count} lines, {options.size / max(count, 1):.1f} bytes on average")


if __name__ == "__main__":
    main()
