"""The part of Kubernetes that decides: store, API server, controllers, scheduler."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.build import built
from tests.e2e.certificates import Authority, signing_pair
from tests.e2e.cluster import Cluster, wait_for
from tests.e2e.world import PODS, SERVICES, World

_PORT = 6443
_STORE = "http://127.0.0.1:2379"
_ISSUER = "https://kubernetes.default.svc.cluster.local"
_FIRST_SERVICE = "10.96.0.1"


def start_control_plane(world: World) -> tuple[Cluster, Authority]:
    """Start it, and return what an administrator works with once the API server is ready."""
    authority = Authority(world.folder / "keys", f"https://{world.address}:{_PORT}")
    cluster = Cluster(authority.kubeconfig("admin", "admin", ["system:masters"]))
    signing, checking = signing_pair(authority.folder)
    world.start("etcd", _etcd(world.folder / "etcd"))
    world.start("kube-apiserver", _api_server(world.address, authority, signing, checking))
    wait_for(lambda: cluster.answers("/readyz"), 180, "the API server is ready", world.check)
    world.start("kube-controller-manager", _controllers(authority, signing))
    world.start("kube-scheduler", _scheduler(authority))
    wait_for(
        lambda: cluster.find("serviceaccount", "default", namespace="default") is not None,
        120,
        "the controllers make a namespace's account",
        world.check,
    )
    return cluster, authority


def _etcd(folder: Path) -> list[str | Path]:
    return [
        built("etcd"),
        f"--data-dir={folder}",
        f"--listen-client-urls={_STORE}",
        f"--advertise-client-urls={_STORE}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--unsafe-no-fsync",
        "--logger=zap",
        "--log-level=warn",
    ]


def _api_server(
    address: str, authority: Authority, signing: Path, checking: Path
) -> list[str | Path]:
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    certificate, key = authority.issue(
        "apiserver", "kube-apiserver", hosts=[address, "127.0.0.1", _FIRST_SERVICE, *names]
    )
    client, client_key = authority.issue(
        "apiserver-kubelet", "kube-apiserver", ["system:masters"]
    )
    return [
        built("kube-apiserver"),
        f"--etcd-servers={_STORE}",
        f"--bind-address={address}",
        f"--advertise-address={address}",
        f"--secure-port={_PORT}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--client-ca-file={authority.certificate}",
        f"--kubelet-client-certificate={client}",
        f"--kubelet-client-key={client_key}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer={_ISSUER}",
        f"--service-account-signing-key-file={signing}",
        f"--service-account-key-file={checking}",
        f"--service-cluster-ip-range={SERVICES}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
    ]


def _controllers(authority: Authority, signing: Path) -> list[str | Path]:
    config = authority.kubeconfig("controllers", "system:kube-controller-manager")
    return [
        built("kube-controller-manager"),
        f"--kubeconfig={config}",
        f"--service-account-private-key-file={signing}",
        f"--root-ca-file={authority.certificate}",
        "--use-service-account-credentials=true",
        "--allocate-node-cidrs=true",
        f"--cluster-cidr={PODS}",
        f"--service-cluster-ip-range={SERVICES}",
        "--leader-elect=false",
        "--secure-port=0",
        # A deleted pod's node is not to be waited for as long as in a cluster of many.
        "--node-monitor-grace-period=60s",
    ]


def _scheduler(authority: Authority) -> list[str | Path]:
    config = authority.kubeconfig("scheduler", "system:kube-scheduler")
    return [
        built("kube-scheduler"),
        f"--kubeconfig={config}",
        "--leader-elect=false",
        "--secure-port=0",
    ]
