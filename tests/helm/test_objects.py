"""Objects: such as Kubernetes takes, the same every time, named and configured well."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml
from kubernetes_validate import utils as validating

from appliance.core.settings import Settings
from appliance.notebooks.pods import asked
from appliance.schemas.cost import PriceBook
from tests.helm.customs import known, wrong
from tests.helm.rendering import (
    ALL_ON,
    CASES,
    NAMESPACE,
    NOTEBOOKS,
    RELEASE,
    Object,
    chart,
    containers,
    environment,
    merged,
    objects,
    one,
    templates,
    texts,
)
from tests.helm.written import CHART

_VERSIONS = ("1.29", "1.33", "1.37")
_DNS_LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")


@pytest.fixture(scope="module", autouse=True)
def _schemas_read_once() -> Iterator[None]:
    """Let the validator keep its schemas: it would read 2 MB anew for every object."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validating, "schema_contents", cache(validating.schema_contents))
        yield


def _distinct() -> list[Object]:
    """Return all objects of all values, each once."""
    found = {
        json.dumps(each, sort_keys=True): each
        for values in CASES.values()
        for each in objects(values)
    }
    return [part for each in found.values() for part in (each, *_pods_of(each))]


def _pods_of(each: Object) -> Iterator[Object]:
    """Return what is within an object whose own schema says nothing of it."""
    if each["kind"] == "ConfigMap":
        names = ("pod.json", "claim.json")
        yield from (json.loads(each["data"][one]) for one in names if one in each["data"])
    if each["kind"] == "RayCluster":
        spec = each["spec"]
        for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
            yield {"apiVersion": "v1", "kind": "Pod", **group["template"]}


@pytest.mark.slow
@pytest.mark.parametrize("version", _VERSIONS)
def test_kubernetes_takes_every_object(version: str) -> None:
    refused = []
    for each in _distinct():
        if not known(each):
            try:
                kubernetes_validate.validate(each, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                refused.append(
                    f"{each['kind']} {each['metadata'].get('name')}: {error.message}"
                )
    assert refused == []


def test_kubernetes_takes_what_the_web_makes_of_the_templates(tmp_path: Path) -> None:
    for values, kinds in (
        (NOTEBOOKS, ["Pod", "PersistentVolumeClaim"]),
        (merged(NOTEBOOKS, {"notebooks": {"persistence": {"enabled": False}}}), ["Pod"]),
    ):
        folder = tmp_path / str(len(kinds))
        folder.mkdir()
        for name, text in one(values, "ConfigMap", "notebooks")["data"].items():
            (folder / name).write_text(text, "utf-8")
        found = asked.read(folder)
        made = [asked.pod(found, "ana@plant.example", "x", {"gate": "y"})]
        made += [each for each in [asked.claim(found, "ana@plant.example")] if each]
        assert [each["kind"] for each in made] == kinds
        for each in made:
            kubernetes_validate.validate(each, "1.37", strict=True)
            assert _DNS_LABEL.match(each["metadata"]["name"])
        mounted = {each["name"] for each in made[0]["spec"]["containers"][0]["volumeMounts"]}
        assert {each["name"] for each in made[0]["spec"]["volumes"]} == mounted


def test_a_field_that_is_none_would_be_found() -> None:
    each = one({}, "Deployment", "web")
    with pytest.raises(kubernetes_validate.ValidationError, match="replcas"):
        kubernetes_validate.validate(
            {**each, "spec": {**each["spec"], "replcas": 2}}, "1.37", strict=True
        )


def test_kinds_of_operators_have_the_fields_that_they_know() -> None:
    found = [each for each in _distinct() if known(each)]
    assert {each["kind"] for each in found} == {
        "RayCluster",
        "PodMonitor",
        "PrometheusRule",
        "HTTPRoute",
    }
    assert [line for each in found for line in wrong(each)] == []


@pytest.mark.parametrize("case", CASES)
def test_rendering_twice_gives_the_same(case: str) -> None:
    first = texts(CASES[case])
    assert texts(CASES[case]) == first
    install = texts(CASES[case], is_upgrade=False, is_install=True)
    upgrade = texts(CASES[case], is_upgrade=True, is_install=False, revision=7)
    assert upgrade == install


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v1.29.0", "v1.37.0"])
def test_helm_finds_nothing_to_complain_of(version: str) -> None:
    for name, values in CASES.items():
        report = helm_python.lint(CHART, values, strict=True, kube_version=version)
        said = [
            each for each in report["messages"] if "icon is recommended" not in each["error"]
        ]
        assert (report["errors"], said) == ([], []), name


@pytest.mark.parametrize("case", CASES)
def test_no_name_is_given_twice(case: str) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in objects(CASES[case])]
    assert len(names) == len(set(names))


@pytest.mark.slow
def test_names_fit_however_the_release_is_called() -> None:
    rendered = chart().render(ALL_ON, name="a" * 53, namespace=NAMESPACE)
    found = [
        each["metadata"]["name"]
        for path, text in rendered.items()
        for each in yaml.safe_load_all(text if path.endswith(".yaml") else "")
        if each
    ]
    assert len(found) == len(objects(ALL_ON))
    assert [name for name in found if not _DNS_LABEL.match(name)] == []


