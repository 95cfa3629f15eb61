"""Bringing a site in a cluster down; what it keeps stays, unless that is to go as well."""

from __future__ import annotations

from pathlib import Path

from appliance.install.cluster import kind, release
from appliance.install.cluster.calling import Kubectl, must
from appliance.install.cluster.plan import Place, Target
from appliance.install.cluster.rollout import COMPONENT, INSTANCE, NOTEBOOK

_SECONDS = 300.0
_VOLUMES = "persistentvolumeclaims"


def end(place: Place, home: Path, *, purge: bool) -> list[str]:
    """Bring a site down; return what was done, nothing if there was none.

    A kind cluster is stopped, and goes on where it was; of another one the release is
    uninstalled, and its volumes and its Secret stay for the next one of the name.

    Raises
    ------
    OperatorError
        Something of it stays.
    """
    if place.target is Target.KIND and place.context == kind.context(place.name):
        return _kind(place, home, purge=purge)
    did = []
    kubectl = Kubectl(place.context, place.namespace)
    if release.history(place):
        release.remove(place)
        # Helm did not make these, and who did is gone.
        theirs = f"{INSTANCE}={place.name},{COMPONENT}={NOTEBOOK}"
        gone = kubectl.call("delete", "pods", "--ignore-not-found", "--selector", theirs)
        must(gone, "pods of notebooks stay")
        did.append(f"Uninstalled {place.name}; its volumes and its Secret stay.")
    if purge:
        chosen = ("--selector", f"{INSTANCE}={place.name}", "--ignore-not-found")
        # Hooks of Helm that failed are of no release any more.
        for kinds, what in (("jobs,pods", "its pods stay"), (_VOLUMES, "its volumes stay")):
            must(kubectl.call("delete", kinds, *chosen, seconds=_SECONDS), what)
        must(kubectl.call("delete", "secret", place.secret, "--ignore-not-found"), "it stays")
        did.append(f"Deleted its volumes and the Secret {place.secret}.")
    return did


def _kind(place: Place, home: Path, *, purge: bool) -> list[str]:
    if not kind.exists(place.name):
        return []
    if not purge:
        return [f"{kind.stop(place.name).capitalize()}; `kizashi cluster up` starts it again."]
    kind.remove(place.name)
    data = home / "clusters" / place.name / "data"
    return [f"Deleted the cluster {place.name}.", f"What its volumes held is in {data}."]
