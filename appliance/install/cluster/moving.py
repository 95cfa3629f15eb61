"""A backup of one machine, restored into a site in a cluster.

The roles that write are stopped, a pod like a worker's restores the backup into a new database
and into the shared files, and only when that is whole the site's Secret names them.  Cut off
anywhere, the same command goes on.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from appliance.backup import Passphrase
from appliance.backup.listing import locate, note, opened
from appliance.backup.vault import Vault
from appliance.core import clock
from appliance.core.errors import NotFound, OperatorError, StorageError
from appliance.core.restoring import CLEARING, PLACING
from appliance.install.cluster import preflight, release, secrets, waiting
from appliance.install.cluster.calling import must, pour
from appliance.install.cluster.doing import WORKER, Step, Work
from appliance.install.cluster.plan import Show, Target
from appliance.install.cluster.rollout import COMPONENT, INSTANCE
from appliance.install.cluster.sealed import ByKubectl
from appliance.schemas.backup import SECRETS, Backup

STOPPED = "kizashi/replicas-before-restore"
"""Annotation of a role that is stopped: how many there were."""
PLACE = "/restore"
"""Where the pod that restores is given the backup."""
DATABASE_URL = "KIZASHI_DATABASE_URL"
_STOPPED_ROLES = ("web", WORKER)
_RAY = ("ray-head", "ray-worker")
_MOVED = ("site.key", "ca.key", "ca.pem", "oidc-client-secret")
"""Secrets of a home that its data and its users know; the others belong to the cluster."""
_ASIDE = 'cd "$KIZASHI_HOME" && [ ! -e kizashi.toml ] || mv kizashi.toml kizashi.toml.moved'
"""What one machine was told is not what a worker of a cluster is told: its chart says that."""
_NOTED = (
    'cd "$KIZASHI_HOME" && '
    f"if [ -e {CLEARING} ] || [ -e {PLACING} ]; then cat restored-into; "
    'else echo "$1" | tee restored-into; fi'
)
"""Tells the database of a restore that was cut off at its last step; notes a new one else."""
_HOURS = 12 * 3600.0
_READY_SECONDS = 300


@dataclass
class Move:
    """A backup on its way into a site.

    Attributes
    ----------
    source
        ``FOLDER/ID``, or the folder alone for its latest backup.
    passphrase
        Opens its secrets.
    facts
        What the steps found out: the restored backup, the new database.
    """

    source: Path
    passphrase: Passphrase | None = None
    facts: dict[str, str] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)

    def read(self) -> tuple[Vault, Backup]:
        """Return the folder of backups, and the backup that is meant."""
        vault, one = locate(self.source)
        return vault, vault.read(one)


def steps(move: Move) -> tuple[Step, ...]:
    """Return the steps by which a backup is restored into a site."""
    named: tuple[tuple[str, Callable[[Move, Work, Show], str]], ...] = (
        ("backup", _backup),
        ("site", _site),
        ("stop", _stop),
        ("pod", _pod),
        ("copy", _copy),
        ("restore", _restore),
        ("secrets", _secrets),
        ("start", _start),
    )
    return tuple(Step(name, _with(run, move)) for name, run in named)


def _with(run: Callable[[Move, Work, Show], str], move: Move) -> Callable[[Work, Show], str]:
    return lambda work, show: run(move, work, show)


# ---------------------------------------------------------------- looking
def _backup(move: Move, _work: Work, show: Show) -> str:
    show("reading every file")
    vault, backup = move.read()
    with vault.reading():
        found = note(vault, backup, thorough=True)
        if not found.whole:
            raise StorageError(
                f"the backup {backup.id} is not whole: {found.reason}.",
                remedy="Choose another: `kizashi backups --verify` tells which are whole.",
            )
        held = opened(vault, backup, move.passphrase)
    folder = f"{SECRETS}/"
    move.kept = {name: held[folder + name] for name in _MOVED if folder + name in held}
    move.facts["backup"] = backup.id
    return f"{backup.id} is whole: {found.files} files"


def _site(_move: Move, work: Work, _show: Show) -> str:
    preflight.require(list(preflight.machine(Target.CONTEXT, work.wishes)))
    return f"version {release.require(work.place)[0].version}"


# ---------------------------------------------------------------- roles
def _stop(_move: Move, work: Work, show: Show) -> str:
    for one in _roles(work, _STOPPED_ROLES):
        name = f"{one['kind'].lower()}/{one['metadata']['name']}"
        replicas = int(one["spec"].get("replicas", 1))
        if replicas:
            noted = f"{STOPPED}={replicas}"
            must(work.kubectl.call("annotate", "--overwrite", name, noted), f"{name} stays")
        must(work.kubectl.call("scale", name, "--replicas=0"), f"{name} does not stop")
    show("waiting for their pods to end")
    roles = f"{COMPONENT} in ({','.join(_STOPPED_ROLES)})"
    gone = work.kubectl.call(
        *("wait", "--for=delete", "pods", f"--timeout={_READY_SECONDS}s"),
        *("--selector", f"{INSTANCE}={work.place.name},{roles}"),
        seconds=_READY_SECONDS + 30,
    )
    if gone.status != 0 and "no matching resources" not in gone.err:
        must(gone, "the pods of web and worker do not end")
    return f"{' and '.join(_STOPPED_ROLES)} are stopped"


def _roles(work: Work, roles: tuple[str, ...]) -> list[dict[str, Any]]:
    found = [
        one
        for one in waiting.objects(work.place)
        if one["kind"] in ("Deployment", "StatefulSet")
        and one["metadata"]["labels"].get(COMPONENT) in roles
    ]
    if not found:
        raise NotFound(f"the site {work.place.name} has no {' or '.join(roles)}.")
    return found


def _start(_move: Move, work: Work, show: Show) -> str:
    _delete(work)
    for one in _roles(work, _STOPPED_ROLES):
        name = f"{one['kind'].lower()}/{one['metadata']['name']}"
        before = (one["metadata"].get("annotations") or {}).get(STOPPED, "1")
        started = work.kubectl.call("scale", name, f"--replicas={before}")
        must(started, f"{name} does not start")
        work.kubectl.call("annotate", name, f"{STOPPED}-")
    ray = f"{INSTANCE}={work.place.name},{COMPONENT} in ({','.join(_RAY)})"
    must(
        work.kubectl.call("delete", "pods", "--wait=false", "--selector", ray),
        "Ray's pods do not start anew",
    )
    show("waiting")
    found = waiting.ready(work.place, work.watch)
    return f"{sum(part.ready for part in found)} pods are ready"


# ---------------------------------------------------------------- the pod that restores
def pod_name(work: Work) -> str:
    """Return what the pod that restores is called."""
    return f"{work.place.name}-restore"


def pod_like(worker: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a pod that has all that a worker's has, but waits to be told what to do.

    Parameters
    ----------
    worker
        The StatefulSet of the workers.
    """
    template = worker["spec"]["template"]
    spec = json.loads(json.dumps(template["spec"]))
    own = next(one for one in spec["containers"] if one["name"] == WORKER)
    for probe in ("startupProbe", "livenessProbe", "readinessProbe", "lifecycle", "ports"):
        own.pop(probe, None)
    own["command"], own["args"] = ["sleep"], [str(int(_HOURS))]
    own["volumeMounts"] = [
        *own.get("volumeMounts", ()),
        {"name": "backup", "mountPath": PLACE},
    ]
    claims = [
        {
            "name": one["metadata"]["name"],
            "persistentVolumeClaim": {
                "claimName": f"{one['metadata']['name']}-{worker['metadata']['name']}-0"
            },
        }
        for one in worker["spec"].get("volumeClaimTemplates", ())
    ]
    spec |= {
        "containers": [own],
        "volumes": [*spec.get("volumes", ()), *claims, {"name": "backup", "emptyDir": {}}],
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 5,
    }
    for needless in ("initContainers", "topologySpreadConstraints"):
        spec.pop(needless, None)
    labels = dict(template["metadata"]["labels"])
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
    }


