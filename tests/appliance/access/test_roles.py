"""Rights: the table is the one written out here by hand, and nothing beyond it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.access.person import Person, Scope, Via, nobody, shell
from appliance.access.roles import ROLES_WITH, SITE_RIGHTS, grants, rights_of
from appliance.core.errors import Forbidden
from appliance.schemas.access import Right, Role

# One line a right: viewer, analyst, engineer, admin of the project, admin of the site.
BY_HAND = """
read             yes yes yes yes yes
annotate         no  yes yes yes yes
score            no  yes yes yes yes
train            no  yes yes yes yes
ingest           no  no  yes yes yes
promote          no  no  yes yes yes
configure        no  no  yes yes yes
delete           no  no  no  yes yes
manage_members   no  no  no  yes yes
manage_users     no  no  no  no  yes
manage_projects  no  no  no  no  yes
register_code    no  no  no  no  yes
read_audit       no  no  no  no  yes
operate          no  no  no  no  yes
"""
TABLE = {
    words[0]: [word == "yes" for word in words[1:]]
    for words in (line.split() for line in BY_HAND.strip().splitlines())
}


def _holder(column: int) -> Person:
    if column == len(Role):
        return Person("p", Via.SESSION, admin=True)
    return Person("p", Via.SESSION, roles={"p1": list(Role)[column]})


def test_every_right_is_in_the_table_by_hand():
    assert list(TABLE) == [right.value for right in Right]


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("column", range(len(Role) + 1))
def test_who_may_what(right, column):
    person, expected = _holder(column), TABLE[right][column]
    assert person.may(right, "p1") is expected
    if column < len(Role):
        assert grants(list(Role)[column], right) is expected
        assert person.may(right, "p2") is False
        assert person.may(right) is False
    else:
        assert person.may(right)


@pytest.mark.parametrize("right", Right)
def test_own_code_runs_without_being_an_admin_and_nothing_else_with_it(right):
    person = Person("p", Via.SESSION, runs_code=True)
    assert person.may(right) is (right is Right.REGISTER_CODE)
    narrow = Person("p", Via.TOKEN, runs_code=True, scope=Scope(frozenset({Right.READ})))
    assert not narrow.may(right)


def test_roles_rise():
    ranked = [rights_of(role) for role in Role]
    assert all(lower < higher for lower, higher in itertools.pairwise(ranked))
    assert frozenset(ROLES_WITH) | SITE_RIGHTS == frozenset(Right)


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        ROLES_WITH[Right.OPERATE] = frozenset(Role)  # type: ignore[index]


@pytest.mark.parametrize("right", Right)
def test_nobody_may_nothing_and_the_shell_everything(right):
    assert not nobody("").may(right)
    assert not nobody("").may(right, "default")
    assert shell("root").may(right)
    assert shell("root").may(right, "default")


_PROJECTS = st.sampled_from(["p1", "p2"])
_PERSONS = st.builds(
    Person,
    name=st.just("p"),
    via=st.just(Via.TOKEN),
    admin=st.booleans(),
    runs_code=st.booleans(),
    roles=st.dictionaries(_PROJECTS, st.sampled_from(Role)),
)
_SCOPES = st.builds(
    Scope,
    rights=st.frozensets(st.sampled_from(Right)),
    project=st.none() | _PROJECTS,
)


@given(_PERSONS, _SCOPES, st.sampled_from(Right), st.none() | _PROJECTS)
def test_a_scope_only_takes_away(person, scope, right, project):
    narrowed = replace(person, scope=scope)
    may = narrowed.may(right, project)
    reached = None if right in SITE_RIGHTS else project
    assert may == (
        person.may(right, project)
        and right in scope.rights
        and scope.project in (None, reached)
    )


def test_a_refusal_names_person_right_and_place():
    with pytest.raises(Forbidden, match="erika does not have the right promote in project p1"):
        Person("erika", Via.SESSION).require(Right.PROMOTE, "p1")
    with pytest.raises(Forbidden, match="over the whole site"):
        Person("erika", Via.SESSION).require(Right.OPERATE)
