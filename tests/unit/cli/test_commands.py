"""The command line: exit codes, messages and help."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastlog.cli import COMMANDS, main


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """``(exit code, standard output, standard error)`` of one command."""
    with pytest.raises(SystemExit) as exited:
        main(list(arguments))
    captured = capsys.readouterr()
    return int(exited.value.code or 0), captured.out, captured.err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "--help")
    assert code == 0
    for name in COMMANDS:
        assert f"  {name} " in out


@pytest.mark.parametrize("command", ["run", "validate", "components"])
def test_each_command_has_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = call(capsys, command, "--help")
    assert code == 0
    assert f"fastlog {command}" in out.partition("Example")[2]


def test_components(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "components")
    assert code == 0
    assert "  - filelog  (also file_log)\n" in out
    assert out.endswith("built-in configurations:\n  - clickstack\n")


def test_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "runn")[0] == 2
    assert call(capsys, "run")[0] == 2


@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_wrong_configuration(capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "receivers:\n  filelogg:\nexporters:\n  nop:\nservice:\n  pipelines:\n    logs:\n      exporters: [nop]\n"
    )
    code, out, err = call(capsys, command, "--config", str(path))
    assert code == 2
    assert out == ""
    assert err == (
        "the configuration has 2 errors:\n"
        f"  {path}:2: receivers::filelogg: there is no receiver 'filelogg'\n"
        "      did you mean 'filelog'?\n"
        f"  {path}:7: service::pipelines::logs: must have at least one receiver\n"
        "      add 'receivers: […]'\n"
    )


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "validate", "--config", "/no/such.yaml")
    assert code == 2
    assert "can't read /no/such.yaml: No such file or directory" in err
