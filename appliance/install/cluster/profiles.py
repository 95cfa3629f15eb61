"""The chart's own values for a kind of cluster, fitted to the cluster that there is.

The chart's set for EKS is an example: it names an account, a bucket and a host of nobody.
What is an example in it is taken out, and what its cluster lacks is not asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from appliance.core.errors import InvalidRequest
from appliance.install.cluster.calling import Kubectl
from appliance.install.cluster.plan import Target, Wishes
from appliance.install.cluster.values import CERTIFICATE, Values

_PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
_CAPACITY = "karpenter.sh/capacity-type"


def base(
    profile: Mapping[str, Any], target: Target, wishes: Wishes, kubectl: Kubectl, *, known: bool
) -> Values:
    """Return the values that a site in a kind of cluster begins with.

    Parameters
    ----------
    profile
        The chart's own for it.
    known
        Whether the site is there, with values of its own.

    Raises
    ------
    InvalidRequest
        A new site on EKS was not told where its readings and its metadata are.
    """
    if target is not Target.EKS:
        return dict(profile)
    if not known and not wishes.files and not (wishes.s3 and wishes.database_secret):
        raise InvalidRequest(
            "where the site keeps readings and metadata is not said.",
            remedy="Give --s3 s3://BUCKET/PREFIX and --database-secret NAME; a site to try "
            "things gets both from the chart by --target context.",
        )
    groups = {one.partition("/")[0] for one in kubectl.call("api-versions").text.split()}
    return fitted(profile, karpenter="karpenter.sh" in groups)


def fitted(profile: Mapping[str, Any], *, karpenter: bool) -> Values:
    """Return the chart's values for EKS without what is an example in them.

    Parameters
    ----------
    karpenter
        Whether the cluster has Karpenter, whose labels the chart's values select by.
    """
    made: Values = json.loads(json.dumps(profile))
    made.pop("image", None)
    made["storage"] = {"bundled": {"enabled": False}}
    made["database"] = {"bundled": {"enabled": False}, "external": {"cidrs": _PRIVATE}}
    made.get("networkPolicy", {}).pop("extraEgress", None)
    ingress = made["web"]["ingress"]
    ingress |= {"enabled": False, "host": ""}
    ingress.get("annotations", {}).pop(CERTIFICATE, None)
    if not karpenter:
        for one in (made["worker"], made["ray"]["head"]):
            one.get("nodeSelector", {}).pop(_CAPACITY, None)
        for group in made["ray"]["workers"]:
            group["spot"] = False
    return made
