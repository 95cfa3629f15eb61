"""The chart's values, composed of few words; and what they say, laid together by Helm."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from appliance import __version__
from appliance.core.errors import InvalidRequest, OperatorError
from appliance.core.redact import redacted
from appliance.install.cluster import chart, kind
from appliance.install.cluster.calling import call, reason
from appliance.install.cluster.plan import Place, Size, Target, Wishes
from appliance.install.cluster.release import merged
from appliance.install.cluster.secrets import Wanted

Values = dict[str, Any]

POSTGRES_PORT = 5432
_SHOWN = 3
"""Values that are told of when many are refused."""
CERTIFICATE = "alb.ingress.kubernetes.io/certificate-arn"
SIZES: Mapping[Size, Values] = {
    Size.SMALL: {},
    Size.MEDIUM: {
        "web": {"replicas": 2},
        "worker": {
            "replicas": 2,
            "resources": {
                "requests": {"cpu": "500m", "memory": "1536Mi"},
                "limits": {"cpu": "4", "memory": "6Gi"},
            },
        },
        "ray": {
            "workers": [
                {
                    "name": "workers",
                    "replicas": 2,
                    "min": 1,
                    "max": 8,
                    "resources": {
                        "requests": {
                            "cpu": "2",
                            "memory": "6Gi",
                            "ephemeral-storage": "1Gi",
                        },
                        "limits": {
                            "cpu": "4",
                            "memory": "10Gi",
                            "ephemeral-storage": "16Gi",
                        },
                    },
                    "sharedMemory": "2Gi",
                    "spot": False,
                }
            ]
        },
    },
}
"""What the roles ask for.  Small is what the chart says itself; volumes are no part of it, for
those of a StatefulSet cannot be changed."""


def compose(target: Target, wishes: Wishes, image: str, place: Place) -> Values:
    """Return the values that some words stand for.

    Parameters
    ----------
    image
        That the pods run; empty if that stays as it is.
    """
    made: Values = {"secrets": {"job": {"enabled": False}}}
    if wishes.size is not None:
        made = merged(made, SIZES[wishes.size])
    if image:
        repository, tag, digest = chart.split(image)
        made["image"] = {"registry": "", "repository": repository, "tag": tag, "digest": digest}
    if target is Target.KIND:
        made = merged(made, _kind(wishes))
    if wishes.s3:
        made["storage"] = {
            "bundled": {"enabled": False},
            "external": {
                "url": wishes.s3.rstrip("/"),
                "existingSecret": wishes.s3_secret,
                "region": wishes.region or region_of(place.context),
            },
        }
    if wishes.database_secret:
        made["database"] = {
            "bundled": {"enabled": False},
            "external": {"existingSecret": wishes.database_secret},
        }
    if wishes.host:
        made = merged(made, {"web": {"ingress": _ingress(wishes)}})
    return made


def _kind(wishes: Wishes) -> Values:
    service = {"type": "NodePort", "nodePort": kind.NODE_PORT}
    return {"web": {"service": service, "publicUrl": f"https://127.0.0.1:{wishes.port}"}}


def _ingress(wishes: Wishes) -> Values:
    made: Values = {"enabled": True, "host": wishes.host}
    if wishes.certificate:
        made["annotations"] = {CERTIFICATE: wishes.certificate}
    return made


def region_of(context: str) -> str:
    """Return the region that the name of an EKS context speaks of; empty if it does not."""
    found = re.search(r"arn:aws[\w-]*:eks:([a-z0-9-]+):|\.([a-z0-9-]+)\.eksctl\.io$", context)
    return (found[1] or found[2]) if found else ""


def workers(number: int, values: Mapping[str, Any]) -> Values:
    """Return the groups of Ray's workers that values have, the first with so many."""
    first, *others = values["ray"]["workers"]
    changed = {**first, "replicas": number}
    if "max" in first:
        changed["max"] = max(number, int(first["max"]), 1)
    if "min" in first:
        changed["min"] = min(number, int(first["min"]))
    return {"ray": {"workers": [changed, *others]}}


# ---------------------------------------------------------------- what they say
def tried(command: list[str], given: Mapping[str, Any]) -> tuple[Values, Values]:
    """Let Helm lay values together as for an installation, changing nothing.

    Parameters
    ----------
    command
        That will install or upgrade.
    given
        Values that it reads from its standard input.

    Returns
    -------
    dict, dict
        All values, those of the chart among them; and those that were given alone.

    Raises
    ------
    InvalidRequest
        The chart refuses them.
    OperatorError
        Helm does not answer with a release.
    """
    dry = [*command, "--dry-run=server", "--hide-secret", "--output", "json"]
    told = call(dry, given=json.dumps(given).encode())
    if told.status != 0:
        raise InvalidRequest(
            f"the chart refuses the values: {refusal(told.err)}.",
            remedy="Correct the options, or the files named by --values.",
        )
    try:
        found = json.loads(told.out)
        own = found.get("config") or {}
        return merged(found["chart"]["values"] or {}, own), own
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            "Helm did not tell the values.", remedy="Check its version."
        ) from error


def refusal(err: str) -> str:
    """Return what Helm says of values that the chart refuses, as the rest of a sentence."""
    against = re.findall(r"- at '(\S*)': (?!'allOf' failed)(.+)", err)
    if against:
        shown = [
            f"{where.strip('/').replace('/', '.') or 'they'}: {why}" for where, why in against
        ]
        return redacted("; ".join(shown[:_SHOWN]))
    guarded = re.search(r"execution error at \([^)]*\): (.+)", err)
    return redacted(guarded[1].rstrip(".")) if guarded else reason(err)


def wanted(place: Place, values: Mapping[str, Any]) -> Wanted:
    """Return which secrets a site needs beside its files, by all its values."""
    bundled = values["database"]["bundled"]["enabled"]
    return Wanted(
        postgres=f"{place.name}-postgres:{POSTGRES_PORT}" if bundled else "",
        objects=bool(values["storage"]["bundled"]["enabled"]),
    )


def secret_of(place: Place, values: Mapping[str, Any]) -> str:
    """Return the name of the Secret that the roles share; empty if it is another's."""
    return "" if values["secrets"]["existingSecret"] else place.secret


def images(values: Mapping[str, Any]) -> list[str]:
    """Return all images that the pods of a site run."""
    over = (values.get("global") or {}).get("imageRegistry") or ""
    bundled = [values[what]["bundled"] for what in ("database", "storage")]
    named = [values["image"], *(one["image"] for one in bundled if one["enabled"])]
    found = [image_of({"image": {**one, "registry": over or one["registry"]}}) for one in named]
    return [found[0] if ":" in found[0] else f"{found[0]}:{__version__}", *found[1:]]


def image_of(values: Mapping[str, Any]) -> str:
    """Return the image that values name; empty if they name none."""
    image = values.get("image") or {}
    if not image.get("repository"):
        return ""
    host = f"{image['registry']}/" if image.get("registry") else ""
    tag = f":{image['tag']}" if image.get("tag") else ""
    digest = f"@{image['digest']}" if image.get("digest") else ""
    return f"{host}{image['repository']}{tag}{digest}"
