"""How pods are, in words: as Kubernetes tells of them."""

from __future__ import annotations

import pytest

from appliance.install.cluster import status, waiting
from appliance.install.cluster.rollout import parts, quantity, trouble

LABELS = {"app.kubernetes.io/instance": "kizashi", "app.kubernetes.io/component": "web"}


def pod(name="web-1", owner="ReplicaSet", labels=LABELS, **told):
    requests = {"cpu": "250m", "memory": "512Mi"}
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": labels,
            "ownerReferences": [{"kind": owner}] if owner else [],
        },
        "spec": {"containers": [{"name": "web", "resources": {"requests": requests}}]},
        "status": told,
    }


def container(ready=False, **state):
    return {"image": "kizashi:1", "ready": ready, **state}


def running(ready):
    return pod(phase="Running", containerStatuses=[container(ready, state={"running": {}})])


def waits(reason, message="", **more):
    state = {"waiting": {"reason": reason, "message": message}}
    return pod(phase="Pending", containerStatuses=[container(state=state, **more)])


def unscheduled(message):
    condition = {"type": "PodScheduled", "status": "False", "message": message}
    return pod(phase="Pending", conditions=[condition])


def workload(kind="Deployment", replicas=1, ready=0, **status_of):
    told = {"observedGeneration": 2, "updatedReplicas": replicas, "readyReplicas": ready}
    return {
        "kind": kind,
        "metadata": {"name": "kizashi-web", "labels": LABELS, "generation": 2},
        "spec": {"replicas": replicas},
        "status": told | status_of,
    }


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (running(True), ""),
        (running(False), "started, not ready yet"),
        (waits("ContainerCreating"), "starting"),
        (waits("ImagePullBackOff"), "its image kizashi:1 cannot be pulled"),
        (waits("ErrImageNeverPull"), "its image kizashi:1 is not on the node"),
        (
            waits("CreateContainerConfigError", 'secret "kizashi-secrets" not found'),
            'CreateContainerConfigError: secret "kizashi-secrets" not found',
        ),
        (
            waits(
                "CrashLoopBackOff",
                restartCount=3,
                lastState={"terminated": {"reason": "OOMKilled", "exitCode": 137}},
            ),
            "it ended 3 times, the last time with out of memory",
        ),
        (
            waits(
                "CrashLoopBackOff",
                restartCount=2,
                lastState={"terminated": {"reason": "Error", "exitCode": 1}},
            ),
            "it ended 2 times, the last time with status 1",
        ),
        (
            unscheduled("0/3 nodes are available: 2 Insufficient cpu, 1 Insufficient memory."),
            "no node has room for it: not enough cpu and memory",
        ),
        (
            unscheduled("0/1 nodes: pod has unbound immediate PersistentVolumeClaims."),
            "its volume is not there: no storage class makes one",
        ),
        (
            unscheduled("0/1 nodes are available: 1 node(s) didn't match node selector."),
            "no node takes it: 0/1 nodes are available: 1 node(s) didn't match node selector.",
        ),
        (pod(phase="Failed", reason="Evicted"), "it ended: Evicted"),
        (pod(phase="Pending"), "starting"),
    ],
)
def test_why_a_pod_is_not_ready(found, words):
    assert trouble(found) == words


def test_a_pod_on_its_way_out_is_no_trouble():
    found = running(False)
    found["metadata"]["deletionTimestamp"] = "2026-11-27T12:00:00Z"
    assert trouble(found) == ""


def test_a_role_is_ready_when_as_many_new_pods_are():
    (part,) = parts([workload(replicas=2, ready=2), running(True), running(True)])
    assert (part.role, part.ready, part.wanted, part.is_ready) == ("web", 2, 2, True)
    assert (part.cpu, part.memory) == (0.5, 2**30)


@pytest.mark.parametrize(
    "told",
    [
        {"observedGeneration": 1},  # what is told is of the state before
        {"updatedReplicas": 0},  # the ready one is an old one
        {"readyReplicas": 0},
    ],
)
def test_a_rollout_under_way_is_not_ready(told):
    (part,) = parts([workload(ready=1, **told)])
    assert not part.is_ready


def test_what_no_pod_tells_is_taken_from_events():
    replicas = {"kind": "ReplicaSet", "metadata": {"name": "web-x", "labels": LABELS}}
    event = {
        "reason": "FailedCreate",
        "involvedObject": {"name": "web-x"},
        "message": "exceeded quota",
    }
    (part,) = parts([workload(), replicas], [event])
    assert part.why == ("no pod can be made: exceeded quota",)
    assert waiting.words([part]) == "web 0 of 1 (no pod can be made: exceeded quota)"


def test_jobs_that_ended_are_over_and_pods_of_an_operator_count():
    labels = {**LABELS, "app.kubernetes.io/component": "ray-worker"}
    found = [
        pod("job-1", "Job", phase="Failed"),
        pod("job-2", "Job", phase="Succeeded"),
        pod("ray-1", "RayCluster", labels, phase="Pending"),
    ]
    (part,) = parts(found)
    assert (part.role, part.ready, part.wanted) == ("ray-worker", 0, 1)


def test_no_rollout_waits_for_an_analysts_pod():
    own = LABELS | {"app.kubernetes.io/component": "notebook"}
    failed = pod("nb", owner="", labels=own, phase="Failed", reason="Evicted")
    (part,) = parts([workload(ready=1), failed])
    assert (part.role, part.is_ready) == ("web", True)


@pytest.mark.parametrize(
    ("text", "number"),
    [("250m", 0.25), ("2", 2), ("1.5Gi", 1.5 * 2**30), ("500M", 5e8), ("?", 0.0)],
)
def test_numbers_as_kubernetes_writes_them(text, number):
    assert quantity(text) == number


def test_where_a_site_is_reached():
    ingress = {
        "kind": "Ingress",
        "spec": {"rules": [{"host": "kizashi.example"}]},
        "status": {},
    }
    balanced = {
        "kind": "Service",
        "spec": {"ports": [{"port": 8443}]},
        "status": {"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}},
    }
    inner = {"kind": "Service", "spec": {"ports": [{"port": 8443}]}, "status": {}}
    assert status.reached_at([inner, balanced, ingress]) == "https://kizashi.example"
    assert status.reached_at([inner, balanced]) == "https://lb.example:8443"
    assert status.reached_at([inner]) == ""
    at_node = {"kind": "Service", "spec": {"type": "NodePort", "ports": [{"nodePort": 30443}]}}
    places = [
        {"type": "Hostname", "address": "n"},
        {"type": "InternalIP", "address": "10.0.0.7"},
    ]
    node = {"status": {"addresses": places}}
    assert status.at_node([ingress, at_node], [node]) == "https://10.0.0.7:30443"
    seen = {"status": {"addresses": [{"type": "ExternalIP", "address": "2001:db8::7"}]}}
    assert status.at_node([at_node], [node, seen]) == "https://[2001:db8::7]:30443"
    assert status.at_node([inner], [node]) == status.at_node([at_node], []) == ""


def test_what_is_asked_for_has_a_price():
    assert status.monthly(1, 0, 0) == pytest.approx(23.08, abs=0.01)
    assert status.monthly(0, 2**30, 100e9) == pytest.approx(7.09, abs=0.01)
