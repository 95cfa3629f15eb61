"""What an operator does with a cluster: kubectl and helm, and waiting for what they started."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.build import built


@dataclass(frozen=True)
class Said:
    """What a command printed, to its two streams."""

    out: str
    err: str


class Refused(RuntimeError):
    """A command was refused or failed; the text is what it said."""


class Cluster:
    """A running cluster, reached with one kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig

    def environment(self) -> dict[str, str]:
        """Return the environment of a command that is to reach this cluster."""
        homes = {name: str(self.kubeconfig.parent / "helm") for name in _HOMES_OF_HELM}
        return os.environ | homes | {"KUBECONFIG": str(self.kubeconfig)}

    def kubectl(self, *arguments: str, stdin: str | None = None) -> Said:
        """Run kubectl; `Refused` where it fails."""
        return self._run("kubectl", *arguments, stdin=stdin)

    def helm(self, *arguments: str, stdin: str | None = None) -> Said:
        """Run helm; `Refused` where it fails."""
        return self._run("helm", *arguments, stdin=stdin)

    def get(self, kind: str, *arguments: str, namespace: str) -> Any:
        """Return an object, or a list's items."""
        told = json.loads(
            self.kubectl("get", kind, *arguments, "-n", namespace, "-o", "json").out
        )
        return told["items"] if told["kind"] == "List" else told

    def find(self, kind: str, name: str, *, namespace: str) -> Any:
        """Return an object, or None where there is none."""
        said = self.kubectl(
            "get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found"
        )
        return json.loads(said.out) if said.out else None

    def apply(self, *objects: dict[str, Any], namespace: str = "default") -> Said:
        """Make or change objects."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        return self.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(listed))

    def answers(self, path: str) -> bool:
        """Tell whether the API server answers ``path`` well."""
        try:
            self.kubectl("get", "--raw", path)
        except Refused:
            return False
        return True

    def may(self, account: str, verb: str, kind: str, *, namespace: str) -> bool:
        """Tell whether a service account may do something in its namespace."""
        who = f"system:serviceaccount:{namespace}:{account}"
        try:
            self.kubectl("auth", "can-i", verb, kind, "-n", namespace, "--as", who)
        except Refused:
            return False
        return True

    def _run(self, program: str, *arguments: str, stdin: str | None) -> Said:
        ended = subprocess.run(
            [built(program), *arguments],
            input=stdin,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            raise Refused(f"{program} {' '.join(arguments)}: {ended.stderr or ended.stdout}")
        return Said(ended.stdout, ended.stderr)


_HOMES_OF_HELM = ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")


def wait_for(
    happened: Callable[[], bool],
    seconds: float,
    what: str,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Ask until ``happened`` says yes; `TimeoutError` after ``seconds``.

    ``check`` is called between, to raise where waiting is in vain.
    """
    end = time.monotonic() + seconds
    while not happened():
        check()
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.5)
