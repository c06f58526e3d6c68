"""What a wrong configuration is answered with: path, value, fix, file and line, and all problems at once."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, SecretStr, field_validator

from fastlog.config.fields import ConfigModel, Duration, ExporterConfig
from fastlog.config.model import Config
from fastlog.config.validate import validate
from fastlog.config.yaml import load
from fastlog.errors import ConfigError, Problem
from fastlog.types import Component


class Regex(ConfigModel):
    type: Literal["regex_parser"]
    regex: str


class Add(ConfigModel):
    type: Literal["add"]
    field: str
    value: Any = None


class Retry(ConfigModel):
    enabled: bool = True
    max_interval: Duration = 30.0


class ReceiverConfig(ConfigModel):
    include: list[str]
    start_at: Literal["end", "beginning"] = "end"
    count: int = 1
    ratio: float = 0.5
    operators: list[Annotated[Regex | Add, Field(discriminator="type")]] = Field(default_factory=list)
    storage: str | None = None

    @field_validator("include")
    @classmethod
    def _some(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError("is empty; write a path")
        return value


class SendConfig(ExporterConfig):
    endpoint: str = ""
    port: int = 1
    secure: bool = False
    timeout: Duration = 5.0
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    retry_on_failure: Retry = Retry()


def trap(config: ReceiverConfig) -> list[Problem]:
    return [Problem(("include", 0), "never matches", "write '/var/log'")] if config.include[0] == "trap" else []


class ByHand(ConfigModel):
    inner: list[str] = Field(default_factory=list)

    @field_validator("inner")
    @classmethod
    def _check(cls, value: list[str]) -> list[str]:
        raise ConfigError([Problem(("inner", 1), "is bad", "write it well")])


def made(kind: str, type_: str, config: type[ConfigModel], *checks: Any) -> Component:
    return Component(kind=kind, type=type_, config=config, create=lambda config, context: None, checks=checks)


COMPONENTS = {
    "receiver": {"read": made("receiver", "read", ReceiverConfig, trap)},
    "processor": {"change": made("processor", "change", ByHand)},
    "exporter": {"send": made("exporter", "send", SendConfig), "away": None},
    "extension": {"file_storage": made("extension", "file_storage", ConfigModel)},
}


class Registry:
    def names(self, kind: str) -> list[str]:
        return sorted(COMPONENTS[kind])

    def find(self, kind: str, type_: str) -> Component | None:
        if type_ == "away":
            raise ImportError("pip install 'fastlog-ingest[away]'")
        return COMPONENTS[kind].get(type_)


GOOD = """
receivers:
  read/one: {include: [a]}
exporters:
  send:
service:
  pipelines:
    logs:
      receivers: [read/one]
      exporters: [send]
