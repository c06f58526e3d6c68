"""The configuration of ``resourcedetection``: names and defaults of processor/resourcedetectionprocessor v0.160."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from fastlog.config.fields import ConfigModel, Duration
from fastlog.operators.regex import Program, TooManyStates, compile

SUPPORTED = ("docker", "ec2", "env", "system")
OTHERS = frozenset(
    (
        "akamai",
        "aks",
        "alibaba_ecs",
        "azure",
        "azureappservice",
        "azurecontainerapps",
        "consul",
        "digitalocean",
        "dynatrace",
        "ecs",
        "eks",
        "elasticbeanstalk",
        "gcp",
        "heroku",
        "hetzner",
        "ibmcloud_classic",
        "ibmcloud_vpc",
        "k8s_api",
        "k8snode",
        "kubeadm",
        "lambda",
        "nova",
        "openshift",
        "oraclecloud",
        "scaleway",
        "tencent_cvm",
        "upcloud",
        "vultr",
    )
)
"""The collector's other detectors. Their blocks are passed over while ``detectors`` does not name them."""


class Switch(ConfigModel):
    enabled: bool


class DetectorConfig(ConfigModel):
    """``resource_attributes`` switches single attributes of a detector on and off."""

    attributes: ClassVar[dict[str, bool]]
    """Every attribute of the detector, and whether it is on by default."""

    resource_attributes: dict[str, Switch] = Field(default_factory=dict)

    @field_validator("resource_attributes")
    @classmethod
    def _known(cls, switches: dict[str, Switch]) -> dict[str, Switch]:
        for name in switches:
            if name not in cls.attributes:
                raise ValueError(f"there is no attribute {name!r}; the detector's are {', '.join(cls.attributes)}")
        return switches

    def wants(self, name: str) -> bool:
        switch = self.resource_attributes.get(name)
        return self.attributes[name] if switch is None else switch.enabled


class Ec2Config(DetectorConfig):
    """``tags``: regular expressions; a tag whose key one of them matches becomes ``ec2.tag.<key>``."""

    attributes: ClassVar[dict[str, bool]] = dict.fromkeys(
        (
            "cloud.account.id",
            "cloud.availability_zone",
            "cloud.platform",
            "cloud.provider",
            "cloud.region",
            "host.id",
            "host.image.id",
            "host.name",
            "host.type",
        ),
        True,
    )

    tags: list[str] = Field(default_factory=list)
    tags_from_imds: bool = False
    max_attempts: int = 3
    max_backoff: Duration = 20.0
    fail_on_missing_metadata: bool = False

    _patterns: list[Program] = PrivateAttr(default_factory=list)

    @model_validator(mode="after")
    def _compile(self) -> Ec2Config:
        try:
            self._patterns = [compile(pattern) for pattern in self.tags]
        except TooManyStates as error:
            raise ValueError(f"a pattern of 'tags' is too large: {error}; name the tags one by one") from error
        return self

    def wants_tag(self, key: str) -> bool:
        return any(pattern.match(key.encode()) is not None for pattern in self._patterns)


class SystemConfig(DetectorConfig):
    attributes: ClassVar[dict[str, bool]] = {
        "host.arch": False,
        "host.cpu.cache.l2.size": False,
        "host.cpu.family": False,
        "host.cpu.model.id": False,
        "host.cpu.model.name": False,
        "host.cpu.stepping": False,
        "host.cpu.vendor.id": False,
        "host.id": False,
        "host.interface": False,
        "host.ip": False,
        "host.mac": False,
        "host.name": True,
        "os.build.id": False,
        "os.description": False,
        "os.name": False,
        "os.type": True,
        "os.version": False,
    }

    hostname_sources: list[Literal["os", "dns", "cname", "lookup"]] = Field(default_factory=list)
    """Tried in this order until one knows a name; empty means dns, os."""


class DockerConfig(DetectorConfig):
    attributes: ClassVar[dict[str, bool]] = {
        "container.image.name": False,
        "container.name": False,
        "host.name": True,
        "os.type": True,
    }


class Retry(ConfigModel):
    """How often a detector that failed is asked again, always within ``timeout``."""

    enabled: bool = True
    initial_interval: Duration = 1.0
    randomization_factor: float = 0.5
    multiplier: float = 2.0
    max_interval: Duration = 30.0
    max_elapsed_time: Duration = 0.0


class Config(ConfigModel):
    """``timeout`` in seconds bounds the whole detection: records wait for it no longer than that."""

    detectors: list[str] = Field(default_factory=lambda: ["env"])
    override: bool = True
    timeout: Duration = 5.0
    retry: Retry = Retry()
    refresh_interval: Duration = 0.0
    fail_on_missing_metadata: bool = False
    ec2: Ec2Config = Ec2Config()
    system: SystemConfig = SystemConfig()
    docker: DockerConfig = DockerConfig()

    @model_validator(mode="before")
    @classmethod
    def _pass_over_other_detectors(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if key not in OTHERS}

    @field_validator("detectors")
    @classmethod
    def _supported(cls, names: list[str]) -> list[str]:
        names = [name.strip() for name in names]
        for name in names:
            if name not in SUPPORTED:
                what = "not supported" if name in OTHERS else "unknown"
                raise ValueError(f"detector {name!r} is {what}; the supported ones are {', '.join(SUPPORTED)}")
        return names

    @model_validator(mode="after")
    def _sound(self) -> Config:
        if self.timeout <= 0:
            raise ValueError("'timeout' must be positive, as in '5s'")
        if self.refresh_interval > 0:
            raise ValueError("'refresh_interval' is not supported; remove it: detection runs once, at start")
        if self.fail_on_missing_metadata or self.ec2.fail_on_missing_metadata:
            raise ValueError(
                "'fail_on_missing_metadata: true' is not supported; remove it: without metadata records are sent"
                " without its attributes, and a warning says so"
            )
        return self
