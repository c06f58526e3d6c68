"""The otlphttp exporter against a real HTTP sink."""

from __future__ import annotations

import datetime
import email.utils
import gzip
import re
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from pydantic import ValidationError

from fastlog._core.buffer import Buffer
from fastlog.exporters.base import SenderQueue
from fastlog.exporters.otlphttp import COMPONENT
from fastlog.exporters.otlphttp.exporter import OTLPHTTPExporter, outcome, retry_after, user_agent
from fastlog.telemetry import Metrics
from fastlog.types import Chunk, ComponentID, Context, Origin, Outcome
from tests.sink import Answer, Sink

SECRET = "s3cr3t-key"


def chunk(*bodies: str, sequence: int = 0) -> Chunk:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.add(key="host.name").value.string_value = "h"
    scope = resource.scope_logs.add()
    for body in bodies:
        scope.log_records.add().body.string_value = body
    return Chunk(Buffer(request.SerializeToString()), len(bodies), Origin("f", sequence, sequence + 1, sequence))


def make(sink: Sink | str, **config: Any) -> OTLPHTTPExporter:
    endpoint = sink if isinstance(sink, str) else sink.url
    model = COMPONENT.config.model_validate({"endpoint": endpoint, **config})
    context = Context(ComponentID("otlphttp"), "exporters::otlphttp")
    exporter = COMPONENT.create(model, context)
    assert isinstance(exporter, OTLPHTTPExporter)
    return exporter


def bodies(sink: Sink) -> list[str]:
    return [record.body.string_value for _, record in sink.records()]


@pytest.mark.parametrize("compression", ["gzip", "zstd", "zlib", "deflate", "none", ""])
@pytest.mark.parametrize("encoding", ["proto", "json"])
def test_chunks_arrive_as_one_request(compression: str, encoding: str) -> None:
    with Sink() as sink:
        exporter = make(sink, compression=compression, encoding=encoding, headers={"authorization": SECRET})
        for _ in range(2):
            assert exporter.send([chunk("a", "b"), chunk("c" * 100_000)], 5).kind == Outcome.DELIVERED
        exporter.shutdown()
        assert bodies(sink) == ["a", "b", "c" * 100_000] * 2
        assert len(sink.requests) == 2
        request = sink.requests[0]
    assert request.path == "/v1/logs"
    assert request.headers["authorization"] == SECRET
    assert request.headers["content-type"] == ("application/json" if encoding == "json" else "application/x-protobuf")
    assert request.headers.get("content-encoding", "") == compression.replace("none", "")
    assert request.headers["user-agent"] == user_agent()
    assert user_agent().startswith("fastlog/")


def test_the_connection_is_kept_alive() -> None:
    with Sink() as sink:
        exporter = make(sink)
        for _ in range(3):
            exporter.send([chunk("a")], 5)
        assert sink.connections == 1
        exporter.shutdown()


def test_a_sent_buffer_can_be_released() -> None:
    with Sink() as sink:
        exporter = make(sink, compression="none")
        one = chunk("a")
        exporter.send([one], 5)
        one.release()
        exporter.shutdown()


def test_a_whole_url_is_used_as_it_is() -> None:
    with Sink() as sink:
        exporter = make("", logs_endpoint=f"{sink.url}/custom/path?tenant=1")
        assert exporter.send([chunk("a")], 5).kind == Outcome.DELIVERED
        exporter.shutdown()
        assert sink.requests[0].path == "/custom/path?tenant=1"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(200), Outcome.DELIVERED),
        (Answer(204), Outcome.DELIVERED),
        (Answer(400), Outcome.SPLIT),
        (Answer(413), Outcome.SPLIT),
        (Answer(401), Outcome.WAIT),
        (Answer(403), Outcome.WAIT),
        (Answer(404), Outcome.WAIT),
        (Answer(307, headers={"Location": "http://127.0.0.1:1/"}), Outcome.WAIT),
        (Answer(500), Outcome.WAIT),
        (Answer(429), Outcome.RETRY),
        (Answer(502), Outcome.RETRY),
        (Answer(503), Outcome.RETRY),
        (Answer(504), Outcome.RETRY),
        (Answer(reset=True), Outcome.RETRY),
    ],
)
def test_what_an_answer_means(answer: Answer, kind: str) -> None:
    with Sink([answer]) as sink:
        exporter = make(sink)
        assert exporter.send([chunk("a")], 5).kind == kind
        exporter.shutdown()


