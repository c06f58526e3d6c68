"""The metadata service's client against a fake one: tokens, retries, time, and what is not there."""

from __future__ import annotations

import socket
import time

import pytest

from fastlog.aws.imds import ENDPOINT, ENDPOINT_IPV6, Imds, ImdsError, ImdsMissing, endpoint
from tests.fake_imds import IDENTITY, FakeImds


def session(fake: FakeImds, seconds: float = 5.0, **more: int) -> Imds:
    return Imds(fake.url, time.monotonic() + seconds, **more)


def test_a_token_is_asked_for_once_and_sent_with_every_request() -> None:
    with FakeImds() as fake:
        imds = session(fake)
        assert imds.get("meta-data/instance-id") == IDENTITY["instanceId"]
        assert imds.identity() == IDENTITY
        assert fake.asked == [
            "PUT /latest/api/token",
            "GET /latest/meta-data/instance-id",
            "GET /latest/dynamic/instance-identity/document",
        ]


def test_a_service_without_tokens_is_asked_without() -> None:
    with FakeImds(tokens=False) as fake:
        assert session(fake).get("meta-data/hostname") == fake.hostname


def test_a_busy_service_is_asked_again() -> None:
    with FakeImds(fail_first=2) as fake:
        assert session(fake).get("meta-data/hostname") == fake.hostname


def test_attempts_end() -> None:
    with FakeImds(fail_first=99) as fake:
        with pytest.raises(ImdsError, match="status 503"):
            session(fake, max_attempts=2).get("meta-data/hostname")
        assert len(fake.asked) == 2


def test_what_is_not_there_is_told_from_a_service_that_is_not() -> None:
    with FakeImds() as fake, pytest.raises(ImdsMissing, match="has no meta-data/tags/instance"):
        session(fake).tags()


def test_tags_in_metadata() -> None:
    with FakeImds(tags={"Name": "web", "Team": "core"}) as fake:
        imds = session(fake)
        assert imds.tags() == ["Name", "Team"]
        assert imds.tag("Team") == "core"


def test_nobody_listening_is_noticed_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(ImdsError, match="does not answer"):
        Imds(f"http://127.0.0.1:{port}", began + 5).get("meta-data/instance-id")
    assert time.monotonic() - began < 1.0


def test_the_deadline_holds_when_packets_are_swallowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(ImdsError, match="does not answer"):
            Imds(f"http://127.0.0.1:{silent.getsockname()[1]}", began + 0.5).get("meta-data/instance-id")
        assert time.monotonic() - began < 0.7


@pytest.mark.parametrize("url", ["https://169.254.169.254", "169.254.169.254", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ImdsError, match="write it as in"):
        Imds(url, 0.0)


def test_where_the_service_is() -> None:
    assert endpoint({}) == ENDPOINT
    assert endpoint({"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"}) == ENDPOINT_IPV6
    assert endpoint({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://x:1"}) == "http://x:1"
    assert endpoint({"AWS_EC2_METADATA_DISABLED": "true"}) is None
