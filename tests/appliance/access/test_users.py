"""Users, roles and projects: who is added, changed and kept out."""

from __future__ import annotations

import pytest

from appliance.access.person import Person, Via
from appliance.core.errors import Conflict, Forbidden, InvalidRequest, NotFound
from appliance.schemas.access import Right, Role
from tests.appliance.access.conftest import SHELL, WORDS

HOSTILE = [
    "",
    " ",
    "x" * 101,
    "x" * 1_000_000,
    "erika'; DROP TABLE users; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "erika\x00",
    "erika\nadmin",
    "\u202eakire",
    "еrika",  # begins with a Cyrillic letter
    "\uff41dmin",  # a full-width letter
    "erika\u200b",
    "?",
    "shell:root",
    "-erika",
    "\ud800",
]


def as_user(plant, name):
    return plant.authenticate(plant.login(name, WORDS).secret)


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:20]))
def test_names_that_look_like_others_or_do_harm_are_refused(access, name):
    with pytest.raises(InvalidRequest, match="no name for a user") as told:
        access.users.add(SHELL, name, WORDS)
    assert len(str(told.value)) < 400
    assert str(told.value).isprintable()
    for call in (
        lambda: access.users.get(SHELL, name),
        lambda: access.users.disable(SHELL, name),
        lambda: access.users.grant(SHELL, name, "default", Role.VIEWER),
        lambda: access.users.grant(SHELL, "erika", name, Role.VIEWER),
        lambda: access.projects.add(SHELL, f"{name}!"),
        lambda: access.tokens.revoke(SHELL, f"{name}!"),
        lambda: access.sessions.end(SHELL, f"{name}!"),
    ):
        with pytest.raises((InvalidRequest, NotFound)):
            call()
    assert access.users.list(SHELL) == []


def test_a_name_has_one_spelling(access):
    added = access.users.add(SHELL, " Erika.Schmidt@Plant.example ", WORDS)
    assert added.name == "erika.schmidt@plant.example"
    with pytest.raises(Conflict, match="already"):
        access.users.add(SHELL, "ERIKA.schmidt@plant.example", WORDS)


def test_nobody_can_add_the_first_user_but_the_shell(access):
    for person in (
        Person("?", Via.NOTHING),
        Person("eve", Via.SESSION),
        Person("eve", Via.SESSION, roles={"default": Role.ADMIN}),
    ):
        with pytest.raises(Forbidden, match="manage_users"):
            access.users.add(person, "eve", WORDS, admin=True)
    assert access.users.add(SHELL, "chief", WORDS, admin=True).admin


def test_a_user_needs_a_good_password_or_none(access):
    with pytest.raises(InvalidRequest, match="characters"):
        access.users.add(SHELL, "erika", "short")
    assert access.users.add(SHELL, "gateway", None).password is False
    assert [user.name for user in access.users.list(SHELL)] == ["gateway"]


def test_the_last_admin_stays(plant):
    for call in (
        lambda: plant.users.disable(SHELL, "chief"),
        lambda: plant.users.set_admin(SHELL, "chief", False),
    ):
        with pytest.raises(Conflict, match="last admin"):
            call()
    plant.users.set_admin(SHELL, "erika", True)
    plant.users.disable(SHELL, "chief")
    with pytest.raises(Conflict, match="last admin"):
        plant.users.set_admin(SHELL, "erika", False)
    plant.users.enable(SHELL, "chief")
    plant.users.set_admin(SHELL, "erika", False)
    assert [u.name for u in plant.users.list(SHELL) if u.admin] == ["chief"]


def test_roles_are_given_and_taken_by_project(plant):
    erika = as_user(plant, "erika")
    plant.require(erika, Right.PROMOTE, fleet="pumps")
    with pytest.raises(Forbidden):
        plant.require(erika, Right.READ, fleet="presses")
    plant.users.grant(SHELL, "erika", "line2", Role.VIEWER)
    plant.users.grant(SHELL, "erika", "default", Role.ADMIN)
    erika = as_user(plant, "erika")
    plant.require(erika, Right.READ, fleet="presses")
    plant.require(erika, Right.DELETE, project="default")
    plant.users.revoke(SHELL, "erika", "default")
    assert plant.users.get(SHELL, "erika").roles == {"line2": Role.VIEWER}
    with pytest.raises(Forbidden):
        plant.require(as_user(plant, "erika"), Right.READ, fleet="pumps")