"""


def check(text: str, *over: str, **environ: str) -> Config:
    return validate(load([f"yaml:{text}", *(f"yaml:{one}" for one in over)], environ=environ), Registry())


def problems(text: str, *over: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        check(text, *over, **environ)
    return [str(problem) for problem in caught.value.problems]


def test_a_good_one() -> None:
    config = check(GOOD)
    (pipeline,) = config.pipelines
    assert [str(item.id) for item in pipeline.receivers] == ["read/one"]
    assert pipeline.receivers[0].model.include == ["a"]
    assert pipeline.exporters[0].model == SendConfig()
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ("recievers: {}", "recievers: unknown top-level key; did you mean 'receivers'?"),
        ("connectors: {routing: }", "connectors: connectors are not supported"),
        ("receivers: {reed: }", "receivers::reed: there is no receiver 'reed'; did you mean 'read'?"),
        ("receivers: {kafka: }", "receivers::kafka: there is no receiver 'kafka'; supported receivers: read"),
        ("receivers: {'/x': }", "receivers::/x: '/x' is no component id; write 'type' or 'type/name'"),
        ("receivers: {read/: {include: [a]}}", "receivers::read/: 'read/' is no component id"),
        ("receivers: [read]", "receivers: must be a map of receiver ids"),
        ("receivers: {read/one: 5}", "receivers::read/one: must be a map, got 5"),
        ("exporters: {away: }", "exporters::away: this exporter needs a package that is not installed: pip install"),
        (
            "receivers: {read/one: {inclde: [a]}}",
            "receivers::read/one::inclde: there is no such key; did you mean 'include'? (--config yaml:1)",
        ),
        ("receivers: {read/two: {}}", "receivers::read/two::include: is required; add 'include:' (--config yaml:1)"),
        ("receivers: {read/one: {include: []}}", "receivers::read/one::include: is empty; write a path"),
        (
            "receivers: {read/one: {start_at: begining}}",
            "receivers::read/one::start_at: 'begining' is not one of 'end' or 'beginning'; did you mean 'beginning'?",
        ),
        (
            "receivers: {read/one: {count: '5'}}",
            "receivers::read/one::count: must be a whole number, got '5'; write 5 without quotes",
        ),
        ("receivers: {read/one: {count: 1.5}}", "receivers::read/one::count: must be a whole number, got 1.5"),
        (
            "receivers: {read/one: {include: [5]}}",
            "receivers::read/one::include[0]: must be a string, got 5; quote it: '5'",
        ),
        (
            "receivers: {read/one: {operators: [{type: add, field: x}, {type: regex_parser, regx: y}]}}",
            "receivers::read/one::operators[1]::regx: there is no such key; did you mean 'regex'?",
        ),
        (
            "receivers: {read/one: {operators: [{type: add, field: x}, {type: regex_parser}]}}",
            "receivers::read/one::operators[1]::regex: is required",
        ),
        ("exporters: {send: {secure: yes}}", "exporters::send::secure: must be true or false, got 'yes'; write true"),
        ("exporters: {send: {timeout: 5}}", None),
        (
            "exporters: {send: {timeout: '5'}}",
            "exporters::send::timeout: '5' is not a duration: write a number and a unit, as in '200ms', '5s', '1m30s'",
        ),
        (
            "exporters: {send: {retry_on_failure: {max_intervall: 5s}}}",
            "exporters::send::retry_on_failure::max_intervall: there is no such key; did you mean 'max_interval'?",
        ),
        ("exporters: {send: {headers: {authorization: [s3cret]}}}", "must be a string, got a value that is not shown"),
        (
            "processors: {change: {inner: [a, b]}}",
            "processors::change::inner[1]: is bad; write it well (--config yaml:1)",
        ),
        ("service: {pipelines: {traces: {}}}", "service::pipelines::traces: fastlog carries logs, not traces"),
        (
            "service: {pipelines: {log: {}}}",
            "service::pipelines::log: there is no signal 'log'; name the pipeline 'logs'",
        ),
        ("service: {pipelines: {logs: {receivers: []}}}", "service::pipelines::logs: must have at least one receiver"),
        ("service: {pipelines: {logs/x: }}", "service::pipelines::logs/x: must have at least one exporter"),
        (
            "service: {pipelines: {logs: {receivers: [read]}}}",
            "service::pipelines::logs::receivers[0]: refers to receiver 'read', which is not configured; "
            "did you mean 'read/one'?",
        ),
        (
            "service: {pipelines: {logs: {exporters: [send, send]}}}",
            "service::pipelines::logs::exporters[1]: refers to exporter 'send' twice",
        ),
        ("service: {pipelines: {logs: {processors: [batch]}}}", "which is not configured; add it under 'processors:'"),
        (
            "service: {pipelines: {logs: {exporters: [clickhouse]}}}",
            "; or write --config clickstack before the others: it has 'clickhouse'",
        ),
        (
            "service: {extensions: [pprof]}",
            "service::extensions[0]: refers to extension 'pprof', which is not configured",
        ),
        ("service: {pipline: }", "service::pipline: there is no such key; did you mean 'pipelines'?"),
        ("service: {telemetry: {logs: {level: loud}}}", "service::telemetry::logs::level: 'loud' is not one of"),
        (
            "receivers: {read/one: {storage: file_storage}}",
            "receivers::read/one::storage: refers to extension 'file_storage', which is not in service::extensions",
        ),
    ],
)
def test_what_is_said(over: str, expected: str | None) -> None:
    if expected is None:
        check(GOOD, over)
        return
    assert any(expected in problem for problem in problems(GOOD, over)), problems(GOOD, over)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "service: is missing"),
        ("service: {}", "service::pipelines: there is no pipeline"),
        ("service: {pipelines: }", "service::pipelines: there is no pipeline"),
    ],
)
def test_without_a_pipeline(text: str, expected: str) -> None:
    assert expected in problems(text)[0]


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    found = problems(
        "receivers:\n  read/one:\n    includ: [a]\n    count: x\nexporters:\n  sent:\n"
        "service:\n  pipelines:\n    logs:\n"
        "      receivers: [read/one]\n      exporters: [send]\n"
    )
    assert [problem.partition(": ")[0] for problem in found] == [
        "receivers::read/one::include",
        "receivers::read/one::includ",
        "receivers::read/one::count",
        "exporters::sent",
        "service::pipelines::logs::exporters[0]",
    ]


def test_a_problem_names_the_file_it_was_written_in(tmp_path: Any) -> None:
    base, custom = tmp_path / "base.yaml", tmp_path / "custom.yaml"
    base.write_text(GOOD)
    custom.write_text("exporters:\n  send:\n    prot: 3\n")
    with pytest.raises(ConfigError) as caught:
        validate(load([str(base), str(custom)], environ={}), Registry())
    assert str(caught.value).endswith(f"did you mean 'port'? ({custom}:3)")


# The right side is what confmap's decoder makes of the left (internal/decoder.go, useExpandValue).
@pytest.mark.parametrize(
    ("body", "environ", "field", "expected"),
    [
        ("endpoint: ${env:V}", {"V": "4318"}, "endpoint", "4318"),
        ("endpoint: ${env:V}", {"V": "true"}, "endpoint", "true"),
        ("endpoint: ${env:V}", {}, "endpoint", ""),
        ("endpoint: 'x:${env:V}'", {"V": "4318"}, "endpoint", "x:4318"),
        ("port: ${env:V}", {"V": "4318"}, "port", 4318),
        ("port: ${env:V:-0}", {}, "port", 0),
        ("port: ${env:V}", {}, "port", 0),
        ("secure: ${env:V}", {"V": "true"}, "secure", True),
        ("secure: ${env:V}", {}, "secure", False),
        ("timeout: ${env:V}", {"V": "2s"}, "timeout", 2.0),
        ("timeout: ${env:V}", {}, "timeout", 0.0),
    ],
)
def test_references_take_the_type_of_their_field(
    body: str, environ: dict[str, str], field: str, expected: object
) -> None:
    config = check(
        GOOD, f"exporters: {{send: {{{body}}}}}" if "{" not in body else f"exporters:\n  send:\n    {body}", **environ
    )
    got = getattr(config.pipelines[0].exporters[0].model, field)
    assert got == expected
    assert type(got) is type(expected)


def test_a_numeric_secret_stays_text_and_is_not_shown() -> None:
    config = check(GOOD, "exporters:\n  send:\n    headers: {authorization: '${env:KEY}'}", KEY="0123")
    assert config.pipelines[0].exporters[0].model.headers["authorization"].get_secret_value() == "0123"
    (problem,) = problems(GOOD, "exporters:\n  send:\n    port: ${env:KEY}", KEY="hunter2")
    assert "hunter2" not in problem
    assert "must be a whole number, got the value of a reference" in problem


def test_a_string_for_a_list_is_split_at_commas() -> None:
    assert check(GOOD, "receivers: {read/one: {include: 'a,b'}}").pipelines[0].receivers[0].model.include == ["a", "b"]


def test_warnings() -> None:
    config = check(
        GOOD,
        "receivers:\n  read/one: {include: [trap]}\n  read/two: {include: [b]}\n"
        "exporters:\n  send: {endpoint: '${env:HOST}'}\n"
        "service: {telemetry: {resource: {a: b}}}",
    )
    assert [str(warning) for warning in config.warnings] == [
        "receivers::read/one::include[0]: never matches; write '/var/log' (--config yaml:2)",
        "receivers::read/two: is configured but not used in any pipeline (--config yaml:3)",
        "exporters::send::endpoint: the environment variable HOST is not set; ${env:HOST:-default} sets one "
        "(--config yaml:5)",
        "service::telemetry::resource: has no effect in fastlog (--config yaml:6)",
    ]


def test_storage_names_an_extension() -> None:
    config = check(
        GOOD,
        "receivers: {read/one: {storage: file_storage/x}}\nextensions: {file_storage/x: }\n"
        "service: {extensions: [file_storage/x]}",
    )
    assert [str(item.id) for item in config.components()] == ["read/one", "send", "file_storage/x"]
