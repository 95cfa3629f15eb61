"""A site in a cluster at one look: its version, its parts, its address, what it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.core.errors import OperatorError
from appliance.core.log import get
from appliance.install.cluster import kind, release, secrets, waiting
from appliance.install.cluster.calling import Kubectl, call
from appliance.install.cluster.plan import Place, Target
from appliance.install.cluster.rollout import COMPONENT, INSTANCE, Part, quantity
from appliance.install.cluster.sealed import ByKubectl

_log = get(__name__)
WEB = "web"
HOURS = 730.0
"""Hours of a month."""
CORE_HOUR, GIB_HOUR, DISK_GB_HOUR = 0.031611, 0.004237, 0.00005479452
"""USD; what OpenCost takes where a cluster tells no prices (its default.json)."""


@dataclass(frozen=True)
class Status:
    """How a site in a cluster is.

    Attributes
    ----------
    url
        Where it is reached; empty where only `kubectl port-forward` leads to it.
    cpu, memory_bytes, storage_bytes
        Cores and bytes that its pods and volumes ask for.
    monthly_usd
        What a cluster that is paid by the hour takes for that, by OpenCost's default prices.
    """

    ready: bool
    name: str
    namespace: str
    context: str
    version: str
    revision: int
    state: str
    url: str
    parts: tuple[Part, ...]
    cpu: float
    memory_bytes: float
    storage_bytes: float
    monthly_usd: float


def status(place: Place) -> Status:
    """Return how a site is.

    Raises
    ------
    NotFound
        There is none.
    OperatorError
        The cluster does not answer.
    """
    latest = release.require(place)[0]
    found = waiting.look(place)
    kubectl = Kubectl(place.context, place.namespace)
    claims = kubectl.items("persistentvolumeclaims", "--selector", f"{INSTANCE}={place.name}")
    cpu, memory = sum(one.cpu for one in found), sum(one.memory for one in found)
    storage = sum(
        quantity(one["spec"]["resources"]["requests"].get("storage", "0")) for one in claims
    )
    return Status(
        ready=latest.state == "deployed" and bool(found) and all(p.is_ready for p in found),
        name=place.name,
        namespace=place.namespace,
        context=place.context,
        version=latest.version,
        revision=latest.number,
        state=latest.state,
        url=address(place),
        parts=tuple(found),
        cpu=cpu,
        memory_bytes=memory,
        storage_bytes=storage,
        monthly_usd=monthly(cpu, memory, storage),
    )


def monthly(cpu: float, memory: float, storage: float) -> float:
    """Return what cores, bytes of memory and bytes of volumes take in a month, in USD."""
    hourly = cpu * CORE_HOUR + memory / 2**30 * GIB_HOUR + storage / 1e9 * DISK_GB_HOUR
    return hourly * HOURS


def address(place: Place) -> str:
    """Return where browsers reach a site; empty if nothing leads to it from outside."""
    if place.target is Target.KIND:
        return _kind(place.context.removeprefix("kind-"))
    said = (release.values(place).get("web") or {}).get("publicUrl")
    if said:
        return str(said)
    kubectl = Kubectl(place.context, place.namespace)
    selector = f"{INSTANCE}={place.name},{COMPONENT}={WEB}"
    found = kubectl.items("services,ingresses", "--selector", selector)
    return reached_at(found) or _by_node(kubectl, found)


def reached_at(objects: Sequence[Mapping[str, Any]]) -> str:
    """Return the address that ingresses and load balancers lead from."""
    for one in objects:
        if one["kind"] == "Ingress":
            hosts = [rule.get("host") for rule in one["spec"].get("rules", ())]
            given = one.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
            host = next(filter(None, hosts), None) or given[0].get("hostname")
            if host:
                return f"https://{host}"
    for one in objects:
        balanced = one.get("status", {}).get("loadBalancer", {}).get("ingress") or []
        if one["kind"] == "Service" and balanced:
            host = balanced[0].get("hostname") or balanced[0].get("ip")
            return f"https://{host}:{one['spec']['ports'][0]['port']}"
    return ""


def at_node(objects: Sequence[Mapping[str, Any]], nodes: Sequence[Mapping[str, Any]]) -> str:
    """Return the address of a Service's port on a node; empty if it has none there."""
    ports = [
        port["nodePort"]
        for one in objects
        if one["kind"] == "Service" and one["spec"].get("type") == "NodePort"
        for port in one["spec"]["ports"]
        if port.get("nodePort")
    ]
    known = [each for node in nodes for each in node.get("status", {}).get("addresses", ())]
    hosts = [
        each["address"]
        for kind_of in ("ExternalIP", "InternalIP")
        for each in known
        if each["type"] == kind_of
    ]
    if not ports or not hosts:
        return ""
    host = f"[{hosts[0]}]" if ":" in hosts[0] else hosts[0]
    return f"https://{host}:{ports[0]}"


def _by_node(kubectl: Kubectl, found: Sequence[Mapping[str, Any]]) -> str:
    if not any(one["spec"].get("type") == "NodePort" for one in found):
        return ""
    try:
        return at_node(found, kubectl.items("nodes"))
    except OperatorError as error:  # whoever has only the namespace may not see nodes
        _log.debug("the nodes' addresses are not known: %s", error)
        return ""


def _kind(name: str) -> str:
    told = call(["docker", "port", kind.node_of(name), f"{kind.NODE_PORT}/tcp"])
    first = told.text.partition("\n")[0]
    return f"https://{first}" if told.status == 0 and first else ""


def forward_command(place: Place) -> str:
    """Return what leads to a site that nothing else leads to."""
    where = f"--context {place.context} " if place.context else ""
    return (
        f"kubectl {where}--namespace {place.namespace} port-forward service/{place.name}-web "
        "8443:8443"
    )


def admin_password(place: Place) -> str:
    """Return the password that the first admin was made with; empty if none is kept.

    Raises
    ------
    OperatorError
        The site's Secret cannot be read.
    """
    values = release.values(place)
    given = (values.get("secrets") or {}).get("existingSecret")
    name = given or place.secret
    keeper = ByKubectl(Kubectl(place.context, place.namespace), name, place.name)
    return secrets.value(keeper.read(), secrets.ADMIN_PASSWORD)
