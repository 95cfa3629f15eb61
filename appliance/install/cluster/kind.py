"""A cluster by kind on this machine: one node, one port, data in a folder of the home."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from appliance.core.errors import OperatorError
from appliance.install.cluster.calling import Called, call, must, reason
from appliance.install.cluster.plan import Show, Wishes

NODE_PORT = 30443
"""Of the site's Service: always the same, as kind's mapping cannot be changed later."""
_VOLUMES = "/var/local-path-provisioner"
"""Where kind's own storage class keeps what pods store, within the node."""
_CREATE_SECONDS = 900.0
BEGUN = "begun"
"""File that is there while a cluster is being made."""


def config(port: int, data: Path) -> dict[str, Any]:
    """Return what kind is told of a cluster.

    One node: several do not come back after the machine restarted, for their addresses change.

    Parameters
    ----------
    port
        Of this machine alone, which leads to the site.
    data
        Folder that outlives the cluster.
    """
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "nodes": [
            {
                "role": "control-plane",
                "extraPortMappings": [
                    {
                        "containerPort": NODE_PORT,
                        "hostPort": port,
                        "listenAddress": "127.0.0.1",
                        "protocol": "TCP",
                    }
                ],
                "extraMounts": [{"hostPath": str(data), "containerPath": _VOLUMES}],
            }
        ],
    }


def context(name: str) -> str:
    """Return what kubectl's context of a cluster is called."""
    return f"kind-{name}"


def exists(name: str) -> bool:
    """Whether there is a cluster of this name, whole or not."""
    called = call(["kind", "get", "clusters"])
    must(called, "kind cannot list its clusters", "Check that Docker runs.")
    return name in called.text.splitlines()


def is_whole(name: str, home: Path) -> bool:
    """Whether there is a cluster of this name, and nothing cut off its making."""
    return exists(name) and not (home / "clusters" / name / BEGUN).exists()


def up(name: str, wishes: Wishes, home: Path, show: Show) -> str:
    """Make a cluster, or take the one that is there; what was cut off is made anew.

    Returns
    -------
    str
        What was done; empty if it was there.

    Raises
    ------
    OperatorError
        It cannot be made.
    """
    place = home / "clusters" / name
    data, begun = place / "data", place / BEGUN
    if is_whole(name, home):
        return _joined(name)
    if exists(name):
        remove(name)  # nothing can be in it: it never was whole
    show("making the node")
    data.mkdir(mode=0o755, parents=True, exist_ok=True)
    begun.touch(mode=0o600)
    command = ["kind", "create", "cluster", "--name", name, "--config", "-", "--wait", "300s"]
    if wishes.node_image:
        command += ["--image", wishes.node_image]
    made = call(
        command,
        given=json.dumps(config(wishes.port, data)).encode(),
        seconds=_CREATE_SECONDS,
    )
    if made.status != 0:
        raise refusal(made)
    begun.unlink()
    return f"made the cluster {name}; its volumes are in {data}"


def _joined(name: str) -> str:
    """Start the node if it was stopped, and let kubectl know of it."""
    node = node_of(name)
    running = call(["docker", "inspect", "--format", "{{.State.Running}}", node]).text
    did = ""
    if running == "false":
        must(call(["docker", "start", node]), f"the node {node} does not start")
        did = f"started {node}"
    exported = call(["kind", "export", "kubeconfig", "--name", name])
    must(
        exported,
        f"the kind cluster {name} is there but does not answer",
        f"Look at its node: docker logs {node}",
    )
    return did


def stop(name: str) -> str:
    """Stop the node of a cluster; everything in it stays, and `up` starts it again."""
    node = node_of(name)
    must(call(["docker", "stop", node], seconds=180), f"the node {node} does not stop")
    return f"stopped {node}"


def node_of(name: str) -> str:
    """Return what Docker calls the node of a cluster."""
    return f"{name}-control-plane"


def refusal(made: Called) -> OperatorError:
    """Return what kind says of a cluster that it cannot make, as an error of ours."""
    said = made.err
    if "failed to pull image" in said or "docker pull" in said:
        image = said.partition('failed to pull image "')[2].partition('"')[0].partition("@")[0]
        return OperatorError(
            f"the image of kind's node, {image or 'kindest/node'}, is not here and cannot be "
            "fetched.",
            remedy="Connect to the internet, or bring it: docker load --input FILE, then name "
            "it by --node-image; a bundle made with --kind-image holds it (--bundle FILE).",
        )
    if "port is already allocated" in said or "address already in use" in said:
        return OperatorError("the port is taken by another program.", remedy="Choose a --port.")
    if "could not find a log line" in said or "kubelet" in said:
        return OperatorError(
            f"kind's node does not start: {reason(said)}.",
            remedy="It often lacks memory, inotify watches, or cgroups of version 2.",
        )
    return OperatorError(
        f"kind cannot make the cluster: {reason(said)}.",
        remedy="Its known issues: https://kind.sigs.k8s.io/docs/user/known-issues",
    )


def remove(name: str) -> None:
    """Delete a cluster; the folder of its volumes stays."""
    removed = call(["kind", "delete", "cluster", "--name", name], seconds=180)
    must(removed, f"the kind cluster {name} cannot be deleted", "Check that Docker runs.")
