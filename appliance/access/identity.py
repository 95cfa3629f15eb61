"""Whom a provider says that somebody is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.access.names import folded, is_user_name, shown
from appliance.core.errors import Forbidden

_LONGEST_SUBJECT = 255


@dataclass(frozen=True)
class Identity:
    """Somebody, as their provider knows them.

    Attributes
    ----------
    issuer, subject
        Which provider, and what it calls them for good.
    name
        What they would be called here.
    groups
        What they belong to.
    """

    issuer: str
    subject: str
    name: str
    groups: frozenset[str]


def identity_of(claims: Mapping[str, Any], issuer: str, user: str, groups: str) -> Identity:
    """Return whom checked claims tell of.

    Parameters
    ----------
    user, groups
        Claims that hold the name and the groups; ``a.b`` is ``b`` within ``a``.

    Raises
    ------
    Forbidden
        The name cannot be one here, or the subject is none.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= _LONGEST_SUBJECT:
        raise Forbidden("the identity provider does not say who somebody is (sub).")
    told = within(claims, user)
    name = folded(told) if isinstance(told, str) else ""
    if not is_user_name(name):
        raise Forbidden(
            f"the identity provider says {shown(str(told))} in {user}: no user's name here.",
            remedy="Set oidc_user_claim to a claim with letters, digits and . _ @ + - only.",
        )
    return Identity(issuer, subject, name, _words(within(claims, groups)))


def within(claims: Mapping[str, Any], path: str) -> Any:
    """Return what a claim holds; None if it is not there."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _words(told: Any) -> frozenset[str]:
    if isinstance(told, str):
        return frozenset({told})
    if isinstance(told, list):
        return frozenset(one for one in told if isinstance(one, str))
    return frozenset()
