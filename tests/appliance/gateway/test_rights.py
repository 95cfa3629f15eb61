"""Who may what at which site: said at the gateway, decided by the site."""

from __future__ import annotations

import pytest

from appliance.core.errors import Forbidden, NotFound
from appliance.gateway.choosing import choose
from appliance.gateway.membership import join_store
from appliance.gateway.signing import Key
from appliance.schemas.access import Right, Role
from appliance.schemas.gateway import Load
from tests.appliance.gateway.federated import PREFIX, World
from tests.appliance.people import ME


@pytest.fixture(scope="module")
def world(tmp_path_factory, learned_home):
    made = World(tmp_path_factory.mktemp("rights"))
    made.add("oslo", learned_home, most=Role.ANALYST, operators=False)
    made.add("kyoto")
    users = made.site.access.users
    users.grant(ME, "viewer", "oslo", Role.VIEWER)
    users.grant(ME, "engineer", "oslo", Role.ENGINEER)
    made.site.access.projects.add(ME, "line2@oslo")
    users.grant(ME, "analyst", "line2@oslo", Role.ANALYST)
    yield made
    made.close()


def test_only_sites_with_a_place_are_there(world) -> None:
    assert [one["name"] for one in world.get("/sites", "viewer")["items"]] == ["oslo"]
    assert world.get("/sites", "stranger")["items"] == []
    assert world.get("/fleets", "stranger")["items"] == []
    assert world.ask("GET", "/fleets/pumps@oslo", "stranger").status_code == 404
    assert world.ask("GET", "/fleets", "viewer", params={"site": "kyoto"}).status_code == 404


def test_nobody_gets_in_without_a_session(world) -> None:
    for method, path in (("GET", "/fleets"), ("POST", "/jobs"), ("GET", "/sites")):
        found = world.run(world.client.request(method, PREFIX + path))
        assert found.status_code == 401, path
    cookie = {"Cookie": world.as_("root")["Cookie"]}
    found = world.run(world.client.post(f"{PREFIX}/jobs", headers=cookie, json={}))
    assert found.status_code == 403  # its CSRF token did not come along


def test_the_site_grants_at_most_what_its_admin_said(world) -> None:
    event = world.get("/events", "viewer")["items"][0]["id"]
    path = f"/events/{event}/acknowledge"
    assert world.ask("POST", path, "viewer").status_code == 403
    assert world.ask("POST", path, "engineer").status_code == 200
    # An engineer at the gateway is an analyst here, and so is the gateway's admin.
    for name in ("engineer", "root"):
        promote = world.ask("POST", "/fleets/pumps@oslo/models/1/promote", name)
        assert promote.status_code == 403, name
    assert world.ask("GET", "/costs/prices", params={"site": "oslo"}).status_code == 403


def test_a_role_in_one_project_is_no_role_in_another(world) -> None:
    assert world.get("/fleets", "analyst")["items"] == []
    access = world.members["oslo"].site.access
    access.projects.add(ME, "line2")
    access.projects.assign(ME, "pumps", "line2")
    try:
        (fleet,) = world.get("/fleets", "analyst")["items"]
        assert (fleet["fleet"], fleet["project"]) == ("pumps@oslo", "line2@oslo")
    finally:
        access.projects.assign(ME, "pumps", "default")


def test_a_token_narrows_rights_at_sites_too(world) -> None:
    tokens = world.site.access.tokens
    made = tokens.create(ME, "engineer", "reads", [Right.READ], project="oslo")
    headers = {"Authorization": f"Bearer {made.secret}"}
    found = world.run(world.client.get(f"{PREFIX}/events", headers=headers))
    event = found.json()["items"][0]["id"]
    path = f"{PREFIX}/events/{event}/comments"
    told = {"headers": headers, "json": {"text": "no"}}
    assert world.run(world.client.post(path, **told)).status_code == 403


def test_who_has_no_key_of_the_gateway_speaks_for_nobody(world) -> None:
    member = world.members["oslo"]
    bond = join_store(member.site).bond()
    from appliance.gateway.signing import Claim

    forged = Claim("oslo", "root", True, {}, 2**40).text(Key(b"3" * 32))
    with pytest.raises(Forbidden):
        world.run(member.membership._person(bond, forged, "test"))


def test_a_site_sent_away_is_gone_and_its_token_is_none(world) -> None:
    world.add("lima")
    token = join_store(world.members["lima"].site).bond().token
    assert world.ask("DELETE", "/sites/lima", "engineer").status_code == 403
    assert world.ask("DELETE", "/sites/lima").status_code == 204
    from appliance.core.errors import Unauthenticated

    with pytest.raises(Unauthenticated):
        world.app.gateway.sites.of_token(token)
    assert [one["name"] for one in world.get("/sites")["items"]] == ["kyoto", "oslo"]


def test_an_invitation_is_told_once_and_kept_as_a_digest(world) -> None:
    made = world.ask("POST", "/sites", json={"name": "turin"})
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    assert token.startswith("kl_")
    assert token.encode() not in (world.folder / "gateway" / "kizashi.db").read_bytes()
    assert world.get("/sites/turin")["state"] == "invited"
    assert world.ask("DELETE", "/sites/turin").status_code == 204


# ---------------------------------------------------------------- site: auto
def load(**facts) -> Load:
    usual = {"queued": 0, "running": 0, "at_once": 2, "core_hour": 1.0, "currency": "EUR"}
    return Load(**{**usual, "fleets": ("pumps",), "projects": (), **facts})


def test_a_job_goes_to_a_site_with_room_that_is_cheap() -> None:
    sites = {
        "oslo": load(core_hour=2.0),
        "lima": load(),
        "kyoto": load(running=2, core_hour=0.1),
    }
    assert choose(sites, "pumps").site == "lima"
    assert choose({**sites, "lima": load(fleets=())}, "pumps").site == "oslo"


def test_prices_of_several_currencies_are_not_compared() -> None:
    sites = {"oslo": load(running=1), "kyoto": load(core_hour=0.01, currency="JPY", running=1)}
    assert "shortest queue" in choose(sites, None).why


def test_where_none_has_room_the_shortest_queue_is_taken() -> None:
    sites = {
        "oslo": load(queued=9, at_once=8),
        "lima": load(queued=3),
        "kyoto": load(at_once=0),
    }
    assert choose(sites, None).site == "oslo"
    with pytest.raises(NotFound):
        choose(sites, "fans")
