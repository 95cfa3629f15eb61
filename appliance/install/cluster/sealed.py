"""The site's Secret by kubectl, which is given it by its standard input alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance.core.errors import OperatorError
from appliance.install.cluster.calling import Called, Kubectl, reason
from appliance.install.cluster.secrets import manifest

_REMEDY = "Check that you may read and make secrets in this namespace."


class ByKubectl:
    """One Secret, by kubectl.

    Neither `apply`, which would write the values into an annotation, nor arguments, which other
    users of the machine can read.

    Parameters
    ----------
    name
        Of the Secret.
    instance
        Name of the release that it belongs to.
    """

    def __init__(self, kubectl: Kubectl, name: str, instance: str) -> None:
        self._kubectl, self._name = kubectl, name
        self._labels = {
            "app.kubernetes.io/name": "kizashi",
            "app.kubernetes.io/instance": instance,
        }

    def read(self) -> dict[str, Any] | None:
        """Return the Secret; None if there is none."""
        return self._kubectl.get("secret", self._name)

    def create(self, data: Mapping[str, str]) -> bool:
        """Make it; False if somebody else was first."""
        made = manifest(self._name, self._kubectl.namespace, self._labels, data)
        return self._done(self._kubectl.send("create", made), "AlreadyExists")

    def replace(self, found: dict[str, Any]) -> bool:
        """Write it as it was read but for its data; False if it was changed since."""
        return self._done(self._kubectl.send("replace", found), "Conflict")

    def _done(self, called: Called, taken: str) -> bool:
        if called.status == 0:
            return True
        if f"({taken})" in called.err:
            return False
        said = reason(called.err)
        raise OperatorError(
            f"the Secret {self._name} cannot be written: {said}.", remedy=_REMEDY
        )
