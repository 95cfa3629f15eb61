"""What a provider says of somebody is believed only if all of it is right."""

from __future__ import annotations

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from appliance.access.groups import Groups
from appliance.access.identity import identity_of
from appliance.access.provider import words
from appliance.core.errors import Forbidden, InvalidRequest, Unauthenticated
from appliance.schemas.access import Role

AT = 1_772_000_000
ISSUER = "https://login.plant.example"
CLAIMS = {
    "iss": ISSUER,
    "sub": "248289761001",
    "aud": "kizashi",
    "exp": AT + 300,
    "iat": AT,
    "nonce": "n",
}
EXPECTED = {"issuer": ISSUER, "client": "kizashi", "nonce": "n", "at": AT}


@pytest.fixture(scope="module")
def key():
    return RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})


def signed(key, claims=CLAIMS, **header):
    return jwt.encode({"alg": "RS256", "kid": "k1"} | header, dict(claims), key)


def check(key, token, **more):
    return words.check(token, KeySet([key]), **(EXPECTED | more))


def test_what_is_right_is_believed(key):
    assert check(key, signed(key))["sub"] == "248289761001"
    several = CLAIMS | {"aud": ["kizashi", "other"], "azp": "kizashi"}
    assert check(key, signed(key, several))["aud"] == ["kizashi", "other"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://login.plant.example/"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": ["kizashi", "other"]},
        {"aud": None},
        {"azp": "other"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"exp": AT - 61},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": float("nan")},
        {"iat": AT + 61},
        {"nbf": AT + 61},
        {"nonce": "m"},
        {"nonce": None},
        {"nonce": ["n"]},
    ],
)
def test_one_claim_that_is_wrong_spoils_it(key, wrong):
    with pytest.raises(Unauthenticated):
        check(key, signed(key, CLAIMS | wrong))


def test_only_the_providers_key_signs(key):
    other = RSAKey.generate_key(2048, {"kid": "k1"})
    with pytest.raises(Unauthenticated):
        check(key, signed(other))
    with pytest.raises(Unauthenticated):
        check(key, signed(key, kid="k2"))
    head, body, _ = signed(key).split(".")
    for forged in (
        "",
        "a.b.c",
        f"{head}.{body}.",
        "eyJhbGciOiJub25lIn0." + body + ".",
        f"{head}.{body}x.{signed(key).split('.')[2]}",
    ):
        with pytest.raises(Unauthenticated):
            check(key, forged)


def test_a_public_key_is_no_secret_to_sign_with(key):
    pem = key.as_pem(private=False)
    forged = jwt.encode(
        {"alg": "HS256", "kid": "k1"}, dict(CLAIMS), OctKey.import_key(pem.hex()), ["HS256"]
    )
    with pytest.raises(Unauthenticated):
        check(key, forged)


def test_names_and_groups_are_found_where_the_settings_say():
    claims = {
        "sub": "1",
        "preferred_username": " Erika ",
        "realm": {"roles": ["a", 7, "b"]},
        "x.y": "c",
    }
    found = identity_of(claims, ISSUER, "preferred_username", "realm.roles")
    assert (found.name, found.groups) == ("erika", {"a", "b"})
    assert identity_of(claims, ISSUER, "preferred_username", "x.y").groups == {"c"}
    assert identity_of(claims, ISSUER, "preferred_username", "sub.x").groups == set()
    for told in (None, "", "a b", "e\nx", "../x", "Érika", 7, ["erika"]):
        with pytest.raises(Forbidden, match="user's name"):
            identity_of(
                claims | {"preferred_username": told}, ISSUER, "preferred_username", "g"
            )
    for subject in (None, "", 7, "x" * 256):
        with pytest.raises(Forbidden, match="sub"):
            identity_of(claims | {"sub": subject}, ISSUER, "preferred_username", "g")


def test_the_highest_role_of_several_groups_holds():
    groups = Groups(
        {"a": ["viewer", "engineer:line2"], "b": ["analyst"], "c": ["viewer:line2"]}
    )
    given = groups.give(["c", "b", "a", "unknown"])
    assert given is not None
    assert given.roles == {"default": Role.ANALYST, "line2": Role.ENGINEER}
    assert given.admin is None
    assert groups.give(["unknown"]).nothing
    assert Groups({}).give(["a"]) is None
    assert Groups({"it": ["admin:*"]}).give([]).admin is False
    with pytest.raises(InvalidRequest, match="oidc_roles"):
        Groups({"a": ["viewer of line2"]})
