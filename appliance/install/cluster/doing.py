"""Bringing a site up in a cluster: named steps, each of which asks what is done already."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from appliance import __version__
from appliance.core.clock import monotonic
from appliance.core.errors import InvalidRequest, OperatorError, TryAgain
from appliance.install.cluster import (
    bundles,
    chart,
    images,
    kind,
    looking,
    preflight,
    profiles,
    release,
    secrets,
    waiting,
)
from appliance.install.cluster import values as composed
from appliance.install.cluster.calling import Kubectl, must
from appliance.install.cluster.plan import Done, Place, Show, Target, Told, Wishes
from appliance.install.cluster.preflight import Check
from appliance.install.cluster.rollout import COMPONENT, Part, trouble
from appliance.install.cluster.sealed import ByKubectl
from appliance.install.cluster.waiting import Watch

WORKER = "worker"
"""The role, and its container, that can make a backup and restore one."""
_BACKUP_SECONDS = 6 * 3600.0
_POD_SECURITY = "pod-security.kubernetes.io"


def _unseen(_parts: list[Part]) -> None:
    """Show nothing."""


@dataclass
class Work:
    """One run over a site in a cluster: what is asked for, and what was found out by now.

    Attributes
    ----------
    watch
        Shown the parts of the site while they are waited for.
    backs_up, passphrase
        Whether an upgrade begins with a backup, and what opens its secrets.
    """

    target: Target
    place: Place
    wishes: Wishes
    home: Path
    told: Told
    watch: Watch = _unseen
    upgrading: bool = False
    backs_up: bool = True
    passphrase: bytes = b""

    @property
    def kubectl(self) -> Kubectl:
        """What speaks to the cluster at the site's place."""
        return Kubectl(self.place.context, self.place.namespace)


@dataclass(frozen=True)
class Step:
    """One named step; `run` returns what it did, or an empty text if all was there."""

    name: str
    run: Callable[[Work, Show], str]


def perform(
    steps: tuple[Step, ...],
    work: Work,
    begin: Callable[[str], Show],
    tell: Callable[[Done], None],
) -> Told:
    """Do some steps, one at a time.

    Parameters
    ----------
    begin
        Called with a step's name; returns what shows how far it is.
    tell
        Called with every step that is done.

    Raises
    ------
    KizashiError
        A step cannot go on.
    """
    for step in steps:
        began = monotonic()
        did = step.run(work, begin(step.name))
        work.told.steps.append(Done(step.name, did, monotonic() - began))
        tell(work.told.steps[-1])
    return work.told