def test_a_destination_that_is_away_or_slow_is_retried() -> None:
    with Sink([Answer(delay=1.0)]) as sink:
        exporter = make(sink)
        started = time.monotonic()
        slow = exporter.send([chunk("a")], 0.2)
        assert time.monotonic() - started < 0.9
        exporter.shutdown()
    assert slow.kind == Outcome.RETRY
    exporter = make(sink)
    away = exporter.send([chunk("a")], 0.2)
    exporter.shutdown()
    assert away.kind == Outcome.RETRY
    assert "refused" in away.detail
    assert away.detail.endswith(f"({sink.url}/v1/logs)")


def test_retry_after_in_seconds_and_as_a_date() -> None:
    with Sink([Answer(503, headers={"Retry-After": "7"})]) as sink:
        exporter = make(sink)
        assert exporter.send([chunk("a")], 5).retry_after == 7
        exporter.shutdown()
    now = 1_762_819_200.0
    date = email.utils.format_datetime(datetime.datetime.fromtimestamp(now + 30, datetime.UTC), usegmt=True)
    assert retry_after(date, now) == 30
    assert retry_after(date, now + 60) == 0
    assert retry_after("soon", now) is None
    assert retry_after("-1", now) is None
    assert retry_after(None, now) is None


def test_a_partial_success_tells_how_many_and_why() -> None:
    with Sink([Answer.partial(3, "too old")]) as sink:
        exporter = make(sink)
        told = exporter.send([chunk("a")], 5)
        exporter.shutdown()
    assert (told.kind, told.rejected, told.detail) == (Outcome.DELIVERED, 3, "too old")
    told = outcome(
        200,
        {"content-type": "application/json"},
        b'{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"old"}}',
    )
    assert (told.rejected, told.detail) == (2, "old")


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("application/x-protobuf", b"\x08\x03\x12\x0bbad request", ": bad request"),
        ("application/json", b'{"code":3,"message":"bad request"}', ": bad request"),
        ("text/plain", b"bad\n  request\n", ": bad request"),
        ("text/html", b"<html>", ""),
        ("application/x-protobuf", b"\x12\xff", ""),
        ("application/json", b"[]", ": []"),
        ("text/plain", b"x" * 5000, ": " + "x" * 199 + "…"),
    ],
)
def test_the_reason_of_a_refusal_is_shown(content_type: str, body: bytes, text: str) -> None:
    assert outcome(400, {"content-type": content_type}, body).detail == "HTTP status 400" + text


