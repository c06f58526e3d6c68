"""``ec2``: the instance's identity from its metadata service, its tags from there or from ``ec2:DescribeTags``."""

from __future__ import annotations

import threading
import time

from fastlog.aws import imds
from fastlog.processors.resourcedetection.config import Ec2Config
from fastlog.processors.resourcedetection.detector import Attributes, Question, Unavailable

TAG_PREFIX = "ec2.tag."
_DOCUMENT = {
    "cloud.account.id": "accountId",
    "cloud.availability_zone": "availabilityZone",
    "cloud.region": "region",
    "host.id": "instanceId",
    "host.image.id": "imageId",
    "host.type": "instanceType",
}
_MARGIN = 0.1  # seconds of the time left that are kept to hand over the identity when the tags are late


def detect(config: Ec2Config, question: Question) -> Attributes:
    """Raises Unavailable when no metadata service answers, ImdsError when it has no identity."""
    url = imds.endpoint(question.environment)
    if url is None:
        raise Unavailable("the EC2 metadata service is switched off by AWS_EC2_METADATA_DISABLED")
    service = imds.Imds(url, question.deadline, config.max_attempts, config.max_backoff)
    try:
        service.get("meta-data/instance-id")
    except imds.ImdsError as error:
        raise Unavailable(f"no EC2 metadata service: {error}") from error
    document = service.identity()
    found: Attributes = {"cloud.provider": "aws", "cloud.platform": "aws_ec2"}
    found.update({name: str(document.get(key) or "") for name, key in _DOCUMENT.items()})
    found["host.name"] = service.get("meta-data/hostname")
    attributes = {name: value for name, value in found.items() if config.wants(name)}
    if config.tags:
        tags = _tags(config, service, str(found["host.id"]), str(found["cloud.region"]), question)
        attributes.update({TAG_PREFIX + key: value for key, value in tags.items()})
    return attributes


def _tags(config: Ec2Config, service: imds.Imds, instance: str, region: str, question: Question) -> dict[str, str]:
    """The tags that are wanted; what can't be had in time is said and left out."""
    found: dict[str, str] = {}
    problems: list[str] = []

    def ask() -> None:
        try:
            if config.tags_from_imds:
                for key in service.tags():
                    if config.wants_tag(key):
                        found[key] = service.tag(key)
                return
            from fastlog.aws.client import instance_tags  # boto3 takes long to import, and few ask for tags

            left = max(0.1, question.deadline - time.monotonic())
            tags = instance_tags(instance, region, timeout=left, max_attempts=config.max_attempts)
            found.update({key: value for key, value in tags.items() if config.wants_tag(key)})
        except Exception as error:  # boto3 has no common base for what credentials and answers can be wrong with
            problems.append(str(error))

    # boto3 adds up its own timeouts and attempts, so the time is kept from outside.
    thread = threading.Thread(target=ask, name="ec2 tags", daemon=True)
    thread.start()
    thread.join(max(0.0, question.deadline - _MARGIN - time.monotonic()))
    if thread.is_alive():
        question.warn("the tags of the instance did not come in time; records go without them")
        return {}
    if problems:
        question.warn(f"can't get the tags of the instance: {problems[0]}")
    return dict(found)
