"""The parts: each as it has to be, whatever the values."""

from __future__ import annotations

from typing import Any

import pytest

from tests.helm.rendering import (
    ALL_ON,
    CASES,
    EXTERNAL,
    KUBERAY,
    Object,
    environment,
    merged,
    named,
    objects,
    one,
    templates,
)

_SITE = ("site.key", "ray.token", "metrics.token", "ca.pem", "ca.key")


def _main(values: dict[str, Any], component: str) -> Object:
    return templates(values)[component]["spec"]["containers"][0]


# ---------------------------------------------------------------- roles
@pytest.mark.parametrize(
    ("component", "role", "port"),
    [
        ("web", "web", "https"),
        ("worker", "worker", "metrics"),
        ("ray-head", "ray-head", "metrics"),
        ("ray-worker:workers", "ray-worker", "metrics"),
    ],
)
@pytest.mark.parametrize("values", [{}, KUBERAY], ids=["plain", "kuberay"])
def test_a_pod_runs_its_role_and_tells_started_from_alive_from_ready(
    values: dict[str, Any], component: str, role: str, port: str
) -> None:
    own = _main(values, component)
    assert own["args"] == ["run", role]
    asked = {
        when: (own[when]["httpGet"], own[when]["periodSeconds"] * own[when]["failureThreshold"])
        for when in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    paths = {when: get["path"] for when, (get, _) in asked.items()}
    assert paths == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    assert {(get["port"], get["scheme"]) for get, _ in asked.values()} == {(port, "HTTPS")}
    assert port in {each["name"] for each in own["ports"]}
    # A first start compiles and a head takes 20 s; who is alive is given up late, who is not
    # ready is left alone at once.
    assert asked["startupProbe"][1] >= 300
    assert asked["livenessProbe"][1] >= 120
    assert asked["readinessProbe"][1] <= 15


@pytest.mark.parametrize("component", ["web", "worker", "ray-head", "ray-worker:workers"])
def test_a_pod_writes_only_where_it_may(component: str) -> None:
    pod = templates({})[component]["spec"]
    places = {each["mountPath"]: each for each in pod["containers"][0]["volumeMounts"]}
    writable = {path for path, each in places.items() if not each.get("readOnly")}
    assert writable == {"/var/lib/kizashi", "/tmp", "/dev/shm"}
    assert places["/etc/kizashi/secrets"]["readOnly"] is True


@pytest.mark.parametrize("component", ["web", "worker", "ray-head", "ray-worker:workers"])
def test_a_secret_that_all_share_may_not_be_missing(component: str) -> None:
    (volume,) = [
        each
        for each in templates({})[component]["spec"]["volumes"]
        if each["name"] == "secrets"
    ]
    needed = [
        item["key"]
        for source in volume["projected"]["sources"]
        if not source["secret"].get("optional")
        for item in source["secret"]["items"]
    ]
    assert tuple(needed) == _SITE


def test_only_the_worker_keeps_a_home() -> None:
    claims = one({}, "StatefulSet", "worker")["spec"]["volumeClaimTemplates"]
    assert [each["metadata"]["name"] for each in claims] == ["home"]
    homes = {
        name: [v for v in template["spec"]["volumes"] if v["name"] == "home"]
        for name, template in templates({}).items()
    }
    assert homes["worker"] == []
    assert homes["web"] == [{"name": "home", "emptyDir": {}}]
    spec = one({}, "StatefulSet", "worker")["spec"]
    assert set(spec["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}


# ---------------------------------------------------------------- hooks
def _hook(values: dict[str, Any], kind: str, name: str) -> dict[str, str]:
    return dict(one(values, kind, name)["metadata"]["annotations"])


def test_the_secret_is_made_before_the_migration_that_reads_it() -> None:
    order = [
        int(_hook({}, kind, name)["helm.sh/hook-weight"])
        for kind, name in (
            ("Role", "secrets-job"),
            ("RoleBinding", "secrets-job"),
            ("Job", "secrets-job"),
            ("ServiceAccount", "migrate"),
            ("Job", "migrate"),
        )
    ]
    assert order == sorted(order)
    assert len(set(order)) == len(order)


def test_a_migration_goes_before_every_upgrade() -> None:
    assert _hook({}, "Job", "migrate")["helm.sh/hook"] == "pre-upgrade"
    assert _hook(EXTERNAL, "Job", "migrate")["helm.sh/hook"] == "pre-install,pre-upgrade"
    for values in ({}, EXTERNAL):
        policy = _hook(values, "Job", "migrate")["helm.sh/hook-delete-policy"]
        assert policy == "before-hook-creation,hook-succeeded"


def test_with_its_own_postgresql_pods_migrate_before_they_start() -> None:
    for component in ("web", "worker"):
        before = templates({})[component]["spec"]["initContainers"]
        assert [each["args"] for each in before] == [["run", "migrate"]]
        assert "initContainers" not in templates(EXTERNAL)[component]["spec"]


def test_a_hook_needs_no_object_that_comes_after_it() -> None:
    hooks = [each for each in objects(EXTERNAL) if each["kind"] == "Job"]
    ready = {"own", "own-s3"}
    for each in hooks:
        spec = each["spec"]["template"]["spec"]
        assert "envFrom" not in str(spec)
        assert "configMap" not in str(spec)
        assert all(v["secret"]["secretName"] in ready for v in spec["volumes"] if "secret" in v)
    (account,) = {each["spec"]["template"]["spec"]["serviceAccountName"] for each in hooks}
    assert (
        "pre-install"
        in _hook(EXTERNAL, "ServiceAccount", account.removeprefix("plant-"))["helm.sh/hook"]
    )


def test_a_migration_is_told_what_the_pods_are_told() -> None:
    told = environment(templates(ALL_ON)["migrate"])
    assert one(ALL_ON, "ConfigMap", "settings")["data"].items() <= told.items()


def test_the_job_of_the_secret_makes_what_is_bundled() -> None:
    words = _main({}, "secrets")["args"]
    assert words[:3] == ["run", "secrets", "--name=plant-secrets"]
    assert {"--postgres=plant-postgres:5432", "--objects"} <= set(words)
    own = {"database": EXTERNAL["database"], "storage": EXTERNAL["storage"]}
    own = merged(own, {"database": {"external": {"existingSecret": "urls"}}})
    assert not {"--postgres", "--objects"} & {
        w.split("=")[0] for w in _main(own, "secrets")["args"]
    }
    assert "secrets" not in templates(EXTERNAL)


# ---------------------------------------------------------------- Ray
def test_ray_asks_for_a_token_everywhere() -> None:
    for values in ({}, KUBERAY, EXTERNAL):
        for name, template in templates(values).items():
            if name.split(":")[0] in {"web", "worker", "ray-head", "ray-worker"}:
                own = environment(template)
                assert own["RAY_AUTH_MODE"] == "token"
                assert own["RAY_AUTH_TOKEN_PATH"] == "/etc/kizashi/secrets/ray.token"
    auth = one(KUBERAY, "RayCluster", "ray")["spec"]["authOptions"]
    assert auth == {"mode": "token", "secretName": "plant-secrets"}


def test_everybody_finds_the_head() -> None:
    found = {
        case: one(CASES[case], "ConfigMap", "settings")["data"]["KIZASHI_RAY_ADDRESS"]
        for case in ("default", "kuberay", "external")
    }
    assert found == {
        "default": "plant-ray-head:6379",
        # As the operator calls the service of a RayCluster's head.
        "kuberay": "plant-ray-head-svc:6379",
        "external": "ray.example:6379",
    }
    service = one({}, "Service", "ray-head")["spec"]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)
    assert named(EXTERNAL, "Deployment") == ["web"]


def test_ray_has_one_head_that_never_meets_the_next() -> None:
    spec = one({}, "Deployment", "ray-head")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"]["type"] == "Recreate"


def test_workers_come_in_groups() -> None:
    plain = merged(ALL_ON, {"ray": {"mode": "plain"}})
    assert [n for n in named(plain, "Deployment") if n.startswith("ray-")] == [
        "ray-head",
        "ray-spot",
        "ray-steady",
    ]
    groups = one(ALL_ON, "RayCluster", "ray")["spec"]["workerGroupSpecs"]
    assert [
        (g["groupName"], g["minReplicas"], g["replicas"], g["maxReplicas"]) for g in groups
    ] == [
        ("steady", 0, 1, 5),
        ("spot", 0, 1, 5),
    ]


@pytest.mark.parametrize("mode", ["plain", "kuberay"])
def test_a_spot_group_goes_where_spot_machines_are(mode: str) -> None:
    found = templates(merged(CASES["eks"], {"checks": {"crds": False}, "ray": {"mode": mode}}))
    spot = found["ray-worker:spot"]["spec"]
    assert spot["nodeSelector"] == {"karpenter.sh/capacity-type": "spot"}
    assert [each["key"] for each in spot["tolerations"]] == ["kizashi.dev/spot"]
    for name in ("ray-head", "worker"):
        own = found[name]
        assert own["spec"]["nodeSelector"] == {"karpenter.sh/capacity-type": "on-demand"}
        assert own["metadata"]["annotations"]["karpenter.sh/do-not-disrupt"] == "true"
    assert "nodeSelector" not in templates(ALL_ON)["ray-worker:steady"]["spec"]


def test_a_raycluster_starts_ray_as_the_chart_does() -> None:
    cluster = one(KUBERAY, "RayCluster", "ray")
    assert cluster["metadata"]["annotations"] == {"ray.io/overwrite-container-cmd": "true"}
    assert cluster["spec"]["enableInTreeAutoscaling"] is True
    # A head with processors would be taken for a place to run tasks.
    assert cluster["spec"]["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert _main(KUBERAY, "ray-head")["command"] == ["kizashi"]
    assert named(KUBERAY, "Deployment") == ["web"]


# ---------------------------------------------------------------- web
def test_the_number_of_web_pods_is_left_to_its_autoscaler() -> None:
    assert "replicas" not in one(ALL_ON, "Deployment", "web")["spec"]
    assert one({}, "Deployment", "web")["spec"]["replicas"] == 1
    scaler = one(ALL_ON, "HorizontalPodAutoscaler", "web")["spec"]
    assert scaler["scaleTargetRef"]["name"] == "plant-web"
    assert scaler["behavior"]["scaleDown"]["policies"][0]["value"] == 1
    assert named({}, "HorizontalPodAutoscaler") == []


def test_a_browser_comes_back_to_its_pod() -> None:
    spec = one({}, "Service", "web")["spec"]
    assert spec["sessionAffinity"] == "ClientIP"
    assert spec["ports"][0]["appProtocol"] == "https"
    told = one(CASES["eks"], "Ingress", "web")["metadata"]["annotations"]
    attributes = told["alb.ingress.kubernetes.io/target-group-attributes"]
    assert "stickiness.enabled=true" in attributes
    assert told["alb.ingress.kubernetes.io/backend-protocol"] == "HTTPS"


def test_a_rollout_takes_no_web_pod_away_before_the_next_is_ready() -> None:
    rolling = one({}, "Deployment", "web")["spec"]["strategy"]["rollingUpdate"]
    assert rolling == {"maxSurge": 1, "maxUnavailable": 0}


def test_ways_to_the_pages() -> None:
    assert (named({}, "Ingress"), named({}, "HTTPRoute")) == ([], [])
    rule = one(ALL_ON, "Ingress", "web")["spec"]
    assert rule["rules"][0]["host"] == "kizashi.example"
    assert rule["tls"] == [{"hosts": ["kizashi.example"], "secretName": "shown"}]
    route = one(ALL_ON, "HTTPRoute", "web")["spec"]
    assert route["rules"][0]["backendRefs"] == [{"name": "plant-web", "port": 8443}]
    assert one(CASES["kind"], "Service", "web")["spec"]["ports"][0]["nodePort"] == 30443


def test_a_certificate_of_the_owner_is_shown() -> None:
    own = environment(templates(EXTERNAL)["web"])
    assert own["KIZASHI_TLS_CERTIFICATE"] == "/etc/kizashi/tls/tls.crt"
    assert own["KIZASHI_TLS_KEY"] == "/etc/kizashi/tls/tls.key"


# ---------------------------------------------------------------- what keeps a site running
def test_nodes_can_be_drained_one_by_one() -> None:
    assert named({}, "PodDisruptionBudget") == ["ray-workers", "web", "worker"]
    for each in objects({}):
        if each["kind"] == "PodDisruptionBudget":
            assert each["spec"]["maxUnavailable"] == 1
    off = {
        name: {"podDisruptionBudget": {"enabled": False}} for name in ("web", "worker", "ray")
    }
    assert named(off, "PodDisruptionBudget") == []


def test_pods_are_spread_over_zones_and_nodes() -> None:
    for name in ("web", "worker", "ray-worker:workers"):
        spread = templates({})[name]["spec"]["topologySpreadConstraints"]
        assert [each["topologyKey"] for each in spread] == [
            "topology.kubernetes.io/zone",
            "kubernetes.io/hostname",
        ]
    own = templates(CASES["eks"])["web"]["spec"]["topologySpreadConstraints"]
    assert len(own) == 1
    assert templates(ALL_ON)["web"]["spec"]["priorityClassName"] == "high"


def test_pods_have_time_to_end() -> None:
    for name, least in {"web": 60, "worker": 120, "ray-head": 60, "postgres": 60}.items():
        assert templates({})[name]["spec"]["terminationGracePeriodSeconds"] >= least


def test_accounts_can_have_roles_of_a_cloud() -> None:
    role = {"serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:x"}}}
    given = dict.fromkeys(("web", "worker", "ray", "migrate"), role)
    for name in given:
        annotations = one(given, "ServiceAccount", name)["metadata"]["annotations"]
        assert annotations["eks.amazonaws.com/role-arn"] == "arn:x"


def test_on_eks_no_key_is_given_to_anybody() -> None:
    for template in templates(CASES["eks"]).values():
        assert "AWS_ACCESS_KEY_ID" not in environment(template)
    kept = one(CASES["eks"], "StatefulSet", "worker")["spec"]["volumeClaimTemplates"][0]["spec"]
    made = next(each for each in objects(CASES["eks"]) if each["kind"] == "StorageClass")
    assert kept["storageClassName"] == made["metadata"]["name"] == "kizashi-gp3"
    assert made["parameters"] == {"type": "gp3", "encrypted": "true"}
    assert made["volumeBindingMode"] == "WaitForFirstConsumer"


@pytest.mark.parametrize("case", ["default", "kuberay", "eks"])
def test_every_role_reaches_the_same_storage(case: str) -> None:
    """Ray's pods and the migration too: what they read and write is there."""
    told = {
        name: {key: value for key, value in environment(each).items() if key[:4] == "AWS_"}
        for name, each in templates(CASES[case]).items()
        if name.split(":")[0] in {"web", "worker", "ray-head", "ray-worker", "migrate"}
    }
    assert len(told) >= 5
    assert told["web"]
    assert all(each == told["web"] for each in told.values()), told


def test_pods_on_one_node_name_the_same_machine() -> None:
    own = environment(templates({})["web"])["KIZASHI_MACHINE"]
    assert own == {"fieldRef": {"fieldPath": "spec.nodeName"}}


def test_storage_of_others_is_reached_as_the_values_say() -> None:
    own = environment(templates(EXTERNAL)["worker"])
    assert own["AWS_ENDPOINT_URL"] == "http://s3.example:9000"
    assert own["AWS_ALLOW_HTTP"] == "true"
    secure = merged(EXTERNAL, {"storage": {"external": {"endpoint": "https://s3.example"}}})
    assert "AWS_ALLOW_HTTP" not in environment(templates(secure)["worker"])
    assert (named(EXTERNAL, "StatefulSet"), named(EXTERNAL, "Service")) == (
        ["worker"],
        ["web", "worker"],
    )
