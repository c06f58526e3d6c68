"""fastlog beside the OpenTelemetry Collector: the same YAML, the same file, the same sink, in one run.

    python bench/e2e/compare.py [--size 1GB] [--runs 3] [--scenario throughput,cores,start,latency]

``throughput`` reads a generated syslog (config (a) of examples/, with the ``system`` detector) into ``nop`` and over
OTLP/HTTP with each compression, every process on one core and the sink on another. CPU is user + system time of the
process and its children, from start to exit. The sink decodes and counts every record after the timing. Ratios are of
medians of alternating runs. What is left out: the sink's CPU, the disk (the file is in the page cache), TLS.

``cores``: wall time with gzip into a discarding sink, one core and two. ``start``: from the start of the process to the
first request. ``latency``: from the write of a line to the arrival of its request, at 10 000 lines a second.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench import gen  # noqa: E402
from bench.e2e import bound  # noqa: E402
from bench.e2e.sinkprocess import SinkProcess, pin  # noqa: E402

REGEX = r"^(?P<timestamp>\S+) (?P<hostname>\S+) (?P<unit>\S+?)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$"
CONFIG = """
receivers:
  filelog/syslog:
    include: [ PATH ]
    start_at: beginning
    operators:
      - type: regex_parser
        regex: 'REGEX'
        parse_from: body
        parse_to: attributes
      - type: time_parser
        parse_from: attributes.timestamp
        layout_type: gotime
        layout: '2006-01-02T15:04:05.999999-07:00'
      - type: add
        field: attributes.source
        value: "ec2-host-logs"
processors:
  resourcedetection:
    detectors: [system]
    timeout: 5s
    override: false
  batch: BATCH
exporters:
  nop:
  otlphttp:
    endpoint: "ENDPOINT"
    compression: COMPRESSION
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    logs:
      receivers: [filelog/syslog]
      processors: [PROCESSORS]
      exporters: [EXPORTER]
