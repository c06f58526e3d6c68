"""Who has a store open, by the lock on its status file."""

import fcntl
from pathlib import Path

from fastlog.local.lock import owner


def test_nobody(tmp_path: Path) -> None:
    assert owner(tmp_path / "missing") is None
    (tmp_path / "status").write_text("PID: 4711\nStarted at: 2025-11-11 00:00:00\n")
    assert owner(tmp_path) is None, "left behind by a process that has ended"


def test_a_process_that_says_its_id(tmp_path: Path) -> None:
    with (tmp_path / "status").open("w") as status:
        fcntl.flock(status, fcntl.LOCK_EX)
        assert owner(tmp_path) == 0
        status.write("PID: 4711\nStarted at: 2025-11-11 00:00:00\nRevision: 54515\n")
        status.flush()
        assert owner(tmp_path) == 4711
