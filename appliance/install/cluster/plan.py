"""What is asked for of a cluster, in few words, and where that is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from appliance.core.errors import InvalidRequest

NAME = "kizashi"
DEFAULT_PORT = 8443
_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
)
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.=-]+)*/?")


class Target(StrEnum):
    """What kind of cluster it is."""

    KIND = "kind"
    EKS = "eks"
    CONTEXT = "context"


class Size(StrEnum):
    """How much room the roles ask for."""

    SMALL = "small"
    MEDIUM = "medium"


@dataclass(frozen=True)
class Place:
    """Where a site is among the clusters.

    Attributes
    ----------
    name
        Of the release; a kind cluster made for it is called so too.
    context
        Of kubectl; empty where nothing is known yet.
    """

    name: str = NAME
    namespace: str = NAME
    context: str = ""

    def __post_init__(self) -> None:
        for option, value in (("--name", self.name), ("--namespace", self.namespace)):
            if not _LABEL.fullmatch(value):
                raise InvalidRequest(
                    f"{option} {value}: it cannot be used in a cluster.",
                    remedy="Use at most 40 small letters, digits and dashes, a letter first.",
                )

    @property
    def secret(self) -> str:
        """Name of the Secret that the roles share."""
        return f"{self.name}-secrets"

    @property
    def target(self) -> Target:
        """What kind of cluster the context's name speaks of."""
        if self.context.startswith("kind-"):
            return Target.KIND
        return Target.EKS if re.search(r":eks:|\.eksctl\.io$", self.context) else Target.CONTEXT


@dataclass(frozen=True)
class Wishes:
    """What a site in a cluster shall be like; None and empty: as the chart has it.

    Attributes
    ----------
    files
        Files of values for the chart, the later over the earlier.
    image, registry
        An image that is in a registry; or where to push the one that is here.
    s3, s3_secret
        ``s3://BUCKET/PREFIX`` that holds what is shared, and the Secret with its keys, if they
        are not the service account's.
    database_secret
        Secret that holds the addresses of a PostgreSQL of others.
    region
        Of the bucket, where the context does not tell it.
    host, certificate
        Name under which browsers reach the site, and the certificate of ACM that an ALB shows.
    port
        Of this machine, for kind.
    node_image
        That kind makes its node of.
    bundle, trust
        File that brings the images where no registry can be reached, and whose it must be.
    """

    size: Size | None = None
    files: tuple[Path, ...] = ()
    image: str = ""
    registry: str = ""
    s3: str = ""
    s3_secret: str = ""
    database_secret: str = ""
    ray_workers: int | None = None
    region: str = ""
    host: str = ""
    certificate: str = ""
    port: int = DEFAULT_PORT
    node_image: str = ""
    bundle: Path | None = None
    trust: str = ""

    def __post_init__(self) -> None:
        if self.host and not _HOST.fullmatch(self.host):
            raise InvalidRequest(
                f"--host {self.host}: it is no name of a host.",
                remedy="Write it as kizashi.plant.example.",
            )
        if self.s3 and not _BUCKET.fullmatch(self.s3):
            raise InvalidRequest(
                f"--s3 {self.s3}: it is no place in S3.",
                remedy="Write it as s3://BUCKET/PREFIX.",
            )
        if self.image and self.registry:
            raise InvalidRequest(
                "--image and --registry contradict each other.",
                remedy="--image is in a registry; --registry is where to push the one here.",
            )
        for path in self.files:
            if not path.is_file():
                raise InvalidRequest(
                    f"--values {path}: there is no such file.", remedy="Check the path."
                )


Show = Callable[[str], None]
"""Shows how far a step is; on a terminal only."""


@dataclass(frozen=True)
class Done:
    """A step that was done: what it did, and the seconds that it took."""

    name: str
    did: str
    seconds: float


@dataclass
class Told:
    """What the steps found out for those after them and for whoever asked.

    Attributes
    ----------
    image
        That the pods run.
    given
        Values that Helm is given between those of the chart and those of the files.
    values
        All of the release's, as Helm lays them together.
    notes
        What one should know, and that kept nothing from being done.
    """

    image: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    steps: list[Done] = field(default_factory=list)