"""
VARIANTS = ("nop", "none", "gzip", "zstd")
QUIET_SECONDS = 1.0  # without CPU use: the backlog is read


@dataclass
class Run:
    cpu: float  # seconds, user + system
    wall: float  # seconds until the last request before it went quiet
    peak: int  # bytes resident
    sent: int  # bytes of bodies
    records: int  # that the sink decoded; -1 where it didn't


@dataclass
class Program:
    name: str
    command: Callable[[Path], list[str]]


@contextmanager
def running(
    program: Program, config: str, cores: list[int] | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The program with ``config`` and a state of its own; its log goes to the file that is given beside it."""
    with tempfile.TemporaryDirectory(prefix="fastlog-bench-") as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(config)
        log = Path(folder) / "log"
        environment = {**os.environ, "FASTLOG_STATE_DIRECTORY": folder + "/state"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed fastlog has its bytecode
        with log.open("wb") as out:
            process = subprocess.Popen(
                program.command(path), cwd=ROOT, env=environment, stdout=out, stderr=out, preexec_fn=lambda: pin(cores)
            )
        try:
            yield process, log
        finally:
            if process.returncode is None and process.poll() is None:
                process.kill()
                process.wait()


def cpu_of(pid: int) -> float:
    """CPU seconds of a running process (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_of(pid: int) -> int:
    """Bytes resident at most (proc(5), status: VmHWM). What wait4 reports counts the copy of this process before
    exec."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def wait_until_quiet(process: subprocess.Popen[bytes], log: Path, sink: SinkProcess | None) -> float:
    """The monotonic time at which the program had nothing left to do: it and its sink stood still for a while."""
    cpu_before, sent_before, since = 0.0, 0.0, time.monotonic()
    started = since
    while True:
        time.sleep(0.1)
        if process.poll() is not None:
            raise SystemExit(f"it ended with {process.returncode}:\n{log.read_text()[-3000:]}")
        cpu, sent = cpu_of(process.pid), sink.ask("/stats")["bytes"] if sink else 0.0
        # A start may stand still too, on a busy machine.
        begun = sent > 0 if sink else cpu > 0.1 and time.monotonic() - started > 3
        if sent != sent_before or cpu - cpu_before > 0.03 or not begun:
            cpu_before, sent_before, since = cpu, sent, time.monotonic()
        elif time.monotonic() - since > QUIET_SECONDS:
            return since


def measure(program: Program, config: str, sink: SinkProcess | None, cores: list[int] | None, *, count: bool) -> Run:
    if sink:
        sink.ask("/reset")
    with running(program, config, cores) as (process, log):
        started = time.monotonic()
        quiet = wait_until_quiet(process, log, sink)
        last = sink.ask("/stats")["last"] if sink else quiet
        peak = peak_of(process.pid)
        process.send_signal(signal.SIGTERM)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{program.name} ended with {process.returncode}:\n{log.read_text()[-3000:]}")
    sent = int(sink.ask("/stats")["bytes"]) if sink else 0
    records = int(sink.ask("/count")["records"]) if sink and count else -1
    return Run(usage.ru_utime + usage.ru_stime, last - started, peak, sent, records)


def config_text(path: Path, variant: str, endpoint: str = "http://127.0.0.1:1", **other: str) -> str:
    values = {
        "PATH": str(path),
        "REGEX": REGEX,
        "ENDPOINT": endpoint,
        "EXPORTER": "nop" if variant == "nop" else "otlphttp",
        "COMPRESSION": "none" if variant == "nop" else variant,
        "PROCESSORS": "resourcedetection, batch",
        "BATCH": "{timeout: 10s, send_batch_size: 1024}",
        **other,
    }
    text = CONFIG
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def throughput(programs: list[Program], path: Path, lines: int, options: argparse.Namespace) -> None:
    size = path.stat().st_size
    cores, sink_core = ([0], 1) if (os.cpu_count() or 1) > 1 else (None, None)
    limits = bound.measure(config_text(path, "none"))
    print(f"\n## Throughput: {size / 1e6:.0f} MB, {lines} lines, one core, median of {options.runs}\n")
    print("| exporter | program | MB of log / CPU s | ratio | wall s | peak MiB | bytes sent a line | of the bound |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for variant in options.variants:
        runs: dict[str, list[Run]] = {program.name: [] for program in programs}
        sink = None if variant == "nop" else SinkProcess(arena=4 * size, core=sink_core)
        try:
            for _ in range(options.runs):
                for program in programs:
                    config = config_text(path, variant, sink.url if sink else "http://127.0.0.1:1")
                    run = measure(program, config, sink, cores, count=True)
                    if sink and run.records != lines:
                        print(f"**{program.name} {variant}: {run.records} records arrived of {lines} lines**")
                    runs[program.name].append(run)
        finally:
            if sink:
                sink.close()
        slowest = statistics.median(run.cpu for run in runs[programs[-1].name])
        for program in programs:
            mine = runs[program.name]
            cpu = statistics.median(run.cpu for run in mine)
            part = f"{limits.seconds(variant) * size / 1e9 / cpu:.0%}" if program.name == "fastlog" else ""
            print(
                f"| {variant} | {program.name} | {size / cpu / 1e6:.1f} | {slowest / cpu:.1f} "
                f"| {statistics.median(run.wall for run in mine):.2f} | {max(run.peak for run in mine) / 2**20:.0f} "
                f"| {statistics.median(run.sent for run in mine) / lines:.1f} | {part} |",
                flush=True,
            )
    print(f"\nThe bound, its parts measured apart in this run, CPU s per GB of log: {limits}")


def scaling(programs: list[Program], path: Path, options: argparse.Namespace) -> None:
    print(f"\n## Cores: wall seconds with gzip into a discarding sink, {path.stat().st_size / 1e6:.0f} MB\n")
    print("| program | 1 core | 2 cores | faster |\n| --- | ---: | ---: | ---: |")
    sink = SinkProcess(discard=True)
    try:
        for program in programs:
            config = config_text(path, "gzip", sink.url)
            walls = {
                cores: statistics.median(
                    measure(program, config, sink, list(range(cores)), count=False).wall for _ in range(options.runs)
                )
                for cores in (1, 2)
            }
            print(f"| {program.name} | {walls[1]:.2f} | {walls[2]:.2f} | {walls[1] / walls[2]:.2f} |", flush=True)
    finally:
        sink.close()


def start(programs: list[Program], folder: Path, options: argparse.Namespace) -> None:
    """One line, no batch processor: the time until it arrives is the start."""
    path = folder / "one.log"
    path.write_bytes(next(gen.lines()))
    print("\n## Start: milliseconds from the start of the process to the first request\n")
    print("| program | median | longest |\n| --- | ---: | ---: |")
    sink = SinkProcess()
    try:
        for program in programs:
            config = config_text(path, "none", sink.url, PROCESSORS="resourcedetection")
            times = []
            for _ in range(max(options.runs, 5)):
                before = sink.ask("/stats")["requests"]
                started = time.monotonic()
                with running(program, config) as (_, log):
                    while (stats := sink.ask("/stats"))["requests"] == before:
                        if time.monotonic() - started > 30:
                            raise SystemExit(f"{program.name} sent nothing:\n{log.read_text()[-3000:]}")
                        time.sleep(0.005)
                times.append((stats["last"] - started) * 1000)
            print(f"| {program.name} | {statistics.median(times):.0f} | {max(times):.0f} |", flush=True)
    finally:
        sink.close()


def latency(programs: list[Program], folder: Path) -> None:
    """10 000 lines a second in writes of ten, for ten seconds, with ``batch: {timeout: 100ms}``."""
    print("\n## Latency: milliseconds from write to arrival at 10 000 lines/s, batch timeout 100 ms\n")
    print("| program | p50 | p99 | longest |\n| --- | ---: | ---: | ---: |")
    for program in programs:
        path = folder / f"live-{program.name}.log"
        path.write_bytes(b"")
        sink = SinkProcess()
        try:
            config = config_text(path, "gzip", sink.url, BATCH="{timeout: 100ms, send_batch_size: 8192}")
            with running(program, config), path.open("ab", buffering=0) as out:
                time.sleep(2.0)
                begin = time.monotonic()
                for tick in range(10_000):
                    ahead = begin + tick / 1000 - time.monotonic()
                    if ahead > 0:
                        time.sleep(ahead)
                    stamp = f"2025-11-11T00:00:00.{tick:06d}+00:00"
                    line = f"{stamp} ip-10-0-3-57 app[{tick}]: sent={time.monotonic_ns()} {'x' * 40}\n"
                    out.write(line.encode() * 10)
                time.sleep(2.0)
                told = sink.ask("/latency")
        finally:
            sink.close()
        shown = " | ".join(f"{told[key] * 1000:.0f}" for key in ("p50", "p99", "p100"))
        print(f"| {program.name} | {shown} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    scenarios = ["throughput", "cores", "start", "latency"]
    parser.add_argument("--size", type=gen.parse_size, default=gen.parse_size("1GB"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--variants", type=lambda text: text.split(","), default=list(VARIANTS))
    parser.add_argument("--scenario", type=lambda text: text.split(","), default=scenarios)
    parser.add_argument("--program", choices=("both", "fastlog", "collector"), default="both")
    parser.add_argument("--collector", type=Path, default=ROOT / "bench/peers/otelcol/_build/otelcol")
    parser.add_argument("--folder", type=Path, help="where the generated log is kept between runs")
    options = parser.parse_args()

    programs = [
        Program("fastlog", lambda path: [sys.executable, "-m", "fastlog", "run", "--config", str(path)]),
        Program("collector", lambda path: [str(options.collector), "--config", str(path)]),
    ]
    programs = [one for one in programs if options.program in ("both", one.name)]
    if programs[-1].name == "collector" and not options.collector.exists():
        raise SystemExit(f"no {options.collector}; build it with bench/peers/otelcol/build, or use --program fastlog")
    with tempfile.TemporaryDirectory(prefix="fastlog-bench-") as temporary:
        path = (options.folder or Path(temporary)) / f"syslog-{options.size}.log"
        if not path.exists():
            with path.open("wb") as out:
                gen.write(out, options.size)
        with path.open("rb") as log:
            lines = sum(block.count(b"\n") for block in iter(lambda: log.read(1 << 20), b""))
        print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.release()}")
        if "throughput" in options.scenario:
            throughput(programs, path, lines, options)
        if "cores" in options.scenario:
            scaling(programs, path, options)
        if "start" in options.scenario:
            start(programs, Path(temporary), options)
        if "latency" in options.scenario:
            latency(programs, Path(temporary))


if __name__ == "__main__":
    main()
