"""Values: explained, held to a schema, used, and refused where they make no sense."""

from __future__ import annotations

import re
from typing import Any

import helm_python
import pytest

from appliance.core.settings import Settings
from tests.helm.kinds import THE_CHARTS_OWN
from tests.helm.rendering import (
    ALL_ON,
    CASES,
    EXTERNAL,
    KUBERAY,
    NOTEBOOKS,
    chart,
    merged,
    texts,
)
from tests.helm.written import CHART, Value, files, values


def _group(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "replicas": 1, "resources": {}, **more}


_NOT_CURRENT = "run `make chart` and commit what it writes"
_PLAIN = merged(ALL_ON, {"ray": {"mode": "plain"}, "web": {"service": {"type": "NodePort"}}})
_REFUSED = {
    "database.external.existingSecret",
    "storage.external.url",
    "secrets.existingSecret",
}
_HIDING = {"global.imageRegistry", "image.digest"}
_HIDING |= {f"{one}.bundled.image.digest" for one in ("database", "storage")}
_PASSES: list[tuple[dict[str, Any], set[str]]] = [
    (EXTERNAL, set()),
    (ALL_ON, _REFUSED),
    (_PLAIN, _REFUSED | {"ray.workers"}),
    ({}, _REFUSED | _HIDING),
]
"""Renderings in which marks are looked for, and what is not marked: it would hide others."""
_SWITCHED: dict[str, tuple[dict[str, Any], Any]] = {
    "checks.crds": (KUBERAY, True),
    "image.pullPolicy": ({}, "Always"),
    "ray.kuberay.upscalingMode": (KUBERAY, "Conservative"),
    "notebooks.persistence.enabled": (NOTEBOOKS, False),
    "ray.mode": ({}, "external"),
    "secrets.job.enabled": ({}, False),
    "web.service.sessionAffinity": ({}, "None"),
    "web.service.type": ({}, "NodePort"),
    "web.stickyIngress": (
        {"web": {"replicas": 2, "service": {"sessionAffinity": "None"}}},
        True,
    ),
}
"""Values of which one is to be seen to change the whole, and with what."""


def test_readme_and_schema_follow_from_the_values() -> None:
    for path, text in files().items():
        assert path.read_text("utf-8") == text, f"{path.name}: {_NOT_CURRENT}"


def test_every_value_is_explained() -> None:
    assert [value.name for value in values() if not value.words] == []


@pytest.mark.parametrize("case", CASES)
def test_values_fit_the_schema(case: str) -> None:
    chart().validate_schema(CASES[case])


def _mark(value: Value, number: int) -> Any:
    """Return something that the value may be and nothing else is; None if there is nothing."""
    kind = value.schema.get("$ref", "").rpartition("/")[2]
    shape = str(value.schema.get("pattern", ""))
    word = f"mark{number}"
    by_kind: dict[str, Any] = {
        "cidrs": [f"10.{number}.0.0/16"],
        "digest": "sha256:" + f"{number:064}",
        "hosts": [word],
        "names": [word],
        "prices": {"source": word},
        "quantity": f"{number}Mi",
        "resources": {"limits": {"cpu": f"{number}m"}},
        "settings": {"name": word},
        "workerGroups": [{"name": word, "replicas": 1, "resources": {}}],
    }
    by_start = {
        "^(s3": f"s3://{word}/x",
        "^(http": f"https://{word}",
        "^[0-9]+\\": f"{number}.0.0",
    }
    by_start |= {"^[0-9]+(ms": f"{number}s", "^(\\S+:": f"{word}:6379"}
    if kind in by_kind:
        return by_kind[kind]
    if isinstance(value.default, bool) or "enum" in value.schema or kind == "pull":
        return None
    if isinstance(value.default, int):
        return number
    if isinstance(value.default, str):
        return next((mark for start, mark in by_start.items() if shape.startswith(start)), word)
    return [{"name": word}] if isinstance(value.default, list) else {"key": word}


def _with(name: str, value: Any) -> dict[str, Any]:
    made: Any = value
    for key in reversed(name.split(".")):
        made = {key: made}
    return made


def _seen(value: Value, number: int, text: str) -> bool:
    mark = _mark(value, number)
    plain = str(number) if not isinstance(mark, str) else mark
    return re.search(rf"(?<!\d){re.escape(plain)}(?!\d)", text) is not None


@pytest.mark.slow
def test_every_value_is_used() -> None:
    marked = {v: n for n, v in enumerate(values(), 65) if _mark(v, n) is not None}
    left = dict(marked)
    for base, without in _PASSES:
        marks = [_with(v.name, _mark(v, n)) for v, n in marked.items() if v.name not in without]
        text = "".join(texts(merged(base, *marks)).values())
        left = {v: n for v, n in left.items() if v.name in without or not _seen(v, n, text)}
    assert " ".join(value.name for value in left) == ""


