"""What a quiet Ubuntu 24.04 host on EC2 logs by itself: boot, systemd's timers, cron and anacron, rsyslog, DHCP, the
web application it runs."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fastlog.demo.simulation import Process, Simulation

KERNEL = "6.8.0-1018-aws"
ADDRESS = "10.0.1.23"
INTERFACE = "ens5"

_KERNEL_BOOT = (
    (
        0.0,
        f"Linux version {KERNEL} (buildd@lcy02-amd64-109) (x86_64-linux-gnu-gcc-13 (Ubuntu 13.2.0-23ubuntu4) 13.2.0, "
        "GNU ld (GNU Binutils for Ubuntu) 2.42) #20-Ubuntu SMP (Ubuntu 6.8.0-1018.20-aws 6.8.12)",
    ),
    (
        0.0,
        f"Command line: BOOT_IMAGE=/vmlinuz-{KERNEL} root=PARTUUID=8f1d6c7a-01 ro console=tty1 console=ttyS0 "
        "nvme_core.io_timeout=4294967295 panic=-1",
    ),
    (0.0, "KERNEL supported cpus:"),
    (0.0, "  Intel GenuineIntel"),
    (0.0, "  AMD AuthenticAMD"),
    (0.0, "BIOS-provided physical RAM map:"),
    (0.0, "BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable"),
    (0.0, "BIOS-e820: [mem 0x0000000000100000-0x00000000bffe9fff] usable"),
    (0.0, "BIOS-e820: [mem 0x0000000100000000-0x000000013fffffff] usable"),
    (0.0, "NX (Execute Disable) protection: active"),
    (0.0, "SMBIOS 2.7 present."),
    (0.0, "DMI: Amazon EC2 t3.medium/, BIOS 1.0 10/16/2017"),
    (0.0, "Hypervisor detected: KVM"),
    (0.000001, "kvm-clock: Using msrs 4b564d01 and 4b564d00"),
    (0.000002, "kvm-clock: using sched offset of 7265433012 cycles"),
    (0.000610, "tsc: Detected 2499.998 MHz processor"),
    (
        0.018221,
        "Memory: 3891204K/4193892K available (22528K kernel code, 4437K rwdata, 14320K rodata, 4964K init, "
        "4660K bss, 302428K reserved, 0K cma-reserved)",
    ),
    (
        0.081733,
        "smpboot: CPU0: Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz (family: 0x6, model: 0x55, stepping: 0x7)",
    ),
    (0.104418, "smp: Brought up 1 node, 2 CPUs"),
    (0.104420, "smpboot: Total of 2 processors activated (9999.99 BogoMIPS)"),
    (0.231904, "PCI: Using configuration type 1 for base access"),
    (0.402115, "clocksource: Switched to clocksource kvm-clock"),
    (0.611872, "NET: Registered PF_INET6 protocol family"),
    (0.790331, "Initialise system trusted keyrings"),
    (0.964207, "nvme nvme0: pci function 0000:00:04.0"),
    (0.981640, "nvme nvme0: 2/0/0 default/read/poll queues"),
    (0.996518, " nvme0n1: p1 p14 p15 p16"),
    (1.204993, "ena 0000:00:05.0: Elastic Network Adapter (ENA) v2.12.3g"),
    (1.219774, "ena 0000:00:05.0: ENA device version: 0.10"),
    (1.302886, "ena 0000:00:05.0 ens5: renamed from eth0"),
    (
        1.871340,
        "EXT4-fs (nvme0n1p1): mounted filesystem 5f3c1a0e-8f7b-4f0e-9a55-0f6bb8f1a2c4 ro with ordered data mode.",
    ),
    (
        2.215561,
        "systemd[1]: systemd 255.4-1ubuntu8.11 running in system mode (+PAM +AUDIT +SELINUX +APPARMOR +IMA +SMACK "
        "+SECCOMP +GCRYPT -GNUTLS +OPENSSL +ACL +BLKID +CURL +ELFUTILS)",
    ),
    (2.215903, "systemd[1]: Detected virtualization amazon."),
    (2.215911, "systemd[1]: Detected architecture x86-64."),
    (2.247760, "systemd[1]: Hostname set to <prod-web-01>."),
    (
        3.104425,
        'audit: type=1400 audit(1762819203.104:2): apparmor="STATUS" operation="profile_load" '
        'profile="unconfined" name="/usr/sbin/rsyslogd" pid=402 comm="apparmor_parser"',
    ),
    (3.391008, "EXT4-fs (nvme0n1p1): re-mounted 5f3c1a0e-8f7b-4f0e-9a55-0f6bb8f1a2c4 r/w. Quota mode: none."),
    (3.887126, "ena 0000:00:05.0 ens5: Local page cache is disabled for less than 16 channels"),
)

_BOOT_UNITS = (
    ("systemd-journald.service", "Journal Service"),
    ("systemd-udevd.service", "Rule-based Manager for Device Events and Files"),
    ("systemd-networkd.service", "Network Configuration"),
    ("systemd-resolved.service", "Network Name Resolution"),
    ("cloud-init.service", "Cloud-init: Network Stage"),
    ("apparmor.service", "Load AppArmor profiles"),
    ("ufw.service", "Uncomplicated firewall"),
    ("dbus.service", "D-Bus System Message Bus"),
    ("systemd-logind.service", "User Login Management"),
    ("chrony.service", "chrony, an NTP client/server"),
    ("cron.service", "Regular background program processing daemon"),
    ("ssh.service", "OpenBSD Secure Shell server"),
    ("fail2ban.service", "Fail2Ban Service"),
    ("unattended-upgrades.service", "Unattended Upgrades Shutdown"),
    (
        "snap.amazon-ssm-agent.amazon-ssm-agent.service",
        "Service for snap application amazon-ssm-agent.amazon-ssm-agent",
    ),
    ("shop-api.service", "Shop API"),
    ("nginx.service", "A high performance web server and a reverse proxy server"),
)


@dataclass(slots=True)
class Daemons:
    """The process ids of what runs all day; replaced when a daemon restarts."""

    rsyslogd: int = 0
    cron: int = 0
    sshd: int = 0
    fail2ban: int = 0
    logind: int = 0
    networkd: int = 0
    chronyd: int = 0
    shop_api: int = 0  # 0 = not running
    sessions: int = 0  # login sessions that logind has numbered so far


def kernel(sim: Simulation, message: str, uptime: float | None = None) -> None:
    sim.log("kernel", f"[{sim.uptime if uptime is None else uptime:12.6f}] {message}")


def boot(sim: Simulation, daemons: Daemons) -> Process:
    """From power-on to multi-user. rsyslogd reads the kernel's ring buffer at its start: those lines share its time."""
    yield 4.1
    start_rsyslog(sim, daemons)
    for uptime, message in _KERNEL_BOOT:
        kernel(sim, message, uptime)
    for unit, title in _BOOT_UNITS:
        yield sim.spread(0.04, 0.5)
        sim.log("systemd", f"Starting {unit} - {title}...", 1)
        yield sim.spread(0.02, 0.3)
        _daemon_banner(sim, unit, daemons)
        sim.log("systemd", f"Started {unit} - {title}.", 1)
    yield 0.2
    for target in ("multi-user.target - Multi-User System", "graphical.target - Graphical Interface"):
        sim.log("systemd", f"Reached target {target}.", 1)
    sim.log(
        "systemd",
        f"Startup finished in 2.216s (kernel) + {sim.uptime - 2.216:.3f}s (userspace) = {sim.uptime:.3f}s.",
        1,
    )
    yield 3.0
    sim.log(
        "cloud-init",
        "Cloud-init v. 24.4-0ubuntu1~24.04.2 finished at Tue, 11 Nov 2025 00:00:18 +0000. Datasource "
        "DataSourceEc2Local.  Up 18.11 seconds",
        sim.fork(),
    )


