"""``docker``: what the Docker daemon says of its host (Docker Engine API, /info and /containers/{id}/json)."""

from __future__ import annotations

import http.client
import json
import socket
import time
from typing import Any
from urllib.parse import quote, urlsplit

from fastlog.processors.resourcedetection.config import DockerConfig
from fastlog.processors.resourcedetection.detector import Attributes, Question, Unavailable

_DEFAULT = "unix:///var/run/docker.sock"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def detect(config: DockerConfig, question: Question) -> Attributes:
    """Raises Unavailable when no daemon answers at ``DOCKER_HOST``."""
    address = question.environment.get("DOCKER_HOST") or _DEFAULT
    found: Attributes = {}
    if config.wants("host.name") or config.wants("os.type"):
        info = _ask(address, "/info", question)
        found["os.type"] = str(info.get("OSType", ""))
        found["host.name"] = str(info.get("Name", ""))
    if config.wants("container.name") or config.wants("container.image.name"):
        container = _ask(address, f"/containers/{quote(socket.gethostname(), safe='')}/json", question)
        found["container.name"] = str(container.get("Name", ""))
        found["container.image.name"] = str(container.get("Image", ""))
    return {name: value for name, value in found.items() if config.wants(name)}


def _ask(address: str, path: str, question: Question) -> dict[str, Any]:
    left = max(0.01, question.deadline - time.monotonic())
    parts = urlsplit(address)
    connection: http.client.HTTPConnection
    if parts.scheme == "unix":
        connection = _UnixConnection(parts.path, left)
    elif parts.scheme in ("tcp", "http") and parts.hostname:
        connection = http.client.HTTPConnection(parts.hostname, parts.port or 2375, timeout=left)
    else:
        raise Unavailable(f"DOCKER_HOST {address!r} is not supported; write unix:///path or tcp://host:port")
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise Unavailable(f"{address} answered {response.status} to {path}")
        answer = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(f"no Docker daemon at {address}: {error}") from error
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else {}
