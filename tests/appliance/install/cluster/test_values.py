"""Few words become values that the chart takes, and that say what was meant."""

from __future__ import annotations

import pytest
import yaml
from helm_python import HelmError

from appliance import __version__
from appliance.core.errors import InvalidRequest
from appliance.install.cluster import chart, profiles, release, values
from appliance.install.cluster.plan import Place, Size, Target, Wishes
from tests.helm import rendering

ACCOUNT = "arn:aws:eks:eu-west-1:123456789012:cluster/plant"
REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/kizashi"
OFFLINE = {"checks": {"crds": False}}
EKS = Wishes(
    s3="s3://plant-readings/kizashi/",
    database_secret="plant-database",
    host="kizashi.plant.example",
)


def defaults():
    return yaml.safe_load((chart.folder() / "values.yaml").read_text("utf-8"))


def profile(target):
    return yaml.safe_load(chart.profile(target).read_text("utf-8"))


def composed(target, wishes, image="kizashi:1.2.3", context=""):
    place = Place(context=context)
    base = profile(target) if chart.profile(target) else {}
    if target is Target.EKS:
        base = profiles.fitted(base, karpenter=False)
    return release.merged(base, values.compose(target, wishes, image, place))


def rendered(given):
    whole = release.merged(given, OFFLINE)
    return {(one["kind"], one["metadata"]["name"]): one for one in rendering.objects(whole)}


CASES = {
    "kind": (Target.KIND, Wishes()),
    "kind, medium": (Target.KIND, Wishes(size=Size.MEDIUM, port=9443)),
    "context, small": (Target.CONTEXT, Wishes(size=Size.SMALL, host="kizashi.example")),
    "eks": (Target.EKS, EKS),
}


@pytest.mark.parametrize("case", CASES)
def test_the_chart_takes_what_is_composed(case):
    target, wishes = CASES[case]
    found = rendered(composed(target, wishes, context=ACCOUNT))
    web = found["Deployment", "plant-web"]["spec"]["template"]["spec"]["containers"][0]
    assert web["image"] == "kizashi:1.2.3"
    assert ("Job", "plant-secrets-job") not in found, "the installer makes the Secret"


def test_kind_is_reached_by_the_port_that_its_node_hands_on():
    given = composed(Target.KIND, Wishes(port=9443))
    (port,) = rendered(given)["Service", "plant-web"]["spec"]["ports"]
    assert port["nodePort"] == 30443
    assert given["web"]["publicUrl"] == "https://127.0.0.1:9443"


def test_on_eks_nothing_of_the_example_is_left():
    given = composed(Target.EKS, EKS, f"{REGISTRY}:1.2.3", ACCOUNT)
    text = yaml.safe_dump(list(rendered(given).values()))
    for example in ("111122223333", "my-plant", "example.com", "EXAMPLE", "eu-central-1"):
        assert example not in text
    assert "karpenter.sh/capacity-type" not in text, "the cluster has no Karpenter"
    settings = rendered(given)["ConfigMap", "plant-settings"]["data"]
    assert settings["KIZASHI_STORAGE_URL"] == "s3://plant-readings/kizashi"
    ingress = rendered(given)["Ingress", "plant-web"]
    assert ingress["spec"]["rules"][0]["host"] == "kizashi.plant.example"
    assert values.CERTIFICATE not in ingress["metadata"]["annotations"]
    assert given["storage"]["external"]["region"] == "eu-west-1"
    with_karpenter = profiles.fitted(profile(Target.EKS), karpenter=True)
    assert with_karpenter["worker"]["nodeSelector"] == {
        "karpenter.sh/capacity-type": "on-demand"
    }


def test_a_new_site_on_eks_must_say_where_its_data_are():
    with pytest.raises(InvalidRequest, match="--s3"):
        profiles.base(profile(Target.EKS), Target.EKS, Wishes(host="a.b"), None, known=False)


def test_without_a_host_eks_has_no_ingress():
    wishes = Wishes(s3=EKS.s3, database_secret=EKS.database_secret)
    assert not any(kind == "Ingress" for kind, _ in rendered(composed(Target.EKS, wishes)))


@pytest.mark.parametrize(
    ("context", "region"),
    [
        (ACCOUNT, "eu-west-1"),
        ("me@plant.ap-northeast-1.eksctl.io", "ap-northeast-1"),
        ("x", ""),
    ],
)
def test_a_context_may_tell_the_region(context, region):
    assert values.region_of(context) == region
    assert (Place(context=context).target is Target.EKS) == bool(region)


@pytest.mark.parametrize("number", [0, 3, 12])
def test_rays_workers_by_number(number):
    (group,) = values.workers(number, defaults())["ray"]["workers"]
    assert group["replicas"] == number
    assert group["min"] <= number <= group["max"]
    whole = release.merged(defaults(), {"ray": {"workers": [group]}})
    assert rendered(whole)["Deployment", "plant-ray-workers"]["spec"]["replicas"] == number


def test_all_images_that_pods_run_are_known():
    given = release.merged(defaults(), composed(Target.KIND, Wishes()))
    pods = rendering.templates(release.merged(given, OFFLINE)).values()
    run = {one["image"] for pod in pods for one in rendering.containers(pod)}
    assert run == set(values.images(given))
    assert values.images(defaults())[0] == f"kizashi:{__version__}"


def test_what_is_asked_for_now_goes_over_what_was_given_before():
    before = {"web": {"replicas": 3, "nodeSelector": {"a": "b"}}, "timezone": "Asia/Tokyo"}
    now = {"web": {"replicas": 2}}
    assert release.merged(before, now) == {
        "web": {"replicas": 2, "nodeSelector": {"a": "b"}},
        "timezone": "Asia/Tokyo",
    }


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("kizashi:0.1.0", ("kizashi", "0.1.0", "")),
        ("host:5000/a/kizashi", ("host:5000/a/kizashi", "", "")),
        ("host:5000/kizashi:1@sha256:ab", ("host:5000/kizashi", "1", "sha256:ab")),
    ],
)
def test_images_are_taken_apart_and_put_together(image, parts):
    assert chart.split(image) == parts
    repository, tag, digest = parts
    told = {"repository": repository, "tag": tag, "digest": digest}
    assert values.image_of({"image": told}) == image


def test_the_chart_that_ships_is_this_versions():
    told = yaml.safe_load((chart.folder() / "Chart.yaml").read_text("utf-8"))
    assert told["appVersion"] == __version__


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"host": "no host"}, "--host"),
        ({"s3": "https://bucket"}, "--s3"),
        ({"image": "a:1", "registry": "b/c"}, "contradict"),
    ],
)
def test_words_that_cannot_be_meant_are_refused(wrong, words):
    with pytest.raises(InvalidRequest, match=words):
        Wishes(**wrong)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"web": {"replica": 2}}, "web: additional properties 'replica' not allowed"),
        ({"storage": {"bundled": {"enabled": False}}}, "There is nowhere to keep readings"),
    ],
)
def test_what_the_chart_refuses_is_told_briefly(given, words):
    with pytest.raises(HelmError) as refused:
        rendered(given)
    told = values.refusal(str(refused.value))
    assert told.startswith(words)
    assert "\n" not in told
