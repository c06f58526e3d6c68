"""fastlog's own counters, gauges and log lines. A leaf: imports nothing of fastlog.

Naming rule: where the collector has a metric for the same thing it is the collector's name
(``otelcol_receiver_accepted_log_records``); else ``fastlog_<component kind>_<what>_<unit>``. A label names the
component by its id, as there: ``exporter="otlphttp"``.

Counters are counted per block or per request, never per record, so one lock each costs nothing that can be measured.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TextIO

# Names shared by several components. Each takes the label of its component kind: receiver=, exporter=.
RECEIVER_ACCEPTED = "otelcol_receiver_accepted_log_records"
RECEIVER_REFUSED = "otelcol_receiver_refused_log_records"
EXPORTER_SENT = "otelcol_exporter_sent_log_records"
EXPORTER_SEND_FAILED = "otelcol_exporter_send_failed_log_records"
EXPORTER_QUEUE_SIZE = "otelcol_exporter_queue_size"
RECEIVER_BYTES = "fastlog_receiver_read_bytes"
EXPORTER_BYTES = "fastlog_exporter_sent_bytes"

Labels = tuple[tuple[str, str], ...]


class Counter:
    """A number that only grows. ``add`` may be called from any thread."""

    __slots__ = ("_lock", "_value")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value = 0

    def add(self, count: int) -> None:
        if count:
            with self._lock:
                self._value += count

    @property
    def value(self) -> int:
        return self._value


class Metrics:
    """Every counter and gauge of one pipeline; asking twice for the same name and labels gives the same counter."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[tuple[str, Labels], Counter] = {}
        self._gauges: dict[tuple[str, Labels], Callable[[], float]] = {}

    def counter(self, name: str, **labels: str) -> Counter:
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            return self._counters.setdefault(key, Counter())

    def gauge(self, name: str, read: Callable[[], float], **labels: str) -> None:
        """Register a value that is read when somebody looks; registering again replaces the reader."""
        with self._lock:
            self._gauges[name, tuple(sorted(labels.items()))] = read

    def total(self, name: str) -> int:
        """The sum of the counter ``name`` over all its labels."""
        with self._lock:
            return sum(counter.value for (key, _), counter in self._counters.items() if key == name)

    def items(self) -> Iterator[tuple[str, Labels, float]]:
        """``(name, labels, value)`` of everything, sorted by name and labels."""
        with self._lock:
            counters = {key: counter.value for key, counter in self._counters.items()}
            gauges = dict(self._gauges)
        values: dict[tuple[str, Labels], float] = {**counters, **{key: read() for key, read in gauges.items()}}
        for (name, labels), value in sorted(values.items()):
            yield name, labels, value

    def exposition(self) -> str:
        """The Prometheus text format, version 0.0.4. Counters end in ``_total``, as the collector's do there."""
        lines: list[str] = []
        seen = ""
        with self._lock:
            counters = {name for name, _ in self._counters}
        for name, labels, value in self.items():
            shown, kind = (f"{name}_total", "counter") if name in counters else (name, "gauge")
            if shown != seen:
                lines.append(f"# TYPE {shown} {kind}")
                seen = shown
            text = ",".join(f'{key}="{_escape_label(label)}"' for key, label in labels)
            lines.append(f"{shown}{{{text}}} {value:.17g}" if text else f"{shown} {value:.17g}")
        return "\n".join(lines) + "\n"


def _escape_label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class Log:
    """Log lines with fields: ``log.warning("request failed", exporter="otlphttp", status=503)``.

    A thin layer over :mod:`logging`, so a program that uses fastlog as a library handles them as it does its own.
    """

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, message: str, /, **fields: Any) -> None:
        self._logger.debug(message, extra={"fields": fields})

    def info(self, message: str, /, **fields: Any) -> None:
        self._logger.info(message, extra={"fields": fields})

    def warning(self, message: str, /, **fields: Any) -> None:
        self._logger.warning(message, extra={"fields": fields})

    def error(self, message: str, /, **fields: Any) -> None:
        self._logger.error(message, extra={"fields": fields})

    def exception(self, message: str, /, **fields: Any) -> None:
        """An error with the traceback of the exception being handled."""
        self._logger.exception(message, extra={"fields": fields})


class ErrorSampler:
    """Counts what happens often and says it seldom: one log line per key in ``interval`` seconds, with the number of
    times it happened since the last line and the first example of them.

    A bad record goes here, never straight to the log: a file of them would be a log line each.
    """

    def __init__(self, log: Log, interval: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._pending: dict[str, tuple[int, dict[str, Any]]] = {}
        self._spoken: dict[str, float] = {}

    def add(self, key: str, count: int = 1, /, **example: Any) -> None:
        """``key`` is the message; ``example`` the fields of one occurrence, kept if the first since the last line."""
        if count <= 0:
            return
        now = self._clock()
        with self._lock:
            seen, first = self._pending.get(key, (0, example))
            self._pending[key] = (seen + count, first)
            last = self._spoken.get(key)
            if last is not None and now - last < self._interval:
                return
            self._spoken[key] = now
            total, first = self._pending.pop(key)
        self._log.error(key, count=total, **first)

    def flush(self) -> None:
        """Say what has not been said yet; for the end of the run."""
        with self._lock:
            pending, self._pending = self._pending, {}
        for key, (count, first) in pending.items():
            self._log.error(key, count=count, **first)


_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
_NAMES = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warn", logging.ERROR: "error"}


class _Formatter(logging.Formatter):
    """One line a record: JSON, or ``time level message key=value …`` for ``console``."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._json = encoding == "json"

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = dict(getattr(record, "fields", {}))
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        level = _NAMES.get(record.levelno, record.levelname.lower())
        message = record.getMessage()
        if self._json:
            head = {"ts": stamp, "level": level, "logger": record.name, "msg": message}
            return json.dumps({**head, **fields}, default=str, ensure_ascii=False)
        tail = "".join(f" {key}={_quote(value)}" for key, value in fields.items())
        return f"{stamp} {level:5} {_one_line(message)}{tail}"


def _one_line(text: str) -> str:
    if "\n" not in text and "\r" not in text:
        return text
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def _quote(value: Any) -> str:
    text = str(value)
    plain = text and not any(char in ' "=' or char < " " for char in text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def configure_logging(level: str = "info", encoding: str = "console", stream: TextIO | None = None) -> None:
    """Send fastlog's own log lines to ``stream`` (standard error), as ``service::telemetry::logs`` asks.

    ``level`` is debug, info, warn or error; ``encoding`` is console or json. Calling again replaces the former setting.
    """
    root = logging.getLogger("fastlog")
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(_Formatter(encoding))
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    root.propagate = False