@pytest.mark.parametrize("answer", [b"\xff", b"\x0a\x05\x08", b"{", b"null"])
@pytest.mark.parametrize("content_type", ["application/x-protobuf", "application/json"])
def test_a_malformed_success_is_a_success(answer: bytes, content_type: str) -> None:
    told = outcome(200, {"content-type": content_type}, answer)
    assert (told.kind, told.rejected) == (Outcome.DELIVERED, 0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_tls_with_an_own_authority(certificate: tuple[Path, ssl.SSLContext], compression: str) -> None:
    path, server = certificate
    with Sink(tls=server) as sink:
        for tls in ({"ca_file": str(path)}, {"ca_pem": path.read_text()}, {"insecure_skip_verify": True}):
            exporter = make(sink, tls=tls, compression=compression)
            assert exporter.send([chunk("a" * 200_000), chunk("b")], 5).kind == Outcome.DELIVERED
            exporter.shutdown()
        assert len(sink.requests) == 3


def test_a_refusal_names_the_endpoint_without_its_secrets() -> None:
    with Sink([Answer(401), Answer(404)]) as sink:
        exporter = make("", logs_endpoint=f"http://me:secret@127.0.0.1:{sink.port}/logs?key=secret")
        details = [exporter.send([chunk("a")], 5).detail for _ in range(2)]
        exporter.shutdown()
    place = f"(http://127.0.0.1:{sink.port}/logs)"
    assert details == [
        f"HTTP status 401 (are the exporter's headers right?) {place}",
        f"HTTP status 404 (is the endpoint right?) {place}",
    ]


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ({"ca_file": "{}/none.pem"}, "tls::ca_file: {}/none.pem: No such file or directory"),
        ({"ca_file": "{}/text.pem"}, "tls::ca_file: {}/text.pem: no PEM certificate, or no key that fits it"),
        ({"ca_pem": "text"}, "tls::ca_pem: no PEM certificate, or no key that fits it"),
        (
            {"cert_file": "{}/none.pem", "key_file": "{}/key.pem"},
            "tls::cert_file and key_file: {}/none.pem, {}/key.pem: No such file or directory",
        ),
    ],
)
def test_a_certificate_that_cannot_be_read_is_named(tls: dict[str, str], said: str, tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("text")
    values = {key: value.replace("{}", str(tmp_path)) for key, value in tls.items()}
    with pytest.raises(ValueError, match=re.escape(said.replace("{}", str(tmp_path)))):
        make("https://localhost:1", tls=values)


def test_an_unknown_authority_is_refused(certificate: tuple[Path, ssl.SSLContext]) -> None:
    with Sink(tls=certificate[1]) as sink:
        exporter = make(sink)
        told = exporter.send([chunk("a")], 5)
        exporter.shutdown()
        assert sink.requests == []
    assert told.kind == Outcome.RETRY
    assert "CERTIFICATE_VERIFY_FAILED" in told.detail


def test_no_header_value_shows_in_a_dump_or_an_error() -> None:
    model = COMPONENT.config.model_validate({"endpoint": "http://h:1", "headers": {"authorization": SECRET}})
    assert SECRET not in repr(model)
    assert SECRET not in model.model_dump_json()
    with pytest.raises(ValidationError) as error:
        COMPONENT.config.model_validate({"endpoint": "http://h:1", "headers": {"bad name": SECRET}})
    assert "no header name" in str(error.value)


def test_headers_may_be_a_list_of_names_and_values() -> None:
    with Sink() as sink:
        exporter = make(sink, headers=[{"name": "X-Scope", "value": "a"}])
        exporter.send([chunk("a")], 5)
        exporter.shutdown()
        assert sink.requests[0].headers["x-scope"] == "a"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "no endpoint; write endpoint: http://host:4318"),
        ({"endpoint": "host:4318"}, "not an http:// or https:// URL"),
        ({"endpoint": "http://h:1", "compression": "snappy"}, "'snappy' is not supported; write one of gzip, zstd"),
        ({"endpoint": "http://h:1", "encoding": "xml"}, "'proto' or 'json'"),
        ({"endpoint": "http://h:1", "auth": {"authenticator": "x"}}, "Extra inputs are not permitted"),
        ({"endpoint": "http://h:1", "tls": {"cert_file": "x"}}, "cert_file and key_file go together"),
        ({"endpoint": "http://h:1", "retry_on_failure": {"max_elapsed_time": "1s"}}, "shorter than initial_interval"),
        ({"endpoint": "http://h:1", "sending_queue": {"num_consumers": 0}}, "greater than or equal to 1"),
    ],
)
def test_a_wrong_configuration_says_what_to_write(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message.replace("(", r"\(")):
        COMPONENT.config.model_validate(config)


def test_through_the_queue_nothing_is_lost_while_the_sink_refuses_and_resets() -> None:
    answers = [Answer(503), Answer(reset=True), Answer(429, headers={"Retry-After": "0"}), Answer(500), Answer(401)]
    acked: list[int] = []
    with Sink(answers) as sink:
        config = COMPONENT.config.model_validate(
            {
                "endpoint": sink.url,
                "retry_on_failure": {"initial_interval": "1ms", "max_interval": "5ms"},
                "sending_queue": {"num_consumers": 2, "batch": {"min_size": 3, "max_size": 4, "flush_timeout": "10ms"}},
            }
        )
        exporter = OTLPHTTPExporter(config)
        queue = SenderQueue(
            exporter,
            name="otlphttp",
            metrics=Metrics(),
            on_ack=lambda origin: acked.append(origin.sequence),
            policy=config.batch_policy(None),
            retry=config.retry_on_failure.policy(),
            num_consumers=config.sending_queue.num_consumers,
            split=exporter.split,
        )
        sent = []
        for sequence in range(20):
            one = [f"{sequence}-{index}" for index in range(sequence)]
            queue.open_slot().fill(chunk(*one, sequence=sequence))
            sent += one
        assert queue.drain(20)
        queue.stop()
        exporter.shutdown()
        assert sorted(bodies(sink)) == sorted(sent)
        assert sorted(acked) == list(range(20))
        assert all(len(list(request.decode().resource_logs)) <= 4 for request in sink.requests)
        assert gzip.decompress(sink.requests[0].body)