@pytest.mark.parametrize("case", CASES)
def test_every_object_says_whose_it_is(case: str) -> None:
    for each in objects(CASES[case]):
        labels = each["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "kizashi"
        assert labels["app.kubernetes.io/instance"] == RELEASE
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        if "namespace" not in each["metadata"]:
            assert each["kind"] == "StorageClass"


@pytest.mark.parametrize("case", CASES)
def test_what_selects_pods_selects_those_of_its_own_template(case: str) -> None:
    for each in objects(CASES[case]):
        if each["kind"] in {"Deployment", "StatefulSet"}:
            wanted = each["spec"]["selector"]["matchLabels"]
            assert wanted.items() <= each["spec"]["template"]["metadata"]["labels"].items()
        if each["kind"] in {"Service", "PodDisruptionBudget"}:
            selector = each["spec"]["selector"]
            wanted = selector.get("matchLabels", selector)
            pods = [pod["metadata"]["labels"] for pod in templates(CASES[case]).values()]
            assert sum(wanted.items() <= pod.items() for pod in pods) == 1, each["metadata"][
                "name"
            ]


@pytest.mark.parametrize("case", CASES)
def test_a_service_speaks_to_a_port_that_its_pod_has(case: str) -> None:
    for each in objects(CASES[case]):
        if each["kind"] == "Service":
            (pod,) = [
                template
                for template in templates(CASES[case]).values()
                if each["spec"]["selector"].items() <= template["metadata"]["labels"].items()
            ]
            named = {port["name"] for own in containers(pod) for port in own.get("ports", [])}
            assert {port["targetPort"] for port in each["spec"]["ports"]} <= named


# ---------------------------------------------------------------- settings
@pytest.mark.parametrize("case", CASES)
def test_every_variable_of_ours_is_a_setting(case: str) -> None:
    known_names = {f"KIZASHI_{name.upper()}" for name in Settings.model_fields}
    found = {
        name
        for template in templates(CASES[case]).values()
        for name in environment(template)
        if name.startswith("KIZASHI_")
    }
    found |= one(CASES[case], "ConfigMap", "settings")["data"].keys()
    assert found <= known_names


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("component", ["web", "worker", "ray-worker"])
def test_the_platform_understands_what_it_is_told(
    case: str, component: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pods = [
        template
        for name, template in templates(CASES[case]).items()
        if name.split(":")[0] == component
    ]
    for template in pods:
        told = one(CASES[case], "ConfigMap", "settings")["data"] | environment(template)
        for name, value in told.items():
            drawn = "node-7" if name == "KIZASHI_MACHINE" else "postgresql://x/y"
            monkeypatch.setenv(name, value if isinstance(value, str) else drawn)
        settings = Settings()
        assert settings.storage_url.startswith("s3://")
        in_pods = settings.notebooks_pods is not None
        assert in_pods or settings.notebooks_at_once == 0, "these pods hold the site's secrets"
        assert settings.ray_address.count(":") == 1
        assert str(settings.home) == "/var/lib/kizashi"


def test_settings_arrive_as_they_were_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in one(ALL_ON, "ConfigMap", "settings")["data"].items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.max_file_bytes == 68719476736
    assert settings.retention_days == 730
    assert settings.false_alarms_per_month == 0.5
    assert settings.oidc_roles == {"engineers": ("engineer",)}
    assert settings.oidc_make_users is False
    assert (settings.name, settings.timezone) == ("Plant 7", "Asia/Tokyo")
    assert settings.public_url == "https://kizashi.example"


@pytest.mark.parametrize("case", ["eks", "all-on"])
def test_prices_arrive_as_they_were_meant(case: str) -> None:
    given = CASES[case]["prices"]
    text = one(CASES[case], "ConfigMap", "prices")["data"]["prices.toml"]
    shipped = tomllib.loads((CHART.parents[1] / _SHIPPED).read_text("utf-8"))
    book = PriceBook.model_validate(merged(shipped, tomllib.loads(text)))
    assert (book.place, book.currency) == ("cloud", "USD")
    assert book.cloud.cpu_hour == given["cloud"]["cpu_hour"]


_SHIPPED = "appliance/telemetry/cost/shipped.toml"


def _checksums(values: dict[str, Any]) -> set[str]:
    return {
        template["metadata"]["annotations"]["checksum/settings"]
        for name, template in templates(values).items()
        if name.split(":")[0] in {"web", "worker", "ray-head", "ray-worker"}
    }


def test_pods_restart_when_and_only_when_a_setting_changes() -> None:
    plain = _checksums({})
    assert len(plain) == 1
    assert _checksums({"web": {"replicas": 3}}) == plain
    assert _checksums({"settings": {"name": "Plant 3"}}) != plain
    assert _checksums({"prices": {"currency": "EUR"}}) != plain
    assert _checksums({"timezone": "Asia/Tokyo"}) != plain
