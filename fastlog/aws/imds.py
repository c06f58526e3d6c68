"""The EC2 instance metadata service, version 2 (EC2 user guide, "Use IMDSv2"): a session token, then documents by path.

Plain HTTP to a link-local address, so the standard library does: boto3 is not needed to learn where one runs.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

ENDPOINT = "http://169.254.169.254"
ENDPOINT_IPV6 = "http://[fd00:ec2::254]"
ATTEMPT_SECONDS = 1.0
"""The longest wait for one answer. Off EC2 nobody answers at all, and the address may swallow packets."""
_TOKEN_SECONDS = "300"
_NO_TOKENS = (403, 404, 405)  # a service of version 1 only, or a proxy in front of it
_BACKOFF = 0.1  # seconds before the second attempt; doubled after each


class ImdsError(Exception):
    """No metadata: no service there, or one that refuses. The text says which."""


class ImdsMissing(ImdsError):
    """The service is there and has no such document."""


def endpoint(environment: Mapping[str, str]) -> str | None:
    """Where the service is, as the AWS SDKs read it from the environment; None when it is switched off."""
    if environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    if given := environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT"):
        return given
    ipv6 = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "").lower() == "ipv6"
    return ENDPOINT_IPV6 if ipv6 else ENDPOINT


class Imds:
    """One session. ``deadline`` is on the monotonic clock: no call lasts beyond it. Not thread-safe."""

    def __init__(self, url: str, deadline: float, max_attempts: int = 3, max_backoff: float = 20.0) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ImdsError(f"{url!r} is not the address of a metadata service; write it as in {ENDPOINT!r}")
        self._url = url
        self._host, self._port = parts.hostname, parts.port or 80
        self._prefix = parts.path.rstrip("/")
        self._deadline = deadline
        self._attempts = max(1, max_attempts)
        self._max_backoff = max_backoff
        self._token: str | None = None

    def get(self, path: str) -> str:
        """The text at ``path``, as in ``meta-data/instance-id``. Raises ImdsError or ImdsMissing."""
        if self._token is None:
            self._token = self._new_token()
        headers = {"X-aws-ec2-metadata-token": self._token} if self._token else {}
        status, body = self._ask("GET", f"/latest/{path}", headers)
        if status == 404:
            raise ImdsMissing(f"{self._url} has no {path}")
        if status != 200:
            raise ImdsError(f"{self._url} answered {status} to {path}")
        return body.decode("utf-8", "replace")

    def identity(self) -> dict[str, Any]:
        """The instance identity document (EC2 user guide, "Instance identity documents")."""
        try:
            document = json.loads(self.get("dynamic/instance-identity/document"))
        except ValueError as error:
            raise ImdsError(f"{self._url}: the identity document is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise ImdsError(f"{self._url}: the identity document is no object")
        return document

    def tags(self) -> list[str]:
        """The keys of the instance's tags; ImdsMissing unless the instance allows tags in metadata."""
        return [key.strip() for key in self.get("meta-data/tags/instance").split("\n") if key.strip()]

    def tag(self, key: str) -> str:
        return self.get(f"meta-data/tags/instance/{quote(key, safe='')}")

    def _new_token(self) -> str:
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": _TOKEN_SECONDS}
        status, body = self._ask("PUT", "/latest/api/token", headers)
        if status in _NO_TOKENS:
            return ""  # go on without, as the SDKs do
        if status != 200:
            raise ImdsError(f"{self._url} answered {status} to the request for a token")
        return body.decode("ascii", "replace")

    def _ask(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """One exchange, tried again after a failed connection or a status of 5xx."""
        problem = ""
        for attempt in range(self._attempts):
            if attempt:
                time.sleep(max(0.0, min(_BACKOFF * 2 ** (attempt - 1), self._max_backoff, self._left())))
            if self._left() <= 0:
                break
            connection = http.client.HTTPConnection(
                self._host, self._port, timeout=max(0.01, min(ATTEMPT_SECONDS, self._left()))
            )
            try:
                connection.request(method, self._prefix + path, headers=dict(headers))
                response = connection.getresponse()
                status, body = response.status, response.read()
            except (OSError, http.client.HTTPException) as error:
                problem = str(error) or type(error).__name__
                continue
            finally:
                connection.close()
            if status < 500:
                return status, body
            problem = f"status {status}"
        raise ImdsError(f"{self._url} does not answer ({problem or 'out of time'})")

    def _left(self) -> float:
        return self._deadline - time.monotonic()
