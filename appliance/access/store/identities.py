"""Identities: which user somebody is that a provider vouches for."""

from __future__ import annotations

from datetime import UTC

from sqlalchemy import select

from appliance.access import names
from appliance.access.groups import Given
from appliance.access.identity import Identity
from appliance.access.person import Person
from appliance.access.store.audit import AuditLog, Change
from appliance.access.store.people import other_admins, require_user
from appliance.access.store.sessions import SessionStore
from appliance.access.store.tables import GrantRow, IdentityRow, ProjectRow, UserRow
from appliance.core.errors import Conflict, Forbidden
from appliance.schemas.access import NewSession, Right


class IdentityStore:
    """The identities of a site's users."""

    def __init__(self, log: AuditLog, sessions: SessionStore) -> None:
        self._log = log
        self._sessions = sessions

    def expect(self, by: Person, name: str, issuer: str, subject: str | None) -> None:
        """Say that a user comes by a provider.

        Parameters
        ----------
        subject
            What it calls them for good; None if it is whoever comes first under their name.

        Raises
        ------
        Conflict
            That identity is another user's.
        """
        by.require(Right.MANAGE_USERS)
        wanted = names.user_name(name)
        with self._log.change(by) as change:
            require_user(change.session, wanted)
            if subject is not None and _user_of(change, issuer, subject) not in (None, wanted):
                raise Conflict("that identity is another user's.")
            row = change.session.get(IdentityRow, wanted)
            if row is None:
                row = IdentityRow(user=wanted, issuer=issuer, subject=subject)
                change.session.add(row)
            row.issuer, row.subject = issuer, subject
            told = {"issuer": issuer, "subject": subject}
            change.note("identity.expected", f"user:{wanted}", None, told)

    def forget(self, by: Person, name: str) -> None:
        """Let a user come by no provider any more."""
        by.require(Right.MANAGE_USERS)
        wanted = names.user_name(name)
        with self._log.change(by) as change:
            require_user(change.session, wanted)
            row = change.session.get(IdentityRow, wanted)
            if row is not None:
                told = {"issuer": row.issuer, "subject": row.subject}
                change.session.delete(row)
                change.note("identity.forgotten", f"user:{wanted}", told, None)

    def enter(
        self, by: Person, identity: Identity, given: Given | None, *, make: bool
    ) -> NewSession:
        """Open a session for somebody that a provider vouches for.

        Parameters
        ----------
        given
            What they are to have from now on; None leaves it as it is.
        make
            Whether they become a user if they are none yet.

        Raises
        ------
        Forbidden
            They are no user and become none, their name is another's, or they are disabled.
        """
        with self._log.change(by) as change:
            name = _user_of(change, identity.issuer, identity.subject)
            if name is None:
                name = _taken(change, identity) or _made(change, identity, given, make)
            owner = require_user(change.session, name)
            if owner.disabled:
                raise Forbidden(f"{name} is disabled.", remedy="Ask an admin.")
            if given is not None:
                _give(change, owner, given)
            return self._sessions.begin(change, owner)


def _user_of(change: Change, issuer: str, subject: str) -> str | None:
    query = select(IdentityRow.user).where(
        IdentityRow.issuer == issuer, IdentityRow.subject == subject
    )
    return change.session.scalars(query).one_or_none()


def _taken(change: Change, identity: Identity) -> str | None:
    """Return the user that somebody of this name was expected to be."""
    row = change.session.get(IdentityRow, identity.name)
    if row is None or row.issuer != identity.issuer or row.subject is not None:
        return None
    row.subject = identity.subject
    told = {"issuer": identity.issuer, "subject": identity.subject}
    change.note("identity.taken", f"user:{identity.name}", None, told)
    return identity.name


def _made(change: Change, identity: Identity, given: Given | None, make: bool) -> str:
    name = identity.name
    # A name that the site gave itself is nobody's for the taking: a provider may let people
    # choose theirs.
    if change.session.get(UserRow, name) is not None:
        raise Forbidden(
            f"there is a user {name} already who does not come by the identity provider.",
            remedy="Have an admin say that it is you.",
        )
    if not make or (given is not None and given.nothing):
        raise Forbidden(f"{name} has no place at this site.", remedy="Ask an admin for a role.")
    change.session.add(
        UserRow(
            name=name,
            admin=False,
            disabled=False,
            password=None,
            created=change.at.astimezone(UTC),
        )
    )
    change.session.flush()
    change.session.add(IdentityRow(user=name, issuer=identity.issuer, subject=identity.subject))
    told = {"issuer": identity.issuer, "subject": identity.subject}
    change.note("user.added", f"user:{name}", None, told)
    return name


def _give(change: Change, owner: UserRow, given: Given) -> None:
    """Let a user have what their groups give, and nothing else."""
    admin = owner.admin if given.admin is None else given.admin
    # The last admin stays one: nobody else could let them in again.
    if admin != owner.admin and (admin or other_admins(change.session, owner.name)):
        owner.admin = admin
        told = {"admin": not admin}, {"admin": admin}
        change.note("user.changed", f"user:{owner.name}", *told)
    rows = change.session.scalars(select(GrantRow).where(GrantRow.user == owner.name)).all()
    there = set(change.session.scalars(select(ProjectRow.name)))
    wanted = {where: role for where, role in given.roles.items() if where in there}
    before = {row.project: row.role for row in rows}
    for row in rows:
        if wanted.get(row.project) != row.role:
            change.session.delete(row)
    change.session.flush()
    for where in sorted(before.keys() | wanted.keys()):
        role = wanted.get(where)
        if before.get(where) == role:
            continue
        if role is not None:
            change.session.add(GrantRow(user=owner.name, project=where, role=role.value))
        change.note(
            "role.revoked" if role is None else "role.granted",
            f"user:{owner.name}",
            {"project": where, "role": before.get(where)},
            {"project": where, "role": None if role is None else role.value},
        )
