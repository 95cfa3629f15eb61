"""What values of the chart may be: the kinds that its comments name, as JSON schemas."""

from __future__ import annotations

from typing import Any

from appliance.core.settings import Settings
from appliance.schemas.cost import PriceBook

THE_CHARTS_OWN = frozenset(
    {
        "home",
        "timezone",
        "lake_url",
        "secrets_from",
        "storage_url",
        "database_url",
        "registry_url",
        "ray_address",
        "ray_idle_minutes",
        "online",
        "machine",
        "host",
        "port",
        "tls_certificate",
        "tls_key",
        "public_url",
        "prices",
        "metrics_host",
        "web_metrics_port",
        "worker_metrics_port",
        "ray_metrics_port",
        "notebooks_at_once",
        "notebooks_idle_minutes",
        "notebook_memory_bytes",
        "notebooks_pods",
        "notebooks_url",
        "prometheus_token",
        "otlp_headers",
        "oidc_authority",
    }
)
"""Settings that the chart sets itself, and secrets, which no ConfigMap is to hold."""

USUAL = {
    "accessKeyKey": "Key of the Secret that holds the access key.",
    "affinity": "As in a pod.",
    "annotations": "Annotations.",
    "cidrs": "Networks.",
    "className": "Class of the controller; the cluster's default if empty.",
    "create": "Whether it is made.",
    "digest": "Its digest; wins over the tag.",
    "enabled": "Whether it is made.",
    "extraEnv": "Further environment variables, as in a container.",
    "host": "Name under which the site is reached.",
    "hostnames": "Names under which the site is reached.",
    "labels": "Labels that it gets beside those of the chart.",
    "maxReplicas": "Most pods.",
    "maxUnavailable": "Pods that may be away when nodes are drained.",
    "minReplicas": "Fewest pods.",
    "name": "Its name.",
    "nodeSelector": "Labels of the nodes that pods may run on.",
    "parameters": "What it is told.",
    "podAnnotations": "Annotations of the pods.",
    "podLabels": "Labels of the pods.",
    "port": "Its port.",
    "priorityClassName": "Name of a PriorityClass that is there.",
    "provisioner": "Who makes its volumes.",
    "registry": "Registry of the image.",
    "repository": "Repository of the image.",
    "resources": "What a pod asks for, and may take.",
    "secretKeyKey": "Key of the Secret that holds the secret key.",
    "sessionAffinity": "Whether a browser comes back to the same pod by its address.",
    "size": "Size of the volume.",
    "storageClassName": "StorageClass of the volume; the cluster's default if empty.",
    "tag": "Tag of the image.",
    "tolerations": "As in a pod.",
    "topologySpreadConstraints": "How pods are spread; over zones and nodes if empty.",
    "type": "Its type.",
    "interval": "Time between two scrapes.",
    "upscalingMode": "How boldly workers are added.",
}
"""What values are that are called the same everywhere."""

_NAME = r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$"
_QUANTITY = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"
_HOST = r"^([a-z0-9*]([a-z0-9.-]*[a-z0-9])?)?$"


_LEFT_OUT = {"title", "examples", "default", "format"}
"""Of a schema of pydantic; it names the format of a path at one time and not at another."""


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of pydantic in words of draft 7, without references."""
    named = schema.pop("$defs", {})

    def walk(part: Any) -> Any:
        if isinstance(part, list):
            return [walk(one) for one in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return walk(named[part["$ref"].rsplit("/", 1)[1]])
        kept = {key: value for key, value in part.items() if key not in _LEFT_OUT}
        return {
            key: {name: walk(one) for name, one in value.items()}
            if key == "properties"
            else walk(value)
            for key, value in kept.items()
        }

    walked: dict[str, Any] = walk(schema)
    return walked


def _settings() -> dict[str, Any]:
    made = _inlined(Settings.model_json_schema())
    for name in THE_CHARTS_OWN:
        made["properties"].pop(name, None)
    kept = made["properties"]
    return {"type": "object", "additionalProperties": False, "properties": kept}


def _prices() -> dict[str, Any]:
    made = _inlined(PriceBook.model_json_schema())
    made.pop("required", None)
    made.pop("description", None)
    return {**made, "type": "object", "additionalProperties": False}


_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_AMOUNTS = {"type": "object", "additionalProperties": {"$ref": "#/definitions/quantity"}}
_LIST = {"type": "array", "items": {"type": "object"}}
DEFINITIONS: dict[str, Any] = {
    "amount": {"type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+%$"},
    "annotations": _TEXTS,
    "cidrs": {
        "type": "array",
        "minItems": 1,
        "items": {"type": "string", "pattern": "^[0-9a-fA-F.:]+/[0-9]{1,3}$"},
    },
    "count": {"type": "integer", "minimum": 0},
    "digest": {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
    "host": {"type": "string", "pattern": _HOST},
    "hosts": {"type": "array", "items": {"$ref": "#/definitions/host"}},
    "key": {"type": "string", "minLength": 1},
    "labels": _TEXTS,
    "list": _LIST,
    "map": {"type": "object"},
    "name": {"type": "string", "maxLength": 253, "pattern": _NAME},
    "names": {"type": "array", "items": {"$ref": "#/definitions/name"}},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "positive": {"type": "integer", "minimum": 1},
    "prices": _prices(),
    "pull": {"enum": ["Always", "IfNotPresent", "Never"]},
    "quantity": {"type": ["string", "number"], "pattern": _QUANTITY},
    "resources": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"requests": _AMOUNTS, "limits": _AMOUNTS},
    },
    "settings": _settings(),
    "uid": {"type": "integer", "minimum": 1},
    "workerGroups": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "replicas", "resources"],
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$"},
                "replicas": {"$ref": "#/definitions/count"},
                "min": {"$ref": "#/definitions/count"},
                "max": {"$ref": "#/definitions/count"},
                "resources": {"$ref": "#/definitions/resources"},
                "sharedMemory": {"$ref": "#/definitions/quantity"},
                "spot": {"type": "boolean"},
                "podAnnotations": _TEXTS,
                "nodeSelector": _TEXTS,
                "tolerations": _LIST,
                "affinity": {"type": "object"},
                "priorityClassName": {"type": "string"},
            },
        },
    },
}
"""By the names that comments of ``values.yaml`` call them."""
