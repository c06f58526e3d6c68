from __future__ import annotations

import json
import os
import resource
import signal
import stat
import struct
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from pydantic import ValidationError

from fastlog._core.buffer import Buffer
from fastlog.exporters.file import COMPONENT, FileExporter
from fastlog.types import Chunk, Origin, Outcome


def chunk(body: str) -> Chunk:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add().body.string_value = body
    return Chunk(Buffer(request.SerializeToString()), 1, Origin("f", 0, 1, 0))


def make(path: Path, **config: Any) -> FileExporter:
    return FileExporter(COMPONENT.config.model_validate({"path": str(path), **config}))


def test_a_request_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("old\n")
    exporter = make(path)
    assert exporter.send([chunk("a\nb"), chunk("c")], 1).kind == Outcome.DELIVERED
    assert exporter.send([chunk("d")], 1).kind == Outcome.DELIVERED
    exporter.shutdown()
    lines = [json.loads(line)["resourceLogs"] for line in path.read_text().splitlines()]
    texts = [[one["scopeLogs"][0]["logRecords"][0]["body"]["stringValue"] for one in line] for line in lines]
    assert texts == [["a\nb", "c"], ["d"]]


def test_append_keeps_what_is_there_and_a_new_file_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "out.json"
    for _ in range(2):
        exporter = make(path, append=True, create_directory=True)
        exporter.send([chunk("a")], 1)
        exporter.shutdown()
    assert len(path.read_text().splitlines()) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_proto_has_the_length_in_front(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    exporter = make(path, format="proto")
    exporter.send([chunk("a"), chunk("b")], 1)
    exporter.shutdown()
    data = path.read_bytes()
    assert struct.unpack(">I", data[:4])[0] == len(data) - 4
    assert len(ExportLogsServiceRequest.FromString(data[4:]).resource_logs) == 2


def test_what_could_not_be_written_whole_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    exporter = make(path)
    exporter.send([chunk("a")], 1)
    size = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, hard))
    try:
        outcome = exporter.send([chunk("b" * 5000)], 1)
        assert os.path.getsize(path) == size
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert (outcome.kind, outcome.detail) == (Outcome.RETRY, "OSError: File too large")
    assert exporter.send([chunk("b" * 5000)], 1).kind == Outcome.DELIVERED
    exporter.shutdown()
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 2


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "Field required"),
        ({"path": ""}, "no path"),
        ({"path": "x", "group_by": {"enabled": True}}, "group_by is not supported"),
        ({"path": "x", "directory_permissions": "rwx"}, "write them in octal"),
        ({"path": "x", "rotation": {}}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_configuration_says_what_to_write(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        COMPONENT.config.model_validate(config)
