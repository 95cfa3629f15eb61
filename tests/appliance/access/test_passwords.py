"""Passwords: refused when easily guessed, kept as argon2id only, known again."""

from __future__ import annotations

import pytest

from appliance.access.passwords import Passwords, check_password
from appliance.core.errors import InvalidRequest
from tests.appliance.access.conftest import WORDS, cheap


@pytest.mark.parametrize(
    ("password", "name", "reason"),
    [
        ("", "erika", "0 characters"),
        ("elevenchars", "erika", "11 characters"),
        ("x" * 257, "erika", "257 characters"),
        ("password1234", "erika", "commonest"),
        ("PassWord1234", "erika", "commonest"),
        ("ababababababab", "erika", "commonest"),
        ("erika.schmidt", "erika.schmidt", "user's name"),
        ("Erika.Schmidt1", "erika.schmidt", "user's name"),
        ("maria-maria-1", "maria", "user's name"),
        ("longusername12", "longusername@plant.example", "user's name"),
        ("correct\nhorse battery", "erika", "cannot be seen"),
        ("correct\x00horse battery", "erika", "cannot be seen"),
        ("correct horse \ud800battery", "erika", "cannot be seen"),
    ],
)
def test_refused(password, name, reason):
    with pytest.raises(InvalidRequest, match=reason) as told:
        check_password(password, name)
    if len(password) > 5:
        assert password not in str(told.value)


@pytest.mark.parametrize(
    "password", [WORDS, "erika likes long walks", "正しい馬電池ホチキス留め金具"]
)
def test_taken(password):
    check_password(password, "erika")


def test_kept_as_argon2id_with_salt():
    one, other = cheap().hash(WORDS), cheap().hash(WORDS)
    assert one.startswith("$argon2id$v=19$")
    assert one != other
    assert WORDS not in one


def test_known_again_whatever_the_keyboard():
    kept = cheap().hash("caf\u00e9 au lait noir")
    assert cheap().verify(kept, "cafe\u0301 au lait noir")
    assert not cheap().verify(kept, "cafe au lait noir")


@pytest.mark.parametrize("password", ["", "x" * 100_000, "\ud800", "\x00"])
def test_odd_passwords_do_not_fit_and_do_no_harm(password):
    assert not cheap().verify(cheap().hash(WORDS), password)
    assert not cheap().verify(None, password)


def test_no_hash_fits_nothing_not_even_the_decoys_password():
    assert not cheap().verify(None, "nobody has this password")
    assert not cheap().verify("", WORDS)
    assert not cheap().verify("$argon2id$broken", WORDS)


@pytest.mark.slow
def test_parameters_are_rfc_9106s_second_choice_and_older_ones_are_outdated():
    kept = Passwords().hash(WORDS)
    assert "$m=65536,t=3,p=4$" in kept
    assert not Passwords().outdated(kept)
    assert Passwords().outdated(cheap().hash(WORDS))
    assert Passwords().verify(cheap().hash(WORDS), WORDS)
