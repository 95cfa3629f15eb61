"""How the parts of a site in a cluster are, in words: from what Kubernetes tells of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Object = Mapping[str, Any]

INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
NOTEBOOK = "notebook"
"""Component of analysts' pods: they come and go as people do, and no rollout waits for one."""
KINDS = "deployments,statefulsets,replicasets,pods"
_LONGEST = 220
_PULL = {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "RegistryUnavailable"}
_STARTING = {"ContainerCreating", "PodInitializing"}
_COUNTED = {"ReplicaSet", "StatefulSet"}
"""Owners of pods whose own owners say how many are wanted."""
_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True)
class Part:
    """One role of a site: how many of its pods are ready, and why the others are not.

    Attributes
    ----------
    cpu, memory
        Cores and bytes that its pods ask for.
    """

    role: str
    ready: int
    wanted: int
    why: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    cpu: float = 0.0
    memory: float = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether all that is wanted of it is there."""
        return self.ready >= self.wanted and not self.why


@dataclass
class _Gathered:
    ready: int = 0
    wanted: int = 0
    why: list[str] = field(default_factory=list)
    pods: list[str] = field(default_factory=list)
    cpu: float = 0.0
    memory: float = 0.0


def parts(objects: Iterable[Object], events: Sequence[Object] = ()) -> list[Part]:
    """Return the parts that a release's objects make, by role.

    Parameters
    ----------
    objects
        Deployments, StatefulSets, ReplicaSets and pods with the release's label.
    events
        Of the namespace, for reasons that no object tells.
    """
    found: dict[str, _Gathered] = {}
    listed = list(objects)
    owners = {one["metadata"]["name"]: _role(one) for one in listed}
    for one in listed:
        if one["kind"] in ("Deployment", "StatefulSet"):
            _count(found.setdefault(_role(one), _Gathered()), one)
        elif one["kind"] == "Pod" and not _is_over(one) and _role(one) != NOTEBOOK:
            _add_pod(found.setdefault(_role(one), _Gathered()), one)
    for event in events:
        role = owners.get(event.get("involvedObject", {}).get("name", ""))
        if event.get("reason") == "FailedCreate" and role in found and not found[role].pods:
            found[role].why = [_shortened(f"no pod can be made: {event.get('message', '')}")]
    return [
        Part(
            role, one.ready, one.wanted, tuple(dict.fromkeys(one.why)), tuple(one.pods),
            one.cpu, one.memory,
        )
        for role, one in sorted(found.items())
    ]  # fmt: skip


def _role(one: Object) -> str:
    labels = one["metadata"].get("labels") or {}
    return str(labels.get(COMPONENT) or one["metadata"]["name"])


def _count(gathered: _Gathered, one: Object) -> None:
    wanted = int(one["spec"].get("replicas", 1))
    status = one.get("status", {})
    current = status.get("observedGeneration", 0) >= one["metadata"].get("generation", 0)
    updated = int(status.get("updatedReplicas", 0)) if current else 0
    gathered.wanted += wanted
    gathered.ready += min(int(status.get("readyReplicas", 0)), updated)


def _owner(pod: Object) -> str:
    return next((one["kind"] for one in pod["metadata"].get("ownerReferences", ())), "")


def _is_over(pod: Object) -> bool:
    """Whether a pod had its day: one of a job that ended, well or for another to try again."""
    phase = pod.get("status", {}).get("phase")
    return phase == "Succeeded" or (phase == "Failed" and _owner(pod) == "Job")


def _add_pod(gathered: _Gathered, pod: Object) -> None:
    gathered.pods.append(pod["metadata"]["name"])
    for container in pod["spec"].get("containers", ()):
        asked = container.get("resources", {}).get("requests", {})
        gathered.cpu += quantity(asked.get("cpu", "0"))
        gathered.memory += quantity(asked.get("memory", "0"))
    reason = trouble(pod)
    if reason:
        gathered.why.append(reason)
    if _owner(pod) not in _COUNTED:
        gathered.wanted += 1
        gathered.ready += not reason


def trouble(pod: Object) -> str:
    """Return why a pod is not ready; empty if it is, or is on its way out."""
    status = pod.get("status", {})
    if pod["metadata"].get("deletionTimestamp"):
        return ""
    if status.get("phase") == "Failed":
        return _shortened(f"it ended: {status.get('message') or status.get('reason', '?')}")
    if status.get("phase") == "Pending" and (reason := _unscheduled(status)):
        return reason
    inits = status.get("initContainerStatuses", [])
    for container in [*inits, *status.get("containerStatuses", [])]:
        if reason := _container(container):
            return reason
    if any(not one.get("ready") for one in status.get("containerStatuses", [])):
        return "started, not ready yet"
    return "" if status.get("containerStatuses") else "starting"


def _unscheduled(status: Object) -> str:
    for one in status.get("conditions", ()):
        if one.get("type") == "PodScheduled" and one.get("status") == "False":
            said = str(one.get("message", ""))
            if "unbound" in said and "PersistentVolumeClaim" in said:
                return "its volume is not there: no storage class makes one"
            lacks = sorted(
                {word.lower() for word in re.findall(r"Insufficient (\S+?)[,.]", said)}
            )
            if lacks:
                return f"no node has room for it: not enough {' and '.join(lacks)}"
            return _shortened(f"no node takes it: {said}")
    return ""


def _container(status: Object) -> str:
    waiting = status.get("state", {}).get("waiting")
    if not waiting:
        return ""
    reason, said = str(waiting.get("reason", "")), str(waiting.get("message", ""))
    if reason in _PULL:
        return f"its image {status.get('image', '')} cannot be pulled"
    if reason == "ErrImageNeverPull":
        return f"its image {status.get('image', '')} is not on the node"
    if reason == "CrashLoopBackOff":
        last = status.get("lastState", {}).get("terminated", {})
        why = last.get("reason", "")
        ended = "out of memory" if why == "OOMKilled" else f"status {last.get('exitCode', '?')}"
        return f"it ended {status.get('restartCount', 0)} times, the last time with {ended}"
    if reason in _STARTING:
        return "starting"
    return _shortened(f"{reason}: {said}" if said else reason)


def quantity(text: str) -> float:
    """Return a number as Kubernetes writes it, such as ``250m`` or ``1.5Gi``."""
    found = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", str(text))
    if found is None:
        return 0.0
    number, unit = float(found[1]), found[2]
    return number / 1000 if unit == "m" else number * _UNITS.get(unit, 1)


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
