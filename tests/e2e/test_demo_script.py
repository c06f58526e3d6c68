"""scripts/demo on machines that lack something: one line says what, and how to get it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("missing", "line"),
    [
        ("cc", "A C compiler is missing. On Debian and Ubuntu: apt-get install gcc"),
        ("python3", "python3 >= 3.11 with venv is missing. On Debian and Ubuntu: apt-get install python3"),
    ],
)
def test_a_missing_tool_is_named(tmp_path: Path, missing: str, line: str) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in {"bash", "cc", "dirname", "python3"} - {missing}:
        found = shutil.which(name)
        assert found is not None, name
        (tools / name).symlink_to(found)
    project = tmp_path / "project"
    shutil.copytree(ROOT / "scripts", project / "scripts")
    environment = {key: value for key, value in os.environ.items() if key not in ("CC", "PYTHON")} | {
        "PATH": str(tools)
    }
    done = subprocess.run([project / "scripts" / "demo"], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
    assert not (project / ".venv").exists()