def _worker(work: Work) -> dict[str, Any]:
    return _roles(work, (WORKER,))[0]


def _pod(_move: Move, work: Work, show: Show) -> str:
    _delete(work)
    name = pod_name(work)
    must(work.kubectl.send("create", pod_like(_worker(work), name)), f"{name} cannot be made")
    show("waiting for it")
    ready = work.kubectl.call(
        *("wait", "--for=condition=Ready", f"pod/{name}", f"--timeout={_READY_SECONDS}s"),
        seconds=_READY_SECONDS + 30,
    )
    must(ready, f"the pod {name} does not start", f"Look at it: kubectl describe pod {name}")
    return f"started {name}"


def _delete(work: Work) -> None:
    words = ("delete", "pod", pod_name(work), "--ignore-not-found")
    must(work.kubectl.call(*words, seconds=120), f"{pod_name(work)} stays")


def _copy(move: Move, work: Work, show: Show) -> str:
    vault, backup = move.read()
    command = work.kubectl.command(*_exec(work), "tar", "-x", "-C", PLACE)
    show(f"{backup.size / 1e9:.2f} GB")
    with vault.reading():
        must(
            pour(command, lambda pipe: write_archive(vault, backup, pipe)),
            "the backup cannot be copied into the cluster",
            "Check the free disk space of its node, and repeat this.",
        )
    return f"copied {backup.size / 1e9:.2f} GB"


