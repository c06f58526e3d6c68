"""Who knocks at the host: its operators over SSH, scanners that the firewall blocks, password guessers, and the
brute-force attack of the afternoon that fail2ban answers.

All outside addresses are of the ranges that RFC 5737 reserves for documentation.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from fastlog.demo.machine import ADDRESS, INTERFACE, Daemons, kernel, restart_rsyslog
from fastlog.demo.simulation import Process, Simulation

OFFICE = "192.0.2.10"
CI = "192.0.2.77"
SCANNERS = [f"198.51.100.{n}" for n in range(4, 240, 7)]
GUESSERS = [f"198.51.100.{n}" for n in range(9, 250, 23)]
ATTACKERS = [
    f"203.0.113.{n}" for n in (5, 12, 18, 24, 31, 45, 52, 66, 71, 88, 94, 101, 117, 130, 142, 159, 173, 186, 201, 222)
]

_KEYS = {
    "alice": "ED25519 SHA256:q0Hm3vV1x7m0w3yC4xqv3J3l7kq1o0bYVb9d8kKcN0A",
    "bob": "ED25519 SHA256:Z7d1sR2uVnE0c5p9aTq6mW8yXk4jLh3gFb2vNcMx1eU",
    "deploy": "RSA SHA256:1b7Fq9kYt3Vx5Zr8WmCnJp2LdGh6Tk4RsEuAoXiQy0w",
}
_UIDS = {"alice": 1002, "bob": 1003, "deploy": 1001}
_NAMES = (
    "admin",
    "test",
    "user",
    "oracle",
    "postgres",
    "ftpuser",
    "git",
    "guest",
    "pi",
    "hadoop",
    "jenkins",
    "minecraft",
    "deployer",
    "ubnt",
    "support",
    "nagios",
    "tomcat",
    "es",
    "dev",
    "mysql",
)
_BLOCKED_PORTS = (23, 2323, 3389, 445, 8080, 5900, 6379, 1433, 3306, 5432, 8443, 9200, 11211, 25, 5060, 27017, 2375)


class Fail2ban:
    """The sshd jail: five failures within ten minutes ban an address for ten minutes."""

    max_retry = 5
    find_time = timedelta(seconds=600)
    ban_time = 600.0

    def __init__(self, sim: Simulation, daemons: Daemons) -> None:
        self._sim = sim
        self._daemons = daemons
        self._failures: dict[str, deque[datetime]] = {}
        self.banned: set[str] = set()

    def failure(self, address: str) -> None:
        """A failed login was logged; the jail sees it a moment later."""
        self._sim.spawn(self._notice(address, self._sim.now), self._sim.spread(0.05, 0.4))

    def _notice(self, address: str, when: datetime) -> Process:
        sim, pid = self._sim, self._daemons.fail2ban
        sim.log("fail2ban.filter", f"INFO [sshd] Found {address} - {when:%Y-%m-%d %H:%M:%S}", pid)
        if address in self.banned:
            return
        seen = self._failures.setdefault(address, deque())
        seen.append(when)
        while seen and seen[0] < when - self.find_time:
            seen.popleft()
        if len(seen) < self.max_retry:
            return
        seen.clear()
        yield sim.spread(0.1, 0.6)
        if address in self.banned:
            sim.log("fail2ban.actions", f"WARNING [sshd] {address} already banned", pid)
            return
        sim.log("fail2ban.actions", f"NOTICE [sshd] Ban {address}", pid)
        self.banned.add(address)
        yield self.ban_time
        sim.log("fail2ban.actions", f"NOTICE [sshd] Unban {address}", pid)
        self.banned.discard(address)


# -- those who may


def login(
    sim: Simulation, daemons: Daemons, user: str, address: str, commands: tuple[str, ...], minutes: float
) -> Process:
    """A key login, some sudo commands, a logout."""
    port = sim.random.randrange(32768, 61000)
    sshd = sim.fork()
    yield sim.spread(0.2, 0.6)
    sim.log("sshd", f"Accepted publickey for {user} from {address} port {port} ssh2: {_KEYS[user]}", sshd)
    sim.log("sshd", f"pam_unix(sshd:session): session opened for user {user}(uid={_UIDS[user]}) by {user}(uid=0)", sshd)
    daemons.sessions += 1
    session = daemons.sessions
    child = sim.fork()
    sim.log("systemd-logind", f"New session {session} of user {user}.", daemons.logind)
    sim.log("systemd", f"Started session-{session}.scope - Session {session} of User {user}.", 1)
    for command in commands:
        yield minutes * 60 / (len(commands) + 1) * sim.spread(0.7, 1.2)
        sudo = sim.fork()
        sim.log("sudo", f"  {user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND={command}", sudo)
        sim.log(
            "sudo", f"pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid={_UIDS[user]})", sudo
        )
        if command == "/usr/bin/systemctl restart rsyslog":
            sim.spawn(restart_rsyslog(sim, daemons), 0.01)
        yield sim.spread(0.3, 2.0)
        sim.log("sudo", "pam_unix(sudo:session): session closed for user root", sudo)
    yield minutes * 60 / (len(commands) + 1)
    sim.log("sshd", f"Received disconnect from {address} port {port}:11: disconnected by user", child)
    sim.log("sshd", f"Disconnected from user {user} {address} port {port}", child)
    sim.log("sshd", f"pam_unix(sshd:session): session closed for user {user}", sshd)
    sim.log("systemd", f"session-{session}.scope: Deactivated successfully.", 1)
    sim.log("systemd-logind", f"Session {session} logged out. Waiting for processes to exit.", daemons.logind)
    sim.log("systemd-logind", f"Removed session {session}.", daemons.logind)


def fumbled_login(sim: Simulation, daemons: Daemons, jail: Fail2ban, user: str, address: str) -> Process:
    """An operator mistypes a password twice, then thinks of the key."""
    port = sim.random.randrange(32768, 61000)
    pid = sim.fork()
    for _ in range(2):
        sim.log(
            "sshd",
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= "
            f"rhost={address}  user={user}",
            pid,
        )
        yield sim.spread(1.5, 2.5)
        sim.log("sshd", f"Failed password for {user} from {address} port {port} ssh2", pid)
        jail.failure(address)
        yield sim.spread(3.0, 7.0)
    sim.log("sshd", f"Connection closed by authenticating user {user} {address} port {port} [preauth]", pid)
    yield 4.0
    sim.spawn(login(sim, daemons, user, address, ("/usr/bin/journalctl -u shop-api -n 200",), 12.0))


def operators(sim: Simulation, daemons: Daemons, jail: Fail2ban) -> None:
    """The working day of those who run the host, and the deployments."""
    sim.spawn(
        login(sim, daemons, "alice", OFFICE, ("/usr/bin/apt list --upgradable", "/usr/sbin/ufw status verbose"), 22.0),
        sim.until(8, 58, 11),
    )
    sim.spawn(fumbled_login(sim, daemons, jail, "bob", OFFICE), sim.until(10, 21, 40))
    sim.spawn(
        login(
            sim,
            daemons,
            "alice",
            OFFICE,
            ("/usr/bin/vim /etc/rsyslog.d/50-default.conf", "/usr/bin/systemctl restart rsyslog"),
            9.0,
        ),
        sim.until(11, 3, 2),
    )
    sim.spawn(
        login(
            sim,
            daemons,
            "bob",
            OFFICE,
            (
                "/usr/bin/fail2ban-client status sshd",
                "/usr/sbin/iptables -S f2b-sshd",
                "/usr/bin/journalctl -u ssh --since -1h",
            ),
            35.0,
        ),
        sim.until(14, 39, 27),
    )
    sim.spawn(
        login(
            sim, daemons, "alice", OFFICE, ("/usr/bin/systemctl status shop-api", "/usr/bin/dmesg -T --level=err"), 18.0
        ),
        sim.until(16, 55, 3),
    )
    for hour, minute in ((9, 40), (12, 15), (15, 5), (17, 45), (20, 30)):
        deployment = ("/usr/bin/systemctl reload nginx", "/usr/bin/systemctl is-active shop-api")
        sim.spawn(login(sim, daemons, "deploy", CI, deployment, 1.5), sim.until(hour, minute, sim.spread(0, 50)))


# -- those who may not


def guess(sim: Simulation, jail: Fail2ban, address: str, user: str, attempts: int, pause: float) -> Process:
    """One connection that tries ``attempts`` passwords; it goes silent once the address is banned."""
    if address in jail.banned:
        return
    port = sim.random.randrange(32768, 61000)
    pid = sim.fork()
    known = user == "root"
    who = user if known else f"invalid user {user}"
    if not known:
        sim.log("sshd", f"Invalid user {user} from {address} port {port}", pid)
    for attempt in range(attempts):
        if address in jail.banned:
            return
        if known:
            sim.log(
                "sshd",
                "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= "
                f"rhost={address}  user=root",
                pid,
            )
        elif attempt == 0:
            sim.log("sshd", "pam_unix(sshd:auth): check pass; user unknown", pid)
        yield sim.spread(1.2, 2.4)
        if address in jail.banned:
            return
        sim.log("sshd", f"Failed password for {who} from {address} port {port} ssh2", pid)
        jail.failure(address)
        yield pause * sim.spread(0.5, 1.5)
    if address in jail.banned:
        return
    if attempts >= 6:
        sim.log(
            "sshd",
            f"error: maximum authentication attempts exceeded for {who} from {address} port {port} ssh2 [preauth]",
            pid,
        )
        sim.log(
            "sshd",
            f"Disconnecting {'authenticating' if known else 'invalid'} user {user} {address} port {port}: "
            "Too many authentication failures [preauth]",
            pid,
        )
    else:
        sim.log("sshd", f"Received disconnect from {address} port {port}:11: Bye Bye [preauth]", pid)
        sim.log(
            "sshd",
            f"Disconnected from {'authenticating' if known else 'invalid'} user {user} {address} port {port} [preauth]",
            pid,
        )


def background_guessing(sim: Simulation, jail: Fail2ban) -> Process:
    """The noise that every public SSH port gets: a guess now and then, slow enough to stay under fail2ban's limit."""
    while True:
        yield sim.gap(300.0)
        address = sim.random.choice(GUESSERS)
        dice = sim.random.random()
        if dice < 0.25:
            port, pid = sim.random.randrange(32768, 61000), sim.fork()
            sim.log(
                "sshd",
                sim.random.choice(
                    (
                        f"Connection closed by {address} port {port} [preauth]",
                        f"banner exchange: Connection from {address} port {port}: invalid format",
                        f"Unable to negotiate with {address} port {port}: no matching key exchange method found. "
                        "Their offer: diffie-hellman-group1-sha1 [preauth]",
                    )
                ),
                pid,
            )
        else:
            user = "root" if dice < 0.45 else sim.random.choice(_NAMES)
            sim.spawn(guess(sim, jail, address, user, 1, 1.0))


