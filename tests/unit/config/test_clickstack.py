"""The built-in base and the examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastlog.config.yaml import builtin_names, load

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def test_the_base_defines_what_custom_configs_name() -> None:
    root = load(["clickstack"], environ={}).root.plain()
    assert set(root["processors"]) == {"memory_limiter", "resourcedetection", "transform", "batch"}
    assert set(root["exporters"]) == {"clickhouse"}
    assert "pipelines" not in root["service"]
    assert root["processors"]["batch"] == {"send_batch_size": 10000, "send_batch_max_size": 0, "timeout": "5s"}
    assert root["exporters"]["clickhouse"]["endpoint"] == "http://localhost:8123"


def test_clickstack_s_environment_is_used() -> None:
    environ = {"CLICKHOUSE_ENDPOINT": "chdb:///data", "HYPERDX_OTEL_BATCH_TIMEOUT": "1s", "HYPERDX_LOG_LEVEL": "warn"}
    root = load(["clickstack"], environ=environ).root.plain()
    assert root["exporters"]["clickhouse"]["endpoint"] == "chdb:///data"
    assert root["processors"]["batch"]["timeout"] == "1s"
    assert root["service"]["telemetry"]["logs"]["level"] == "warn"


def test_it_needs_no_environment() -> None:
    assert load(["clickstack"], environ={}).warnings == []


def test_a_built_in_name_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clickstack").write_text("mine: 1")
    assert "mine" not in load(["clickstack"], environ={}).root.plain()
    assert load(["./clickstack"], environ={}).root.plain() == {"mine": 1}
    assert builtin_names() == ["clickstack"]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_is_described(path: Path) -> None:
    assert f"]({path.name})" in (EXAMPLES / "README.md").read_text()
    load(["clickstack", str(path)], environ={})
