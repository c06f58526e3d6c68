"""Path patterns against the answers of the collector's library, and what is noted of the directories."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from fastlog.receivers.filelog.finder import Finder
from fastlog.receivers.filelog.glob import Glob

RECORDED: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "golden" / "glob" / "doublestar.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("pattern", [pattern for pattern, names in RECORDED["match"].items() if names is not None])
def test_matches_as_doublestar_does(pattern: str) -> None:
    glob = Glob(pattern)
    # What ends in a slash is no path of a file.
    files = [name for name in RECORDED["names"] if not name.endswith("/")]
    assert [name for name in files if glob.matches(name)] == [
        name for name in files if name in RECORDED["match"][pattern]
    ]


@pytest.mark.parametrize("pattern", [pattern for pattern, names in RECORDED["match"].items() if names is None])
def test_malformed_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="write"):
        Glob(pattern)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in RECORDED["tree"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("pattern", RECORDED["glob"])
def test_finds_as_doublestar_does(tree: Path, pattern: str) -> None:
    assert Finder([pattern], []).scan().paths == sorted(set(RECORDED["glob"][pattern]))


def test_what_is_found_matches(tree: Path) -> None:
    for pattern in RECORDED["glob"]:
        for path in Finder([f"{tree}/{pattern}"], []).scan().paths:
            assert Glob(os.path.normpath(f"{tree}/{pattern}")).matches(path)


def test_exclude_is_matched_against_the_path_that_was_found(tree: Path) -> None:
    assert Finder(["log/*.log"], ["log/a*", "**/b.log"]).scan().paths == ["log/.hidden.log", "log/[a].log", "log/é.log"]
    assert Finder(["log/a.log"], [f"{tree}/log/a.log"]).scan().paths == ["log/a.log"]


def test_the_directories_that_decide(tree: Path) -> None:
    assert Finder(["log/*.log"], []).scan().directories == {"log": True}
    assert Finder(["log/*/*.log"], []).scan().directories == {
        "log": False,
        "log/x": True,
        "log/xy": True,
    }
    assert Finder([f"{tree}/log/x/**/*.log"], []).scan().directories == {
        f"{tree}/log/x": True,
        f"{tree}/log/x/y": True,
        f"{tree}/log/x/y/z": True,
    }
    assert Finder([f"{tree}/later/deep/x.log"], []).scan().directories == {str(tree): False}
    assert Finder([f"{tree}/log/x.log", f"{tree}/log/*/none"], []).scan().directories[f"{tree}/log"] is True
    assert Finder(["top.log"], []).scan().directories == {".": True}


def test_a_link_to_a_directory_that_contains_it_ends(tree: Path) -> None:
    (tree / "log" / "x" / "back").symlink_to(tree / "log")
    (tree / "log" / "x" / "other").symlink_to(tree / "opt")
    paths = Finder(["log/x/**/*.log"], []).scan().paths
    assert "log/x/other/app/app.log" in paths
    assert not [path for path in paths if "back" in path]


def test_what_is_no_regular_file_is_not_found(tree: Path) -> None:
    os.mkfifo(tree / "log" / "fifo.log")
    (tree / "log" / "dir.log").mkdir()
    (tree / "log" / "dangling.log").symlink_to("nowhere")
    (tree / "log" / "link.log").symlink_to("a.log")
    paths = Finder(["log/*.log"], []).scan().paths
    assert "log/link.log" in paths
    assert not {"log/fifo.log", "log/dir.log", "log/dangling.log"} & set(paths)


def test_exclude_older_than(tree: Path) -> None:
    os.utime("log/a.log", (0, 0))
    finder = Finder(["log/[ab].log"], [], oldest=3600.0)
    assert finder.scan().paths == ["log/b.log"]
    assert not finder.matches("log/a.log")
    assert finder.matches("log/b.log")


def test_names_that_are_not_utf8_are_found(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.log"))).touch()
    assert [os.fsencode(path)[-8:] for path in Finder([f"{tmp_path}/caf?.log"], []).scan().paths] == [b"caf\xe9.log"]
