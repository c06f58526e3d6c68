"""The configuration: the collector's keys and defaults, and what each refusal says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fastlog.receivers.filelog.config import Config


def config(**keys: Any) -> Config:
    return Config.model_validate({"include": ["/var/log/syslog"], **keys})


def test_the_defaults_are_the_collectors() -> None:
    parsed = config()
    assert parsed.start_at == "end"
    assert parsed.poll_interval == 0.2
    assert parsed.force_flush_period == 0.5
    assert parsed.fingerprint_size == 1000
    assert parsed.max_log_size == 1 << 20
    assert parsed.max_concurrent_files == 1024
    assert parsed.include_file_name
    assert not parsed.include_file_path
    assert parsed.encoding == "utf-8"


def test_sizes_and_durations_are_read_as_the_collector_does() -> None:
    parsed = config(max_log_size="2MiB", fingerprint_size="1kb", poll_interval="1m30s")
    assert (parsed.max_log_size, parsed.fingerprint_size, parsed.poll_interval) == (2 << 20, 1000, 90.0)


def test_patterns_may_be_one_string() -> None:
    assert Config.model_validate({"include": "/a.log,/b.log"}).include == ["/a.log", "/b.log"]


def test_the_default_that_differs_is_said_unless_set() -> None:
    assert any("on_truncate" in text for text in config().deviations())
    assert config(on_truncate="ignore").deviations() == []


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"include": []}, "'include' must name at least one"),
        ({"include": ["/var/log/[a"]}, "is not closed"),
        ({"exclude": ["/var/{log"]}, "is not closed"),
        ({"fingerprint_size": 15}, "at least 16 bytes"),
        ({"max_log_size": 0}, "'max_log_size' must be between"),
        ({"max_concurrent_files": 0}, "'max_concurrent_files' must be positive"),
        ({"max_batches": -1}, "'max_batches' must not be negative"),
        ({"start_at": "middle"}, "'beginning' or 'end'"),
        ({"encoding": "utf-99"}, "not an encoding"),
        ({"on_truncate": "panic"}, "read_whole_file"),
        ({"poll_interval": "0s"}, "'poll_interval' must be positive"),
        ({"poll_interval": "200"}, "write '200s'"),
        ({"multiline": {"line_start_pattern": "a", "line_end_pattern": "b"}}, "only one of"),
        ({"multiline": {"line_start_pattern": "a"}, "encoding": "nop"}, "has no lines"),
        ({"header": {"pattern": "^#"}}, "'header' is not supported"),
        ({"ordering_criteria": {"top_n": 1}}, "'ordering_criteria' is not supported"),
        ({"compression": "gzip"}, "'compression: gzip' is not supported"),
        ({"delete_after_read": True}, "'delete_after_read: true' is not supported"),
        ({"acquire_fs_lock": True}, "'acquire_fs_lock: true' is not supported"),
        ({"include_file_record_offset": True}, "not supported"),
        ({"max_log_size_behavior": "truncate"}, "'split' keeps the whole line"),
        ({"attributes": {"a": "EXPR(env('A'))"}}, "expressions are not supported"),
        ({"polls": 1}, "Extra inputs"),
    ],
)
def test_what_is_refused_and_why(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config(**keys)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "keys",
    [
        {"delete_after_read": False, "compression": "", "header": None, "ordering_criteria": {}},
        {"initial_buffer_size": "64KiB", "max_batches": 3, "polls_to_archive": 10, "skip_unmodified_files": True},
        {"retry_on_failure": {"enabled": True, "max_elapsed_time": "0s"}, "storage": "file_storage"},
    ],
)
def test_what_changes_nothing_here_is_accepted(keys: dict[str, Any]) -> None:
    config(**keys)