def _daemon_banner(sim: Simulation, unit: str, daemons: Daemons) -> None:
    """What a daemon says when it comes up, and its process id."""
    pid = sim.fork()
    if unit == "systemd-networkd.service":
        daemons.networkd = pid
        sim.log("systemd-networkd", f"{INTERFACE}: Link UP", pid)
        sim.log("systemd-networkd", f"{INTERFACE}: Gained carrier", pid)
        sim.log(
            "systemd-networkd",
            f"{INTERFACE}: DHCPv4 address {ADDRESS}/24, gateway 10.0.1.1 acquired from 10.0.1.1",
            pid,
        )
    elif unit == "systemd-logind.service":
        daemons.logind = pid
        sim.log("systemd-logind", "New seat seat0.", pid)
        sim.log("systemd-logind", "Watching system buttons on /dev/input/event0 (Power Button)", pid)
    elif unit == "chrony.service":
        daemons.chronyd = pid
        sim.log(
            "chronyd",
            "chronyd version 4.5 starting (+CMDMON +NTP +REFCLOCK +RTC +PRIVDROP +SCFILTER +SIGND +ASYNCDNS "
            "+NTS +SECHASH +IPV6 -DEBUG)",
            pid,
        )
        sim.log("chronyd", "Selected source 169.254.169.123", pid)
    elif unit == "cron.service":
        daemons.cron = pid
        sim.log("cron", "(CRON) INFO (pidfile fd = 3)", pid)
        sim.log("cron", "(CRON) INFO (Running @reboot jobs)", pid)
    elif unit == "ssh.service":
        daemons.sshd = pid
        sim.log("sshd", "Server listening on 0.0.0.0 port 22.", pid)
        sim.log("sshd", "Server listening on :: port 22.", pid)
    elif unit == "fail2ban.service":
        daemons.fail2ban = pid
        sim.log("fail2ban.server", "INFO --------------------------------------------------", pid)
        sim.log("fail2ban.server", "INFO Starting Fail2ban v1.0.2", pid)
        sim.log("fail2ban.jail", "INFO Creating new jail 'sshd'", pid)
        sim.log("fail2ban.filter", "INFO   maxRetry: 5", pid)
        sim.log("fail2ban.filter", "INFO   findtime: 600", pid)
        sim.log("fail2ban.actions", "INFO   banTime: 600", pid)
        sim.log("fail2ban.jail", "INFO Jail 'sshd' started", pid)
    elif unit == "shop-api.service":
        daemons.shop_api = pid
        sim.log("shop-api", _json(level="info", msg="listening", addr="127.0.0.1:8080", version="4.12.0"), pid)


