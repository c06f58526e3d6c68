"""Checkpoint files: what is kept, what survives a crash, who may open them."""

import errno
import os
from pathlib import Path

import orjson
import pytest

from fastlog.storage import CheckpointError, CheckpointStore, checkpoints, state_directory, store_path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "filelog%2Fsyslog.json"


def reopened(store: CheckpointStore) -> CheckpointStore:
    store.close()
    return CheckpointStore(store.path, "filelog/syslog")


def test_an_unknown_source_has_no_position(path: Path) -> None:
    store = CheckpointStore(path, "filelog/syslog")
    assert store.position("f1", ["otlphttp"]) is None
    assert store.known() == {}


def test_positions_and_facts_survive_a_restart(path: Path) -> None:
    store = CheckpointStore(path, "filelog/syslog")
    store.advance("f1", "otlphttp", 4096)
    store.describe("f1", {"path": "/var/log/syslog", "length": 1000})
    store = reopened(store)
    assert store.position("f1", ["otlphttp"]) == 4096
    assert store.known() == {"f1": {"path": "/var/log/syslog", "length": 1000}}
    store.close()


def test_reading_resumes_where_the_slowest_exporter_is(path: Path) -> None:
    store = CheckpointStore(path, "filelog/syslog")
    store.advance("f1", "fast", 900)
    store.advance("f1", "slow", 100)
    assert store.position("f1", ["fast", "slow"]) == 100
    assert store.position("f1", ["fast"]) == 900


def test_an_exporter_new_in_the_configuration_joins_the_others(path: Path) -> None:
    store = CheckpointStore(path, "filelog/syslog")
    store.advance("f1", "old", 500)
    assert store.position("f1", ["old", "new"]) == 500
    assert store.position("f1", ["new"]) is None


def test_a_save_without_a_change_writes_nothing(path: Path) -> None:
    store = CheckpointStore(path, "filelog/syslog")
    assert store.save() is False
    assert not path.exists()
    store.advance("f1", "otlphttp", 1)
    assert store.save() is True
    assert store.save() is False


def test_a_failed_save_leaves_the_old_file_and_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = CheckpointStore(path, "filelog/syslog")
    store.advance("f1", "otlphttp", 1)
    store.save()
    store.advance("f1", "otlphttp", 2)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            store.save()
    assert orjson.loads(path.read_bytes())["sources"]["f1"]["positions"] == {"otlphttp": 1}
    assert store.save() is True
    assert orjson.loads(path.read_bytes())["sources"]["f1"]["positions"] == {"otlphttp": 2}


def test_the_data_is_on_the_disk_before_the_rename(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (steps.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (steps.append("replace"), replace(a, b))[1])
    store = CheckpointStore(path, "filelog/syslog")
    store.advance("f1", "otlphttp", 1)
    store.save()
    assert steps == ["fsync", "replace", "fsync"]


def test_a_second_process_is_kept_out(path: Path) -> None:
    store = CheckpointStore(path, "filelog/syslog")
    with pytest.raises(CheckpointError, match="another fastlog process runs receiver filelog/syslog"):
        CheckpointStore(path, "filelog/syslog")
    store.close()
    CheckpointStore(path, "filelog/syslog").close()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 1}'])
def test_a_damaged_file_is_an_error_not_a_fresh_start(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a checkpoint file"):
        CheckpointStore(path, "filelog/syslog")


def test_a_newer_version_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b'{"version": 2, "sources": {}}')
    with pytest.raises(CheckpointError, match="format version 2, this fastlog reads version 1"):
        CheckpointStore(path, "filelog/syslog")


def test_a_source_unseen_for_a_month_is_forgotten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = CheckpointStore(path, "filelog/syslog")
    monkeypatch.setattr(checkpoints.time, "time", lambda: 1_700_000_000.0)
    store.advance("old", "otlphttp", 1)
    monkeypatch.setattr(checkpoints.time, "time", lambda: 1_700_000_000.0 + checkpoints.FORGET_AFTER + 1)
    store.advance("new", "otlphttp", 1)
    store = reopened(store)
    assert set(store.known()) == {"new"}
    store.close()


def test_a_source_that_is_gone_is_forgotten_while_running(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short-lived files come by the thousand on some hosts; each save writes all that is known."""
    now = [1_700_000_000.0]
    monkeypatch.setattr(checkpoints.time, "time", lambda: now[0])
    store = CheckpointStore(path, "filelog/syslog")
    store.advance("gone", "otlphttp", 1)
    store.advance("quiet", "otlphttp", 1)
    for _ in range(3):
        now[0] += 86400
        store.describe("quiet", {"path": "/var/log/quiet"})
        store.save()
    assert set(store.known()) == {"quiet"}
    assert store.position("quiet", ["otlphttp"]) == 1
    store.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="file_storage"):
        CheckpointStore(tmp_path / "file" / "x.json", "filelog")


def test_the_default_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_directory({"FASTLOG_STATE_DIRECTORY": "/x", "STATE_DIRECTORY": "/y"}) == Path("/x")
    assert state_directory({"STATE_DIRECTORY": "/y:/z"}) == Path("/y")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert state_directory({}) == Path("/var/lib/fastlog")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert state_directory({"XDG_STATE_HOME": "/s"}) == Path("/s/fastlog")


def test_the_path_is_keyed_by_config_place_and_receiver(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("a")
    first = store_path(tmp_path, [str(config)], "filelog/syslog")
    config.write_text("b")
    assert store_path(tmp_path, [str(config)], "filelog/syslog") == first
    assert store_path(tmp_path, [str(config)], "filelog_syslog") != first
    assert store_path(tmp_path, [str(tmp_path / "other.yaml")], "filelog/syslog") != first
    assert first.name == "filelog%2Fsyslog.json"
