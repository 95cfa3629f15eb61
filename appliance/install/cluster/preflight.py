"""What must be there before anything is changed: looked at, and told with a remedy."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from appliance.core.errors import OperatorError
from appliance.install.cluster.calling import Called, call, is_there
from appliance.install.cluster.plan import Size, Target, Wishes

OLDEST_HELM, OLDEST_KUBECTL = (3, 17), (1, 29)
OLDEST_DOCKER, OLDEST_KIND = (20, 10), (0, 27)
INOTIFY = Path("/proc/sys/fs/inotify")
WATCHES, INSTANCES = 524_288, 512
"""That kind asks for; with less, nodes fail when many programs watch files."""
KIND_BYTES = {Size.SMALL: 5 * 2**30, Size.MEDIUM: 12 * 2**30}
"""Free memory that a kind cluster and a site in it need."""
_INSTALL = "https://kind.sigs.k8s.io, https://helm.sh, https://kubernetes.io/docs/tasks/tools"
_CALLERS = {
    "helm": ["helm", "version", "--template", "{{.Version}}"],
    "kubectl": ["kubectl", "version", "--client", "--output", "json"],
    "kind": ["kind", "version"],
    "docker": ["docker", "version", "--format", "{{json .}}"],
}


class State(StrEnum):
    """What a check found."""

    FINE = "fine"
    TOLD = "told"
    WRONG = "wrong"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `remedy` says what to do about what is not fine."""

    name: str
    state: State
    text: str
    remedy: str = ""


def fine(name: str, text: str) -> Check:
    """Return a check that found what is needed."""
    return Check(name, State.FINE, text)


def told(name: str, text: str, remedy: str = "") -> Check:
    """Return a check that found what one should know, and that keeps nobody from going on."""
    return Check(name, State.TOLD, text, remedy)


def wrong(name: str, text: str, remedy: str) -> Check:
    """Return a check that found what keeps the rest from working."""
    return Check(name, State.WRONG, text, remedy)


def require(checks: list[Check]) -> None:
    """Go on if nothing is wrong.

    Raises
    ------
    OperatorError
        Something is: all of it, each with its remedy.
    """
    bad = [one for one in checks if one.state is State.WRONG]
    if len(bad) == 1:
        raise OperatorError(f"{bad[0].name}: {bad[0].text}.", remedy=bad[0].remedy)
    if bad:
        lines = [f"\n  {one.name}: {one.text}. {one.remedy}" for one in bad]
        raise OperatorError(f"{len(bad)} things keep this from working:{''.join(lines)}")


# ---------------------------------------------------------------- this machine
def machine(
    target: Target, wishes: Wishes, *, pushes: bool = False, fresh: bool = False
) -> Iterator[Check]:
    """Yield what there is of this machine.

    Parameters
    ----------
    pushes
        Whether an image leaves it.
    fresh
        Whether a cluster is to be made on it.
    """
    yield _tool("helm", OLDEST_HELM)
    yield _tool("kubectl", OLDEST_KUBECTL)
    if target is Target.KIND:
        yield _tool("kind", OLDEST_KIND)
    if target is Target.KIND or pushes:
        yield from _docker(fresh=fresh)
    if fresh:
        yield from _room(wishes)
    if target is Target.EKS:
        yield from _aws()


def _tool(name: str, oldest: tuple[int, ...]) -> Check:
    if not is_there(name):
        return wrong(name, f"{name} is not there", f"Install it: {_INSTALL}.")
    called = call(_CALLERS[name])
    found = version(_told(name, called))
    if found is None:
        return wrong(name, f"{name} does not tell its version", "Install it anew.")
    shown = ".".join(map(str, found))
    if found < oldest:
        least = ".".join(map(str, oldest))
        return wrong(name, f"{name} {shown} is too old", f"Install {least} or newer.")
    return fine(name, shown)


def _told(name: str, called: Called) -> str:
    if name != "kubectl":
        return called.text
    return str(_json(called.text).get("clientVersion", {}).get("gitVersion", ""))


def version(text: str) -> tuple[int, ...] | None:
    """Return the first version that a text names."""
    found = re.search(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return None if found is None else tuple(int(part) for part in found.groups() if part)


def _docker(*, fresh: bool) -> Iterator[Check]:
    if not is_there("docker"):
        yield wrong("docker", "docker is not there", "Install Docker Engine.")
        return
    found = _json(call(_CALLERS["docker"]).text).get("Server") or {}
    number = version(str(found.get("Version", "")))
    if number is None:
        yield wrong(
            "docker",
            "no Docker engine answers",
            "Start it (systemctl start docker), and let this user reach it (group docker).",
        )
    elif number < OLDEST_DOCKER:
        yield wrong(
            "docker", f"Docker {found['Version']} is too old", "Install 20.10 or newer."
        )
    else:
        yield fine("docker", str(found["Version"]))
        if fresh:
            yield from _cgroups()


def _cgroups() -> Iterator[Check]:
    if call(["docker", "info", "--format", "{{.CgroupVersion}}"]).text == "1":
        yield told(
            "cgroups",
            "this machine's are of version 1, with which Kubernetes 1.35 does not start",
            "Boot with systemd.unified_cgroup_hierarchy=1, or name an older --node-image.",
        )


def _room(wishes: Wishes) -> Iterator[Check]:
    free, needed = psutil.virtual_memory().available, KIND_BYTES[wishes.size or Size.SMALL]
    text = f"{free / 2**30:.1f} GiB are free, {needed / 2**30:.0f} are needed"
    if free < needed:
        yield wrong("memory", text, "End other programs, or use a larger machine.")
    else:
        yield fine("memory", text)
    yield from _inotify()


def _inotify() -> Iterator[Check]:
    for name, least in (("max_user_watches", WATCHES), ("max_user_instances", INSTANCES)):
        try:
            found = int((INOTIFY / name).read_text("ascii"))
        except (OSError, ValueError):
            continue  # not Linux: Docker's own machine has them
        if found < least:
            yield told(
                "inotify",
                f"fs.inotify.{name} is {found}, kind asks for {least}",
                f"If pods say 'too many open files': sudo sysctl fs.inotify.{name}={least}",
            )


def port(number: int) -> Check:
    """Return whether a port of this machine is free for kind."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError as error:
            return wrong(
                "port", f"port {number} cannot be used ({error.strerror})", "Choose a --port."
            )
    return fine("port", str(number))


def _aws() -> Iterator[Check]:
    if not is_there("aws"):
        yield wrong("aws", "the AWS command line is not there", "Install aws-cli 2.")
        return
    who = call(["aws", "sts", "get-caller-identity", "--output", "json"])
    if who.status != 0:
        yield wrong(
            "aws",
            "AWS does not know who asks",
            "Log in: aws configure sso, aws sso login, or AWS_PROFILE.",
        )
    else:
        yield fine("aws", f"account {_json(who.text).get('Account', '?')}")


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
