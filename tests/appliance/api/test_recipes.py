"""Recipes and detectors over REST: listed, checked, saved against their revision."""

from __future__ import annotations

import pytest

from appliance.schemas.access import Role
from tests.appliance.people import ME

GENTLE = {"detector": "mahalanobis", "parameters": {"support": 0.8}}


@pytest.fixture
def halls(site):
    site.access.projects.add(ME, "hall2")
    site.access.users.grant(ME, "stranger", "hall2", Role.ANALYST)
    return site


def names(answer):
    assert answer.status_code == 200, answer.text
    return [(one["name"], one["project"]) for one in answer.json()["items"]]


def test_detectors_tell_their_parameters(as_, nobody):
    told = {one["name"]: one for one in as_("stranger").get("/detectors").json()["items"]}
    assert told["mahalanobis"]["parameters"]["properties"]["support"]["type"] == "number"
    assert told["auto"]["tags"]["multivariate"] is True
    first = as_("viewer").get("/detectors?limit=3").json()
    second = as_("viewer").get(f"/detectors?limit=3&cursor={first['next']}").json()
    assert [one["name"] for one in (*first["items"], *second["items"])] == sorted(told)[:6]
    assert nobody.get("/detectors").status_code == 401


def test_a_recipe_is_saved_for_a_project(as_, halls):
    made = as_("analyst").put("/recipes/gentle", json=GENTLE)
    assert made.status_code == 200, made.text
    assert (made.json()["revision"], made.headers["ETag"]) == (1, '"1"')
    assert made.json()["recipe"]["name"] == "gentle"
    found = as_("viewer").get("/recipes/gentle")
    assert found.json() == made.json()
    assert found.json()["recipe"]["parameters"] == {"support": 0.8}
    assert as_("stranger").get("/recipes/gentle").status_code == 404
    assert as_("stranger").get("/recipes/gentle?project=hall2").status_code == 404
    entry = halls.access.audit.list(ME, what="recipe:default/gentle")[0]
    assert (entry.action, entry.by) == ("recipe.saved", "analyst")


def test_nobody_overwrites_what_they_did_not_see(as_, halls):
    analyst = as_("analyst")
    assert (
        analyst.put("/recipes/gentle", json=GENTLE, headers={"If-Match": '"1"'}).status_code
        == 412
    )
    assert (
        analyst.put("/recipes/gentle", json=GENTLE, headers={"If-Match": '"0"'}).status_code
        == 200
    )
    assert (
        analyst.put("/recipes/gentle", json=GENTLE, headers={"If-Match": '"0"'}).status_code
        == 412
    )
    assert analyst.put("/recipes/gentle", json=GENTLE).json()["revision"] == 2


def test_everybody_lists_the_sites_recipes_and_their_projects(as_, halls):
    as_("analyst").put("/recipes/aa_first", json=GENTLE)
    as_("stranger").put("/recipes/aa_first?project=hall2", json=GENTLE)
    everything = names(as_("root").get("/recipes"))
    assert everything[:2] == [("aa_first", "default"), ("aa_first", "hall2")]
    assert ("auto", None) in everything
    assert names(as_("stranger").get("/recipes"))[0] == ("aa_first", "hall2")
    walked, cursor = [], ""
    while cursor is not None:
        answer = as_("root").get(f"/recipes?limit=1{cursor}")
        walked += names(answer)
        cursor = answer.json()["next"] and f"&cursor={answer.json()['next']}"
    assert walked == everything


def test_who_may_save(as_, halls):
    assert as_("viewer").put("/recipes/gentle", json=GENTLE).status_code == 403
    assert as_("stranger").put("/recipes/gentle", json=GENTLE).status_code == 404
    assert as_("root").put("/recipes/gentle?project=none", json=GENTLE).status_code == 404
    assert as_("analyst").put("/recipes/auto", json=GENTLE).status_code == 409


UNUSABLE = [
    {"detector": "magic"},
    {"detector": "mahalanobis", "parameters": {"support": 7}},
    {"detector": "mahalanobis", "parameters": {"nothing": 1}},
    {"detector": "mahalanobis", "parameters": {"support": "'; DROP TABLE recipes"}},
    {"detector": "mahalanobis", "parameters": {"": None, "support": [1, {"a": 2}]}},
    {"detector": "auto", "parameters": {"window": 1e300}},
    {"detector": "../../etc/passwd.toml"},
    {"minimum_rows": 1},
    {"threshold": {"false_alarms_per_month": -1}},
    {"unknown": 1},
    [],
]


@pytest.mark.slow
def test_a_recipe_that_cannot_be_used_is_refused_with_a_reason(as_):
    for recipe in UNUSABLE:
        for answer in (
            as_("analyst").post("/recipes/check", json=recipe),
            as_("analyst").put("/recipes/gentle", json=recipe),
        ):
            assert answer.status_code == 422, answer.text
            assert answer.json()["detail"]


def test_a_check_fills_in_what_is_not_said(as_):
    told = as_("viewer").post("/recipes/check", json={"detector": "mahalanobis"}).json()
    assert told["threshold"]["false_alarms_per_month"] == 1.0
    assert as_("viewer").get("/recipes/no%20name").status_code == 422
    assert as_("viewer").get("/recipes/auto").json()["project"] is None
