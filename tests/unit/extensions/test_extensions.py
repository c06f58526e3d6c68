"""``health_check`` answers, and ``file_storage`` has its directory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from pydantic import ValidationError

from fastlog.errors import ComponentError
from fastlog.extensions import file_storage, health_check
from fastlog.extensions.endpoint import split_address
from fastlog.types import ComponentID, Context


def made(module: Any, **keys: Any) -> Any:
    component = module.COMPONENT
    return component.create(component.config(**keys), Context(ComponentID(component.type), ""))


def get(port: int, path: str = "/") -> tuple[int, bytes]:
    try:
        with urlopen(f"http://localhost:{port}{path}") as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def serve(ready: Callable[[], bool], **keys: Any) -> Any:
    check = made(health_check, endpoint="localhost:0", **keys)
    check.start(ready)
    return check


def test_health() -> None:
    ready = False
    check = serve(lambda: ready)
    try:
        assert get(check.port) == (503, b'{"status": "Server not available"}')
        ready = True
        status, body = get(check.port, "/?probe=1")
        assert status == 200
        assert set(json.loads(body)) == {"status", "upSince", "uptime"}
        assert get(check.port, "/other")[0] == 404
    finally:
        check.stop()


def test_health_with_its_own_path_and_bodies() -> None:
    check = serve(lambda: True, path="/health", response_body=health_check.ResponseBody(healthy="fine"))
    try:
        assert get(check.port, "/health") == (200, b"fine")
    finally:
        check.stop()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"endpoint": "localhost"}, "is no address; write host:port"),
        ({"endpoint": "x:99999"}, "is no address"),
        ({"path": "x"}, "write '/x'"),
    ],
)
def test_health_refuses(keys: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        health_check.Config(**keys)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:1", ("localhost", 1)),
        (":13133", ("", 13133)),
        ("[::1]:5", ("::1", 5)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert split_address(text) == address


def test_file_storage_makes_its_directory(tmp_path: Path) -> None:
    storage = made(file_storage, directory=str(tmp_path / "a" / "b"))
    storage.start(lambda: True)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o750
    storage.stop()


def test_file_storage_without_leave_to_make_it(tmp_path: Path) -> None:
    storage = made(file_storage, directory=str(tmp_path / "a"), create_directory=False)
    with pytest.raises(ComponentError, match="is no directory; create it, or set create_directory"):
        storage.start(lambda: True)


def test_file_storage_where_none_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    storage = made(file_storage, directory=str(tmp_path / "file" / "a"))
    with pytest.raises(ComponentError, match="Not a directory; choose another"):
        storage.start(lambda: True)


@pytest.mark.parametrize(
    ("keys", "message"),
    [({"directory": ""}, "write the path"), ({"directory_permissions": "rwx"}, "write as in '0750'")],
)
def test_file_storage_refuses(keys: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        file_storage.Config(**keys)