# -- systemd's timers


def oneshot(sim: Simulation, unit: str, title: str, seconds: float, says: tuple[str, str] | None = None) -> Process:
    """One run of a service that ends by itself. ``says`` is what it logs: (unit, message)."""
    sim.log("systemd", f"Starting {unit} - {title}...", 1)
    pid = sim.fork()
    yield sim.spread(seconds * 0.6, seconds * 1.4)
    if says is not None:
        sim.log(says[0], says[1], pid)
    sim.log("systemd", f"{unit}: Deactivated successfully.", 1)
    sim.log("systemd", f"Finished {unit} - {title}.", 1)


def timer(
    sim: Simulation,
    first: float,
    every: float,
    unit: str,
    title: str,
    seconds: float,
    says: tuple[str, str] | None = None,
) -> Process:
    """A timer that starts ``unit`` every ``every`` seconds, as systemd spreads them."""
    yield first
    while True:
        sim.spawn(oneshot(sim, unit, title, seconds, says))
        yield every + sim.spread(0.0, 2.0)


def timers(sim: Simulation, daemons: Daemons) -> None:
    """The timers of a stock Ubuntu server."""
    for process in (
        timer(sim, sim.until(0, 10), 599, "sysstat-collect.service", "system activity accounting tool", 0.05),
        timer(sim, sim.until(0, 9), 1799, "phpsessionclean.service", "Clean php session files", 0.2),
        timer(
            sim, sim.until(0, 15, 20), 86400, "systemd-tmpfiles-clean.service", "Cleanup of Temporary Directories", 0.1
        ),
        timer(
            sim, sim.until(3, 10), 86400, "e2scrub_all.service", "Online ext4 Metadata Check for All Filesystems", 0.1
        ),
        timer(sim, sim.until(4, 41, 12), 86400, "man-db.service", "Daily man-db regeneration", 1.8),
        timer(sim, sim.until(5, 22, 7), 43200, "motd-news.service", "Message of the Day", 0.6),
        timer(sim, sim.until(6, 34, 51), 43200, "apt-daily.service", "Daily apt download activities", 9.0),
        timer(
            sim,
            sim.until(6, 52, 3),
            86400,
            "apt-daily-upgrade.service",
            "Daily apt upgrade and clean activities",
            24.0,
            ("unattended-upgrade", "No packages found that can be upgraded unattended and no pending auto-removals"),
        ),
        timer(sim, sim.until(9, 12, 44), 43200, "fwupd-refresh.service", "Refresh fwupd metadata and update motd", 1.1),
    ):
        sim.spawn(process)
    sim.spawn(logrotate(sim, daemons))
    sim.spawn(dhcp_renewals(sim, daemons))
    sim.spawn(clock_steps(sim, daemons))
    sim.spawn(anacron(sim))


