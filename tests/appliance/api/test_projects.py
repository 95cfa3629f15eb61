"""Projects over HTTP: what one may not see is not there."""

from __future__ import annotations

import pytest

from appliance.schemas.access import Role
from tests.appliance.people import ME


@pytest.fixture
def two(site):
    """Return the site with a second project, a fleet and an engineer in it."""
    site.access.projects.add(ME, "line2")
    site.access.projects.assign(ME, "presses", "line2")
    site.access.users.grant(ME, "stranger", "line2", Role.ENGINEER)
    return site


def test_a_project_is_made_and_given_fleets(as_):
    root = as_("root")
    answer = root.post("/projects", json={"name": "line2"})
    assert (answer.status_code, answer.json()["fleets"]) == (201, [])
    assert root.put("/projects/line2/fleets/presses").status_code == 204
    found = {one["name"]: one["fleets"] for one in root.get("/projects").json()["items"]}
    assert found == {"default": [], "line2": ["presses"]}
    assert root.post("/projects", json={"name": "line2"}).status_code == 409
    assert root.put("/projects/line3/fleets/presses").status_code == 404
    assert root.put("/projects/default/fleets/presses").status_code == 204
    assert root.get("/projects").json()["items"][1]["fleets"] == []


def test_everybody_sees_their_projects_alone(two, as_, nobody):
    def seen(caller, **options):
        return [one["name"] for one in caller.get("/projects", **options).json()["items"]]

    assert seen(as_("viewer")) == ["default"]
    assert seen(as_("stranger")) == ["line2"]
    assert seen(as_("root")) == ["default", "line2"]
    for project, rights, expected in (
        ("line2", ["read"], ["line2"]),
        ("line2", ["ingest"], []),
        (None, ["read"], ["default", "line2"]),
    ):
        made = two.access.tokens.create(ME, "root", "t", rights, project=project)
        bearer = {"Authorization": f"Bearer {made.secret}"}
        assert seen(nobody, headers=bearer) == expected


def test_projects_and_members_come_in_pages(two, as_):
    root = as_("root")
    first = root.get("/projects?limit=1").json()
    rest = root.get("/projects", params={"cursor": first["next"]}).json()
    assert [one["name"] for one in first["items"] + rest["items"]] == ["default", "line2"]
    first = root.get("/projects/default/members?limit=3").json()
    rest = root.get("/projects/default/members", params={"cursor": first["next"]}).json()
    found = {one["user"]: one["role"] for one in first["items"] + rest["items"]}
    assert found == {role.value: role.value for role in Role}


def test_members_are_the_business_of_the_projects_admin(two, as_):
    admin = as_("admin")
    assert admin.get("/projects/default/members").status_code == 200
    assert admin.get("/projects/line2/members").status_code == 403
    assert as_("engineer").get("/projects/default/members").status_code == 403
    assert (
        admin.put("/users/stranger/roles/default", json={"role": "viewer"}).status_code == 204
    )
    assert admin.put("/users/viewer/roles/line2", json={"role": "viewer"}).status_code == 403
    assert admin.put("/users/viewer/roles/default", json={"role": "god"}).status_code == 422
    assert as_("root").get("/projects/line3/members").status_code == 404