def attacker(sim: Simulation, jail: Fail2ban, address: str, until: float) -> Process:
    """One machine of the botnet: several connections at a time, back again when a ban has run out."""
    while sim.uptime < until:
        for _ in range(sim.random.randrange(2, 5)):
            user = "root" if sim.random.random() < 0.6 else sim.random.choice(_NAMES)
            sim.spawn(guess(sim, jail, address, user, 6, 1.0), sim.spread(0.0, 1.5))
        yield sim.spread(12.0, 25.0)
        while address in jail.banned:
            yield sim.spread(20.0, 90.0)


def brute_force(sim: Simulation, jail: Fail2ban) -> Process:
    """14:22 to 15:34: twenty addresses, joining one after another."""
    yield sim.until(14, 22, 6)
    until = sim.uptime + 72 * 60
    for address in ATTACKERS:
        sim.spawn(attacker(sim, jail, address, until))
        yield sim.gap(45.0)


def firewall(sim: Simulation) -> Process:
    """Scanners that UFW's default policy turns away, logged by the kernel."""
    mac = "0a:5e:1b:7c:02:9d:0a:11:22:33:44:55:08:00"
    while True:
        yield sim.gap(22.0)
        source = sim.random.choice(SCANNERS)
        if sim.random.random() < 0.93:
            tail = (
                f"PROTO=TCP SPT={sim.random.randrange(1024, 65535)} DPT={sim.random.choice(_BLOCKED_PORTS)} "
                f"WINDOW={sim.random.choice((1024, 14600, 29200, 65535))} RES=0x00 SYN URGP=0"
            )
            size = sim.random.choice((40, 44, 52, 60))
        else:
            port = sim.random.choice((53, 123, 161, 1900))
            tail = f"PROTO=UDP SPT={sim.random.randrange(1024, 65535)} DPT={port} LEN=48"
            size = 68
        kernel(
            sim,
            f"[UFW BLOCK] IN={INTERFACE} OUT= MAC={mac} SRC={source} DST={ADDRESS} LEN={size} TOS=0x00 PREC=0x00 "
            f"TTL={sim.random.randrange(230, 250)} ID={sim.random.randrange(65536)} {tail}",
        )
