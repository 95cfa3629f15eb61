"""Network policies: closed but for what the platform needs, and that is let through."""

from __future__ import annotations

from typing import Any

import pytest

from tests.helm.cluster import Party, allowed, selects
from tests.helm.rendering import (
    ALL_ON,
    CASES,
    EXTERNAL,
    KUBERAY,
    NOTEBOOKS,
    RELEASE,
    Object,
    containers,
    merged,
    objects,
    templates,
)

_EVERYBODY = "192.0.2.7"
_METADATA = "169.254.169.254"
_PROMETHEUS = Party({"app.kubernetes.io/name": "prometheus"}, "monitoring")
_STRANGER = Party({"app": "other"}, "elsewhere")
_DNS = Party({"k8s-app": "kube-dns"}, "kube-system")
_RAY_PORTS = (8076, 8077, 8078, 52365, 10002, 10050, 10100)
_NODES = ("web", "worker", "ray-head", "ray-worker")


def _policies(values: dict[str, Any]) -> list[Object]:
    return [each for each in objects(values) if each["kind"] == "NetworkPolicy"]


def _pod(component: str) -> Party:
    return Party(
        {
            "app.kubernetes.io/name": "kizashi",
            "app.kubernetes.io/instance": RELEASE,
            "app.kubernetes.io/component": component,
        }
    )


def _reached(values: dict[str, Any], sender: Party, receiver: Party, port: int) -> bool:
    return allowed(_policies(values), sender, receiver, port)


@pytest.mark.parametrize("case", CASES)
def test_every_policy_is_about_pods_that_there_are(case: str) -> None:
    pods = [each["metadata"]["labels"] for each in templates(CASES[case]).values()]
    for policy in _policies(CASES[case]):
        about = policy["spec"]["podSelector"]
        assert any(selects(about, pod) for pod in pods), policy["metadata"]["name"]
        for peer in _peers(policy):
            known = peer.get("podSelector", {}).get("matchExpressions", [])
            for name in (name for rule in known for name in rule["values"]):
                assert any(pod["app.kubernetes.io/component"] == name for pod in pods), name


def _peers(policy: Object) -> list[Any]:
    spec = policy["spec"]
    return [
        peer
        for way, who in (("ingress", "from"), ("egress", "to"))
        for rule in spec.get(way) or []
        for peer in rule.get(who) or []
    ]


@pytest.mark.parametrize("case", CASES)
def test_every_port_that_is_open_is_one_that_a_container_names(case: str) -> None:
    found = templates(CASES[case])
    for policy in _policies(CASES[case]):
        about = policy["spec"]["podSelector"]
        named = {
            port["containerPort"]
            for template in found.values()
            if selects(about, template["metadata"]["labels"])
            for each in containers(template)
            for port in each.get("ports", [])
        }
        opened = {
            port["port"]
            for rule in policy["spec"].get("ingress") or []
            for port in rule["ports"]
        }
        assert opened <= named, policy["metadata"]["name"]


@pytest.mark.parametrize("case", CASES)
def test_no_pod_is_without_a_policy_for_both_ways(case: str) -> None:
    for name, template in templates(CASES[case]).items():
        ways = {
            way
            for policy in _policies(CASES[case])
            if selects(policy["spec"]["podSelector"], template["metadata"]["labels"])
            for way in policy["spec"]["policyTypes"]
        }
        assert ways == {"Ingress", "Egress"}, name


@pytest.mark.parametrize("values", [{}, KUBERAY], ids=["plain", "kuberay"])
def test_the_platform_can_work(values: dict[str, Any]) -> None:
    wanted = [
        *[(_pod(one), _pod("postgres"), 5432) for one in ("web", "worker", "migrate")],
        *[(_pod(one), _pod("objects"), 8333) for one in (*_NODES, "migrate")],
        *[(_pod(one), _pod("ray-head"), 6379) for one in _NODES],
        *[(_pod(a), _pod(b), port) for a in _NODES for b in _NODES for port in _RAY_PORTS],
        *[(_pod(one), _DNS, 53) for one in (*_NODES, "migrate", "secrets", "test")],
        *[
            (_PROMETHEUS, _pod(a), b)
            for a, b in zip(_NODES, (9461, 9462, 9463, 9463), strict=True)
        ],
        (_pod("test"), _pod("web"), 8443),
        (_STRANGER, _pod("web"), 8443),
        (Party(address=_EVERYBODY), _pod("web"), 8443),
        (_pod("secrets"), Party(address="10.96.0.1"), 443),
    ]
    missing = [each for each in wanted if not _reached(values, *each)]
    assert missing == []


