"""Containers of a site, run as a cluster does: as nobody, with only volumes to write to."""

from __future__ import annotations

import json
import os
import secrets
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

import appliance as kizashi
from appliance.client import Plant
from appliance.machine.roles import placing
from tests.image.build import POSTGRES, S3
from tests.image.docker import Docker

_LOOK = 0.5
USER = 10001
RESTRICTED = (
    *("--read-only", "--user", f"{USER}:{USER}", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--tmpfs", "/tmp:mode=1777"),
)
PORTS = {"web": 8443, "worker": 9462, "ray-head": 9463, "ray-worker": 9463}


def awaited(what: str, found: Callable[[], bool], seconds: float) -> None:
    """Wait until something is so."""
    pause = threading.Event()
    for _ in range(int(seconds / _LOOK)):
        if found():
            return
        pause.wait(_LOOK)
    raise AssertionError(f"{what}: not in {seconds:.0f} s")


@dataclass
class Containers:
    """What runs on a network of its own.

    Attributes
    ----------
    docker, image
        The engine, and the platform's image.
    folder
        For the secrets that are mounted.
    """

    docker: Docker
    image: str
    folder: Path
    network: str = field(default_factory=lambda: f"kizashi-{secrets.token_hex(4)}")
    names: list[str] = field(default_factory=list)
    password: str = field(default_factory=lambda: secrets.token_hex(12))

    def __enter__(self) -> Containers:
        self.docker.run("network", "create", self.network)
        shared = self.folder / "secrets"
        placing.make(shared)
        (shared / "admin-password").write_text(self.password)
        self.folder.chmod(0o755)
        shared.chmod(0o755)
        for path in shared.iterdir():  # closed to others, and of the containers' group
            os.chown(path, 0, USER)
            path.chmod(0o440)
        return self

    def __exit__(self, *_: object) -> None:
        for name in self.names:
            self.docker.run("rm", "--force", "--volumes", name, check=False)
        self.docker.run("network", "rm", self.network, check=False)

    # ------------------------------------------------------------------ beginning
    def postgres(self) -> None:
        """Begin a database server with the two databases of a site."""
        first = self.folder / "first"
        first.mkdir()
        (first / "registry.sql").write_text("CREATE DATABASE kizashi_registry OWNER kizashi;")
        first.chmod(0o755)
        self._begin(
            "postgres",
            POSTGRES,
            *("--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp"),
            *("--tmpfs", "/run/postgresql:uid=999", "--volume"),
            f"{first}:/docker-entrypoint-initdb.d:ro",
            *("--env", "POSTGRES_USER=kizashi", "--env", "POSTGRES_DB=kizashi"),
            *("--env", f"POSTGRES_PASSWORD={self.password}"),
        )

    def objects(self) -> None:
        """Begin an S3 server with a bucket."""
        self._begin(
            "objects",
            S3,
            *("--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp:mode=1777"),
            *self._keys(),
        )

    def role(self, role: str, *options: str, name: str = "", memory: str = "2g") -> str:
        """Begin a role; return the name of its container."""
        if role == "ray-worker":
            options = ("--cpus", "1", *options)
        return self._begin(name or role, self.image, *self._options(memory), *options, run=role)

    def once(self, *words: str) -> str:
        """Run a command of the image to its end, and return what it says."""
        options = ("--rm", "--network", self.network, *self._options("1g"))
        return self.docker.run("run", *options, self.image, *words)

    def _begin(self, name: str, image: str, *options: str, run: str = "") -> str:
        whole = f"{self.network}-{name}"
        where = ("--name", whole, "--hostname", name, "--network", self.network)
        words = ("run", run) if run else ()
        self.names.append(whole)
        self.docker.run(
            "run", "--detach", *where, "--network-alias", name, *options, image, *words
        )
        return whole

    def _options(self, memory: str) -> list[str]:
        server = f"postgresql+psycopg://kizashi:{self.password}@postgres:5432"
        told = {
            "KIZASHI_SECRETS_FROM": "/etc/kizashi/secrets",
            "KIZASHI_DATABASE_URL": f"{server}/kizashi",
            "KIZASHI_REGISTRY_URL": f"{server}/kizashi_registry",
            "KIZASHI_RAY_ADDRESS": "ray-head:6379",
            "KIZASHI_STORAGE_URL": "s3://kizashi/site",
        }
        pairs = [word for name, value in told.items() for word in ("--env", f"{name}={value}")]
        mounted = ("--volume", f"{self.folder / 'secrets'}:/etc/kizashi/secrets:ro")
        most = ("--memory", memory, "--shm-size", "256m", "--no-healthcheck")
        return [*RESTRICTED, *most, *mounted, *pairs, *self._keys()]

    def _keys(self) -> list[str]:
        told = {
            "AWS_ACCESS_KEY_ID": "kizashi",
            "AWS_SECRET_ACCESS_KEY": self.password,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": "http://objects:8333",
            "AWS_ALLOW_HTTP": "true",
        }
        return [word for name, value in told.items() for word in ("--env", f"{name}={value}")]

    # ------------------------------------------------------------------ looking
    def address(self, name: str) -> str:
        """Return the address of a container on its network."""
        told = self.docker.told(name)["NetworkSettings"]["Networks"]
        return str(told[self.network]["IPAddress"])

    def connect(self, name: str) -> Plant:
        """Return the site over REST, by one of its web containers."""
        return kizashi.connect(
            f"https://{self.address(name)}:8443",
            user="admin",
            password=self.password,
            ca=self.folder / "secrets" / "ca.pem",
        )

    def ready(self, name: str, role: str) -> bool:
        """Whether a role says that it does its work, under a certificate of the site's."""
        url = f"https://{self.address(name)}:{PORTS[role]}/readyz"
        context = ssl.create_default_context(cafile=str(self.folder / "secrets" / "ca.pem"))
        opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
        try:
            with opener.open(url, timeout=5):
                return True
        except (URLError, OSError):
            return False

    def await_ready(self, *roles: tuple[str, str], seconds: float = 600) -> None:
        """Wait until containers, each with its role, do their work."""
        for name, role in roles:
            try:
                awaited(f"{name} is ready", lambda: self.ready(name, role), seconds)  # noqa: B023
            except AssertionError as error:
                told = self.docker.run("logs", "--tail", "40", name, check=False)
                raise AssertionError(f"{error}\n{told}") from error

    def stop(self, name: str, seconds: int) -> int:
        """Tell a container to end, and return its status: 137 if it had to be killed."""
        self.docker.run("stop", "--time", str(seconds), name, seconds=seconds + 60)
        state = self.docker.told(name)["State"]
        assert not state["OOMKilled"], name
        return int(state["ExitCode"])

    def restarts(self) -> dict[str, str]:
        """Return the state of all containers."""
        return {one: json.dumps(self.docker.told(one)["State"]["Status"]) for one in self.names}
