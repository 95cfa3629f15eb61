"""What a cluster must have before a site is put into it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from appliance.core.errors import OperatorError
from appliance.install.cluster.calling import Kubectl, reason
from appliance.install.cluster.plan import Target, Wishes
from appliance.install.cluster.preflight import Check, fine, told, version, wrong

OLDEST, NEWEST = (1, 29), (1, 37)
"""Versions of Kubernetes: that the chart needs, and that its objects were checked against."""
RIGHTS = (
    "deployments.apps",
    "statefulsets.apps",
    "jobs.batch",
    "services",
    "secrets",
    "configmaps",
    "serviceaccounts",
    "persistentvolumeclaims",
    "networkpolicies.networking.k8s.io",
    "roles.rbac.authorization.k8s.io",
)
"""What whoever installs must be allowed to make in the namespace."""
_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_APIS = (
    ("karpenter.sh", "Karpenter", "pods run on whatever machines there are, none on spot"),
    ("metrics.k8s.io", "metrics-server", "the web role is not scaled by load"),
    ("ray.io", "KubeRay", "Ray runs by the chart's own objects, without autoscaling"),
    ("monitoring.coreos.com", "the Prometheus operator", "metrics are scraped by annotations"),
)
_CREDENTIALS = "kubectl config get-contexts; for EKS: aws eks update-kubeconfig --name CLUSTER"


def cluster(kubectl: Kubectl, target: Target, wishes: Wishes) -> Iterator[Check]:
    """Yield what there is of a cluster; if it does not answer, only that."""
    asked = kubectl.call("get", "--raw", "/version")
    number = version(_git(asked.text)) if asked.status == 0 else None
    if number is None:
        yield wrong("cluster", f"it does not answer: {reason(asked.err)}", f"{_CREDENTIALS}.")
        return
    yield _age(number)
    yield from _rights(kubectl)
    yield from _storage(kubectl, target, wishes)
    yield from _apis(kubectl, target)
    if target is Target.EKS:
        yield from _eks(kubectl, wishes)


def _git(text: str) -> str:
    try:
        return str(json.loads(text)["gitVersion"])
    except (ValueError, KeyError, TypeError):
        return ""


def _age(number: tuple[int, ...]) -> Check:
    shown = ".".join(map(str, number))
    if number[:2] < OLDEST:
        return wrong("cluster", f"Kubernetes {shown} is too old", "Bring it to 1.29 or newer.")
    if number[:2] > NEWEST:
        return told(
            "cluster", f"Kubernetes {shown} is newer than what the chart was tried with"
        )
    return fine("cluster", f"Kubernetes {shown}")


def _rights(kubectl: Kubectl) -> Iterator[Check]:
    refused = [
        kind for kind in RIGHTS if kubectl.call("auth", "can-i", "create", kind).text != "yes"
    ]
    if refused:
        yield wrong(
            "rights",
            f"you may not make {', '.join(refused)} in {kubectl.namespace}",
            "Ask for the role 'admin' in this namespace (kubectl create rolebinding).",
        )
    else:
        yield fine("rights", f"all that is needed in {kubectl.namespace}")


def _storage(kubectl: Kubectl, target: Target, wishes: Wishes) -> Iterator[Check]:
    if target is Target.EKS:
        yield _driver(kubectl)
        return
    try:
        classes = kubectl.items("storageclass")
    except OperatorError:
        yield told("storage", "you may not list storage classes: the default is taken")
        return
    names = [one["metadata"]["name"] for one in classes]
    default = [
        one["metadata"]["name"]
        for one in classes
        if (one["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
    ]
    if default:
        yield fine("storage", f"storage class {default[0]}")
    elif wishes.files:
        yield told("storage", "there is no default storage class", "Name one by --values.")
    else:
        known = ", ".join(names) or "none"
        yield wrong(
            "storage",
            f"there is no default storage class (there are: {known})",
            "Make one the default (kubectl annotate storageclass), or name one by --values.",
        )


def _driver(kubectl: Kubectl) -> Check:
    """Return whether volumes of EBS can be made; the chart brings the class of gp3 itself."""
    if kubectl.call("get", "csidriver", "ebs.csi.aws.com").status != 0:
        return wrong(
            "storage",
            "there is no driver for volumes of EBS",
            "Add it: aws eks create-addon --addon-name aws-ebs-csi-driver.",
        )
    if kubectl.call("auth", "can-i", "create", "storageclasses.storage.k8s.io").text != "yes":
        return told(
            "storage",
            "you may not make a storage class",
            "Have the class kizashi-gp3 made (docs/how-to/cluster.md), and set "
            "storageClass.create to false by --values.",
        )
    return fine("storage", "volumes of EBS, by the class kizashi-gp3")


def _apis(kubectl: Kubectl, target: Target) -> Iterator[Check]:
    there = kubectl.call("api-versions").text.split()
    groups = {one.partition("/")[0] for one in there}
    for group, name, without in _APIS:
        if name == "Karpenter" and target is not Target.EKS:
            continue
        if group in groups:
            yield told(name, "it is there")
        else:
            yield told(name, f"it is not there: {without}")


def _eks(kubectl: Kubectl, wishes: Wishes) -> Iterator[Check]:
    yield told(
        "parts",
        "the VPC, the cluster, its nodes, the bucket and the database are not made by this",
    )
    if not kubectl.call("get", "ingressclass", "alb").text:
        text = "there is no ingress class alb (AWS Load Balancer Controller)"
        if wishes.host:
            yield wrong("ingress", text, "Install it, or leave --host out.")
        else:
            yield told("ingress", f"{text}: the site is reached by kubectl port-forward")
    else:
        yield fine("ingress", "ingress class alb")
    agent = kubectl.call(
        *("get", "daemonset", "eks-pod-identity-agent", "--namespace", "kube-system")
    )
    yield (
        fine("identity", "the Pod Identity agent is there")
        if agent.status == 0
        else told(
            "identity",
            "there is no Pod Identity agent",
            "Add it (aws eks create-addon --addon-name eks-pod-identity-agent), or give the "
            "service account a role by IRSA through --values.",
        )
    )
