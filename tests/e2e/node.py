"""The part of Kubernetes that runs pods: containerd, kubelet, proxy, names, storage.

The runtime and the network's plugins are Debian's (``containerd``, ``runc``,
``containernetworking-plugins``).  The network is one bridge: policies are admitted by the API
server, and enforced by nothing here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.build import built, source
from tests.e2e.certificates import Authority
from tests.e2e.cluster import Cluster, wait_for
from tests.e2e.world import NAME_SERVER, PODS, World
from tests.image.docker import Docker

NODE = "e2e"
STORAGE_CLASS = "local"
_SOCKET = "/run/containerd/containerd.sock"
_PLUGINS = "/usr/lib/cni"
_PAUSE = "kizashi-e2e-pause:1"
_SAVE_SECONDS = 600.0
_SHARES = "20480"


def missing() -> list[str]:
    """Return what a node needs and this machine has not."""
    programs = ["containerd", "ctr", "runc", "gcc", "iptables", "conntrack"]
    found = [name for name in programs if shutil.which(name) is None]
    return found + (
        [] if Path(_PLUGINS, "bridge").exists() else ["containernetworking-plugins"]
    )


def start_node(world: World, docker: Docker, cluster: Cluster, authority: Authority) -> None:
    """Start a node, and wait until pods can be scheduled onto it."""
    _make_groups(world.cgroup)
    (world.folder / "cni").mkdir()
    network = world.folder / "cni" / "10-e2e.conflist"
    network.write_text(json.dumps(_network(world.folder)), "utf-8")
    config = world.folder / "containerd.toml"
    config.write_text(_containerd(world.folder), "utf-8")
    world.start("containerd", ["containerd", "--config", config])
    wait_for(lambda: _runs(world), 60, "containerd answers", world.check)
    _import_pause(world, docker)
    _start_names(world, cluster, authority)
    world.start("kubelet", _kubelet(world, authority))
    world.start("kube-proxy", _proxy(world, authority))
    wait_for(lambda: _ready(cluster), 180, "the node is ready", world.check)


def import_image(world: World, docker: Docker, image: str) -> None:
    """Give the node an image that Docker has."""
    archive = world.folder / "image.tar"
    docker.run("save", "--output", archive, image, seconds=_SAVE_SECONDS)
    # Unpacked here, once: pods that begin together would each unpack it, and not in time.
    _ctr(world, "images", "import", archive)
    archive.unlink()


def offer_storage(world: World, cluster: Cluster, sizes: list[str]) -> None:
    """Offer one volume of each size, in folders of this machine, by the default class."""
    storage: dict[str, Any] = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    cluster.apply(storage, *(_volume(world, f"v{n}", size) for n, size in enumerate(sizes)))


def _volume(world: World, name: str, size: str) -> dict[str, Any]:
    folder = world.folder / "volumes" / name
    folder.mkdir(parents=True)
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": STORAGE_CLASS,
            "local": {"path": str(folder)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


def _make_groups(name: str) -> None:
    """Make the group of processes under which all pods are, for each controller."""
    for controller in Path("/sys/fs/cgroup").iterdir():
        group = controller / name
        if controller.is_dir() and not controller.is_symlink():
            group.mkdir(exist_ok=True)
        for part in ("cpuset.cpus", "cpuset.mems"):
            if (group / part).exists():
                (group / part).write_text((controller / part).read_text("ascii"), "ascii")
        # Otherwise all pods together count as one process beside those of the machine.
        if (group / "cpu.shares").exists():
            (group / "cpu.shares").write_text(_SHARES, "ascii")


def _containerd(folder: Path) -> str:
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""version = 2
root = "{folder}/containerd"
state = "/run/containerd"
[grpc]
address = "{_SOCKET}"
[{cri}]
sandbox_image = "docker.io/library/{_PAUSE}"
# Not every root may spare a process from the killer of the kernel: that of a container may not.
restrict_oom_score_adj = true
[{cri}.cni]
bin_dir = "{_PLUGINS}"
conf_dir = "{folder}/cni"
[{cri}.containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[{cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"""


