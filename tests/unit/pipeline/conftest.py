from __future__ import annotations

import socket
from collections.abc import Callable

import pytest


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that gives a TCP port nobody listens at."""

    def find() -> int:
        with socket.socket() as one:
            one.bind(("localhost", 0))
            port: int = one.getsockname()[1]
            return port

    return find
