"""A release of the chart: what Helm knows of it, and how it is brought to another state."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.core import clock
from appliance.core.errors import NotFound, OperatorError, TryAgain
from appliance.install.cluster.calling import Helm, Kubectl, call, must, reason
from appliance.install.cluster.plan import Place

HOOK_SECONDS = 900
"""That Helm waits for each job around an installation: the database is brought up to date."""
_HOST = "kizashi-host"
_CUT_OFF = 3600.0
"""Age in seconds at which what another machine began is taken to have been cut off."""
_PENDING = "status in (pending-install,pending-upgrade,pending-rollback)"
_GOOD = ("deployed", "superseded")


@dataclass(frozen=True)
class Revision:
    """One state that a release had.

    Attributes
    ----------
    state
        ``deployed``, ``superseded``, ``failed``, ``pending-upgrade`` …
    version
        Of the platform.
    """

    number: int
    state: str
    version: str
    updated: str


def history(place: Place) -> list[Revision]:
    """Return the states that a release had, the latest first; none if there is no release.

    Raises
    ------
    OperatorError
        The cluster does not answer.
    """
    told = call(helm(place).command("history", place.name, "--output", "json"))
    if told.status != 0:
        if "not found" in told.err:
            return []
        raise OperatorError(
            f"the cluster does not tell of its releases: {reason(told.err)}.",
            remedy="If it is kind's and was stopped: kizashi cluster up --target kind; if it "
            "is another one: --context NAME.",
        )
    listed: list[dict[str, Any]] = json.loads(told.out or b"[]")
    found = [
        Revision(
            int(one["revision"]),
            str(one["status"]),
            str(one.get("app_version", "")),
            str(one.get("updated", "")),
        )
        for one in listed
    ]
    return sorted(found, key=lambda one: -one.number)


def require(place: Place) -> list[Revision]:
    """Return the states of a release that must be there.

    Raises
    ------
    NotFound
        There is none.
    """
    found = history(place)
    if not found:
        where = f" of {place.context}" if place.context else ""
        raise NotFound(
            f"there is no site {place.name} in the namespace {place.namespace}{where}.",
            remedy="Name another by --name, --namespace or --context, or make it: "
            "kizashi cluster up.",
        )
    return found


def values(place: Place) -> dict[str, Any]:
    """Return the values that a release was given; none if there is no release."""
    found = helm(place).json("get", "values", place.name)
    return found if isinstance(found, dict) else {}


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return values, one over the other, as Helm lays them: tables by key, all else whole."""
    found = dict(below)
    for name, value in above.items():
        under = found.get(name)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        found[name] = merged(under, value) if both else value  # type: ignore[arg-type]
    return found


def upgrade_command(
    place: Place, chart: Path, files: Sequence[Path], more: Sequence[str] = ()
) -> list[str]:
    """Return what installs or upgrades; composed values come by standard input.

    Parameters
    ----------
    files
        Of values, of whoever installs: above all else.
    more
        What `taking_over` gives.
    """
    own = [word for path in files for word in ("--values", str(path))]
    return helm(place).command(
        *("upgrade", place.name, str(chart), "--install", "--reset-values"),
        *("--values", "-", *own),
        *("--timeout", f"{HOOK_SECONDS}s", "--history-max", "10", "--hide-notes"),
        *("--labels", f"{_HOST}={this_host()}"),
        *more,
    )


def taking_over() -> tuple[str, ...]:
    """Return the words by which a value that somebody else set since is Helm's again.

    Helm 4 lets the server merge, which keeps what others own, such as the number of pods that
    `kubectl scale` set; Helm 3 has no such words, and takes everything over.
    """
    told = call(["helm", "version", "--template", "{{.Version}}"]).text
    return ("--server-side=true", "--force-conflicts") if told.startswith("v4") else ()


def apply(
    place: Place, command: list[str], given: Mapping[str, Any], tick: Callable[[], None]
) -> None:
    """Bring a release to what is asked for; pods may still be starting after it.

    Raises
    ------
    OperatorError
        Helm fails.
    """
    done = call(
        command,
        given=json.dumps(given).encode(),
        seconds=4 * HOOK_SECONDS,
        tick=tick,
    )
    must(
        done,
        "Helm cannot install the chart",
        f"Look at it: kubectl get pods,jobs --namespace {place.namespace}; then repeat this.",
    )


def release_what_was_cut_off(place: Place) -> str:
    """Remove the mark of an installation that was killed, which Helm waits for for ever.

    Raises
    ------
    TryAgain
        Another machine's installation may be under way.
    """
    kubectl = Kubectl(place.context, place.namespace)
    selector = f"owner=helm,name={place.name},{_PENDING}"
    for one in kubectl.items("secrets", "--selector", selector):
        labels = one["metadata"]["labels"]
        if not is_cut_off(labels):
            minutes = _age(labels) / 60
            raise TryAgain(
                f"another machine installs or upgrades {place.name} since {minutes:.0f} min.",
                remedy="Wait for it; if it was cut off, this goes on an hour after it began.",
            )
        gone = kubectl.call("delete", "secret", one["metadata"]["name"])
        must(gone, "the mark of an installation that was cut off stays")
        return "went on from an installation that was cut off"
    return ""


def is_cut_off(labels: Mapping[str, str]) -> bool:
    """Whether what began under these labels of Helm's mark is at work no more.

    What this machine began is cut off, as nobody else holds its lock; what another began is,
    once it is old.
    """
    return labels.get(_HOST) == this_host() or _age(labels) >= _CUT_OFF


def _age(labels: Mapping[str, str]) -> float:
    begun = float(labels.get("modifiedAt") or labels.get("createdAt") or 0)
    return clock.now().timestamp() - begun


def roll_back(place: Place, to: int | None, tick: Callable[[], None]) -> Revision:
    """Bring a release back to an earlier state; return which.

    Raises
    ------
    NotFound
        There is no such state.
    OperatorError
        Helm fails.
    """
    found = require(place)
    before = [one for one in found[1:] if one.state in _GOOD]
    if to is not None:
        before = [one for one in found if one.number == to]
    if not before:
        known = ", ".join(str(one.number) for one in found)
        raise NotFound(
            f"{place.name} has no state to go back to.", remedy=f"Its states: {known}."
        )
    command = helm(place).command(
        *("rollback", place.name, str(before[0].number)),
        *("--timeout", f"{HOOK_SECONDS}s", "--history-max", "10"),
        *taking_over(),
    )
    must(call(command, seconds=4 * HOOK_SECONDS, tick=tick), "Helm cannot go back")
    return before[0]


def remove(place: Place) -> None:
    """Uninstall a release; its volumes and its Secret stay.

    Raises
    ------
    OperatorError
        Helm fails.
    """
    done = call(helm(place).command("uninstall", place.name), seconds=HOOK_SECONDS)
    if done.status != 0 and "not found" not in done.err:
        must(done, "Helm cannot uninstall it", "Repeat this.")


def helm(place: Place) -> Helm:
    """Return Helm at a place."""
    return Helm(place.context, place.namespace)


def this_host() -> str:
    """Return what marks the installations of this machine, telling nothing of it."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:16]
