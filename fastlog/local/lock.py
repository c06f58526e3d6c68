"""Who has a store open. ClickHouse locks the file ``status`` in the folder and writes its process id into it."""

from __future__ import annotations

import fcntl
import re
from pathlib import Path


def owner(store: Path) -> int | None:
    """The id of the process that has ``store`` open, 0 if it does not say, None if nobody has."""
    try:
        status = (store / "status").open("r+")
    except OSError:
        return None
    with status:
        try:
            fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            match = re.search(r"PID: (\d+)", status.read())
            return int(match[1]) if match else 0
    return None
