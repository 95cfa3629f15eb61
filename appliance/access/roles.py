"""The one table of rights: which roles have which.  What is not in it is denied."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from appliance.schemas.access import Right, Role

DEFAULT_PROJECT = "default"
"""The project of every fleet that is assigned to no other."""
_ALL = frozenset(Role)
_LEARNING = frozenset({Role.ANALYST, Role.ENGINEER, Role.ADMIN})
_RUNNING = frozenset({Role.ENGINEER, Role.ADMIN})
_OWNING = frozenset({Role.ADMIN})

ROLES_WITH: Mapping[Right, frozenset[Role]] = MappingProxyType(
    {
        Right.READ: _ALL,
        Right.ANNOTATE: _LEARNING,
        Right.SCORE: _LEARNING,
        Right.TRAIN: _LEARNING,
        Right.INGEST: _RUNNING,
        Right.PROMOTE: _RUNNING,
        Right.CONFIGURE: _RUNNING,
        Right.DELETE: _OWNING,
        Right.MANAGE_MEMBERS: _OWNING,
    }
)
"""Roles that have a right in their project.  Rights over the site, which are not in it, belong
to those alone who are admins of the whole site."""

SITE_RIGHTS = frozenset(Right) - frozenset(ROLES_WITH)
"""Rights that no project can give."""


def grants(role: Role, right: Right) -> bool:
    """Whether a role has a right in its project."""
    return role in ROLES_WITH.get(right, frozenset())


def rights_of(role: Role) -> frozenset[Right]:
    """Return all rights of a role."""
    return frozenset(right for right in Right if grants(role, right))
