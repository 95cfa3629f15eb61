"""What is told to others: Prometheus and Grafana, and the people who install."""

from __future__ import annotations

from typing import Any

import yaml

from tests.helm.rendering import (
    ALL_ON,
    CASES,
    EXTERNAL,
    NAMESPACE,
    named,
    one,
    templates,
    texts,
)
from tests.helm.written import CHART


def test_prometheus_asks_every_pod_with_the_token() -> None:
    (endpoint,) = one(ALL_ON, "PodMonitor", "monitor")["spec"]["podMetricsEndpoints"]
    assert endpoint["authorization"]["credentials"] == {
        "name": "plant-secrets",
        "key": "metrics.token",
    }
    assert endpoint["tlsConfig"]["ca"]["secret"]["key"] == "ca.pem"
    asked = one(ALL_ON, "PodMonitor", "monitor")["spec"]["selector"]
    assert set(asked["matchExpressions"][0]["values"]) == {
        "web",
        "worker",
        "ray-head",
        "ray-worker",
    }
    for name in ("web", "worker", "ray-head", "ray-worker:steady"):
        ports = {
            each["name"] for each in templates(ALL_ON)[name]["spec"]["containers"][0]["ports"]
        }
        assert endpoint["port"] in ports
    labels = one(ALL_ON, "PodMonitor", "monitor")["metadata"]["labels"]
    assert labels["release"] == "prometheus"


def test_rules_and_dashboards_are_those_of_the_platform() -> None:
    rules = one(ALL_ON, "PrometheusRule", "rules")["spec"]
    own = (CHART / "files" / "alerts" / "kizashi.rules.yml").read_text("utf-8")
    assert rules == yaml.safe_load(own)
    for path in sorted((CHART / "files" / "dashboards").glob("*.json")):
        name = f"dashboard-{path.stem.removeprefix('kizashi-')}"
        made = one(ALL_ON, "ConfigMap", name)
        assert made["data"] == {path.name: path.read_text("utf-8")}
        assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert not [n for n in named({}, "ConfigMap") if n.startswith("dashboard")]


# ---------------------------------------------------------------- what people read and try
def test_notes_tell_where_the_site_is_and_how_to_read_the_password() -> None:
    def notes(values: dict[str, Any]) -> str:
        return next(text for path, text in texts(values).items() if path.endswith("NOTES.txt"))

    assert "port-forward service/plant-web 8443:8443" in notes({})
    assert f"--namespace {NAMESPACE} get secret plant-secrets" in notes({})
    assert ".data.admin-password" in notes({})
    assert "https://kizashi.example.com" in notes(CASES["eks"])
    assert "for trying things" not in notes(CASES["eks"])
    assert "get secret own " in notes(EXTERNAL)


def test_helm_test_asks_the_site_by_its_service() -> None:
    pod = one({}, "Pod", "test")
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    own = pod["spec"]["containers"][0]
    compile(own["command"][2], "test.py", "exec")
    assert own["env"][0] == {"name": "ADDRESS", "value": "plant-web:8443"}
    assert named({"tests": {"enabled": False}}, "Pod") == []
