"""A site in the cluster: brought up as an operator does it, and looked at from outside."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import appliance as kizashi
from appliance import __version__
from appliance.client import Plant
from tests.e2e.build import built
from tests.e2e.cluster import Refused, wait_for
from tests.e2e.namespaces import Namespace
from tests.e2e.node import NODE
from tests.e2e.notebook import Notebook
from tests.image.build import POSTGRES, S3

RELEASE = "site"
PORT = 30443
_LOOK = 5.0


def local_values(folder: Path, address: str) -> Path:
    """Write values for this cluster: images that it has, a port of its node, two that answer.

    Parameters
    ----------
    address
        Of the node.
    """

    def named(image: str) -> dict[str, str]:
        return {"registry": "", "repository": image, "tag": "latest"}

    values = {
        "image": {"pullPolicy": "Never"},
        "database": {"bundled": {"image": named(POSTGRES)}},
        "storage": {"bundled": {"image": named(S3)}},
        "web": {
            "replicas": 2,
            "service": {"type": "NodePort", "nodePort": PORT},
            "publicUrl": f"https://{address}:{PORT}",
        },
        "notebooks": {"enabled": True, "persistence": {"size": "1Gi"}},
    }
    path = folder / "values.json"
    path.write_text(json.dumps(values), "utf-8")
    return path


@dataclass(frozen=True)
class Use:
    """What a container takes at a moment, in processors and bytes, and what it asked for."""

    cores: float
    bytes: int
    asked: dict[str, dict[str, str]]

    def __str__(self) -> str:
        return f"{self.cores:.2f} processors, {self.bytes / 2**20:.0f} MiB"


@dataclass
class Site:
    """A release ``site`` in a namespace.

    Attributes
    ----------
    address
        Of the node.
    seconds
        From the command to a site that is ready.
    told
        What the command told.
    """

    namespace: Namespace
    values: Path
    home: Path
    address: str
    seconds: float = 0.0
    told: str = ""
    _plants: list[Plant] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where browsers reach it."""
        return f"https://{self.address}:{PORT}"

    @property
    def where(self) -> tuple[str, ...]:
        """Say which site a command is about."""
        return ("--context", "e2e", "--name", RELEASE, "--namespace", self.namespace.name)

    def kizashi(self, *words: str) -> str:
        """Run a command of ours as an operator does; `Refused` where it fails."""
        tools = f"{built('kubectl').parent}:{built('helm').parent}"
        environment = self.namespace.cluster.environment()
        environment |= {"PATH": f"{tools}:{os.environ['PATH']}", "KIZASHI_HOME": str(self.home)}
        ended = subprocess.run(
            [sys.executable, "-m", "appliance.cli.main", *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            raise Refused(f"kizashi {' '.join(words)}: {ended.stdout}{ended.stderr}")
        return ended.stdout

    def up(self) -> None:
        """Bring the site up, and keep how long it took."""
        began = time.monotonic()
        self.told = self.kizashi(
            *("cluster", "up", "--target", "context", *self.where),
            *("--image", f"kizashi:{__version__}", "--values", str(self.values), "--yes"),
        )
        self.seconds = time.monotonic() - began

    def secret(self, key: str) -> bytes:
        """Return one of the secrets that the site's roles share."""
        return b64decode(self.secrets()[key])

    def secrets(self) -> dict[str, str]:
        """Return all that the site's roles share, as the cluster keeps it."""
        found = self.namespace.cluster.find(
            "secret", f"{RELEASE}-secrets", namespace=self.namespace.name
        )
        return dict(found["data"])

    def plant(self) -> Plant:
        """Return the running site for its administrator, over REST from outside."""
        authority = self.home / "ca.pem"
        authority.write_bytes(self.secret("ca.pem"))
        plant = kizashi.connect(
            self.url,
            user="admin",
            password=self.secret("admin-password").decode().strip(),
            ca=authority,
        )
        self._plants.append(plant)
        return plant

    def notebook(self) -> Notebook:
        """Return the administrator's notebooks, by a login of their own."""
        context = ssl.create_default_context(cadata=self.secret("ca.pem").decode())
        password = self.secret("admin-password").decode().strip()
        return Notebook(self.url, context, "admin", password)

    def measured(self) -> dict[str, Use]:
        """Return what the main container of each pod takes, and what it asked for."""
        path = f"/api/v1/nodes/{NODE}/proxy/stats/summary"
        told = json.loads(self.namespace.cluster.kubectl("get", "--raw", path).out)
        taken = {
            pod["podRef"]["name"]: pod["containers"][0]
            for pod in told["pods"]
            if pod["podRef"]["namespace"] == self.namespace.name and pod.get("containers")
        }
        return {
            name: Use(
                cores=taken[name]["cpu"].get("usageNanoCores", 0) / 1e9,
                bytes=taken[name]["memory"].get("workingSetBytes", 0),
                asked=pod["spec"]["containers"][0]["resources"],
            )
            for pod in self.namespace.items("pods")
            if (name := pod["metadata"]["name"]) in taken
        }

    def close(self) -> None:
        """End the sessions that were opened."""
        for plant in self._plants:
            plant.close()

    def pods(self, component: str) -> list[dict[str, Any]]:
        """Return the pods of one role."""
        found: list[dict[str, Any]] = self.namespace.cluster.get(
            "pods",
            *("-l", f"app.kubernetes.io/component={component}"),
            namespace=self.namespace.name,
        )
        return found

    def numbers(self) -> set[str]:
        """Return what tells the pods of the site from those after them."""
        return {
            pod["metadata"]["uid"]
            for pod in self.namespace.items("pods")
            if pod["status"]["phase"] == "Running"
        }

    def restarts(self) -> dict[str, int]:
        """Return the pods of which something was begun again, and how often."""
        return {
            pod["metadata"]["name"]: status["restartCount"]
            for pod in self.namespace.items("pods")
            for status in pod["status"].get("containerStatuses", [])
            if status["restartCount"]
        }

    def completed(self) -> set[str]:
        """Return the names of the jobs that ended well, those that are gone too."""
        return {
            event["involvedObject"]["name"]
            for event in self.namespace.items("events")
            if event["involvedObject"]["kind"] == "Job" and event["reason"] == "Completed"
        }

    def backups(self) -> list[dict[str, Any]]:
        """Return the backups that the worker's volume holds."""
        (worker,) = self.pods("worker")
        told = self.namespace.cluster.kubectl(
            *("exec", worker["metadata"]["name"], "-n", self.namespace.name),
            *("--container", "worker", "--", "kizashi", "backups", "--json"),
        )
        found: list[dict[str, Any]] = json.loads(told.out)
        return found

    def delete(self, pod: dict[str, Any]) -> None:
        """Take a pod away at once, as a lost node would."""
        self.namespace.cluster.kubectl(
            *("delete", "pod", pod["metadata"]["name"], "-n", self.namespace.name),
            *("--grace-period=0", "--force"),
        )

    def ready(self) -> bool:
        """Tell whether every pod is."""
        return all(
            any(c["type"] == "Ready" and c["status"] == "True" for c in conditions(pod))
            for pod in self.namespace.items("pods")
            if pod["status"]["phase"] != "Succeeded"
        )

    def wait_until_ready(self, check: Callable[[], None]) -> None:
        """Wait until every pod is ready."""
        wait_for(self.ready, 300, "every pod is ready", check)


def conditions(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is said of a pod's state."""
    found: list[dict[str, Any]] = pod["status"].get("conditions", [])
    return found


def most(site: Site, seconds: float) -> dict[str, Use]:
    """Return the most that each pod takes within some time."""
    found: dict[str, Use] = {}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for name, use in site.measured().items():
            before = found.get(name, use)
            found[name] = Use(
                max(before.cores, use.cores), max(before.bytes, use.bytes), use.asked
            )
        time.sleep(_LOOK)
    return found
