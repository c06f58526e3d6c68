"""Detectors, their order and their deadline; EC2 against a fake metadata service and a moto server."""

from __future__ import annotations

import http.server
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fastlog._core.batch import Batch
from fastlog._core.hot import otlp
from fastlog.processors.resourcedetection import COMPONENT
from fastlog.processors.resourcedetection import system as system_module
from fastlog.processors.resourcedetection.config import Config
from fastlog.processors.resourcedetection.processor import SCHEMA_URL
from fastlog.types import ComponentID, Context
from tests.fake_imds import IDENTITY, FakeImds

EC2 = {
    "cloud.provider": "aws",
    "cloud.platform": "aws_ec2",
    "cloud.region": "us-east-1",
    "cloud.account.id": "123456789012",
    "cloud.availability_zone": "us-east-1a",
    "host.id": "i-0abc123def456789",
    "host.image.id": "ami-0abcdef1234567890",
    "host.type": "t3.medium",
    "host.name": "ip-10-0-0-5.ec2.internal",
}


def detected(environment: dict[str, str], resource: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    """The resource of a record that had ``resource`` before."""
    context = Context(ComponentID("resourcedetection"), "processors::resourcedetection", environment)
    processor = COMPONENT.create(COMPONENT.config.model_validate(config), context)
    batch = Batch.from_records([{"body": "x", "resource": resource or {}}])
    processor.process(batch)
    result: dict[str, Any] = batch.to_records()[0]["resource"]
    return result


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def test_env_is_the_default() -> None:
    text = "service.name=api,team=core,esc=a%20b%2Cc, spaced = v "
    assert detected({"OTEL_RESOURCE_ATTRIBUTES": text}) == {
        "service.name": "api",
        "team": "core",
        "esc": "a b,c",
        "spaced": "v",
    }
    assert detected({"OTEL_RESOURCE": "a=b"}) == {"a": "b"}
    assert detected({}) == {}


@pytest.mark.parametrize("text", ["no pairs", "a=b,c", "a=%zz", "=b", "ä=b"])
def test_a_malformed_environment_is_said_and_gives_nothing(text: str, caplog: pytest.LogCaptureFixture) -> None:
    assert detected({"OTEL_RESOURCE_ATTRIBUTES": text}, retry={"enabled": False}) == {}
    (said,) = warnings(caplog)
    assert "OTEL_RESOURCE_ATTRIBUTES" in said


def test_override_decides_between_the_record_and_the_machine() -> None:
    environment = {"OTEL_RESOURCE_ATTRIBUTES": "team=detected,new=1"}
    assert detected(environment, {"team": "mine"}) == {"team": "detected", "new": "1"}
    assert detected(environment, {"team": "mine"}, override=False) == {"team": "mine", "new": "1"}


def test_the_first_detector_in_the_list_is_right() -> None:
    with FakeImds() as fake:
        environment = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": fake.url, "OTEL_RESOURCE_ATTRIBUTES": "host.name=env"}
        assert detected(environment, detectors=["ec2", "system", "env"])["host.name"] == EC2["host.name"]
        assert detected(environment, detectors=["env", "ec2"])["host.name"] == "env"
        system_first = detected(environment, detectors=["system", "ec2"])
        assert system_first["host.name"] != EC2["host.name"]
        assert system_first["host.id"] == EC2["host.id"]


def test_ec2_gives_the_instances_identity() -> None:
    with FakeImds() as fake:
        assert detected({"AWS_EC2_METADATA_SERVICE_ENDPOINT": fake.url}, detectors=[" ec2 "]) == EC2


def test_single_attributes_are_switched_off() -> None:
    off = {name: {"enabled": False} for name in ("host.image.id", "cloud.account.id")}
    with FakeImds() as fake:
        found = detected(
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT": fake.url}, detectors=["ec2"], ec2={"resource_attributes": off}
        )
    assert found == {name: value for name, value in EC2.items() if name not in off}


def test_without_a_metadata_service_there_is_one_warning_and_no_attributes(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    assert detected({"AWS_EC2_METADATA_SERVICE_ENDPOINT": url}, detectors=["ec2"]) == {}
    (said,) = warnings(caplog)
    assert said.startswith("no EC2 metadata service")


def test_a_silent_service_delays_no_longer_than_the_timeout(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "OTEL_RESOURCE_ATTRIBUTES": "a=b",
        }
        began = time.monotonic()
        assert detected(environment, detectors=["ec2", "env"], timeout="400ms", ec2={"tags": ["^Name"]}) == {"a": "b"}
        assert time.monotonic() - began < 0.8
        time.sleep(0.3)  # a late answer says nothing more
    assert len(warnings(caplog)) == 1


def test_a_failing_detector_is_asked_again_within_the_timeout() -> None:
    with FakeImds(broken="/latest/meta-data/hostname") as fake:

        def mend() -> None:
            time.sleep(0.3)
            fake.broken = ""

        threading.Thread(target=mend, daemon=True).start()
        found = detected(
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT": fake.url},
            detectors=["ec2"],
            ec2={"max_attempts": 1},
            retry={"initial_interval": "100ms"},
        )
    assert found == EC2


def test_tags_from_the_metadata_service() -> None:
    tags = {"Name": "web-1", "Environment": "prod", "Other": "x"}
    with FakeImds(tags=tags) as fake:
        found = detected(
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT": fake.url},
            detectors=["ec2"],
            ec2={"tags": ["^Name", "ment$"], "tags_from_imds": True},
        )
    assert found == {**EC2, "ec2.tag.Name": "web-1", "ec2.tag.Environment": "prod"}


def test_tags_that_cannot_be_had_are_said_and_the_identity_stays(caplog: pytest.LogCaptureFixture) -> None:
    with FakeImds() as fake:
        found = detected(
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT": fake.url},
            detectors=["ec2"],
            ec2={"tags": ["^Name"], "tags_from_imds": True},
        )
    assert found == EC2
    (said,) = warnings(caplog)
    assert said.startswith("can't get the tags of the instance")


@pytest.fixture(scope="module")
def moto_server() -> Iterator[str]:
    """A moto server process, so that boto3 speaks HTTP to it as it does to AWS."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("the moto server did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, moto_server: str) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", moto_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    return moto_server


def run_instance(url: str, tags: dict[str, str]) -> str:
    from botocore.session import Session

    ec2 = Session().create_client("ec2", region_name="us-east-1", endpoint_url=url)
    image = ec2.describe_images()["Images"][0]["ImageId"]
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    answer = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=[{"ResourceType": "instance", "Tags": listed}]
    )
    instance: str = answer["Instances"][0]["InstanceId"]
    return instance


def test_tags_from_describe_tags(aws: str) -> None:
    instance = run_instance(aws, {"Name": "prod-web-01", "Environment": "prod", "Team": "platform", "Cost": "1"})
    run_instance(aws, {"Name": "another"})
    with FakeImds(identity={**IDENTITY, "instanceId": instance}) as fake:
        found = detected(
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT": fake.url},
            detectors=["ec2", "system"],
            timeout="30s",
            override=False,
            ec2={"tags": ["^Name", "^Environment", "^Team"]},
        )
    assert {key: value for key, value in found.items() if key.startswith("ec2.tag.")} == {
        "ec2.tag.Name": "prod-web-01",
        "ec2.tag.Environment": "prod",
        "ec2.tag.Team": "platform",
    }
    assert found["host.id"] == instance
    assert found["os.type"] == "linux"


def test_a_silent_tag_service_leaves_the_identity(
    aws: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import boto3  # its import is not what is timed

    assert boto3
    with socket.create_server(("127.0.0.1", 0)) as silent, FakeImds() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        found = detected(
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT": fake.url}, detectors=["ec2"], timeout="1s", ec2={"tags": ["^Name"]}
        )
        assert time.monotonic() - began < 1.9, "there was a second try"
    assert found == EC2
    (said,) = warnings(caplog)
    assert "did not come in time" in said


def test_boto3_is_imported_only_for_tags() -> None:
    code = (
        "import sys; from fastlog.processors.resourcedetection import COMPONENT as c; from fastlog.types import *;"
        "from fastlog._core.batch import Batch;"
        "p = c.create(c.config.model_validate({'detectors': ['env', 'system']}), Context(ComponentID('r'), 'x'));"
        "p.process(Batch.from_records([{}])); print('boto3' in sys.modules, 'urllib3' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_system_gives_name_and_kind_and_more_when_asked() -> None:
    assert set(detected({}, detectors=["system"])) == {"host.name", "os.type"}
    wanted = [name for name in Config().system.attributes if not name.startswith("host.cpu")]
    found = detected(
        {}, detectors=["system"], system={"resource_attributes": {name: {"enabled": True} for name in wanted}}
    )
    assert found["host.name"]
    assert found["os.type"] == "linux"
    assert found["host.arch"] in ("amd64", "arm64")
    assert "lo" in found["host.interface"]
    assert "127.0.0.1" not in found["host.ip"]
    for address in found["host.ip"]:
        socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    assert all(re.fullmatch(r"(?:[0-9A-F]{2}(?:-[0-9A-F]{2})*)?", mac) for mac in found["host.mac"])
    assert re.search(r"\(Linux \S+ ", found["os.description"])


def test_hostname_sources_are_tried_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_module.socket, "gethostname", lambda: "short")

    def nothing(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(system_module.socket, "getaddrinfo", nothing)
    assert detected({}, detectors=["system"], system={"hostname_sources": ["cname", "lookup", "os"]})["host.name"] == (
        "short"
    )
    assert "host.name" not in detected(
        {}, detectors=["system"], system={"hostname_sources": ["cname"]}, retry={"enabled": False}
    )


def test_dns_takes_the_canonical_name_of_hosts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(system_module.socket, "gethostname", lambda: "web")
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n# 10.0.0.1 web.wrong web\n10.0.0.2\tweb.example.org web # web\n")
    monkeypatch.setattr(system_module, "Path", lambda path: hosts if path == "/etc/hosts" else Path(path))
    assert detected({}, detectors=["system"])["host.name"] == "web.example.org"


@pytest.fixture
def docker_daemon(tmp_path: Path) -> Iterator[str]:
    """A fake Docker daemon on a Unix socket."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {
                "/info": {"OSType": "linux", "Name": "docker-host"},
                f"/containers/{socket.gethostname()}/json": {"Name": "/web", "Image": "sha256:abc"},
            }
            body = json.dumps(answers.get(self.path, {})).encode()
            self.send_response(200 if self.path in answers else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "unix"

        def log_message(self, format: str, *args: object) -> None: ...

    class Server(http.server.HTTPServer):
        address_family = socket.AF_UNIX

        def server_bind(self) -> None:
            self.socket.bind(self.server_address)

    path = tmp_path / "docker.sock"
    server = Server(str(path), Handler)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"unix://{path}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_docker_gives_its_host_and_the_container_when_asked(docker_daemon: str) -> None:
    environment = {"DOCKER_HOST": docker_daemon}
    assert detected(environment, detectors=["docker"]) == {"os.type": "linux", "host.name": "docker-host"}
    on = {name: {"enabled": True} for name in ("container.name", "container.image.name")}
    assert detected(environment, detectors=["docker"], docker={"resource_attributes": on}) == {
        "os.type": "linux",
        "host.name": "docker-host",
        "container.name": "/web",
        "container.image.name": "sha256:abc",
    }


def test_without_docker_there_is_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert detected({"DOCKER_HOST": f"unix://{tmp_path}/none"}, detectors=["docker"]) == {}
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"detectors": ["gcp"]}, "detector 'gcp' is not supported; the supported ones are docker, ec2, env, system"),
        ({"detectors": ["ec3"]}, "detector 'ec3' is unknown"),
        ({"timeout": "0s"}, "'timeout' must be positive"),
        ({"refresh_interval": "1h"}, "'refresh_interval' is not supported"),
        ({"fail_on_missing_metadata": True}, "'fail_on_missing_metadata: true' is not supported"),
        ({"ec2": {"tags": ["("]}}, "missing closing )"),
        ({"ec2": {"tags": ["(?=x)"]}}, "invalid or unsupported Perl syntax"),
        ({"ec2": {"resource_attributes": {"host.nam": {"enabled": True}}}}, "there is no attribute 'host.nam'"),
        ({"system": {"hostname_sources": ["nis"]}}, "'os', 'dns', 'cname' or 'lookup'"),
        ({"azure": {}, "attribute": []}, "Extra inputs"),
    ],
)
def test_what_is_refused_and_why(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(config)
    assert message in str(caught.value)


def test_blocks_of_detectors_that_are_not_named_are_passed_over() -> None:
    Config.model_validate({"detectors": ["env"], "azure": {"tags": ["x"]}, "eks": {}})


@pytest.mark.parametrize(("detectors", "schema"), [(["env"], ""), (["env", "system"], SCHEMA_URL), (["ec2"], "")])
def test_what_is_detected_names_its_schema(detectors: list[str], schema: str) -> None:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    environment = {"OTEL_RESOURCE_ATTRIBUTES": "a=b", "AWS_EC2_METADATA_DISABLED": "true"}
    context = Context(ComponentID("resourcedetection"), "processors::resourcedetection", environment)
    processor = COMPONENT.create(COMPONENT.config.model_validate({"detectors": detectors}), context)
    batch = Batch.from_records([{"body": "x", "resource": {"k": "v"}}, {"body": "y"}])
    processor.process(batch)
    buffer, records = otlp.encode(batch)
    request = ExportLogsServiceRequest.FromString(bytes(buffer))
    assert records == 2
    assert [logs.schema_url for logs in request.resource_logs] == [schema, schema]
    assert request.resource_logs[0].resource.attributes[0].value.string_value == "v"