def logrotate(sim: Simulation, daemons: Daemons) -> Process:
    """Soon after boot logrotate's missed midnight run is made up for; rsyslogd reopens its files."""
    yield sim.until(0, 2, 31)
    sim.spawn(oneshot(sim, "logrotate.service", "Rotate log files", 0.9))
    yield 0.4
    sim.log("rsyslogd", f"{_origin(daemons)} rsyslogd was HUPed")


def dhcp_renewals(sim: Simulation, daemons: Daemons) -> Process:
    while True:
        yield sim.spread(1700, 1900)
        sim.log(
            "systemd-networkd",
            f"{INTERFACE}: DHCPv4 address {ADDRESS}/24, gateway 10.0.1.1 acquired from 10.0.1.1",
            daemons.networkd,
        )


def clock_steps(sim: Simulation, daemons: Daemons) -> Process:
    """NTP servers of a pool come and go."""
    while True:
        yield sim.gap(2600)
        server = f"192.0.2.{sim.random.randrange(10, 30)}"
        sim.log(
            "chronyd",
            f"Source {server} replaced with 192.0.2.{sim.random.randrange(30, 50)} (2.ubuntu.pool.ntp.org)",
            daemons.chronyd,
        )


def anacron(sim: Simulation) -> Process:
    """anacron's timer fires hourly from 07:30; the first run has the daily jobs to do."""
    yield sim.until(7, 30, 14)
    for run in range(16):
        sim.log("systemd", "Started anacron.service - Run anacron jobs.", 1)
        pid = sim.fork()
        sim.log("anacron", "Anacron 2.3 started on 2025-11-11", pid)
        if run == 0:
            sim.log("anacron", "Will run job `cron.daily' in 5 min.", pid)
            sim.log("anacron", "Jobs will be executed sequentially", pid)
            yield 300.0
            sim.log("anacron", "Job `cron.daily' started", pid)
            job = sim.fork()
            sim.log("anacron", "Updated timestamp for job `cron.daily' to 2025-11-11", job)
            yield 7.4
            sim.log("anacron", "Job `cron.daily' terminated", pid)
            sim.log("anacron", "Normal exit (1 job run)", pid)
        else:
            sim.log("anacron", "Normal exit (0 jobs run)", pid)
        sim.log("systemd", "anacron.service: Deactivated successfully.", 1)
        yield 3600.0 + sim.spread(0, 120) if run else 3600.0 - 307.4


# -- cron

_UIDS = {"root": 0, "deploy": 1001, "www-data": 33}


def _cron_jobs(hour: int, minute: int) -> list[tuple[str, str, float]]:
    """(user, command, seconds it takes) of the crontabs' lines that match."""
    jobs = [("www-data", "/usr/bin/php /var/www/shop/artisan schedule:run >> /dev/null 2>&1", 0.9)]
    if minute % 10 == 5:
        jobs.append(("root", "command -v debian-sa1 > /dev/null && debian-sa1 1 1", 0.05))
    if minute % 5 == 0:
        jobs.append(("deploy", "/opt/shop/bin/healthcheck --quiet", 1.6))
    if minute == 17:
        jobs.append(("root", "cd / && run-parts --report /etc/cron.hourly", 0.3))
    if (hour, minute) == (6, 25):
        jobs.append(("root", "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }", 0.02))
    if (hour, minute) == (2, 30):
        jobs.append(("deploy", "/opt/shop/bin/backup-db s3://example-shop-backups/nightly", 184.0))
    return jobs


def cron(sim: Simulation) -> Process:
    """The daemon wakes once a minute."""
    while True:
        yield 60.0 - (sim.now.second + sim.now.microsecond / 1e6) + sim.spread(0.001, 0.02)
        for user, command, seconds in _cron_jobs(sim.now.hour, sim.now.minute):
            sim.spawn(_cron_job(sim, user, command, seconds))


def _cron_job(sim: Simulation, user: str, command: str, seconds: float) -> Process:
    pid = sim.fork()
    sim.log("CRON", f"pam_unix(cron:session): session opened for user {user}(uid={_UIDS[user]}) by root(uid=0)", pid)
    sim.log("CRON", f"({user}) CMD ({command})", sim.fork())
    yield sim.spread(seconds * 0.8, seconds * 1.3)
    sim.log("CRON", f"pam_unix(cron:session): session closed for user {user}", pid)


# -- rsyslog


def _origin(daemons: Daemons) -> str:
    return (
        f'[origin software="rsyslogd" swVersion="8.2312.0" x-pid="{daemons.rsyslogd}" x-info="https://www.rsyslog.com"]'
    )


