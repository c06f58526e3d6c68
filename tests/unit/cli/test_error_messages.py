"""A configuration with many mistakes: each is reported at its path and line, all in one go."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fastlog.cli import main

# Lines whose comment says what the message must name: the path, then a word of what to write instead.
CONFIG = r"""
receivers:
  filelog/syslog:
    inclde: [/var/log/syslog]          # receivers::filelog/syslog::inclde | include
    start_at: begining                 # receivers::filelog/syslog::start_at | beginning
    operators:
      - type: regex_parser
        regex: '^(?=x)(?P<a>\S+)'      # receivers::filelog/syslog::operators[0]::regex | (?=
      - type: time_parser
        parse_from: timestamp          # receivers::filelog/syslog::operators[1]::parse_from | attributes.timestamp
        layout_type: gotimes           # receivers::filelog/syslog::operators[1]::layout_type | gotime
        layout: '%b %d'
      - type: add
        feild: attributes.x            # receivers::filelog/syslog::operators[2]::feild | field
        value: 1
      - type: addd                     # receivers::filelog/syslog::operators[3] | add
      - type: add
        field: attributes.x
        value: 1
        on_error: explode              # receivers::filelog/syslog::operators[4]::on_error | send_quiet
exporters:
  otlphttp:
    endpoint: localhost:4318           # exporters::otlphttp::endpoint | http://
    compression: brotli                # exporters::otlphttp::compression | gzip
    headers: {a: 5}                    # exporters::otlphttp::headers::a | '5'
    tls: {insecure: 'true'}            # exporters::otlphttp::tls::insecure | true
  otlpgrpc:                            # exporters::otlpgrpc | otlphttp
processors:
  batch: {send_batch_size: '10'}       # processors::batch::send_batch_size | 10
  memory_limiter: {limit_mib: 10}      # processors::memory_limiter | check_interval
service:
  pipelines:
    traces: {receivers: [], exporters: []}   # service::pipelines::traces | logs
    logs:
      receivers: [filelog]             # service::pipelines::logs::receivers[0] | filelog/syslog
      exporters: [otlphttp]
"""


def test_each_mistake_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    with pytest.raises(SystemExit) as exited:
        main(["validate", "--config", str(path)])
    assert exited.value.code == 2
    said = capsys.readouterr().err
    reported = re.split(r"\n(?=  \S)", said)[1:]
    expected = [
        (number, *comment.split(" | "))
        for number, line in enumerate(CONFIG.splitlines(), 1)
        if (comment := line.partition("  # ")[2])
    ]
    missing = [
        f"line {number}: {where}"
        for number, where, word in expected
        if not any(one.startswith(f"  {path}:{number}: {where}: ") and word in one for one in reported)
    ]
    assert not missing, f"{missing}\n{said}"
    # 'field' is missing as well, because its key is misspelt: that is said once more.
    assert len(reported) <= len(expected) + 1, said
