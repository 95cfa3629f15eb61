"""The pod and the volume that are asked for, from the templates that the chart gives."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.core.errors import InvalidRequest
from appliance.notebooks.place import base_of

OWNER = "kizashi.dev/owner"
"""Annotation: whose a pod is; a label could not hold every name."""
ANALYST = "kizashi.dev/analyst"
"""Label: the owner's digest, which ends the pod's name too."""
DRAWN = "kizashi.dev/drawn"
"""Annotation: what the secret of this very pod follows from, with the site's key."""
HOME = "home"
"""Name of the volume with the analyst's files."""
_DIGITS = 12


@dataclass(frozen=True)
class Templates:
    """What the chart says of every analyst's pod.

    Attributes
    ----------
    pod
        A whole pod, of which name, owner and arguments are filled in.
    claim
        A volume claim likewise; None where files are as short-lived as the pod.
    """

    pod: Mapping[str, Any]
    claim: Mapping[str, Any] | None

    @property
    def labels(self) -> dict[str, str]:
        """What all pods of notebooks of this site have, and no other pod."""
        return dict(self.pod["metadata"]["labels"])

    @property
    def port(self) -> int:
        """Where a server listens."""
        return int(self.pod["spec"]["containers"][0]["ports"][0]["containerPort"])

    def name_of(self, owner: str) -> str:
        """Return what the pod of an analyst, and their volume, is called: always the same."""
        return f"{self.pod['metadata']['name']}-{digest_of(owner)}"


def read(folder: Path) -> Templates:
    """Return the templates of a folder: ``pod.json``, and ``claim.json`` where there is one.

    Raises
    ------
    InvalidRequest
        They cannot be read.
    """
    try:
        pod = json.loads((folder / "pod.json").read_bytes())
        claim = folder / "claim.json"
        found = Templates(pod, json.loads(claim.read_bytes()) if claim.exists() else None)
        _ = found.name_of(""), found.port, found.labels  # a template that has none is none
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InvalidRequest(
            f"the templates in {folder} cannot be used: {error}.",
            remedy="The setting notebooks_pods names the folder that the chart mounts.",
        ) from error
    return found


def digest_of(owner: str) -> str:
    """Return what stands for an analyst where their name cannot."""
    return hashlib.sha256(owner.encode()).hexdigest()[:_DIGITS]


def secret_of(key: bytes, owner: str, drawn: str) -> str:
    """Return what the gate shows the server of a pod.

    It follows from the site's key, so every web pod knows it and nothing keeps it; the pod is
    told its SHA-256 alone, with which nobody can show it.
    """
    words = json.dumps(["notebook gate", owner, drawn]).encode()
    return hmac.new(key, words, hashlib.sha256).hexdigest()


def pod(
    templates: Templates, owner: str, drawn: str, told: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the pod of an analyst.

    Parameters
    ----------
    drawn
        At random, for this pod.
    told
        What its server is told; nothing of it is secret.
    """
    made = deepcopy(dict(templates.pod))
    _own(made, templates, owner)
    made["metadata"]["annotations"] = {
        **made["metadata"].get("annotations", {}),
        OWNER: owner,
        DRAWN: drawn,
    }
    spec = made["spec"]
    whole = {"owner": owner, "base": base_of(owner), "port": templates.port, **told}
    spec["containers"][0]["args"] = ["run", "notebook", json.dumps(whole, sort_keys=True)]
    if templates.claim is not None:
        named = {"claimName": templates.name_of(owner)}
        spec["volumes"].append({"name": HOME, "persistentVolumeClaim": named})
    return made


def claim(templates: Templates, owner: str) -> dict[str, Any] | None:
    """Return the volume of an analyst; None where there is none."""
    if templates.claim is None:
        return None
    made = deepcopy(dict(templates.claim))
    _own(made, templates, owner)
    made["metadata"]["annotations"] = {OWNER: owner}
    return made


def _own(made: dict[str, Any], templates: Templates, owner: str) -> None:
    metadata = made["metadata"]
    metadata["name"] = templates.name_of(owner)
    metadata["labels"] = {**metadata["labels"], ANALYST: digest_of(owner)}
