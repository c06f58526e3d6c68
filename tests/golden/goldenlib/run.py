"""Run a program over many cases at once: one pipeline a case, one process a time zone and environment."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .canonical import Record, json_records, records, relocated
from .cases import Case


class RunError(Exception):
    """The program did not start, or ended early.

    ``output`` is what it printed, ``status`` its exit status, negative when a signal ended it; the text has both.
    """

    def __init__(self, message: str, output: str = "", status: int = 1) -> None:
        super().__init__(f"{message}\n{output[-3000:]}" if output else message)
        self.output = output
        self.status = status


class Sink(ThreadingHTTPServer):
    """An OTLP/HTTP receiver that keeps the requests of ``/<case id>/v1/logs`` by case."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: dict[str, list[bytes]] = defaultdict(list)
        self.last_arrival = time.monotonic()
        self.lock = threading.Lock()

    def receive(self, case_id: str, body: bytes) -> None:
        with self.lock:
            self.requests[case_id].append(body)
            self.last_arrival = time.monotonic()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that the program under test cuts when it stops is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Sink

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.receive(self.path.removeprefix("/").removesuffix("/v1/logs"), body)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def sink() -> Iterator[Sink]:
    server = Sink()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def merged_config(cases: Iterable[Case], directory: Path, endpoint: str) -> dict[str, Any]:
    """One configuration with a pipeline for each case; its names carry the case's id.

    It is written as JSON, which is YAML in which no text can be taken for a number or a date.
    """
    config: dict[str, Any] = {"receivers": {}, "processors": {}, "exporters": {}, "service": {"pipelines": {}}}
    for case in cases:
        place = directory / case.id
        receiver: dict[str, Any] = {"start_at": "beginning", "poll_interval": "100ms", **case.receiver}
        for key in ("include", "exclude"):
            if key in receiver or key == "include":
                receiver[key] = [str(place / pattern) for pattern in receiver.get(key, ["*.log"])]
        config["receivers"][f"filelog/{case.id}"] = receiver
        names = []
        for name, body in case.processors:
            kind, _, rest = name.partition("/")
            names.append(f"{kind}/{case.id}" + (f"-{rest}" if rest else ""))
            config["processors"][names[-1]] = body
        exporter = f"otlphttp/{case.id}"
        if case.export == "file":
            exporter = f"file/{case.id}"
            config["exporters"][exporter] = {"path": str(directory / f"{case.id}.jsonl")}
        else:
            config["exporters"][exporter] = {
                "endpoint": f"{endpoint}/{case.id}",
                "compression": "none",
                "sending_queue": {"num_consumers": 1},
                **({"encoding": "json"} if case.export == "json" else {}),
            }
        config["service"]["pipelines"][f"logs/{case.id}"] = {
            "receivers": [f"filelog/{case.id}"],
            "processors": names,
            "exporters": [exporter],
        }
    if not config["processors"]:
        del config["processors"]
    return config


def write_files(cases: Iterable[Case], directory: Path) -> None:
    for case in cases:
        place = directory / case.id
        place.mkdir(parents=True)
        for name, content in case.files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)


def batches(cases: Iterable[Case], size: int) -> Iterator[list[Case]]:
    """Cases that may share a process: the same time zone and environment, at most ``size``."""
    alike: dict[tuple[Any, ...], list[Case]] = defaultdict(list)
    for case in cases:
        alike[case.tz, tuple(sorted(case.env.items()))].append(case)
    for group in alike.values():
        for start in range(0, len(group), size):
            yield group[start : start + size]


def collect(
    command: list[str],
    cases: list[Case],
    *,
    expected: Mapping[str, int] | None = None,
    extra: Mapping[str, Any] | None = None,
    patience: float = 10.0,
) -> dict[str, list[Record]]:
    """Run ``command --config FILE`` over the cases and return each one's records.

    With ``expected`` (records by case id) it stops soon after these have arrived, or when nothing new has for
    ``patience`` seconds; without, when nothing new has for the longest ``settle`` of the cases. The program is then
    asked to end (SIGTERM), and what it still sends counts. Raises RunError when it ends by itself, or does not when
    asked to (the collector, when a line makes it loop).
    """
    quiet = patience if expected is not None else max(case.settle for case in cases)
    with tempfile.TemporaryDirectory(prefix="golden-") as name, sink() as server:
        directory = Path(name).resolve()
        write_files(cases, directory)
        config = merged_config(cases, directory, f"http://127.0.0.1:{server.server_address[1]}")
        config["service"].update(extra or {})
        path = directory / "config.yaml"
        path.write_text(json.dumps(config, indent=1, ensure_ascii=False), encoding="utf-8")
        environment = {**os.environ, **cases[0].env, "TZ": cases[0].tz}
        with (directory / "output.txt").open("w+b") as output:
            process = subprocess.Popen([*command, "--config", str(path)], stdout=output, stderr=output, env=environment)
            try:
                _wait(process, server, directory, cases, expected, quiet)
                fault = "ended by itself" if process.poll() is not None else ""
                process.send_signal(signal.SIGTERM)
                process.wait(20)
            except subprocess.TimeoutExpired:
                fault = "did not end when asked to"
            finally:
                process.kill()
                status = process.wait()
            if fault:
                output.seek(0)
                raise RunError(f"{' '.join(command)} {fault} ({status}):", _printed(output.read()), status)
        return {case.id: relocated(_received(case, server, directory), str(directory / case.id)) for case in cases}


