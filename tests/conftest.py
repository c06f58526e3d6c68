"""``--all``, and the heavy parts that only it installs."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, settings

# part -> (a program it brings, the Debian packages that have it)
PARTS = {
    "rsyslogd": ("rsyslogd", ["rsyslog"]),
}

# A slow machine is no failure.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all", action="store_true", help="also run tests that need a heavy part; install what is missing"
    )


def install(part: str) -> str | None:
    """Why ``part`` cannot be had, or None once it is there."""
    program, packages = PARTS[part]
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/local/go/bin"])
    if shutil.which(program, path=path):
        return None
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return f"{program} is missing, and only root with apt-get can install it"
    print(f"installing {' '.join(packages)} for the {part} tests", flush=True)
    quiet = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.PIPE,
        "text": True,
        "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    }
    subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
    done = subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=False, **quiet
    )
    return (
        None
        if done.returncode == 0 and shutil.which(program, path=path)
        else f"apt-get install {packages[0]}: {done.stderr[-300:]}"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    everything = config.getoption("--all")
    for item in items:
        for mark in item.iter_markers("heavy"):
            if mark.args[0] not in PARTS:
                raise pytest.UsageError(
                    f"{item.nodeid}: no heavy part {mark.args[0]!r}; tests/conftest.py has {', '.join(PARTS)}"
                )
            if not everything:
                item.add_marker(pytest.mark.skip(reason=f"needs {mark.args[0]}; scripts/test --all runs it"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("heavy"):
        reason = install(mark.args[0])
        if reason:
            pytest.fail(f"{mark.args[0]} is needed and can't be had: {reason}", pytrace=False)
