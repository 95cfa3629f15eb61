"""All servers of a site's analysts in a cluster, each in a pod of its own."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from appliance.access import Access, Person, shell
from appliance.core.clock import monotonic, now
from appliance.core.errors import (
    Forbidden,
    KizashiError,
    LimitExceeded,
    OperatorError,
    Unreachable,
)
from appliance.core.locks import Lead
from appliance.core.log import get
from appliance.notebooks import identity
from appliance.notebooks.place import Stage, base_of
from appliance.notebooks.pods import asked
from appliance.notebooks.pods.standing import Standing, standing
from appliance.notebooks.pods.tokens import PodTokens
from appliance.notebooks.pods.wire import Kubernetes
from appliance.schemas.access import Right

_LOOK_SECONDS = 30.0
_KNOWN_SECONDS = 5.0
"""How long a pod that was found is not asked for again: a page takes a hundred requests."""
_SILENT = timedelta(minutes=3)
"""How long a server may take to answer first."""
_WATCH = shell("notebooks")
_log = get(__name__)


@dataclass(frozen=True)
class PodTerms:
    """What a site allows, and what its pods are told.

    Attributes
    ----------
    templates
        Folder with what the chart says of every pod.
    most
        Servers at once.
    idle
        Seconds without use after which one ends itself.
    key
        The site's, from which the gate's secrets follow.
    url
        Where pods find the API.
    authority
        Certificate by which they know it, as PEM; empty where the system's know it.
    """

    templates: Path
    most: int
    idle: float
    key: bytes = field(repr=False)
    url: str
    authority: str


@dataclass(frozen=True)
class InPod:
    """A server in its pod.

    Attributes
    ----------
    owner, base, secret, socket, address
        As of `place.Server`.
    """

    owner: Person
    base: str
    secret: str = field(repr=False)
    address: tuple[str, int]
    socket: None = None

    def touch(self) -> None:
        """Nothing: a header tells the server itself, whichever web pod hands on."""


class PodServers:
    """The servers of a cluster; they outlive this process.

    Parameters
    ----------
    terms
        What the site allows.
    access
        Makes tokens, and says who may what by now.
    cluster
        The API of Kubernetes.
    lead
        Tells whether it is this process that looks after the pods; it is if there is none.
    clock
        What time it is.
    """

    def __init__(
        self,
        terms: PodTerms,
        access: Access,
        cluster: Kubernetes,
        lead: Lead | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._terms = terms
        self._access = access
        self._cluster = cluster
        self._lead = lead
        self._clock = clock
        self._tokens = PodTokens(access, clock)
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, InPod]] = {}
        self._ending = threading.Event()
        self._watch = threading.Thread(target=self._run, name="notebooks", daemon=True)

    # ------------------------------------------------------------------ asked for
    def open(self, person: Person) -> InPod | Stage:
        """Return somebody's server once it answers; how far its pod is until then.

        Raises
        ------
        Forbidden
            They may not run code here.
        LimitExceeded
            There are as many servers as there may be.
        OperatorError
            Kubernetes does not make its pod, or the pod came to nothing; the next call makes
            another.
        """
        person.require(Right.REGISTER_CODE)
        templates = asked.read(self._terms.templates)
        pod = self._cluster.pod(templates.name_of(person.name))
        if pod is None:
            self._make(templates, person.name)
            return Stage.STARTS
        at = standing(pod, self._clock())
        if at.ended or at.trouble:
            if "deletionTimestamp" not in pod["metadata"]:
                self._remove(person, pod, person.name)
            if at.trouble:
                raise OperatorError(f"the notebook server cannot run: {at.trouble}")
            return Stage.STARTS
        server = self._server(templates, pod, at, person)
        if server is None:
            return at.stage
        try:
            self._tokens.renew(person, server)
        except Unreachable:
            if self._clock() - _began(pod) > _SILENT:
                raise
            return Stage.STARTS
        return server

    def find(self, person: Person, owner: str) -> InPod | None:
        """Return the server of an owner for somebody who asks for it; None if none runs.

        Raises
        ------
        Forbidden
            It is not theirs, or they may not run code (any more).
        OperatorError
            Kubernetes does not tell.
        """
        person.require(Right.REGISTER_CODE)
        if person.name != owner:
            raise Forbidden(f"these are the notebooks of {owner}.", remedy="Open your own.")
        with self._lock:
            at, server = self._known.get(owner, (0.0, None))
        if server is not None and monotonic() - at < _KNOWN_SECONDS:
            return server
        templates = asked.read(self._terms.templates)
        pod = self._cluster.pod(templates.name_of(owner))
        if pod is None:
            return None
        found = self._server(templates, pod, standing(pod, self._clock()), person)
        with self._lock:
            if found is None:
                self._known.pop(owner, None)
            else:
                self._known[owner] = (monotonic(), found)
        return found

    def look(self) -> None:
        """Remove pods that came to an end or to nothing, or whose owner may not; renew tokens.

        Raises
        ------
        OperatorError
            Kubernetes does not tell.
        """
        templates = asked.read(self._terms.templates)
        for pod in self._cluster.pods(templates.labels):
            try:
                self._look_at(templates, pod)
            except KizashiError as error:
                _log.warning("pod %s of notebooks: %s", pod["metadata"]["name"], error)

    def __enter__(self) -> Self:
        """Begin to look after the pods."""
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End to; the pods stay."""
        self._ending.set()
        self._watch.join(_LOOK_SECONDS)
        if self._lead is not None:
            self._lead.close()
        self._cluster.close()

    # ------------------------------------------------------------------ inside
    def _make(self, templates: asked.Templates, owner: str) -> None:
        others = self._cluster.pods(templates.labels)
        alive = sum(not standing(one, self._clock()).ended for one in others)
        if alive >= self._terms.most:
            raise LimitExceeded(
                f"{alive} notebook servers run, and no more may.",
                remedy="Wait until one ends, or raise notebooks_at_once.",
            )
        volume = asked.claim(templates, owner)
        if volume is not None:
            self._cluster.create("persistentvolumeclaims", volume)  # that of before is taken on
        drawn = secrets.token_hex(16)
        told = {
            "gate": identity.digest(asked.secret_of(self._terms.key, owner, drawn)),
            "idle": self._terms.idle,
            "url": self._terms.url,
            "authority": self._terms.authority,
        }
        # Where another web pod was first, its pod is as good.
        self._cluster.create("pods", asked.pod(templates, owner, drawn, told))

    def _server(
        self, templates: asked.Templates, pod: Mapping[str, Any], at: Standing, owner: Person
    ) -> InPod | None:
        marks = pod["metadata"].get("annotations", {})
        if not at.address or marks.get(asked.OWNER) != owner.name:
            return None
        secret = asked.secret_of(self._terms.key, owner.name, marks.get(asked.DRAWN, ""))
        return InPod(owner, base_of(owner.name), secret, (at.address, templates.port))

    def _remove(self, by: Person, pod: Mapping[str, Any], owner: str) -> None:
        self._cluster.delete_pod(pod["metadata"]["name"], pod["metadata"]["uid"])
        with self._lock:
            self._known.pop(owner, None)
        self._tokens.end(by, owner)

    def _run(self) -> None:
        while not self._ending.wait(_LOOK_SECONDS):
            try:
                if self._lead is None or self._lead.mine():
                    self.look()
            except KizashiError as error:
                _log.warning("the pods of notebooks cannot be looked after: %s", error)
            except Exception:  # noqa: BLE001 - a watch that ended would end none any more
                _log.exception("the pods of notebooks cannot be looked after")

    def _look_at(self, templates: asked.Templates, pod: Mapping[str, Any]) -> None:
        owner = pod["metadata"].get("annotations", {}).get(asked.OWNER, "")
        at = standing(pod, self._clock())
        if "deletionTimestamp" in pod["metadata"]:
            return
        person = self._person(owner)
        if person is None or at.ended or at.trouble:
            self._remove(_WATCH, pod, owner)
            return
        server = self._server(templates, pod, at, person)
        if server is not None:
            self._tokens.renew(_WATCH, server)

    def _person(self, owner: str) -> Person | None:
        """Return an owner as they stand; None if they may run code no more."""
        found = self._access.person(owner)
        return found if found is not None and found.may(Right.REGISTER_CODE) else None


def _began(pod: Mapping[str, Any]) -> datetime:
    """Return when a pod's server began; when the pod was made where that is not told."""
    (own, *_) = pod["status"]["containerStatuses"]
    told = own.get("state", {}).get("running", {}).get("startedAt")
    return datetime.fromisoformat(told or pod["metadata"]["creationTimestamp"])
