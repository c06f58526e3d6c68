"""One input through every kernel: read and framed, operators, processors, encoders, and what cuts encoded records.

The configurations and texts are the golden cases', mixed: any receiver may get any case's text, changed at random, and
any processors. Everything follows from the input's number, so that a failure can be repeated.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import warnings
from importlib import import_module
from random import Random
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from fastlog._core.batch import Batch, Resource
from fastlog._core.hot import otlp
from fastlog._core.native import Encoder, slice_block
from fastlog._core.otlp_json import to_json
from fastlog._core.otlp_split import split
from fastlog.receivers.filelog import COMPONENT as FILELOG
from fastlog.receivers.filelog import reader
from fastlog.receivers.filelog.encoding import NATIVE
from fastlog.receivers.filelog.reader import BlockReader
from fastlog.types import ComponentID, Context, Processor
from tests.golden.goldenlib.cases import MUTATIONS, Case, load
from tests.golden.goldenlib.compare import deviations
from tests.property.native_oracle import expected_rows, read

OBSERVED = 1_762_842_301_000_000_000
PROCESSORS = ("attributes", "resource", "transform")
RESOURCE = {"service.name": "fuzz", "host.cpu.count": 2, "nested": {"a": [1, None, "x"]}}
TOKENS = [
    *MUTATIONS, b"\n", b"\n", b"\r\n", b"{", b"}", b'{"a":', b"null", b"1e999", b"-0", b"9223372036854775808",
    b"\\ud800", b"\\u0000", b"[[[[[[[[", b'"level":"error"', b"2025-11-11T00:00:01+00:00", b"Nov 11 00:00:01",
    b"x" * 31, b"x" * 33, b"y" * 129, b"z" * 193, b" " * 64, "😀é".encode() * 17,
]  # fmt: skip


@functools.cache
def cases() -> list[Case]:
    """The golden cases that fastlog runs, by name."""
    excluded = {name for name, found in deviations().items() if found.get("unsupported")}
    return [case for case in load() if not case.refused and case.id not in excluded]


@functools.cache
def block_reader(index: int) -> BlockReader:
    """The reader of that case's receiver, with its operators compiled."""
    config = {**cases()[index].receiver, "include": ["fuzz.log"]}
    config.pop("exclude", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        receiver = FILELOG.create(FILELOG.config.model_validate(config), Context(ComponentID("filelog"), "fuzz"))
    found = receiver._reader
    assert isinstance(found, BlockReader)
    return found


@functools.cache
def processors(index: int) -> tuple[Processor, ...]:
    """That case's processors, without those that ask the machine."""
    made = []
    for name, config in cases()[index].processors:
        kind = name.partition("/")[0]
        if kind in PROCESSORS:
            component = import_module(f"fastlog.processors.{kind}").COMPONENT
            made.append(component.create(component.config.model_validate(config), Context(ComponentID(kind), "fuzz")))
    return tuple(made)


@functools.cache
def with_processors() -> list[int]:
    """The indexes of the cases that have some."""
    return [i for i in range(len(cases())) if processors(i)]


def text(random: Random, case: Case) -> bytes:
    """Some of a case's text, changed."""
    if random.random() < 0.05:
        return random.randbytes(random.choice((1, 7, 64, 1000, 5000)))
    if random.random() < 0.3:
        case = random.choice(cases())
    lines = b"".join(case.files.values())[: 1 << 17].splitlines(keepends=True) or [b""]
    first = random.randrange(len(lines))
    data = bytearray(b"".join(lines[first : first + random.choice((1, 3, 20, 60))]))
    for _ in range(random.choice((0, 1, 2, 5, 20, 60))):
        at = random.randint(0, len(data))
        kind = random.random()
        if kind < 0.2:
            del data[at : at + random.choice((1, 1, 2, 5, 40))]
        elif kind < 0.5:
            data[at:at] = random.choice(TOKENS)
        elif kind < 0.7:
            data[at : at + 1] = random.choice(TOKENS)
        elif kind < 0.8:
            data[at:at] = data[at : at + random.choice((1, 8, 100, 300))]
        elif kind < 0.9 and at < len(data):
            data[at] = random.randrange(256)
        else:
            data[at:at] = random.choice(lines)
    if random.random() < 0.1:
        data *= random.choice((2, 3, 30))
    return bytes(data[: 1 << 18])


def batches(blocks: BlockReader, data: bytes, block: int) -> list[Batch]:
    """The batches that a file of ``data`` makes when read ``block`` bytes at a time and flushed; plans have run."""
    made: list[Batch] = []
    whole, reader.BLOCK = reader.BLOCK, block
    file = os.memfd_create("fuzz")
    try:
        os.write(file, data)
        offset, flush = 0, False
        while offset < len(data):
            found = blocks.read(file, offset, len(data), flush)
            if found is None:
                if flush:
                    assert blocks._transcoder is not None, "what is flushed is taken, but for part of a character"
                    break
                flush = True
                continue
            batch, size = found
            assert 0 < size <= len(data) - offset
            offset += size
            batch.observed_time_unix_nano = OBSERVED
            batch.resources = [Resource(RESOURCE)]
            batch.set_constant(b"log.file.name", "fuzz.log")
            batch.plan.run(batch)
            made.append(batch)
    finally:
        reader.BLOCK = whole
        os.close(file)
    return made


def python_value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [python_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: python_value(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind)


def otlp_records(data: bytes) -> list[dict[str, Any]]:
    """The records of an ``ExportLogsServiceRequest`` as ``Batch.to_records`` gives them; refuses ill-formed UTF-8."""
    return [
        {
            "time_unix_nano": record.time_unix_nano,
            "observed_time_unix_nano": record.observed_time_unix_nano,
            "severity_number": record.severity_number,
            "severity_text": record.severity_text,
            "body": python_value(record.body),
            "attributes": {pair.key: python_value(pair.value) for pair in record.attributes},
            "resource": {pair.key: python_value(pair.value) for pair in resource.resource.attributes},
        }
        for resource in ExportLogsServiceRequest.FromString(data).resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


def shown(value: Any) -> str:
    """A text that equal values share, whatever the order of keys. NaN is NaN in it, and 1 is neither 1.0 nor True."""
    if isinstance(value, dict):
        return f"{{{', '.join(sorted(f'{key!r}: {shown(item)}' for key, item in value.items()))}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    return repr(value)


def same(one: list[dict[str, Any]], other: list[dict[str, Any]], what: str, *, ordered: bool = True) -> None:
    left, right = [shown(record) for record in one], [shown(record) for record in other]
    if not ordered:
        left.sort()
        right.sort()
    for i, (first, second) in enumerate(zip(left, right, strict=False)):
        assert first == second, f"{what}, record {i}:\n  {first}\n  {second}"
    assert len(left) == len(right), f"{what}: {len(left)} records and {len(right)}"


def damaged(random: Random, data: bytes) -> bytes:
    """``data`` with a byte changed, or cut off."""
    at = random.randrange(len(data))
    return data[:at] if random.random() < 0.3 else data[:at] + random.randbytes(1) + data[at + 1 :]


def encoded(random: Random, batch: Batch, digest: Any, *, raw: bool) -> None:
    """Everything that exporters make of ``batch``, held against its records. With ``raw`` texts may be ill-formed,
    which no reader takes: then only the numbers of records are compared."""
    records = batch.to_records()
    assert len(records) == batch.records
    unsigned = [{**record, "time_unix_nano": record["time_unix_nano"] % 2**64} for record in records]

    buffer, count = otlp.encode(batch)
    request = bytes(buffer)
    buffer.release()
    assert count == len(records)
    if not raw:
        same(otlp_records(request), unsigned, "OTLP", ordered=False)  # records are grouped by their resource

    document = bytes(to_json([request]))
    logs = [scope["logRecords"] for resource in json.loads(document)["resourceLogs"] for scope in resource["scopeLogs"]]
    assert sum(map(len, logs)) == count

    parts = split(request, random.choice((0, 1, 3)), random.choice((1, 100, 5000, 1 << 20)))
    assert sum(rows for _, rows in parts) == count
    if not raw:
        same([record for part, _ in parts for record in otlp_records(bytes(part))], otlp_records(request), "split")

    native = bytes(Encoder().encode(batch))
    rows = (read(native) or [[]])[0]
    assert len(rows) == count
    if not raw:
        same(rows, expected_rows(records), "Native")
    if rows:
        first = random.randrange(len(rows))
        taken = random.randint(1, len(rows) - first)
        same(read(bytes(slice_block(native, first, taken)))[0], rows[first : first + taken], "slice")
        for _ in range(3):
            with contextlib.suppress(ValueError, OverflowError):
                slice_block(damaged(random, native), first, taken)
            with contextlib.suppress(ValueError):
                split(damaged(random, request), 1, 100)
            with contextlib.suppress(ValueError):
                json.loads(bytes(to_json([damaged(random, request)])))
    for part in (request, document, native):
        digest.update(part)


def check(number: int) -> str:
    """Put input ``number`` through everything. A digest of all that was encoded; AssertionError says what is wrong."""
    random = Random(number)
    index = random.randrange(len(cases()))
    case = cases()[index]
    data = text(random, case)
    blocks = block_reader(index)
    digest = hashlib.sha256()

    whole = batches(blocks, data, 1 << 20)
    small = batches(blocks, data, random.choice((17, 300, 4096)))
    records = [record for batch in whole for record in batch.to_records()]
    same([record for batch in small for record in batch.to_records()], records, f"{case.id}: cut in small blocks")
    for batch in small:
        batch.release()

    raw = NATIVE.get(case.receiver.get("encoding", "utf-8").lower()) == "utf-8-raw"
    steps = [processors(index)]
    if random.random() < 0.7:
        steps.append(processors(random.choice(with_processors())))
    for batch in whole:
        encoded(random, batch, digest, raw=raw)
        for step in steps:
            for processor in step:
                processor.process(batch)
            encoded(random, batch, digest, raw=raw)
        batch.release()
    return digest.hexdigest()[:16]