def start_rsyslog(sim: Simulation, daemons: Daemons) -> None:
    daemons.rsyslogd = sim.fork()
    sim.log(
        "rsyslogd", "imuxsock: Acquired UNIX socket '/run/systemd/journal/syslog' (fd 3) from systemd.  [v8.2312.0]"
    )
    sim.log("rsyslogd", "rsyslogd's groupid changed to 103")
    sim.log("rsyslogd", "rsyslogd's userid changed to 102")
    sim.log("rsyslogd", f"{_origin(daemons)} start")


def restart_rsyslog(sim: Simulation, daemons: Daemons) -> Process:
    """``systemctl restart rsyslog``, as the daemon and systemd tell it."""
    unit, title = "rsyslog.service", "System Logging Service"
    sim.log("systemd", f"Stopping {unit} - {title}...", 1)
    yield 0.02
    sim.log("rsyslogd", f"{_origin(daemons)} exiting on signal 15.")
    yield 0.04
    sim.log("systemd", f"{unit}: Deactivated successfully.", 1)
    sim.log("systemd", f"Stopped {unit} - {title}.", 1)
    sim.log("systemd", f"Starting {unit} - {title}...", 1)
    yield 0.06
    start_rsyslog(sim, daemons)
    sim.log("systemd", f"Started {unit} - {title}.", 1)


# -- the application

_PATHS = ("/", "/products", "/products/1842", "/cart", "/checkout", "/api/search", "/api/inventory", "/account/orders")


def _json(**fields: object) -> str:
    return json.dumps(fields, separators=(",", ":"))


_RUSH = (5, 4, 3, 3, 3, 4, 6, 8, 10, 11, 11, 12, 13, 12, 11, 11, 12, 13, 15, 16, 16, 14, 10, 7)
"""Requests logged in 100 seconds, by the hour of the day."""


def shop_api(sim: Simulation, daemons: Daemons) -> Process:
    """Requests of the shop, one JSON object a line, more of them in the evening."""
    while True:
        yield sim.gap(100.0 / _RUSH[sim.now.hour])
        if not daemons.shop_api:
            continue
        path = sim.random.choice(_PATHS)
        took = round(sim.random.lognormvariate(3.4, 0.8), 1)
        request = f"{sim.random.getrandbits(48):012x}"
        dice = sim.random.random()
        if dice < 0.004:
            line = _json(
                level="error",
                msg="payment provider timed out",
                path="/checkout",
                status=504,
                ms=10000.0,
                request_id=request,
                attempt=sim.random.randrange(1, 4),
            )
        elif dice < 0.02 or took > 200:
            line = _json(level="warn", msg="slow request", path=path, status=200, ms=took * 9, request_id=request)
        else:
            line = _json(
                level="info", msg="request", path=path, status=200 if dice < 0.96 else 404, ms=took, request_id=request
            )
        sim.log("shop-api", line, daemons.shop_api)


def out_of_memory(sim: Simulation, daemons: Daemons) -> Process:
    """At 16:47 the application outgrows its memory; the kernel ends it and systemd starts it again."""
    yield sim.until(16, 47, 9.2)
    victim, daemons.shop_api = daemons.shop_api, 0
    kernel(
        sim, "shop-api invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0"
    )
    kernel(
        sim,
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
        f"oom_memcg=/system.slice/shop-api.service,task=shop-api,pid={victim},uid=1001",
    )
    kernel(
        sim,
        f"Memory cgroup out of memory: Killed process {victim} (shop-api) total-vm:4811224kB, anon-rss:2096128kB, "
        "file-rss:18432kB, shmem-rss:0kB, UID:1001 pgtables:4520kB oom_score_adj:0",
    )
    sim.log("systemd", "shop-api.service: A process of this unit has been killed by the OOM killer.", 1)
    yield 0.3
    sim.log("systemd", "shop-api.service: Main process exited, code=killed, status=9/KILL", 1)
    sim.log("systemd", "shop-api.service: Failed with result 'oom-kill'.", 1)
    yield 5.1
    sim.log("systemd", "shop-api.service: Scheduled restart job, restart counter is at 1.", 1)
    daemons.shop_api = sim.fork()
    sim.log("systemd", "Started shop-api.service - Shop API.", 1)
    yield 0.8
    sim.log("shop-api", _json(level="info", msg="listening", addr="127.0.0.1:8080", version="4.12.0"), daemons.shop_api)