@pytest.mark.parametrize("name", [v.name for v in values() if _mark(v, 0) is None])
def test_every_switch_is_one(name: str) -> None:
    default = next(value.default for value in values() if value.name == name)
    base, other = _SWITCHED.get(name, ({}, not default))
    assert _outcome(merged({}, base)) != _outcome(merged(base, _with(name, other)))


def _outcome(given: dict[str, Any]) -> Any:
    try:
        return texts(given)
    except helm_python.HelmRenderError as error:
        return str(error)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"replica": 2}, "replica"),
        ({"web": {"replica": 2}}, "replica"),
        ({"settings": {"nam": "x"}}, "nam"),
        ({"settings": {"database_url": "sqlite://"}}, "database_url"),
        ({"prices": {"curency": "USD"}}, "curency"),
        ({"ray": {"workers": [_group("w", spt=True)]}}, "spt"),
        ({"web": {"resources": {"limit": {}}}}, "limit"),
    ],
)
def test_a_typo_is_refused_by_its_name(given: dict[str, Any], named: str) -> None:
    with pytest.raises(helm_python.HelmValuesError, match=f"'{named}'"):
        texts(given)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"web": {"replicas": -1}}, "/web/replicas"),
        ({"image": {"digest": "sha256:short"}}, "/image/digest"),
        ({"storage": {"external": {"url": "/var/lake"}}}, "/storage/external/url"),
        ({"ray": {"mode": "kubray"}}, "/ray/mode"),
        ({"settings": {"log_level": "loud"}}, "/settings/log_level"),
        ({"worker": {"persistence": {"size": "ten"}}}, "/worker/persistence/size"),
    ],
)
def test_a_value_that_none_can_be_is_refused_at_its_place(given: Any, path: str) -> None:
    with pytest.raises(helm_python.HelmValuesError, match=path):
        chart().validate_schema(given)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"image": {"tag": "latest"}}, "another image every day"),
        ({"storage": {"bundled": {"enabled": False}}}, "nowhere to keep readings"),
        (
            {"storage": {"external": {"url": "s3://plant/site"}}},
            "storage.bundled.enabled is true",
        ),
        (
            {"database": {"external": {"existingSecret": "x"}}},
            "database.bundled.enabled is true",
        ),
        ({"database": {"bundled": {"enabled": False}}}, "nothing says where"),
        (
            {"web": {"replicas": 2, "service": {"sessionAffinity": "None"}}},
            "come back to the same one",
        ),
        (
            {"web": {"autoscaling": {"enabled": True, "minReplicas": 9}}},
            "minReplicas is greater",
        ),
        (merged(KUBERAY, {"web": {"httpRoute": {"enabled": True}}}), "needs a Gateway"),
        ({"web": {"ingress": {"tlsSecret": "x"}}}, "the certificate is for a name"),
        ({"ray": {"mode": "external"}}, "ray.external.address is empty"),
        (merged(EXTERNAL, {"ray": {"external": {"peers": []}}}), "name that Ray's nodes"),
        (
            {"notebooks": {"enabled": True}, "web": {"tls": {"existingSecret": "x"}}},
            "set notebooks.url",
        ),
        ({"ray": {"workers": []}}, "somebody has to do the work"),
        ({"ray": {"workers": [_group("w")] * 2}}, "two groups called w"),
        ({"ray": {"workers": [_group("head")]}}, "that name is taken"),
        (
            merged(KUBERAY, {"ray": {"workers": [_group("w", min=3, max=2)]}}),
            "min above its max",
        ),
        ({"ray": {"mode": "kuberay"}}, "Install the KubeRay operator .1.6 or later"),
        ({"monitoring": {"podMonitor": {"enabled": True}}}, "Install the Prometheus operator"),
        ({"monitoring": {"rules": {"enabled": True}}}, "Install the Prometheus operator"),
        (
            {"web": {"httpRoute": {"enabled": True, "parentRefs": [{"name": "x"}]}}},
            "Install the Gateway API",
        ),
    ],
)
def test_values_that_do_not_go_together_are_refused_with_a_sentence(
    given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(helm_python.HelmRenderError, match=sentence):
        texts(given)


def test_the_charts_own_settings_are_settings() -> None:
    assert set(Settings.model_fields) >= THE_CHARTS_OWN


def test_the_chart_is_of_the_version_of_the_platform() -> None:
    import tomllib

    told = tomllib.loads((CHART.parents[1] / "pyproject.toml").read_text("utf-8"))
    version = told["project"]["version"]
    assert (chart().metadata["version"], chart().metadata["appVersion"]) == (version, version)