def _received(case: Case, server: Sink, directory: Path) -> list[Record]:
    """What has come for the case until now."""
    if case.export == "file":
        path = directory / f"{case.id}.jsonl"
        text = path.read_bytes() if path.exists() else b""
        return json_records(text[: text.rfind(b"\n") + 1])
    bodies = server.requests.get(case.id, [])
    return json_records(b"\n".join(bodies)) if case.export == "json" else records(bodies)


def _wait(
    process: subprocess.Popen[bytes],
    server: Sink,
    directory: Path,
    cases: list[Case],
    expected: Mapping[str, int] | None,
    quiet: float,
) -> None:
    """Until all that is expected has come, or nothing new has for ``quiet`` seconds, or the process has ended."""
    missing = {case.id: case for case in cases}
    arrival = server.last_arrival
    first = time.monotonic()
    while process.poll() is None:
        time.sleep(0.05)
        if expected is not None and (server.last_arrival != arrival or any(c.export == "file" for c in cases)):
            arrival = server.last_arrival
            missing = {i: c for i, c in missing.items() if len(_received(c, server, directory)) < expected[i]}
        if expected is not None and not missing:
            time.sleep(0.3)  # what comes on top of the expected shows up now or while draining
            return
        started = server.requests or time.monotonic() - first > 10
        if started and time.monotonic() - max(first, server.last_arrival) > quiet:
            return


def collect_all(
    command: list[str], cases: Iterable[Case], expected: Mapping[str, int], size: int = 60, patience: float = 10.0
) -> dict[str, list[Record] | RunError]:
    """As ``collect``, over any cases, ``size`` to a process; a refused case has the error as its result.

    A refused case keeps its batch from running: those that the error names are set aside and the rest runs again. When
    the program crashes, or its error names none, the halves of the batch run apart.
    """
    results: dict[str, list[Record] | RunError] = {}
    pending = list(batches(cases, size))
    while pending:
        batch = pending.pop()
        try:
            results |= collect(command, batch, expected=expected, patience=patience)
        except RunError as error:
            named = _named(error.output, batch) if error.status > 0 else {}
            refused = {case_id: RunError(said) for case_id, said in named.items()}
            rest = [case for case in batch if case.id not in refused]
            if refused:
                results |= refused
                pending += [rest] if rest else []
            elif len(batch) == 1:
                results[batch[0].id] = error
            else:
                pending += [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
    return results


def _named(output: str, cases: Iterable[Case]) -> dict[str, str]:
    """The lines of the output that speak of each case, for the cases of which it does."""
    lines = output.splitlines()
    said = {c.id: [line for line in lines if re.search(rf"/{re.escape(c.id)}(?![\w.-])", line)] for c in cases}
    return {case_id: "\n".join(found) for case_id, found in said.items() if found}


def _printed(output: bytes) -> str:
    return re.sub(r"\n\s*\n", "\n", output.decode("utf-8", "replace"))


def refusals(command: list[str], cases: list[Case]) -> dict[str, str | None]:
    """What ``command --config FILE`` says to each case's configuration, None where it accepts it.

    All are asked at once first; those that the answer does not name are asked alone.
    """
    said: dict[str, str | None] = dict(_named(_refusal(command, cases) or "", cases))
    return said | {case.id: _refusal(command, [case]) for case in cases if case.id not in said}


def _refusal(command: list[str], cases: list[Case]) -> str | None:
    with tempfile.TemporaryDirectory(prefix="golden-") as name:
        directory = Path(name).resolve()
        path = directory / "config.yaml"
        config = merged_config(cases, directory, "http://127.0.0.1:1")
        path.write_text(json.dumps(config, indent=1, ensure_ascii=False), encoding="utf-8")
        try:
            done = subprocess.run([*command, "--config", str(path)], capture_output=True, timeout=5)
        except subprocess.TimeoutExpired:
            return None
        return None if done.returncode == 0 else _printed(done.stderr + done.stdout)
