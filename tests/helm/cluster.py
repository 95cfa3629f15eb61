"""What network policies let through, worked out as a network plugin does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from tests.helm.rendering import NAMESPACE, Object

_NAMESPACE_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Party:
    """A pod with its labels, or an address outside.

    Attributes
    ----------
    labels
        Of a pod.
    namespace
        That the pod is in.
    address
        Of somebody outside; no pod then.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    namespace: str = NAMESPACE
    address: str = ""


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector takes these labels."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    for rule in selector.get("matchExpressions") or []:
        assert rule["operator"] == "In"
        if labels.get(rule["key"]) not in rule["values"]:
            return False
    return True


def allowed(
    policies: Iterable[Object], sender: Party, receiver: Party, port: int, protocol: str = "TCP"
) -> bool:
    """Whether a connection comes about: the sender may send, and the receiver be sent to."""
    found = list(policies)
    return _passes(found, "Egress", sender, receiver, port, protocol) and _passes(
        found, "Ingress", receiver, sender, port, protocol
    )


def _passes(
    policies: list[Object], way: str, own: Party, other: Party, port: int, protocol: str
) -> bool:
    if own.address or own.namespace != NAMESPACE:
        return True  # no policy of ours is about it
    about = [
        each["spec"]
        for each in policies
        if way in each["spec"]["policyTypes"]
        and selects(each["spec"]["podSelector"], own.labels)
    ]
    rules = [rule for spec in about for rule in spec.get(way.lower()) or []]
    peers = "to" if way == "Egress" else "from"
    return not about or any(
        _ports(rule.get("ports"), port, protocol)
        and (not rule.get(peers) or any(_is(peer, other) for peer in rule[peers]))
        for rule in rules
    )


def _ports(ports: list[Any] | None, port: int, protocol: str) -> bool:
    return not ports or any(
        one.get("protocol", "TCP") == protocol
        and one["port"] <= port <= one.get("endPort", one["port"])
        for one in ports
    )


def _is(peer: Mapping[str, Any], party: Party) -> bool:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        # To a network plugin a pod's address is one as any other.
        return bool(party.address) and _within(party.address, block)
    if party.address:
        return False
    spaces = peer.get("namespaceSelector")
    here = (
        party.namespace == NAMESPACE
        if spaces is None
        else selects(spaces, {_NAMESPACE_NAME: party.namespace})
    )
    return here and selects(peer.get("podSelector") or {}, party.labels)


def _within(address: str, block: Mapping[str, Any]) -> bool:
    own = ip_address(address)
    return own in ip_network(block["cidr"]) and not any(
        own in ip_network(one) for one in block.get("except") or []
    )