def test_what_was_taken_is_gone_at_the_next_request(plant):
    secret = plant.login("erika", WORDS).secret
    assert plant.authenticate(secret).may(Right.PROMOTE, "default")
    plant.users.revoke(SHELL, "erika", "default")
    assert not plant.authenticate(secret).may(Right.READ, "default")


def test_a_projects_admin_manages_its_members_and_nothing_else(plant):
    plant.users.grant(SHELL, "erika", "line2", Role.ADMIN)
    erika = as_user(plant, "erika")
    plant.users.grant(erika, "victor", "line2", Role.ANALYST)
    assert plant.projects.members(erika, "line2") == {
        "erika": Role.ADMIN,
        "victor": Role.ANALYST,
    }
    for call in (
        lambda: plant.users.grant(erika, "victor", "default", Role.ANALYST),
        lambda: plant.users.set_admin(erika, "erika", True),
        lambda: plant.users.add(erika, "eve", WORDS),
        lambda: plant.users.set_password(erika, "victor", WORDS),
        lambda: plant.users.set_password(erika, "erika", WORDS),
        lambda: plant.users.unlock(erika, "victor"),
        lambda: plant.users.list(erika),
        lambda: plant.users.get(erika, "victor"),
        lambda: plant.projects.add(erika, "line3"),
        lambda: plant.projects.assign(erika, "pumps", "line2"),
        lambda: plant.projects.members(erika, "default"),
        lambda: plant.audit.list(erika),
        lambda: plant.sessions.list(erika, "victor"),
        lambda: plant.sessions.end_all(erika, "victor"),
        lambda: plant.tokens.list(erika),
        lambda: plant.tokens.create(erika, "victor", "mine", [Right.READ]),
    ):
        with pytest.raises(Forbidden):
            call()
    assert plant.users.get(erika, "erika").name == "erika"


def test_fleets_are_seen_by_project(plant):
    erika, chief = as_user(plant, "erika"), as_user(plant, "chief")
    assert plant.visible(erika, ["pumps", "presses", "fans"]) == ["pumps", "fans"]
    assert plant.visible(chief, ["pumps", "presses"]) == ["pumps", "presses"]
    assert [p.name for p in plant.projects.list(erika)] == ["default"]
    assert [(p.name, p.fleets) for p in plant.projects.list(chief)] == [
        ("default", ()),
        ("line2", ("presses",)),
    ]
    plant.projects.assign(chief, "presses", "default")
    assert plant.visible(erika, ["presses"]) == ["presses"]


def test_what_is_not_there_is_said(plant):
    for call in (
        lambda: plant.users.grant(SHELL, "eve", "default", Role.VIEWER),
        lambda: plant.users.grant(SHELL, "erika", "line9", Role.VIEWER),
        lambda: plant.projects.assign(SHELL, "pumps", "line9"),
        lambda: plant.projects.members(SHELL, "line9"),
        lambda: plant.users.get(SHELL, "eve"),
        lambda: plant.sessions.list(SHELL, "eve"),
    ):
        with pytest.raises(NotFound, match="there is no"):
            call()
    with pytest.raises(Conflict):
        plant.projects.add(SHELL, "line2")


def test_nothing_is_told_of_a_change_that_changes_nothing(plant):
    before = plant.audit.verify().entries
    plant.users.grant(SHELL, "erika", "default", Role.ENGINEER)
    plant.users.revoke(SHELL, "erika", "line2")
    plant.users.enable(SHELL, "erika")
    plant.users.unlock(SHELL, "erika")
    plant.projects.assign(SHELL, "presses", "line2")
    assert plant.audit.verify().entries == before
