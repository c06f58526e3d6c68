"""fastlog as a library: what comes out is what opentelemetry-proto reads, columns are safe, threads don't mix."""

from __future__ import annotations

import gc
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

import fastlog

REGEX = r"^(?P<timestamp>\S+) (?P<unit>[^\[: ]+)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$"
PARSE: dict[str, Any] = {"type": "regex_parser", "regex": REGEX}
TIME = {
    "type": "time_parser",
    "parse_from": "attributes.timestamp",
    "layout_type": "strptime",
    "layout": "%Y-%m-%dT%H:%M:%SZ",
}
JSON = {"type": "json_parser"}
LINES = b"2025-11-11T00:00:01Z sshd[7]: accepted a key of some length\n2025-11-11T00:00:02Z cron: ran\nneither\n"
FIRST = 1_762_819_201_000_000_000


def records(data: memoryview) -> list[Any]:
    request = ExportLogsServiceRequest.FromString(bytes(data))
    return [
        record for resource in request.resource_logs for scope in resource.scope_logs for record in scope.log_records
    ]


def plain(value: AnyValue) -> Any:
    which = value.WhichOneof("value")
    return getattr(value, which) if which else None


def attributes(record: Any) -> dict[str, Any]:
    return {pair.key: plain(pair.value) for pair in record.attributes}


def test_encode_is_a_request() -> None:
    encoder = fastlog.Encoder([PARSE, TIME], attributes={"source": "test", "n": 3}, resource={"host.name": "h"})
    request = ExportLogsServiceRequest.FromString(bytes(encoder.encode(LINES)))
    assert {pair.key: plain(pair.value) for pair in request.resource_logs[0].resource.attributes} == {"host.name": "h"}
    first, second, third = request.resource_logs[0].scope_logs[0].log_records
    assert plain(first.body) == LINES.splitlines()[0].decode()
    assert first.time_unix_nano == FIRST
    assert attributes(first) == {
        "timestamp": "2025-11-11T00:00:01Z",
        "unit": "sshd",
        "pid": "7",
        "message": "accepted a key of some length",
        "source": "test",
        "n": 3,
    }
    assert attributes(second)["pid"] == ""
    assert attributes(third) == {"source": "test", "n": 3}


@pytest.mark.parametrize("data", [b"", b"\n \n", bytearray(), memoryview(b"")])
def test_no_record_is_an_empty_request(data: Any) -> None:
    assert len(fastlog.Encoder().encode(data)) == 0
    assert fastlog.parse(data).records == 0


def test_results_outlive_what_comes_later() -> None:
    encoder = fastlog.Encoder([PARSE])
    first = encoder.encode(LINES)
    before = bytes(first)
    for _ in range(50):
        encoder.encode(b"something else\n" * 50)
    del encoder
    gc.collect()
    assert bytes(first) == before
    assert first.readonly


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_large_data_is_taken_block_by_block(end: bytes) -> None:
    lines = [b"line %d " % i + b"x" * (i % 700) for i in range(9000)]
    lines[4000] = b"y" * 1_500_000
    data = b"\n".join(lines) + end
    encoder = fastlog.Encoder(max_log_size="4MiB")
    assert [plain(record.body).encode() for record in records(encoder.encode(data))] == [line.strip() for line in lines]


def test_other_encodings_and_long_lines() -> None:
    text = "grün\nπ\n"
    assert [plain(r.body) for r in records(fastlog.Encoder(encoding="utf-16le").encode(text.encode("utf-16-le")))] == [
        "grün",
        "π",
    ]
    assert [plain(r.body) for r in records(fastlog.Encoder(max_log_size=4).encode(b"abcdefgh12\n"))] == [
        "abcd",
        "efgh",
        "12",
    ]
    (whole,) = records(fastlog.Encoder(encoding="nop").encode(b"a\nb\n"))
    assert plain(whole.body) == b"a\nb\n"


