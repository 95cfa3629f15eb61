"""The chart rendered by Helm's own engine, and the matrix of values that it is tried with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import helm_python
import yaml

from tests.helm.written import CHART

Object = dict[str, Any]
RELEASE, NAMESPACE = "plant", "site"
_OFFLINE = {"checks": {"crds": False}}


def merged(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return values over values, as Helm lays them."""
    made: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            both = isinstance(value, Mapping) and isinstance(made.get(key), Mapping)
            made[key] = merged(made[key], value) if both else value
    return made


def file(name: str) -> dict[str, Any]:
    """Return the values of a file that comes with the chart."""
    return yaml.safe_load((CHART / f"values-{name}.yaml").read_text("utf-8"))


KUBERAY = merged(_OFFLINE, {"ray": {"mode": "kuberay"}})
EXTERNAL: dict[str, Any] = {
    "secrets": {"existingSecret": "own"},
    "database": {"bundled": {"enabled": False}, "external": {"cidrs": ["10.1.0.0/16"]}},
    "storage": {
        "bundled": {"enabled": False},
        "external": {
            "url": "s3://plant/site",
            "endpoint": "http://s3.example:9000",
            "port": 9000,
            "existingSecret": "own-s3",
        },
    },
    "ray": {
        "mode": "external",
        "external": {
            "address": "ray.example:6379",
            "peers": [{"ipBlock": {"cidr": "10.2.0.0/16"}}],
        },
    },
    "web": {"tls": {"existingSecret": "own-tls"}},
}
ALL_ON = merged(
    KUBERAY,
    {
        "global": {"imageRegistry": "mirror.example:5000", "imagePullSecrets": ["pull"]},
        "image": {"digest": "sha256:" + "0" * 64},
        "commonLabels": {"plant": "seven"},
        "timezone": "Asia/Tokyo",
        "settings": {
            "name": "Plant 7",
            "max_file_bytes": 68719476736,
            "retention_days": 730,
            "false_alarms_per_month": 0.5,
            "oidc_issuer": "https://login.example",
            "oidc_roles": {"engineers": ["engineer"]},
            "oidc_make_users": False,
            "log_format": "json",
        },
        "prices": {"place": "cloud", "currency": "USD", "cloud": {"cpu_hour": 0.03}},
        "storageClass": {"create": True},
        "web": {
            "autoscaling": {"enabled": True},
            "ingress": {"enabled": True, "host": "kizashi.example", "tlsSecret": "shown"},
            "httpRoute": {
                "enabled": True,
                "parentRefs": [{"name": "gate"}],
                "hostnames": ["k.example"],
            },
            "podAnnotations": {"note": "web"},
            "priorityClassName": "high",
        },
        "notebooks": {"enabled": True, "podAnnotations": {"note": "notebook"}},
        "networkPolicy": {
            "podIdentity": True,
            "web": {"from": [{"namespaceSelector": {"matchLabels": {"gate": "yes"}}}]},
        },
        "ray": {
            "workers": [
                {
                    "name": name,
                    "replicas": 1,
                    "min": 0,
                    "max": 5,
                    "spot": name == "spot",
                    "resources": {
                        "requests": {"cpu": 1, "memory": "2Gi", "ephemeral-storage": "1Gi"},
                        "limits": {"cpu": 1, "memory": "2Gi", "ephemeral-storage": "4Gi"},
                    },
                }
                for name in ("steady", "spot")
            ]
        },
        "monitoring": {
            "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
            "rules": {"enabled": True, "labels": {"release": "prometheus"}},
            "dashboards": {"enabled": True},
        },
    },
)
NOTEBOOKS: dict[str, Any] = {"notebooks": {"enabled": True}}
CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "minimal": file("minimal"),
    "kind": file("kind"),
    "eks": file("eks"),
    "kuberay": KUBERAY,
    "external": EXTERNAL,
    "notebooks": NOTEBOOKS,
    "all-on": ALL_ON,
}


@cache
def chart() -> helm_python.Chart:
    """Return the chart, loaded once."""
    return helm_python.Chart.load(CHART)


def texts(values: Mapping[str, Any], **options: Any) -> dict[str, str]:
    """Return what the templates give, by their paths."""
    return chart().render(dict(values), name=RELEASE, namespace=NAMESPACE, **options)


def objects(values: Mapping[str, Any]) -> list[Object]:
    """Return the objects that some values give."""
    return [dict(one) for one in _objects(json.dumps(values))]


@cache
def _objects(values: str) -> tuple[Object, ...]:
    return tuple(_loaded(texts(json.loads(values))))


def _loaded(found: Mapping[str, str]) -> Iterator[Object]:
    for path, text in found.items():
        if path.endswith(".yaml"):
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            yield from (one for one in yaml.load_all(text, loader) if one)


def one(values: Mapping[str, Any], kind: str, name: str) -> Object:
    """Return the object of a kind with a name, which is there once."""
    found = [
        each
        for each in objects(values)
        if each["kind"] == kind and each["metadata"]["name"] == f"{RELEASE}-{name}"
    ]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


def named(values: Mapping[str, Any], kind: str) -> list[str]:
    """Return the names of the objects of a kind, without the release's."""
    found = (each["metadata"]["name"] for each in objects(values) if each["kind"] == kind)
    return sorted(name.removeprefix(f"{RELEASE}-") for name in found)


def templates(values: Mapping[str, Any]) -> dict[str, Object]:
    """Return the templates of all pods, by the component whose they are."""
    found: dict[str, Object] = {}
    for each in objects(values):
        for template in _pod_templates(each):
            labels = template["metadata"]["labels"]
            name = labels["app.kubernetes.io/component"]
            group = labels.get("kizashi.dev/ray-group")
            found[f"{name}:{group}" if group else name] = template
    return found


def _pod_templates(each: Object) -> Iterator[Object]:
    if each["kind"] == "ConfigMap" and "pod.json" in each["data"]:
        yield json.loads(each["data"]["pod.json"])
    elif each["kind"] == "Pod":
        yield {"metadata": each["metadata"], "spec": each["spec"]}
    elif each["kind"] == "RayCluster":
        yield each["spec"]["headGroupSpec"]["template"]
        yield from (group["template"] for group in each["spec"]["workerGroupSpecs"])
    elif each["kind"] in {"Deployment", "StatefulSet", "Job"}:
        yield each["spec"]["template"]


def containers(template: Object) -> list[Object]:
    """Return the containers of a pod, with those that run before."""
    return [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]


def environment(template: Object) -> dict[str, Any]:
    """Return the variables of a pod's containers that stand in it."""
    return {
        own["name"]: own.get("value", own.get("valueFrom"))
        for each in containers(template)
        for own in each.get("env", [])
    }
