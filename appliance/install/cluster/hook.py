"""What the chart's own job does before an installation: makes the site's Secret, from a pod.

It asks the API of Kubernetes with the pod's service account, and needs no more of it than to
read, make and replace this one Secret.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

from appliance.core.errors import InvalidRequest, OperatorError, Unreachable
from appliance.install.cluster.secrets import Wanted, ensure, manifest

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds who it is: ``token``, ``ca.crt`` and ``namespace``."""
ADDRESS = "https://kubernetes.default.svc"
_SECONDS = 20.0
_MISSING, _CONFLICT = 404, 409
_REFUSED = (401, 403)


class Api:
    """One Secret, through the API of Kubernetes.

    Parameters
    ----------
    name
        Of the Secret.
    labels
        That it is made with.
    account
        The folder of a service account.
    address
        Of the API.

    Raises
    ------
    InvalidRequest
        This is no pod, or one without a service account.
    """

    def __init__(
        self,
        name: str,
        labels: Mapping[str, str],
        *,
        account: Path = ACCOUNT,
        address: str = ADDRESS,
    ) -> None:
        try:
            token = (account / "token").read_text("ascii").strip()
            self._namespace = (account / "namespace").read_text("ascii").strip()
            trusted = ssl.create_default_context(cafile=str(account / "ca.crt"))
        except (OSError, ssl.SSLError, UnicodeDecodeError) as error:
            raise InvalidRequest(
                f"this is no pod with a service account: {error}.",
                remedy="This is for the chart's own job; elsewhere use `kizashi cluster up`.",
            ) from error
        self._name, self._labels = name, labels
        self._client = httpx2.Client(
            base_url=f"{address}/api/v1/namespaces/{self._namespace}/secrets",
            headers={"Authorization": f"Bearer {token}"},
            verify=trusted,
            timeout=_SECONDS,
        )

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def read(self) -> dict[str, Any] | None:
        """Return the Secret; None if there is none."""
        answer = self._ask("GET", f"/{self._name}")
        if answer.status_code == _MISSING:
            return None
        found: dict[str, Any] = self._good(answer).json()
        return found

    def create(self, data: Mapping[str, str]) -> bool:
        """Make it; False if somebody else was first."""
        made = manifest(self._name, self._namespace, self._labels, data)
        answer = self._ask("POST", "", made)
        return answer.status_code != _CONFLICT and self._good(answer) is not None

    def replace(self, found: dict[str, Any]) -> bool:
        """Write it as it was read but for its data; False if it was changed since."""
        answer = self._ask("PUT", f"/{self._name}", found)
        return answer.status_code != _CONFLICT and self._good(answer) is not None

    def _ask(self, verb: str, path: str, sent: object = None) -> httpx2.Response:
        try:
            return self._client.request(verb, path, json=sent)
        except httpx2.HTTPError as error:
            raise Unreachable(
                f"the API of Kubernetes does not answer: {error}.",
                remedy="Check that the network policies let this pod reach it.",
            ) from error

    def _good(self, answer: httpx2.Response) -> httpx2.Response:
        if answer.is_success:
            return answer
        said = f"the API of Kubernetes refused the Secret {self._name} ({answer.status_code})"
        if answer.status_code in _REFUSED:
            raise OperatorError(
                f"{said}: the service account may not.",
                remedy="Give it get, create and update of secrets in this namespace.",
            )
        raise OperatorError(f"{said}.", remedy="Look into the API server's own log.")


def make_secret(
    name: str,
    wanted: Wanted,
    labels: Mapping[str, str],
    *,
    account: Path = ACCOUNT,
    address: str = ADDRESS,
) -> tuple[str, ...]:
    """See that the site's Secret is there and has all that is wanted; return what was added.

    Raises
    ------
    InvalidRequest
        This is no pod.
    Unreachable, OperatorError, TryAgain
        The API does not answer, refuses, or others write all the time.
    """
    api = Api(name, labels, account=account, address=address)
    try:
        return ensure(api, wanted)
    finally:
        api.close()