def write_archive(vault: Vault, backup: Backup, pipe: IO[bytes]) -> None:
    """Write a backup alone, without the others of its folder, as an archive."""
    named = {file.sha256 for file in backup.files}
    if backup.sealed is not None:
        named.add(backup.sealed.sha256)
    with tarfile.open(fileobj=pipe, mode="w|") as archive:
        for digest in sorted(named):
            place = vault.object(digest)
            archive.add(place, place.relative_to(vault.folder).as_posix(), recursive=False)
        manifest = vault.folder / "backups" / f"{backup.id}.json"
        archive.add(manifest, f"backups/{backup.id}.json", recursive=False)
        archive.addfile(tarfile.TarInfo(".lock"))  # whoever reads a folder of backups holds it


def _restore(move: Move, work: Work, show: Show) -> str:
    show("restoring")
    new = f"kizashi_{clock.now():%Y%m%d_%H%M%S}"
    noted = work.kubectl.call(*_exec(work), "sh", "-c", _NOTED, "sh", new)
    name = must(noted, "the new database cannot be noted").text
    command = ["kizashi", "restore", f"{PLACE}/{move.facts['backup']}", "--replace", "--json"]
    if name == new:
        command += ["--database", new]  # otherwise only the last step is missing
    if move.passphrase is not None:
        command += ["--passphrase-file", "/dev/stdin"]
    done = work.kubectl.call(
        *_exec(work),
        *command,
        given=b"" if move.passphrase is None else move.passphrase.words.encode(),
        seconds=_HOURS,
    )
    must(
        done,
        "the backup was not restored",
        "The site's database is as it was. Repeat this, or start the site as it was: kizashi "
        "cluster up.",
    )
    must(
        work.kubectl.call(*_exec(work), "sh", "-c", _ASIDE),
        "the machine's own settings cannot be put aside",
    )
    move.facts["database"] = name
    return f"restored into the database {name}"


def _exec(work: Work) -> tuple[str, ...]:
    return ("exec", "--stdin", pod_name(work), "--container", WORKER, "--")


# ---------------------------------------------------------------- the site's Secret
def database_key(worker: Mapping[str, Any]) -> tuple[str, str]:
    """Return the Secret, and its key, that a worker has the database's address from.

    Raises
    ------
    OperatorError
        It has it from elsewhere.
    """
    for container in worker["spec"]["template"]["spec"]["containers"]:
        for one in container.get("env", ()):
            if one["name"] == DATABASE_URL and "secretKeyRef" in one.get("valueFrom", {}):
                found = one["valueFrom"]["secretKeyRef"]
                return found["name"], found["key"]
    raise OperatorError(
        "the workers have the database's address from no Secret.",
        remedy=f"Set {DATABASE_URL} to the new database yourself.",
    )


def with_database(address: str, name: str) -> str:
    """Return the address of another database of the same server."""
    return urlsplit(address)._replace(path=f"/{name}").geturl()


def _secrets(move: Move, work: Work, _show: Show) -> str:
    name, key = database_key(_worker(work))
    keeper = ByKubectl(work.kubectl, name, work.place.name)
    address = secrets.value(keeper.read(), key)
    changed = {key: with_database(address, move.facts["database"]).encode()}
    if name == work.place.secret:
        changed |= move.kept
    elif move.kept:
        secrets.put(ByKubectl(work.kubectl, work.place.secret, work.place.name), move.kept)
    secrets.put(keeper, changed)
    return f"{name} names the new database" + (
        " and holds the site's keys" if move.kept else ""
    )