def test_threads_encode_at_once() -> None:
    encoder = fastlog.Encoder([PARSE, TIME], attributes={"source": "test"})
    blocks = [
        b"".join(b"2025-11-11T00:00:%02dZ unit%d: message %d\n" % (i % 60, t, i) for i in range(5000)) for t in range(2)
    ]
    together = threading.Barrier(2)

    def messages(thread: int) -> list[list[str]]:
        together.wait()
        results = [encoder.encode(blocks[thread]) for _ in range(8)]
        return [
            [attributes(record)["unit"] + attributes(record)["message"] for record in records(result)]
            for result in results
        ]

    with ThreadPoolExecutor(2) as pool:
        for thread, results in enumerate(pool.map(messages, range(2))):
            expected = [f"unit{thread}message {i}" for i in range(5000)]
            assert all(result == expected for result in results)


def test_failures_are_told_once_a_block() -> None:
    told: list[fastlog.Failure] = []
    fastlog.Encoder([PARSE], on_failure=told.append).encode(LINES + b"nor this\n")
    assert told == [fastlog.Failure("operators[0]", 2, "regex pattern does not match", b"neither")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"operators": [{"type": "regex_parser", "regex": "("}]},
            "operators[0]::regex: error parsing regexp: missing closing )",
        ),
        ({"operators": [PARSE, {"type": "time_praser"}]}, "operators[1]: there is no operator 'time_praser'"),
        ({"operators": [{**PARSE, "regx": "x"}]}, "operators[0]::regx: there is no such key; did you mean 'regex'?"),
        ({"max_log_size": 0}, "'max_log_size' must be between 1 byte and 1 GiB, not 0"),
        ({"encoding": "klingon"}, "encoding: 'klingon' is not an encoding"),
        ({"attributes": {"a": object()}}, "attributes: a: "),
    ],
)
def test_errors_are_the_configurations(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(fastlog.ConfigError, match=re.escape(message)):
        fastlog.Encoder(**arguments)


def test_only_bytes_are_taken() -> None:
    with pytest.raises(TypeError, match="bytes-like"):
        fastlog.Encoder().encode("text")  # type: ignore[arg-type]


# ---- columns


def test_columns_are_the_records() -> None:
    batch = fastlog.parse(LINES, [PARSE, TIME], attributes={"source": "test"})
    rows = batch.to_records()
    for name in batch.columns:
        items = batch.column(name).to_pylist()
        if name.startswith("attributes."):
            assert items == [row["attributes"].get(name.removeprefix("attributes.")) for row in rows]
        else:
            assert [item or 0 for item in items] == [row[name] or 0 for row in rows]
    assert batch.column("attributes.pid").to_pylist() == ["7", "", None]
    assert batch.column("time_unix_nano").to_pylist() == [FIRST, FIRST + 10**9, None]


def test_fixed_columns_are_numpy_arrays_without_a_copy() -> None:
    batch = fastlog.parse(LINES, [PARSE, TIME, {"type": "severity_parser", "parse_from": "attributes.unit"}])
    one, two = np.asarray(batch.column("time_unix_nano")), np.asarray(batch.column("time_unix_nano"))
    assert one.dtype == np.int64
    assert one.ctypes.data == two.ctypes.data
    assert one.tolist() == [FIRST, FIRST + 10**9, 0]
    assert np.asarray(batch.column("severity_number")).dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        one[0] = 1


def test_strings_are_spans_of_the_arena() -> None:
    column = fastlog.parse(LINES, [PARSE]).column("attributes.unit")
    spans = np.asarray(column)
    assert spans.dtype == np.dtype([("offset", np.int32), ("length", np.int32)])
    arena = column.arena
    assert [bytes(arena[offset : offset + length]) for offset, length in spans.tolist()[:2]] == [b"sshd", b"cron"]
    assert spans["length"].tolist() == [4, 4, -1]


def test_arrays_keep_the_batch() -> None:
    encoder = fastlog.Encoder([PARSE, TIME])
    times = np.asarray(encoder.parse(LINES).column("time_unix_nano"))
    gc.collect()
    for _ in range(20):
        encoder.parse(b"other lines\n" * 100)
    assert times.tolist() == [FIRST, FIRST + 10**9, 0]


def test_a_viewed_batch_refuses_to_change() -> None:
    encoder = fastlog.Encoder([PARSE, TIME])
    batch = encoder.parse(LINES)
    views = [np.asarray(batch.column("time_unix_nano")), batch.column("body").arena, pa.array(batch.column("body"))]
    while views:
        for change in (
            batch.release,
            batch.reset,
            lambda: batch.set_constant(b"k", "v"),
            lambda: batch.plan.run(batch),
        ):
            with pytest.raises(BufferError, match="in use"):
                change()
        views.pop()
        gc.collect()
    batch.release()
    assert encoder.parse(b"again\n").records == 1


def test_dropped_records_are_in_no_column() -> None:
    batch = fastlog.parse(LINES, [{**PARSE, "on_error": "drop"}, TIME])
    assert batch.rows == 3
    assert np.asarray(batch.column("time_unix_nano")).tolist() == [FIRST, FIRST + 10**9]
    assert batch.column("attributes.unit").to_pylist() == ["sshd", "cron"]
    assert pa.record_batch(batch).num_rows == 2


def test_typed_columns() -> None:
    lines = b'{"d": 1.5, "b": true, "s": "x", "deep": {"a": 1}, "mixed": 1}\n{"d": 2, "b": false, "mixed": "one"}\n{}\n'
    batch = fastlog.parse(lines, [JSON], attributes={"n": 7, "raw": b"\xff"})
    expected = {
        "d": [1.5, 2.0, None],
        "b": [True, False, None],
        "s": ["x", None, None],
        "n": [7] * 3,
        "raw": [b"\xff"] * 3,
    }
    for key, items in expected.items():
        column = batch.column(f"attributes.{key}")
        assert column.to_pylist() == items
        array = pa.array(column)
        array.validate(full=True)
        assert array.to_pylist() == items
        assert len(np.asarray(column)) == 3
    for key in ("deep", "mixed"):
        with pytest.raises(TypeError, match="several kinds"):
            batch.column(f"attributes.{key}")
    with pytest.raises(KeyError, match=r"no column 'tme'; the columns are time_unix_nano, "):
        batch.column("tme")


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 1000])
def test_a_batch_is_an_arrow_record_batch(rows: int) -> None:
    lines = b"".join(b"2025-11-11T00:00:01Z u%d: %s\n" % (i, b"m" * (i % 30)) for i in range(rows))
    batch = fastlog.parse(lines, [PARSE, TIME], attributes={"yes": True})
    table = pa.record_batch(batch)
    table.validate(full=True)
    assert table.num_rows == rows
    assert table.schema.names == batch.columns
    for name in batch.columns:
        array = table.column(name)
        if batch.column(name).kind == "timestamp":
            assert array.type == pa.timestamp("ns", "UTC")
            array = array.cast(pa.int64())
        assert array.to_pylist() == batch.column(name).to_pylist()
    del batch
    gc.collect()
    assert [text.as_py() for text in table["body"]] == [line.decode().strip() for line in lines.splitlines()]


def test_capsules_that_nobody_takes_are_freed() -> None:
    batch = fastlog.parse(LINES, [PARSE])
    batch.__arrow_c_array__()
    batch.column("body").__arrow_c_schema__()
    batch.column("body").__arrow_c_array__()
    batch.release()


# ---- the documentation


def test_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "syslog").write_bytes(
        b"".join(b"2025-11-11T00:00:01.000001+00:00 host unit%d[%d]: text\n" % (i % 3, i) for i in range(1000))
    )
    guide = (Path(__file__).parents[2] / "docs" / "library.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    examples = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    assert len(examples) >= 4
    for example in examples:
        exec(compile(example, "docs/library.md", "exec"), names)
