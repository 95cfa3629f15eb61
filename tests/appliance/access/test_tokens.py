"""Tokens: no more than their owner, for a time, in a project; never kept in clear."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData, select

from appliance.core.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated
from appliance.schemas.access import Right, Role
from tests.appliance.access.conftest import SHELL, WORDS
from tests.appliance.access.test_users import as_user

READ = [Right.READ]


def test_a_token_is_good_for_its_rights_only(plant):
    made = plant.tokens.create(
        as_user(plant, "erika"), "erika", "notebook", [Right.READ, Right.TRAIN]
    )
    person = plant.authenticate(made.secret, "10.0.0.7")
    assert (person.name, person.credential, person.origin) == (
        "erika",
        made.token.id,
        "10.0.0.7",
    )
    assert person.may(Right.TRAIN, "default")
    assert not person.may(Right.PROMOTE, "default")
    assert not person.may(Right.READ, "line2")


def test_a_token_of_a_project_is_good_for_that_alone(plant):
    chief = as_user(plant, "chief")
    made = plant.tokens.create(chief, "chief", "line", list(Right), project="line2")
    person = plant.authenticate(made.secret)
    assert person.may(Right.PROMOTE, "line2")
    for right in Right:
        assert not person.may(right)
        assert not person.may(right, "default")
    assert not person.may(Right.REGISTER_CODE, "line2")


@pytest.mark.slow
def test_no_token_can_what_its_owner_cannot(plant):
    erika = as_user(plant, "erika")
    for rights, project in (
        ([Right.READ, Right.DELETE], None),
        ([Right.MANAGE_USERS], None),
        (READ, "line2"),
    ):
        with pytest.raises(Forbidden, match="erika does not have the right"):
            plant.tokens.create(erika, "erika", "more", rights, project=project)
    assert plant.tokens.list(erika, "erika") == []


def test_a_token_shrinks_with_its_owner(plant):
    made = plant.tokens.create(SHELL, "erika", "notebook", [Right.READ, Right.PROMOTE])
    plant.users.grant(SHELL, "erika", "default", Role.VIEWER)
    person = plant.authenticate(made.secret)
    assert person.may(Right.READ, "default")
    assert not person.may(Right.PROMOTE, "default")
    plant.users.disable(SHELL, "erika")
    with pytest.raises(Unauthenticated):
        plant.authenticate(made.secret)
    with pytest.raises(Forbidden, match="disabled"):
        plant.tokens.create(SHELL, "erika", "another", READ)
    plant.users.enable(SHELL, "erika")
    assert plant.authenticate(made.secret)


def test_a_token_makes_no_token_and_changes_no_own_password(plant):
    made = plant.tokens.create(SHELL, "chief", "all", list(Right))
    person = plant.authenticate(made.secret)
    with pytest.raises(Forbidden, match="cannot make tokens"):
        plant.tokens.create(person, "chief", "another", READ)
    with pytest.raises(Forbidden, match="logged in"):
        plant.change_password(person, WORDS, "another horse battery")


def test_a_token_ends_in_time_or_by_hand(plant, clock):
    erika = as_user(plant, "erika")
    short = plant.tokens.create(erika, "erika", "day", READ, lifetime=timedelta(days=1))
    long = plant.tokens.create(erika, "erika", "year", READ, lifetime=timedelta(days=365))
    clock.pass_by(hours=23, minutes=59)
    assert plant.authenticate(short.secret)
    clock.pass_by(minutes=1)
    with pytest.raises(Unauthenticated):
        plant.authenticate(short.secret)
    plant.tokens.revoke(erika, long.token.id)
    plant.tokens.revoke(SHELL, long.token.id)
    with pytest.raises(Unauthenticated):
        plant.authenticate(long.secret)
    assert {t.label: t.revoked for t in plant.tokens.list(erika, "erika")} == {
        "day": None,
        "year": clock.at,
    }


def test_last_use_is_known_to_the_minute(plant, clock):
    made = plant.tokens.create(SHELL, "erika", "notebook", READ)
    (before,) = plant.tokens.list(SHELL)
    assert before.last_used is None
    first = clock.at
    plant.authenticate(made.secret)
    clock.pass_by(seconds=59)
    plant.authenticate(made.secret)
    assert plant.tokens.list(SHELL)[0].last_used == first
    clock.pass_by(seconds=1)
    plant.authenticate(made.secret)
    assert plant.tokens.list(SHELL)[0].last_used == clock.at


def test_nobody_revokes_or_finds_the_token_of_another(plant):
    made = plant.tokens.create(SHELL, "erika", "notebook", READ)
    victor = as_user(plant, "victor")
    for number in (made.token.id, "0123456789abcdef", "'; --"):
        with pytest.raises(NotFound, match="no token"):
            plant.tokens.revoke(victor, number)
    with pytest.raises(Forbidden):
        plant.tokens.list(victor, "erika")
    assert plant.authenticate(made.secret)


@pytest.mark.parametrize("place", [3, 5, 18, 20, 40, -1])
def test_one_other_letter_is_another_token(plant, place):
    secret = plant.tokens.create(SHELL, "erika", "notebook", READ).secret
    letters = list(secret)
    letters[place] = "a" if letters[place] != "a" else "b"
    for other in ("".join(letters), secret + "a", secret[:-1], secret.upper(), f" {secret}"):
        with pytest.raises(Unauthenticated):
            plant.authenticate(other)


def test_tokens_are_long_random_and_never_the_same(plant):
    made = [plant.tokens.create(SHELL, "erika", "notebook", READ) for _ in range(20)]
    assert len({one.secret for one in made}) == len({one.token.id for one in made}) == 20
    for one in made:
        prefix, number, secret = one.secret.split("_", 2)
        assert (prefix, number, len(secret)) == ("kz", one.token.id, 43)  # 43 × 6 bits


@pytest.mark.parametrize(
    "label", ["<b>x</b>", "'; DROP TABLE tokens; --", "ポンプ", "{{7*7}}", "../..", "🔧"]
)
def test_labels_are_kept_as_they_are(plant, label):
    plant.tokens.create(SHELL, "erika", label, READ)
    assert [token.label for token in plant.tokens.list(SHELL)] == [label]
    assert plant.audit.list(SHELL, limit=1)[0].after["label"] == label


@pytest.mark.parametrize("label", ["", " ", "x" * 101, "a\x00b", "a\nb", "\u202eb", "\ud800"])
def test_labels_that_cannot_be_seen_are_refused(plant, label):
    with pytest.raises(InvalidRequest, match="label"):
        plant.tokens.create(SHELL, "erika", label, READ)


def test_a_token_without_rights_or_of_an_odd_length_is_refused(plant):
    with pytest.raises(InvalidRequest, match="without a right"):
        plant.tokens.create(SHELL, "erika", "x", [])
    for days in (-1, 0, 10_000):
        with pytest.raises(InvalidRequest, match="good for"):
            plant.tokens.create(SHELL, "erika", "x", READ, lifetime=timedelta(days=days))
    for owner, project in (("eve", None), ("erika", "line9")):
        with pytest.raises(NotFound):
            plant.tokens.create(SHELL, owner, "x", READ, project=project)


@pytest.mark.slow
def test_no_secret_is_in_the_database(plant, database, database_url):
    opened = plant.login("erika", WORDS)
    token = plant.tokens.create(SHELL, "erika", "notebook", READ)
    plant.authenticate(token.secret)
    with pytest.raises(Unauthenticated):
        plant.login("mistyped password", WORDS)
    if database_url.startswith("sqlite"):
        files = Path(database_url.removeprefix("sqlite:///")).parent.glob("kizashi.db*")
        held = b"".join(path.read_bytes() for path in files)
    else:
        held = b""
    everything = MetaData()
    everything.reflect(database.engine)
    with database.session() as session:
        for table in everything.tables.values():
            held += repr(session.execute(select(table)).all()).encode()
    assert token.token.id.encode() in held
    for secret in (opened.secret, token.secret, WORDS, "mistyped password"):
        assert secret.encode() not in held
        assert secret.partition("_")[2].encode() not in held or secret.count("_") == 0
    assert token.secret.split("_", 2)[2].encode() not in held
