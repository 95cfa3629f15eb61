"""What is asked over HTTP: the API of Kubernetes, and a server in its pod."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import httpx2

from appliance.core.errors import OperatorError, StorageError, Unreachable
from appliance.notebooks.headers import SECRET_HEADER, USER_HEADER
from appliance.notebooks.place import Server

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds who it is: ``token``, ``ca.crt`` and ``namespace``."""
ADDRESS = "https://kubernetes.default.svc"
TOKEN_PATH = "api/kizashi/token"  # noqa: S105 - a path
Kind = Literal["pods", "persistentvolumeclaims"]
_SECONDS, _SERVER_SECONDS = 20.0, 5.0
_MISSING, _CONFLICT, _FORBIDDEN = 404, 409, 403
_MOST_WORDS = 400


class Kubernetes:
    """The API of Kubernetes for one namespace, by the service account of this pod.

    Parameters
    ----------
    account
        The folder of the service account; it is read anew for each request, as its token
        changes every hour.
    address
        Of the API.
    """

    def __init__(self, account: Path = ACCOUNT, address: str = ADDRESS) -> None:
        self._account = account
        self._address = address
        self._lock = threading.Lock()
        self._trusted = ""
        self._client: httpx2.Client | None = None

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def create(self, kind: Kind, manifest: Mapping[str, Any]) -> bool:
        """Make an object; False if one of its name is there.

        Raises
        ------
        Unreachable, OperatorError, StorageError
            The API does not answer or refuses, or this is no pod with a service account.
        """
        answer = self._ask("POST", kind, sent=manifest)
        if answer.status_code == _CONFLICT:
            return False
        _good(answer, f"make {kind}")
        return True

    def pod(self, name: str) -> dict[str, Any] | None:
        """Return a pod; None if there is none."""
        answer = self._ask("GET", f"pods/{name}")
        if answer.status_code == _MISSING:
            return None
        found: dict[str, Any] = _good(answer, "read pods").json()
        return found

    def pods(self, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the pods that have some labels."""
        selector = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
        answer = self._ask("GET", "pods", query={"labelSelector": selector})
        found: list[dict[str, Any]] = _good(answer, "list pods").json()["items"]
        return found

    def delete_pod(self, name: str, uid: str) -> None:
        """End a very pod, not one that took its name since."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        answer = self._ask("DELETE", f"pods/{name}", sent=options)
        if answer.status_code not in (_MISSING, _CONFLICT):
            _good(answer, "delete pods")

    def _ask(
        self,
        verb: str,
        path: str,
        *,
        sent: object = None,
        query: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        client, token, namespace = self._ready()
        url = f"{self._address}/api/v1/namespaces/{namespace}/{path}"
        shown = {"Authorization": f"Bearer {token}"}
        try:
            return client.request(verb, url, json=sent, params=query, headers=shown)
        except httpx2.HTTPError as error:
            raise Unreachable(
                f"the API of Kubernetes does not answer: {error}.",
                remedy="Check that the network policies let the web's pods reach it.",
            ) from error

    def _ready(self) -> tuple[httpx2.Client, str, str]:
        """Return what asks, the token and the namespace, all as the files have them now."""
        try:
            token = (self._account / "token").read_text("ascii").strip()
            namespace = (self._account / "namespace").read_text("ascii").strip()
            trusted = (self._account / "ca.crt").read_text("ascii")
            with self._lock:
                if self._client is None or trusted != self._trusted:
                    # One that others may be asking by is left to them.
                    context = ssl.create_default_context(cadata=trusted)
                    self._client = httpx2.Client(
                        verify=context, timeout=_SECONDS, trust_env=False
                    )
                    self._trusted = trusted
                return self._client, token, namespace
        except (OSError, ssl.SSLError, UnicodeDecodeError) as error:
            raise StorageError(
                f"this is no pod with a service account: {error}.",
                remedy="The chart's notebooks.enabled gives the web's pods theirs.",
            ) from error


def _good(answer: httpx2.Response, what: str) -> httpx2.Response:
    if answer.is_success:
        return answer
    try:
        words = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        words = answer.reason_phrase
    words = words.strip().rstrip(".")[:_MOST_WORDS]
    if answer.status_code == _FORBIDDEN and "exceeded quota" in words:
        raise OperatorError(
            f"the quota of the namespace leaves no room for it: {words}.",
            remedy="Wait until another server ends, or have the quota raised.",
        )
    raise OperatorError(f"Kubernetes refuses to {what} ({answer.status_code}): {words}.")


# ---------------------------------------------------------------------- a server in its pod
def token_of(server: Server) -> str:
    """Return the identifier of the token that a server has; empty if it has none.

    Raises
    ------
    Unreachable
        It does not answer, or not as ours do.
    """
    try:
        found = _asked(server, "GET").json()["id"]
    except (ValueError, KeyError, TypeError) as error:
        raise _away(server, "its answer is not understood") from error
    return str(found)


def give_token(server: Server, identifier: str, secret: str) -> None:
    """Give a server its token.

    Raises
    ------
    Unreachable
        It does not answer, or does not take it.
    """
    _asked(server, "PUT", {"id": identifier, "secret": secret})


def _asked(server: Server, verb: str, sent: object = None) -> httpx2.Response:
    host, port = server.address or ("", 0)
    shown = {"Host": "kizashi", SECRET_HEADER: server.secret, USER_HEADER: server.owner.name}
    where = f"[{host}]" if ":" in host else host
    url = f"http://{where}:{port}{server.base}{TOKEN_PATH}"
    try:
        answer = httpx2.request(
            verb, url, json=sent, headers=shown, timeout=_SERVER_SECONDS, trust_env=False
        )
    except httpx2.HTTPError as error:
        raise _away(server, str(error)) from error
    if not answer.is_success:
        raise _away(server, f"it answers {answer.status_code}")
    return answer


def _away(server: Server, why: str) -> Unreachable:
    return Unreachable(f"the notebook server of {server.owner.name} does not answer: {why}.")