@contextmanager
def alone(home: Path, place: Place) -> Iterator[None]:
    """Keep this machine's other runs away from a site.

    Raises
    ------
    TryAgain
        One is under way.
    OperatorError
        The home cannot be written.
    """
    folder = home / "clusters" / place.name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = (folder / "lock").open("w")
    except OSError as error:
        raise OperatorError(
            f"{folder} cannot be written: {error.strerror}.", remedy="Name a --home of yours."
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TryAgain(
                f"another command works on {place.name}.", remedy="Let it finish."
            ) from error
        yield


# ---------------------------------------------------------------- steps
def check(work: Work) -> list[Check]:
    """Return all that can be looked at by now, changing nothing."""
    pushes = bool(work.wishes.registry or work.wishes.bundle)
    found = list(preflight.machine(work.target, work.wishes, pushes=pushes))
    if any(one.state is preflight.State.WRONG for one in found):
        return found
    if work.target is Target.KIND and not kind.is_whole(work.place.name, work.home):
        again = preflight.machine(work.target, work.wishes, fresh=True)
        return [*again, preflight.port(work.wishes.port)]
    return [*found, *looking.cluster(work.kubectl, work.target, work.wishes)]


def _preflight(work: Work, show: Show) -> str:
    show("looking")
    found = check(work)
    work.told.notes += [
        f"{one.name}: {one.text}" for one in found if one.state is preflight.State.TOLD
    ]
    preflight.require(found)
    return f"{len(found)} things looked at"


def _bundle(work: Work, show: Show) -> str:
    wishes = work.wishes
    if wishes.bundle is None:
        return ""
    platform, nodes = bundles.load(wishes.bundle, wishes.trust, work.home, show)
    if nodes and not wishes.node_image:
        work.wishes = replace(wishes, node_image=nodes[0])
    return f"took {', '.join([*platform, *nodes]) or 'no image'}"


def _cluster(work: Work, show: Show) -> str:
    did = ""
    if work.target is Target.KIND:
        did = kind.up(work.place.name, work.wishes, work.home, show)
        preflight.require(list(looking.cluster(work.kubectl, work.target, work.wishes)))
    return did


def _image(work: Work, show: Show) -> str:
    """Find out which image the pods run; push it where that is asked for."""
    wishes, own = work.wishes, work.wishes.image or chart.image()
    if work.target is Target.KIND:
        work.told.image = own
        return ""
    if wishes.registry:
        work.told.image = images.push(own, wishes.registry, show)
        return f"pushed {work.told.image}"
    kept = composed.image_of(release.values(work.place))
    if wishes.image:
        work.told.image = own
    elif not kept:
        raise InvalidRequest(
            "where the cluster gets the image from is not said.",
            remedy="Name one in a registry by --image, or where to push it by --registry.",
        )
    elif work.upgrading:
        work.told.image = images.of_version(kept, own)
    return ""


def _load(work: Work, show: Show) -> str:
    """Bring what the pods run onto the node of kind, which pulls nothing itself."""
    if work.target is not Target.KIND:
        return ""
    wanted = composed.images(work.told.values)
    found = (images.load_into_kind(work.place.name, one, show) for one in wanted)
    return "; ".join(filter(None, found))


def _namespace(work: Work, _show: Show) -> str:
    name = work.place.namespace
    if work.kubectl.get("namespace", name) is not None:
        return ""
    labels = {f"{_POD_SECURITY}/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    made = work.kubectl.send(
        "create",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
    )
    if made.status != 0 and "AlreadyExists" in made.err:
        return ""
    must(made, f"the namespace {name} cannot be made", "Ask for it, or name one that is there.")
    return f"made {name}"


def _values(work: Work, show: Show) -> str:
    show("laying the values together")
    did = release.release_what_was_cut_off(work.place)
    there = next((one for one in release.history(work.place) if one.version), None)
    if there is not None and there.version != __version__ and not work.upgrading:
        raise InvalidRequest(
            f"the site {work.place.name} runs {there.version}, and this is {__version__}.",
            remedy="Bring it here: kizashi cluster upgrade.",
        )
    wishes, told = work.wishes, work.told
    before = release.values(work.place)
    base = profiles.base(_profile(work), work.target, wishes, work.kubectl, known=bool(before))
    asked = composed.compose(work.target, wishes, told.image, work.place)
    told.given = release.merged(release.merged(base, before), asked)
    told.values, _ = composed.tried(_command(work), told.given)
    if wishes.ray_workers is not None:
        more = composed.workers(wishes.ray_workers, told.values)
        told.given = release.merged(told.given, more)
        told.values, _ = composed.tried(_command(work), told.given)
    return did


def _profile(work: Work) -> dict[str, Any]:
    """Return the chart's own values for a kind of cluster, as Helm reads them."""
    file = chart.profile(work.target)
    if file is None:
        return {}
    command = release.upgrade_command(work.place, chart.folder(), (file,))
    return composed.tried(command, {})[1]


def _secrets(work: Work, _show: Show) -> str:
    name = composed.secret_of(work.place, work.told.values)
    if not name:
        return ""  # whoever names a Secret of their own has filled it
    keeper = ByKubectl(work.kubectl, name, work.place.name)
    added = secrets.ensure(keeper, composed.wanted(work.place, work.told.values))
    return f"made {len(added)} secrets, kept in {name}" if added else ""


def _release(work: Work, show: Show) -> str:
    show("Helm installs")
    ticking = waiting.watched(work.place, work.watch)
    release.apply(work.place, _command(work), work.told.given, ticking)
    number = release.require(work.place)[0].number
    return f"revision {number}"


def _command(work: Work) -> list[str]:
    more = release.taking_over()
    return release.upgrade_command(work.place, chart.folder(), work.wishes.files, more)


def _ready(work: Work, show: Show) -> str:
    show("waiting")
    found = waiting.ready(work.place, work.watch)
    return f"{sum(part.ready for part in found)} pods are ready"


UP = (
    Step("preflight", _preflight),
    Step("bundle", _bundle),
    Step("cluster", _cluster),
    Step("image", _image),
    Step("values", _values),
    Step("load", _load),
    Step("namespace", _namespace),
    Step("secrets", _secrets),
    Step("release", _release),
    Step("ready", _ready),
)


# ---------------------------------------------------------------- from one version to another
def _site(work: Work, _show: Show) -> str:
    return f"version {release.require(work.place)[0].version}"


def _backup(work: Work, show: Show) -> str:
    """Let the site back itself up, while it runs."""
    if not work.backs_up:
        return "left out, as asked for"
    pod = ready_pod(work, WORKER)
    if not pod:
        raise OperatorError(
            "no worker is ready that could make a backup.",
            remedy="Mend it first (kizashi cluster status), or go on by --no-backup.",
        )
    show("backing up")
    command = ["kizashi", "backup", "--json"]
    if work.passphrase:
        command += ["--passphrase-file", "/dev/stdin"]
    done = work.kubectl.call(
        *("exec", "--stdin", pod, "--container", WORKER, "--", *command),
        given=work.passphrase,
        seconds=_BACKUP_SECONDS,
    )
    must(done, "the backup failed", "Mend that, or go on without one by --no-backup.")
    try:
        made: dict[str, Any] = json.loads(done.out)
        return f"{made['backup']['id']} in {made['target']}"
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorError("the site did not tell of its backup.") from error


def ready_pod(work: Work, role: str) -> str:
    """Return a pod of a role that is ready; empty if none is."""
    for one in waiting.objects(work.place):
        labels = one["metadata"].get("labels") or {}
        if one["kind"] == "Pod" and labels.get(COMPONENT) == role and not trouble(one):
            return str(one["metadata"]["name"])
    return ""


UPGRADE = (
    Step("preflight", _preflight),
    Step("site", _site),
    Step("bundle", _bundle),
    Step("image", _image),
    Step("values", _values),
    Step("load", _load),
    Step("backup", _backup),
    Step("secrets", _secrets),
    Step("release", _release),
    Step("ready", _ready),
)