def _network(folder: Path) -> dict[str, Any]:
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": PODS.replace(".0.0/16", ".0.0/24")}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": str(folder / "addresses"),
    }
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "hairpinMode": True,
        "ipam": addresses,
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "1.0.0", "name": "e2e", "plugins": [bridge, ports]}


def _kubelet(world: World, authority: Authority) -> list[str | Path]:
    folder = world.folder
    who = authority.kubeconfig("kubelet", f"system:node:{NODE}", ["system:nodes"])
    names = folder / "resolv.conf"
    names.write_text("search .\n", "ascii")
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": world.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(authority.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{world.cgroup}",
        "clusterDNS": [NAME_SERVER],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{_SOCKET}",
        # Nothing here is to be thrown out because the machine beside it is full.
        "evictionHard": {"memory.available": "0%", "nodefs.available": "0%"},
        "imageGCHighThresholdPercent": 100,
        # Also where control groups are still of version 1.
        "failCgroupV1": False,
        "failSwapOn": False,
        "protectKernelDefaults": True,
        "podLogsDir": "/var/log/pods",
        "resolvConf": str(names),
        "runtimeRequestTimeout": "15m",
        "volumePluginDir": str(folder / "volume-plugins"),
    }
    path = folder / "kubelet.json"
    path.write_text(json.dumps(config), "utf-8")
    return [
        built("kubelet"),
        f"--config={path}",
        f"--kubeconfig={who}",
        f"--hostname-override={NODE}",
        f"--node-ip={world.address}",
    ]


def _proxy(world: World, authority: Authority) -> list[str | Path]:
    who = authority.kubeconfig("kube-proxy", "system:kube-proxy")
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": world.address,
        "clientConnection": {"kubeconfig": str(who)},
        "clusterCIDR": PODS,
        # These belong to the machine, not to a network namespace.
        "conntrack": {
            "maxPerCore": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
        "hostnameOverride": NODE,
        "mode": "iptables",
    }
    path = world.folder / "proxy.json"
    path.write_text(json.dumps(config), "utf-8")
    return [built("kube-proxy"), f"--config={path}"]


def _start_names(world: World, cluster: Cluster, authority: Authority) -> None:
    """Start the name server on the node, and make it the service that pods ask."""
    who = authority.kubeconfig("coredns", "coredns", ["system:masters"])
    config = world.folder / "Corefile"
    config.write_text(
        f".:53 {{\n bind {world.address}\n errors\n kubernetes cluster.local in-addr.arpa {{\n"
        f"  kubeconfig {who} e2e\n  ttl 1\n }}\n}}\n",
        "utf-8",
    )
    world.start("coredns", [built("coredns"), "-conf", config])
    ports = [{"name": name.lower(), "protocol": name, "port": 53} for name in ("UDP", "TCP")]
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kube-dns", "labels": {"k8s-app": "kube-dns"}},
            "spec": {"clusterIP": NAME_SERVER, "ports": ports},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "kube-dns",
                "labels": {"kubernetes.io/service-name": "kube-dns"},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [world.address], "conditions": {"ready": True}}],
            "ports": ports,
        },
        namespace="kube-system",
    )


def _import_pause(world: World, docker: Docker) -> None:
    """Build the program that holds a pod's namespaces, from Kubernetes' own source."""
    folder = world.folder / "pause"
    folder.mkdir()
    code = source("k8s.io/kubernetes", "kubernetes") / "build" / "pause" / "linux" / "pause.c"
    subprocess.run(["gcc", "-Os", "-static", "-o", folder / "pause", code], check=True)
    (folder / "Dockerfile").write_text(
        'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n', "ascii"
    )
    docker.run("build", "--quiet", "--tag", _PAUSE, folder)
    import_image(world, docker, _PAUSE)


def _ctr(world: World, *arguments: str | Path) -> str:
    return world.run("ctr", "-a", _SOCKET, "-n", "k8s.io", *arguments)


def _runs(world: World) -> bool:
    try:
        _ctr(world, "version")
    except RuntimeError:
        return False
    return True


def _ready(cluster: Cluster) -> bool:
    node = cluster.find("node", NODE, namespace="default")
    conditions = node["status"].get("conditions", []) if node else []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
