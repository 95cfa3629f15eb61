"""What a cluster's policy asks of pods and rights, held to every object of every set of values.

The checkers that others keep do not fit into these tests: checkov brings 96 packages, some of
them older than ours may be, and those in Go take minutes to build.  So their rules stand here,
as far as a chart decides them; those of Pod Security "restricted" are complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.helm.rendering import (
    ALL_ON,
    CASES,
    EXTERNAL,
    KUBERAY,
    NAMESPACE,
    NOTEBOOKS,
    RELEASE,
    Object,
    containers,
    environment,
    merged,
    named,
    objects,
    one,
    templates,
)

_VOLUMES = {
    "configMap",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
"""That "restricted" lets a pod have."""


def _pods() -> Iterator[tuple[str, Object]]:
    for case, values in CASES.items():
        for name, template in templates(values).items():
            yield f"{case}/{name}", template["spec"]


def _containers() -> Iterator[tuple[str, Object]]:
    for case, values in CASES.items():
        for name, template in templates(values).items():
            for each in containers(template):
                yield f"{case}/{name}/{each['name']}", each


def _without(condition: Any, found: Iterator[tuple[str, Object]]) -> list[str]:
    """Return the names of those for which a condition does not hold."""
    made = list(found)
    assert len(made) > 20
    return [name for name, each in made if not condition(each)]


# ---------------------------------------------------------------- pod security "restricted"
def test_pods_share_nothing_with_their_node() -> None:
    shared = ("hostNetwork", "hostPID", "hostIPC", "hostUsers", "hostname")
    assert _without(lambda pod: not any(pod.get(name) for name in shared), _pods()) == []
    kinds = [
        (name, {kind for kind in volume if kind != "name"})
        for name, pod in _pods()
        for volume in pod.get("volumes", [])
    ]
    assert [name for name, kind in kinds if not kind <= _VOLUMES] == []
    assert _without(lambda each: not _host_ports(each), _containers()) == []


def _host_ports(container: Object) -> list[Any]:
    return [port for port in container.get("ports", []) if port.get("hostPort")]


def test_nobody_is_root() -> None:
    def holds(pod: Object) -> bool:
        own = pod["securityContext"]
        return own["runAsNonRoot"] is True and own["runAsUser"] > 0 and own["runAsGroup"] > 0

    assert _without(holds, _pods()) == []
    assert (
        _without(lambda each: "runAsUser" not in each["securityContext"], _containers()) == []
    )


def test_nobody_becomes_more_than_he_is() -> None:
    def holds(container: Object) -> bool:
        own = container["securityContext"]
        return (
            own["allowPrivilegeEscalation"] is False
            and own["privileged"] is False
            and own["capabilities"] == {"drop": ["ALL"]}
            and own["seccompProfile"] == {"type": "RuntimeDefault"}
        )

    assert _without(holds, _containers()) == []


def test_the_root_folder_is_read_only() -> None:
    def holds(each: Object) -> bool:
        return each["securityContext"]["readOnlyRootFilesystem"] is True

    assert _without(holds, _containers()) == []


def test_the_autoscaler_beside_the_head_is_no_exception() -> None:
    own = one(KUBERAY, "RayCluster", "ray")["spec"]["autoscalerOptions"]["securityContext"]
    assert own["allowPrivilegeEscalation"] is False
    assert own["readOnlyRootFilesystem"] is True
    assert own["capabilities"] == {"drop": ["ALL"]}


# ---------------------------------------------------------------- resources and images
def test_every_container_asks_for_what_it_needs_and_is_held_to_a_limit() -> None:
    def holds(container: Object) -> bool:
        own = container["resources"]
        return all({"cpu", "memory"} <= own[side].keys() for side in ("requests", "limits"))

    assert _without(holds, _containers()) == []


def _bytes(quantity: object) -> float:
    found = re.fullmatch(r"([0-9.]+)(Ki|Mi|Gi|)", str(quantity))
    assert found is not None, quantity
    return float(found[1]) * {"": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}[found[2]]


def test_shared_memory_fits_into_the_memory_that_a_pod_may_take() -> None:
    small = []
    for name, pod in _pods():
        shared = sum(
            _bytes(volume["emptyDir"]["sizeLimit"])
            for volume in pod.get("volumes", [])
            if volume.get("emptyDir", {}).get("medium") == "Memory"
        )
        allowed = sum(_bytes(c["resources"]["limits"]["memory"]) for c in pod["containers"])
        if shared > 0.5 * allowed:
            small.append(name)
    assert small == []


def test_what_fits_on_two_processors_asks_for_less() -> None:
    asked = 0.0
    for case in ("minimal", "kind"):
        asked = sum(
            int(str(each["resources"]["requests"]["cpu"]).removesuffix("m"))
            for name, template in templates(CASES[case]).items()
            if name.split(":")[0] not in {"migrate", "secrets", "test"}
            for each in template["spec"]["containers"]
        )
        # kind's own pods ask for 950 of the 2,000.
        assert 300 < asked < 1000


def test_images_are_of_one_version() -> None:
    def holds(container: Object) -> bool:
        name = str(container["image"])
        tagged = re.search(r":[^/:]+$", name) and not name.endswith(":latest")
        return bool(tagged) or "@sha256:" in name

    assert _without(holds, _containers()) == []


def test_a_digest_and_a_mirror_hold_for_the_platform_everywhere() -> None:
    for name, template in templates(ALL_ON).items():
        for each in containers(template):
            assert each["image"].startswith("mirror.example:5000/"), name
            if name not in {"postgres", "objects"}:
                assert each["image"] == "mirror.example:5000/kizashi@sha256:" + "0" * 64
        assert template["spec"]["imagePullSecrets"] == [{"name": "pull"}], name


# ---------------------------------------------------------------- rights
def test_only_those_who_ask_kubernetes_have_a_token_for_it() -> None:
    for case, values in CASES.items():
        with_token = {
            name
            for name, template in templates(values).items()
            if template["spec"].get("automountServiceAccountToken") is not False
        }
        own = {"secrets"} if "secrets" in templates(values) else set()
        kuberay = {"ray-head"} if values.get("ray", {}).get("mode") == "kuberay" else set()
        web = {"web"} if values.get("notebooks", {}).get("enabled") else set()
        assert with_token == own | kuberay | web, case
        for each in objects(values):
            if each["kind"] == "ServiceAccount":
                assert each["automountServiceAccountToken"] is False


def test_every_component_has_an_account_of_its_own() -> None:
    for case, values in CASES.items():
        made = {e["metadata"]["name"] for e in objects(values) if e["kind"] == "ServiceAccount"}
        used: dict[str, set[str]] = {}
        for name, template in templates(values).items():
            account = template["spec"].get("serviceAccountName")
            if account is not None:
                used.setdefault(account, set()).add(name.split(":")[0])
        assert used.keys() == made or used.keys() | {f"{RELEASE}-ray"} == made, case
        shared = {frozenset(names) for names in used.values() if len(names) > 1}
        assert shared <= {frozenset({"ray-head", "ray-worker"}), frozenset({"web", "test"})}


def test_rights_are_for_one_secret() -> None:
    kinds = {each["kind"] for values in CASES.values() for each in objects(values)}
    assert not kinds & {"ClusterRole", "ClusterRoleBinding"}
    made = one({}, "Role", "secrets-job")
    assert made["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": [f"{RELEASE}-secrets"],
            "verbs": ["get", "update"],
        },
    ]
    bound = one({}, "RoleBinding", "secrets-job")
    assert bound["subjects"] == [
        {"kind": "ServiceAccount", "name": f"{RELEASE}-secrets-job", "namespace": NAMESPACE}
    ]
    assert "Role" not in {each["kind"] for each in objects(EXTERNAL)}


def test_the_web_may_make_pods_of_notebooks_and_nothing_else() -> None:
    pods = {
        "apiGroups": [""],
        "resources": ["pods"],
        "verbs": ["create", "get", "list", "delete"],
    }
    volumes = {"apiGroups": [""], "resources": ["persistentvolumeclaims"], "verbs": ["create"]}
    assert one(NOTEBOOKS, "Role", "notebooks")["rules"] == [pods, volumes]
    without = merged(NOTEBOOKS, {"notebooks": {"persistence": {"enabled": False}}})
    assert one(without, "Role", "notebooks")["rules"] == [pods]
    bound = one(NOTEBOOKS, "RoleBinding", "notebooks")
    assert bound["subjects"] == [
        {"kind": "ServiceAccount", "name": f"{RELEASE}-web", "namespace": NAMESPACE}
    ]
    assert named({}, "Role") == ["secrets-job"]


def test_a_notebook_is_given_nothing_of_the_site() -> None:
    for values in (NOTEBOOKS, ALL_ON):
        pod = templates(values)["notebook"]["spec"]
        (own,) = pod["containers"]
        assert "env" not in own
        assert "envFrom" not in own
        assert {next(k for k in v if k != "name") for v in pod["volumes"]} == {"emptyDir"}
        assert pod["restartPolicy"] == "Never"
        account = one(values, "ServiceAccount", "notebook")
        assert pod["serviceAccountName"] == account["metadata"]["name"]
        bound = [each for each in objects(values) if each["kind"] == "RoleBinding"]
        who = {subject["name"] for each in bound for subject in each["subjects"]}
        assert account["metadata"]["name"] not in who


# ---------------------------------------------------------------- secrets
def test_no_secret_stands_in_an_object() -> None:
    for values in CASES.values():
        assert "Secret" not in {each["kind"] for each in objects(values)}
        for template in templates(values).values():
            for each in containers(template):
                for own in each.get("env", []):
                    if re.search(
                        r"PASSWORD|SECRET_ACCESS|ACCESS_KEY|DATABASE_URL", own["name"]
                    ):
                        assert "secretKeyRef" in own["valueFrom"], own["name"]


def test_all_secrets_can_be_the_owners() -> None:
    named = set()
    for template in templates(EXTERNAL).values():
        for each in containers(template):
            for own in each.get("env", []):
                named.add(own.get("valueFrom", {}).get("secretKeyRef", {}).get("name"))
        for volume in template["spec"].get("volumes", []):
            named.add(volume.get("secret", {}).get("secretName"))
            for source in volume.get("projected", {}).get("sources", []):
                named.add(source["secret"]["name"])
    assert named - {None} == {"own", "own-s3", "own-tls"}


def test_who_only_computes_has_neither_the_database_nor_the_password() -> None:
    for values in (CASES["default"], KUBERAY):
        for name, template in templates(values).items():
            if name.split(":")[0] in {"ray-head", "ray-worker"}:
                text = str(template)
                assert "database-url" not in text
                assert "admin-password" not in text
                assert "oidc-client-secret" not in text


def test_who_judges_on_ray_has_the_database_and_all_know_who_judges() -> None:
    for judges in (False, True):
        values = {"ray": {"online": judges}}
        found = {name: environment(each) for name, each in templates(values).items()}
        assert ("KIZASHI_DATABASE_URL" in found["ray-worker:workers"]) is judges
        assert "KIZASHI_DATABASE_URL" not in found["ray-head"]
        told = one(values, "ConfigMap", "settings")["data"]["KIZASHI_ONLINE"]
        assert told == ("ray" if judges else "web")