@pytest.mark.parametrize("values", [{}, ALL_ON], ids=["default", "all-on"])
def test_nobody_else_reaches_anything(values: dict[str, Any]) -> None:
    everything = {
        (one, port["containerPort"])
        for one in ("worker", "ray-head", "ray-worker", "postgres", "objects")
        for name, template in templates(values).items()
        if name.split(":")[0] == one
        for each in containers(template)
        for port in each.get("ports", [])
    }
    everything |= {("web", 9461), ("web", 8076), ("objects", 9333), ("objects", 8888)}
    for who in (_STRANGER, Party(address=_EVERYBODY), _pod("test"), _pod("secrets")):
        open_to = [each for each in everything if _reached(values, who, _pod(each[0]), each[1])]
        assert open_to == []
    assert not _reached(values, _pod("postgres"), Party(address=_EVERYBODY), 443)
    assert not _reached(values, _pod("ray-worker"), _pod("postgres"), 5432)
    assert not _reached(values, _pod("web"), Party(address="10.0.0.9"), 22)


def test_the_database_is_open_to_ray_only_where_ray_judges() -> None:
    judging = {"ray": {"online": True}}
    assert _reached(judging, _pod("ray-worker"), _pod("postgres"), 5432)
    assert not _reached(judging, _pod("ray-head"), _pod("postgres"), 5432)


def test_a_notebook_reaches_the_api_and_is_reached_by_web_alone() -> None:
    own, web = _pod("notebook"), _pod("web")
    for values in (NOTEBOOKS, ALL_ON):
        assert _reached(values, web, own, 8888)
        assert _reached(values, own, web, 8443)
        assert _reached(values, own, _DNS, 53)
        assert _reached(values, web, Party(address="10.96.0.1"), 443)
        for who in (own, _pod("worker"), _pod("ray-worker"), _STRANGER, _PROMETHEUS):
            assert not _reached(values, who, own, 8888)
        closed = [("postgres", 5432), ("objects", 8333), ("ray-head", 6379), ("web", 9461)]
        assert [each for each in closed if _reached(values, own, _pod(each[0]), each[1])] == []
        for address in (_EVERYBODY, "10.96.0.1"):
            assert not _reached(values, own, Party(address=address), 443)
    rule = {"to": [{"ipBlock": {"cidr": "10.5.0.0/16"}}], "ports": [{"port": 443}]}
    more = merged(NOTEBOOKS, {"networkPolicy": {"extraEgress": {"notebooks": [rule]}}})
    assert _reached(more, own, Party(address="10.5.0.1"), 443)


def test_the_pages_can_be_kept_to_some() -> None:
    gate = Party({}, "elsewhere")
    assert not _reached(ALL_ON, gate, _pod("web"), 8443)
    assert _reached(ALL_ON, _pod("test"), _pod("web"), 8443)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("port", [80, 443])
def test_the_metadata_of_the_machine_is_never_reached(case: str, port: int) -> None:
    for name in templates(CASES[case]):
        pod = _pod(name.split(":")[0])
        assert not _reached(CASES[case], pod, Party(address=_METADATA), port), name


def test_pod_identity_is_reached_where_it_is_asked_for() -> None:
    agent = Party(address="169.254.170.23")
    for name in ("web", "worker", "ray-worker", "migrate"):
        assert _reached(CASES["eks"], _pod(name), agent, 80)
        assert not _reached({}, _pod(name), agent, 80)


def test_external_services_are_reached_at_their_port_and_in_their_networks() -> None:
    for one in ("web", "worker", "migrate"):
        assert _reached(EXTERNAL, _pod(one), Party(address="10.1.2.3"), 5432)
        assert not _reached(EXTERNAL, _pod(one), Party(address="10.3.2.3"), 5432)
        assert _reached(EXTERNAL, _pod(one), Party(address=_EVERYBODY), 9000)
    for one in ("web", "worker"):
        node = Party(address="10.2.0.5")
        assert _reached(EXTERNAL, _pod(one), node, 6379)
        assert _reached(EXTERNAL, node, _pod(one), 8077)
        assert not _reached(EXTERNAL, Party(address="10.3.0.5"), _pod(one), 8077)


def test_only_the_head_of_a_raycluster_asks_the_api_of_kubernetes() -> None:
    api = Party(address="10.96.0.1")
    assert _reached(KUBERAY, _pod("ray-head"), api, 443)
    closed: dict[str, Any] = {}
    for name in ("web", "worker", "ray-head", "ray-worker", "migrate"):
        assert not _reached(closed, _pod(name), api, 443)


def test_sources_reach_whom_the_values_name() -> None:
    rule = {"to": [{"ipBlock": {"cidr": "10.5.0.0/16"}}], "ports": [{"port": 8883}]}
    given = {"networkPolicy": {"extraEgress": {"worker": [rule]}}}
    assert _reached(given, _pod("worker"), Party(address="10.5.0.1"), 8883)
    assert not _reached(given, _pod("web"), Party(address="10.5.0.1"), 8883)


def test_policies_can_be_left_to_others() -> None:
    assert _policies({"networkPolicy": {"enabled": False}}) == []
