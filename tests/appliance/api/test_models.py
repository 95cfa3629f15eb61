"""Model versions over REST: told, compared, promoted, rolled back, deleted with care."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from appliance.api.app import create_app
from appliance.pipelines.models import compare
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.access import Right
from tests.appliance.api.conftest import Caller
from tests.appliance.events.drafts import DAY, draft
from tests.appliance.people import ME
from tests.appliance.pipelines.sites import FLEET, bring, next_day, open_site, plant
from tests.appliance.registry.test_registry import lineage


@pytest.fixture
def fleet(site, monkeypatch):
    """Return a site whose pumps have three versions; what MLflow shows has its own tests."""
    monkeypatch.setattr(site.registry, "mirror", lambda fleet: None)
    for run in ("r1", "r2", "r3"):
        site.registry.register("pumps", run, "digest", lineage(run))
    return site


def aliases(caller):
    found = caller.get("/fleets/pumps/models").json()["items"]
    return {one["version"]: one["aliases"] for one in found}


# ---------------------------------------------------------------- looking
def test_versions_come_newest_first_in_pages(as_, fleet):
    viewer = as_("viewer")
    first = viewer.get("/fleets/pumps/models?limit=2").json()
    assert [one["version"] for one in first["items"]] == [3, 2]
    assert [one["aliases"] for one in first["items"]] == [["challenger"], []]
    rest = viewer.get(f"/fleets/pumps/models?limit=2&cursor={first['next']}").json()
    assert ([one["version"] for one in rest["items"]], rest["next"]) == ([1], None)


def test_a_version_tells_where_it_came_from_and_what_became_of_it(as_, fleet):
    fleet.events.revise("pumps", [draft(10, 20)], DAY, model_version=2, score_batch="s1")
    fleet.registry.promote("pumps", 2, ME)
    told = as_("viewer").get("/fleets/pumps/models/2").json()
    assert told["lineage"]["run"] == "r2"
    assert [(one["by"], one["previous"]) for one in told["promotions"]] == [("shell:test", 1)]
    assert (told["events"], told["scored"]["runs"], told["card"]) == (1, 0, None)
    for path in ("models/9", "models/0", "models/x"):
        assert as_("viewer").get(f"/fleets/pumps/{path}").status_code in {404, 422}
    assert as_("stranger").get("/fleets/pumps/models/2").status_code == 404


# ---------------------------------------------------------------- promoting
def test_promote_and_roll_back_by_name(as_, fleet):
    engineer = as_("engineer")
    assert engineer.post("/fleets/pumps/models/3/promote").json()["aliases"] == ["champion"]
    assert aliases(engineer) == {3: ["champion"], 2: [], 1: []}
    assert engineer.post("/fleets/pumps/models/rollback").json()["version"] == 1
    assert engineer.post("/fleets/pumps/models/rollback").status_code == 409
    found = engineer.get("/fleets/pumps/models/promotions?limit=2").json()
    assert [(one["kind"], one["by"]) for one in found["items"]] == [
        ("rollback", "engineer"),
        ("promote", "engineer"),
    ]
    rest = engineer.get(f"/fleets/pumps/models/promotions?cursor={found['next']}").json()
    assert [one["kind"] for one in rest["items"]] == ["first"]
    told = [one.by for one in fleet.access.audit.list(ME, what="fleet:pumps")]
    assert told == ["engineer", "engineer"]


def test_who_may_not_promote_changes_nothing(as_, fleet):
    for who in ("viewer", "analyst"):
        assert as_(who).post("/fleets/pumps/models/3/promote").status_code == 403
        assert as_(who).delete("/fleets/pumps/models/2").status_code == 403
    assert aliases(as_("viewer"))[1] == ["champion"]


# ---------------------------------------------------------------- deleting
def test_what_is_needed_is_not_deleted(as_, fleet):
    admin = as_("admin")
    fleet.registry.promote("pumps", 2, ME)
    for version in (1, 2):
        answer = admin.delete(f"/fleets/pumps/models/{version}?force=true")
        assert answer.status_code == 409
    fleet.events.revise("pumps", [draft(10, 20)], DAY, model_version=3, score_batch="s1")
    answer = admin.delete("/fleets/pumps/models/3")
    assert (answer.status_code, "force" in answer.json()["remedy"]) == (409, True)
    assert admin.delete("/fleets/pumps/models/3?force=true").status_code == 204
    assert admin.delete("/fleets/pumps/models/3").status_code == 404
    (event,) = fleet.events.list("pumps")
    origin = admin.get(f"/events/{event.id}").json()["origin"]
    assert (origin["model_version"], origin["run"]) == (3, None)


# ---------------------------------------------------------------- side by side
@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Return a site where two versions have scored a fault, one of them with another rule."""
    made = open_site(tmp_path_factory.mktemp("compared") / "home")
    bring(made, plant(), "training")
    bring(made, next_day(), "fault")
    for budget in (1.0, 0.001):
        train(made, FLEET, TrainOptions(recipe="mahalanobis", budget=budget))
    for version in (1, 2):
        score(made, FLEET, version=version)
    yield made
    made.close()


@pytest.mark.slow
def test_two_versions_side_by_side(scored):
    token = scored.access.tokens.create(
        *(ME, scored.access.users.add(ME, "root", "a long passphrase 42", admin=True).name),
        "test",
        [Right.READ],
    )
    with TestClient(create_app(scored)) as client:
        root = Caller(client, {"Authorization": f"Bearer {token.secret}"})
        told = root.get(f"/fleets/{FLEET}/models/compare?a=1&b=2").json()
        whole = root.get(f"/fleets/{FLEET}/models/1?metrics=true").json()
        long = {"a": 1, "b": 2, "from": "1990-01-01T00:00:00Z", "to": "2090-01-01T00:00:00Z"}
        assert root.get(f"/fleets/{FLEET}/models/compare", params=long).status_code == 200
        first = root.get(f"/fleets/{FLEET}/models/2/assets?limit=3").json()
        rest = root.get(f"/fleets/{FLEET}/models/2/assets?cursor={first['next']}").json()
    names = [one["name"] for one in told["differences"]]
    assert names == ["threshold.false_alarms_per_month"]
    assert told["a"]["judged"] == told["b"]["judged"] > 1000
    assert told["a"]["alarms"] >= told["b"]["alarms"]
    assert told["both"] + sum(one["rows"] for one in told["disagreements"]) == (
        told["a"]["alarms"] + told["b"]["alarms"] - told["both"]
    )
    assert told["a"]["card"]["model_version"] == 1
    assert whole["card"]["model_version"] == 1
    machines = [*first["items"], *rest["items"]]
    assert [one["asset"] for one in machines] == ["P-1", "P-2", "P-3", "P-4"]
    assert {one["basis"] for one in machines} == {"extrapolated"}
    assert machines[0]["threshold"] > 0
    assert machines[0]["interval_seconds"] == 600
    assert whole["scored"]["judged"] >= told["a"]["judged"]


def test_the_same_version_agrees_with_itself(scored):
    told = compare(scored, FLEET, 1, 1)
    assert (told.differences, told.disagreements, told.disagreed) == ((), (), 0)
    assert told.both == told.a.alarms
