"""Read by mypy --strict in tests/unit/test_source.py: the public names have these types."""

from typing import assert_type

import fastlog

encoder = fastlog.Encoder(
    operators=[{"type": "regex_parser", "regex": "^(?P<message>.*)$"}],
    attributes={"source": "test", "n": 1},
    resource={"host.name": "web-1"},
    max_log_size="1MiB",
    encoding="utf-8",
    on_failure=lambda failure: print(failure.records + 1, failure.reason.upper()),
)
assert_type(encoder.encode(b"line\n"), memoryview)
assert_type(encoder.encode(bytearray(b"line\n")), memoryview)
assert_type(encoder.encode(memoryview(b"line\n")), memoryview)
assert_type(encoder.parse(b"line\n"), fastlog.Batch)
assert_type(fastlog.parse(b"line\n", [{"type": "json_parser"}]), fastlog.Batch)
assert_type(fastlog.parse(b"line\n").columns, list[str])
assert_type(fastlog.parse(b"line\n").column("body"), fastlog.Column)
assert_type(fastlog.parse(b"line\n").column("body").arena, memoryview)

fastlog.Encoder(operators="json_parser")  # type: ignore[arg-type]
fastlog.Encoder(max_log_size=None)  # type: ignore[arg-type]
encoder.encode("text")  # type: ignore[arg-type]
