"""What the groups of a provider may here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appliance.access.names import project_name
from appliance.access.roles import DEFAULT_PROJECT
from appliance.core.errors import InvalidRequest
from appliance.schemas.access import Role

_EVERYWHERE = "*"
_RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True)
class Given:
    """What somebody is to have.

    Attributes
    ----------
    admin
        Whether they are an admin of the whole site; None if no group says who is.
    roles
        By project.
    """

    admin: bool | None
    roles: Mapping[str, Role]

    @property
    def nothing(self) -> bool:
        """Whether they are to have nothing at all."""
        return not self.admin and not self.roles


class Groups:
    """The table of the setting ``oidc_roles``.

    Parameters
    ----------
    table
        By group, words such as ``engineer`` (in the default project), ``viewer:line2`` or
        ``admin:*`` (of the whole site).

    Raises
    ------
    InvalidRequest
        A word is none of those.
    """

    def __init__(self, table: Mapping[str, Iterable[str]]) -> None:
        self._table = {
            group: tuple(_read(word) for word in words) for group, words in table.items()
        }
        told = {project for words in self._table.values() for _, project in words}
        self._says_admins = _EVERYWHERE in told

    def give(self, groups: Iterable[str]) -> Given | None:
        """Return what members of some groups have; None if the table says nothing at all."""
        if not self._table:
            return None
        admin, roles = False, dict[str, Role]()
        for role, project in (word for group in groups for word in self._table.get(group, ())):
            if project == _EVERYWHERE:
                admin = True
            elif project not in roles or _RANK[role] > _RANK[roles[project]]:
                roles[project] = role
        return Given(admin if self._says_admins else None, roles)


def _read(word: str) -> tuple[Role, str]:
    role, colon, project = word.partition(":")
    everywhere = project == _EVERYWHERE
    if role not in set(Role) or (everywhere and role != Role.ADMIN):
        raise InvalidRequest(
            f"oidc_roles: {word!r} gives no role.",
            remedy="Write a role, ROLE:PROJECT, or admin:* for the whole site.",
        )
    if everywhere:
        return Role.ADMIN, _EVERYWHERE
    return Role(role), project_name(project) if colon else DEFAULT_PROJECT
