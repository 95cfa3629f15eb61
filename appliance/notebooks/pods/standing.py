"""How a pod stands, in words that somebody who waits for it can use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from appliance.notebooks.place import Stage

WAIT = timedelta(minutes=10)
"""How long a node may be waited for: some clusters make one first."""
_FETCHING = frozenset({"ContainerCreating", "PodInitializing", "ErrImagePull"})
_NO_IMAGE = frozenset(
    {"ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
)
_MOST_WORDS = 400


@dataclass(frozen=True)
class Standing:
    """How a pod stands.

    Attributes
    ----------
    address
        Where its server listens; empty while it does not.
    stage
        How far it is until then.
    ended
        Whether it ended, or is being ended.
    trouble
        Why nothing will come of it; empty if all is well.
    """

    address: str = ""
    stage: Stage = Stage.STARTS
    ended: bool = False
    trouble: str = ""


def standing(pod: Mapping[str, Any], at: datetime) -> Standing:
    """Return how a pod stands.

    Parameters
    ----------
    pod
        As Kubernetes tells it.
    at
        What time it is.
    """
    status = pod.get("status", {})
    own: Mapping[str, Any] = next(iter(status.get("containerStatuses", [])), {})
    if "deletionTimestamp" in pod["metadata"]:
        return Standing(ended=True)
    phase = status.get("phase", "Pending")
    if phase == "Succeeded":
        return Standing(ended=True)
    if phase == "Failed":
        return Standing(ended=True, trouble=_why(status, own))
    if phase == "Running" and own.get("started") and status.get("podIP"):
        return Standing(address=status["podIP"])
    return _pending(status, own, at - _made(pod, at))


def _pending(status: Mapping[str, Any], own: Mapping[str, Any], age: timedelta) -> Standing:
    waits = own.get("state", {}).get("waiting", {})
    reason, words = waits.get("reason", ""), _short(waits.get("message", ""))
    if reason in _NO_IMAGE:
        return Standing(trouble=f"its image cannot be fetched: {words or reason}.")
    if reason and reason not in _FETCHING:
        return Standing(trouble=f"its node cannot start it: {words or reason}.")
    conditions = {one["type"]: one for one in status.get("conditions", [])}
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        stage, what = Stage.ROOM, "no node has room for it"
        words = _short(scheduled.get("message", ""))
    else:
        stage, what = Stage.FETCHED if reason else Stage.STARTS, "it does not start"
    if age > WAIT:
        told = f"{what}: {words}" if words else what
        return Standing(stage=stage, trouble=f"{told} (for {WAIT.seconds // 60} minutes).")
    return Standing(stage=stage)


def _why(status: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """Return why a pod failed."""
    ended = own.get("state", {}).get("terminated", {})
    if ended.get("reason") == "OOMKilled":
        return "it took more memory than it may."
    last = _short(ended.get("message", "").strip().rpartition("\n")[2])
    words = last or _short(status.get("message", "")) or ended.get("reason", "")
    words = words or status.get("reason", "") or "nothing says why"
    return f"it ended: {words.rstrip('.')}."


def _made(pod: Mapping[str, Any], at: datetime) -> datetime:
    told = pod["metadata"].get("creationTimestamp")
    return at if told is None else datetime.fromisoformat(told)


def _short(words: str) -> str:
    return words.strip().rstrip(".")[:_MOST_WORDS]
