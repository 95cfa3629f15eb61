"""Kinds that Kubernetes learns from others, as far as the chart uses them.

Kubernetes' own schemas do not know these.  The fields below are those of the types in the
operators' sources, and only those that the chart sets: what is not among them is refused.  Pod
templates in them are held to the schemas of Kubernetes itself.
"""

from __future__ import annotations

from typing import Any

from jsonschema import Draft7Validator

from tests.helm.rendering import Object


def _closed(required: str = "", **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required.split(),
        "properties": properties,
    }


_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_COUNT = {"type": "integer", "minimum": 0}
_ANY = {"type": "object"}
_SECRET_KEY = _closed("name key", name=_TEXT, key=_TEXT)
_GROUP = {"rayStartParams": _TEXTS, "template": _ANY}
_SPECS: dict[str, dict[str, Any]] = {
    "ray.io/v1 RayCluster": _closed(
        "rayVersion headGroupSpec workerGroupSpecs authOptions",
        rayVersion=_TEXT,
        enableInTreeAutoscaling={"type": "boolean"},
        autoscalerOptions=_closed(
            version={"enum": ["v1", "v2"]},
            idleTimeoutSeconds=_COUNT,
            upscalingMode={"enum": ["Default", "Aggressive", "Conservative"]},
            imagePullPolicy=_TEXT,
            resources=_ANY,
            securityContext=_ANY,
            volumeMounts={"type": "array"},
        ),
        authOptions=_closed("mode secretName", mode={"const": "token"}, secretName=_TEXT),
        headGroupSpec=_closed("rayStartParams template", **_GROUP),
        workerGroupSpecs={
            "type": "array",
            "minItems": 1,
            "items": _closed(
                "groupName replicas minReplicas maxReplicas rayStartParams template",
                groupName=_TEXT,
                replicas=_COUNT,
                minReplicas=_COUNT,
                maxReplicas=_COUNT,
                **_GROUP,
            ),
        },
    ),
    "monitoring.coreos.com/v1 PodMonitor": _closed(
        "selector podMetricsEndpoints",
        jobLabel=_TEXT,
        selector=_closed(matchLabels=_TEXTS, matchExpressions={"type": "array"}),
        podMetricsEndpoints={
            "type": "array",
            "items": _closed(
                "port",
                port=_TEXT,
                path=_TEXT,
                scheme={"enum": ["http", "https"]},
                interval=_TEXT,
                authorization=_closed("credentials", type=_TEXT, credentials=_SECRET_KEY),
                tlsConfig=_closed(
                    serverName=_TEXT,
                    insecureSkipVerify={"type": "boolean"},
                    ca=_closed("secret", secret=_SECRET_KEY),
                ),
                relabelings={"type": "array"},
            ),
        },
    ),
    "monitoring.coreos.com/v1 PrometheusRule": _closed(
        "groups",
        groups={
            "type": "array",
            "minItems": 1,
            "items": _closed(
                "name rules",
                name=_TEXT,
                rules={
                    "type": "array",
                    "items": _closed(
                        "expr",
                        record=_TEXT,
                        alert=_TEXT,
                        expr=_TEXT,
                        labels=_TEXTS,
                        annotations=_TEXTS,
                        **{"for": _TEXT},
                    ),
                },
            ),
        },
    ),
    "gateway.networking.k8s.io/v1 HTTPRoute": _closed(
        "parentRefs rules",
        parentRefs={"type": "array", "minItems": 1},
        hostnames={"type": "array", "items": _TEXT},
        rules={
            "type": "array",
            "items": _closed(
                "backendRefs",
                matches={"type": "array"},
                backendRefs={
                    "type": "array",
                    "items": _closed("name port", name=_TEXT, port=_COUNT),
                },
            ),
        },
    ),
}


def known(each: Object) -> bool:
    """Whether an object is of one of these kinds."""
    return f"{each['apiVersion']} {each['kind']}" in _SPECS


def wrong(each: Object) -> list[str]:
    """Return what is wrong with an object of one of these kinds."""
    spec = _SPECS[f"{each['apiVersion']} {each['kind']}"]
    whole = _closed("spec", apiVersion=_TEXT, kind=_TEXT, metadata=_ANY, spec=spec)
    return [f"{e.json_path}: {e.message}" for e in Draft7Validator(whole).iter_errors(each)]
