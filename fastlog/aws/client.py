"""boto3 clients with timeouts that hold. The one place that imports boto3: ``pip install 'fastlog-ingest[aws]'``."""

from __future__ import annotations

from typing import Any

from fastlog.errors import ComponentError


def client(service: str, region: str, *, timeout: float, max_attempts: int = 3) -> Any:
    """A client of ``service`` in ``region``. One attempt waits at most ``timeout`` seconds for a connection and as long
    for an answer. Credentials are the SDK's default chain. Raises ComponentError when boto3 is not installed."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise ComponentError(f"{service} needs boto3; install it with: pip install 'fastlog-ingest[aws]'") from error
    config = Config(
        connect_timeout=timeout,
        read_timeout=timeout,
        retries={"total_max_attempts": max(1, max_attempts), "mode": "standard"},
    )
    return boto3.session.Session().client(service, region_name=region, config=config)


def instance_tags(instance: str, region: str, *, timeout: float, max_attempts: int = 3) -> dict[str, str]:
    """The tags of an EC2 instance (``ec2:DescribeTags``, filtered by ``resource-id``). Raises what boto3 does."""
    tags: dict[str, str] = {}
    pages = client("ec2", region, timeout=timeout, max_attempts=max_attempts).get_paginator("describe_tags")
    for page in pages.paginate(Filters=[{"Name": "resource-id", "Values": [instance]}]):
        tags.update({tag["Key"]: tag["Value"] for tag in page["Tags"]})
    return tags
