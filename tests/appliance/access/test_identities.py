"""Whom a provider vouches for: one user each, in the log like everything else."""

from __future__ import annotations

import pytest

from appliance.access.groups import Given
from appliance.access.identity import Identity
from appliance.access.person import nobody
from appliance.core.errors import Conflict, Forbidden, NotFound
from appliance.schemas.access import Role
from tests.appliance.access.conftest import SHELL
from tests.appliance.access.test_users import as_user

ISSUER = "https://login.plant.example"


def identity(subject, name):
    return Identity(ISSUER, subject, name, frozenset())


def enter(access, subject, name, given=None, *, make=True):
    opened = access.enter(identity(subject, name), given, make=make, origin="10.0.0.7")
    return access.authenticate(opened.secret)


def test_somebody_is_the_same_user_whatever_they_are_called_there(plant):
    first = enter(plant, "1", "karl", Given(None, {"default": Role.VIEWER}))
    again = enter(plant, "1", "karl.renamed", make=False)
    assert (first.name, again.name) == ("karl", "karl")
    assert dict(again.roles) == {"default": Role.VIEWER}
    with pytest.raises(Forbidden, match="there is a user karl"):
        enter(plant, "2", "karl")
    assert plant.audit.list(SHELL, what="user:karl", limit=1)[0].action == "login.refused"


def test_roles_are_what_the_groups_give_and_nothing_else(plant):
    enter(plant, "1", "karl", Given(None, {"default": Role.VIEWER, "line2": Role.ADMIN}))
    plant.users.grant(SHELL, "karl", "default", Role.ADMIN)
    given = Given(None, {"line2": Role.ADMIN, "not-there": Role.ADMIN})
    assert dict(enter(plant, "1", "karl", given).roles) == {"line2": Role.ADMIN}
    assert dict(enter(plant, "1", "karl", Given(None, {})).roles) == {}
    assert dict(enter(plant, "1", "karl", None).roles) == {}


def test_whoever_is_expected_comes_first_under_their_name(plant):
    plant.identities.expect(SHELL, "erika", ISSUER, None)
    assert enter(plant, "1", "erika", make=False).name == "erika"
    with pytest.raises(Conflict):
        plant.identities.expect(SHELL, "victor", ISSUER, "1")
    plant.identities.expect(SHELL, "erika", ISSUER, "2")
    with pytest.raises(Forbidden):
        enter(plant, "1", "erika")
    assert enter(plant, "2", "whatever", make=False).name == "erika"
    plant.identities.forget(SHELL, "erika")
    plant.identities.forget(SHELL, "erika")
    with pytest.raises(Forbidden):
        enter(plant, "2", "erika")


def test_only_those_who_look_after_users_say_who_comes_how(plant):
    for act in (
        lambda by: plant.identities.expect(by, "victor", ISSUER, None),
        lambda by: plant.identities.forget(by, "victor"),
    ):
        for by in (as_user(plant, "erika"), nobody("10.0.0.7")):
            with pytest.raises(Forbidden):
                act(by)
    with pytest.raises(NotFound):
        plant.identities.expect(SHELL, "not-there", ISSUER, None)
