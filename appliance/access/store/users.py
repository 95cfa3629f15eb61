"""Users: added, given roles, disabled; never removed."""

from __future__ import annotations

import builtins
from datetime import UTC

from sqlalchemy import select

from appliance.access import names
from appliance.access.passwords import Passwords, check_password
from appliance.access.person import Person
from appliance.access.secrets import name_digest
from appliance.access.store.audit import AuditLog, Change
from appliance.access.store.people import (
    end_sessions,
    other_admins,
    require_project,
    require_user,
    roles_of,
    user_of,
)
from appliance.access.store.tables import GrantRow, UserRow
from appliance.access.store.tries import forgive, waiting
from appliance.core.db import Database
from appliance.core.errors import Conflict
from appliance.schemas.access import Right, Role, User


class UserStore:
    """The users of a site.  Every method asks first whether `by` may do that.

    Parameters
    ----------
    database
        Where they are kept.
    log
        Where every change is told.
    passwords
        Makes hashes.
    key
        The site's.
    """

    def __init__(
        self, database: Database, log: AuditLog, passwords: Passwords, key: bytes
    ) -> None:
        self._database = database
        self._log = log
        self._passwords = passwords
        self._key = key

    # ------------------------------------------------------------------ reading
    def list(
        self, by: Person, *, after: str | None = None, limit: int | None = None
    ) -> builtins.list[User]:
        """Return users, by name.

        Parameters
        ----------
        after
            Only those that come after this name: the next page.
        """
        by.require(Right.MANAGE_USERS)
        query = select(UserRow).order_by(UserRow.name).limit(limit)
        if after is not None:
            query = query.where(UserRow.name > after)
        with self._database.session() as session:
            rows = session.scalars(query).all()
            roles = roles_of(session, [row.name for row in rows])
            digests = {row.name: name_digest(self._key, row.name) for row in rows}
            until = waiting(session, digests.values(), self._log.clock())
            return [user_of(row, roles[row.name], until.get(digests[row.name])) for row in rows]

    def get(self, by: Person, name: str) -> User:
        """Return one user: oneself, or anybody for whom `by` looks after users."""
        wanted = names.user_name(name)
        if wanted != by.name:
            by.require(Right.MANAGE_USERS)
        with self._database.session() as session:
            row, digest = require_user(session, wanted), name_digest(self._key, wanted)
            until = waiting(session, [digest], self._log.clock())
            return user_of(row, roles_of(session, [wanted])[wanted], until.get(digest))

    # ------------------------------------------------------------------ changes
    def add(self, by: Person, name: str, password: str | None, *, admin: bool = False) -> User:
        """Add a user.

        Parameters
        ----------
        password
            None for one that comes by token or another identity provider.
        admin
            Whether they may everything, everywhere.

        Raises
        ------
        InvalidRequest
            The name or the password cannot be used.
        Conflict
            There is such a user, or was.
        """
        by.require(Right.MANAGE_USERS)
        wanted = names.user_name(name)
        kept = self._hashed(wanted, password)
        with self._log.change(by) as change:
            if change.session.get(UserRow, wanted) is not None:
                raise Conflict(
                    f"there is a user {wanted} already.",
                    remedy="Choose another name; `kizashi user enable` brings one back.",
                )
            row = UserRow(
                name=wanted,
                admin=admin,
                disabled=False,
                password=kept,
                created=change.at.astimezone(UTC),
            )
            change.session.add(row)
            told = {"admin": admin, "password": password is not None}
            change.note("user.added", f"user:{wanted}", None, told)
            return user_of(row, {}, None)

    def set_password(self, by: Person, name: str, password: str | None) -> None:
        """Give a user another password, or none; their sessions end.

        Raises
        ------
        InvalidRequest
            It is too easily guessed.
        """
        by.require(Right.MANAGE_USERS)
        wanted = names.user_name(name)
        kept = self._hashed(wanted, password)
        with self._log.change(by) as change:
            self._replace(change, require_user(change.session, wanted), kept)

    def change_own_password(self, by: Person, proven: str, password: str) -> None:
        """Give oneself another password; one's other sessions end.

        Parameters
        ----------
        proven
            The hash that the old password was just found to fit.

        Raises
        ------
        InvalidRequest
            It is too easily guessed.
        Conflict
            The password was changed since.
        """
        kept = self._hashed(by.name, password)
        with self._log.change(by) as change:
            row = require_user(change.session, by.name)
            if row.password != proven:
                raise Conflict("the password was changed meanwhile.", remedy="Log in again.")
            self._replace(change, row, kept, but=by.credential)

    def _replace(self, change: Change, row: UserRow, kept: str | None, but: str = "") -> None:
        row.password = kept
        ended = end_sessions(change.session, row.name, but=but)
        forgive(change.session, name_digest(self._key, row.name))
        told = {"password": kept is not None, "sessions_ended": ended}
        change.note("user.password_set", f"user:{row.name}", None, told)

    def disable(self, by: Person, name: str) -> None:
        """Keep a user out, with their sessions and tokens, from this moment on; see `edit`."""
        self.edit(by, name, disabled=True)

    def enable(self, by: Person, name: str) -> None:
        """Let a disabled user in again; their tokens that are still good are so again."""
        self.edit(by, name, disabled=False)

    def set_admin(self, by: Person, name: str, admin: bool) -> None:
        """Make a user an admin of the whole site, or one no longer; see `edit`."""
        self.edit(by, name, admin=admin)

    def edit(
        self,
        by: Person,
        name: str,
        *,
        admin: bool | None = None,
        disabled: bool | None = None,
        runs_code: bool | None = None,
    ) -> User:
        """Change what is given of a user: all of it, or nothing.

        Raises
        ------
        Conflict
            They are the last admin.
        """
        by.require(Right.MANAGE_USERS)
        wanted = names.user_name(name)
        with self._log.change(by) as change:
            row = require_user(change.session, wanted)
            counted = row.admin and not row.disabled
            before, after = {}, {}
            wishes = {"admin": admin, "disabled": disabled, "runs_code": runs_code}
            for what, value in wishes.items():
                was = bool(getattr(row, what))
                if value is not None and value != was:
                    setattr(row, what, value)
                    before[what], after[what] = was, value
            if counted and not (row.admin and not row.disabled):
                _keep_an_admin(change, wanted)
            if row.disabled:
                end_sessions(change.session, wanted)
            if after:
                change.note("user.changed", f"user:{wanted}", before, after)
            digest = name_digest(self._key, wanted)
            until = waiting(change.session, [digest], change.at).get(digest)
            return user_of(row, roles_of(change.session, [wanted])[wanted], until)

    def unlock(self, by: Person, name: str) -> bool:
        """Let a user try to log in at once; whether they had failed before."""
        by.require(Right.MANAGE_USERS)
        wanted = names.user_name(name)
        with self._log.change(by) as change:
            require_user(change.session, wanted)
            had = forgive(change.session, name_digest(self._key, wanted))
            if had:
                change.note("user.unlocked", f"user:{wanted}")
            return had

    def grant(self, by: Person, name: str, project: str, role: Role) -> None:
        """Give a user a role in a project, in place of the one that they have."""
        self._change_role(by, name, project, role)

    def revoke(self, by: Person, name: str, project: str) -> None:
        """Take a user's role in a project."""
        self._change_role(by, name, project, None)

    def _change_role(self, by: Person, name: str, project: str, role: Role | None) -> None:
        wanted, where = names.user_name(name), names.project_name(project)
        by.require(Right.MANAGE_MEMBERS, where)
        with self._log.change(by) as change:
            require_user(change.session, wanted)
            require_project(change.session, where)
            row = change.session.get(GrantRow, (wanted, where))
            before = None if row is None else row.role
            if before == role:
                return
            if row is not None:
                change.session.delete(row)
                change.session.flush()
            if role is not None:
                change.session.add(GrantRow(user=wanted, project=where, role=role.value))
            change.note(
                "role.granted" if role is not None else "role.revoked",
                f"user:{wanted}",
                {"project": where, "role": before},
                {"project": where, "role": None if role is None else role.value},
            )

    def _hashed(self, name: str, password: str | None) -> str | None:
        if password is None:
            return None
        check_password(password, name)
        return self._passwords.hash(password)


def _keep_an_admin(change: Change, name: str) -> None:
    if not other_admins(change.session, name):
        raise Conflict(
            f"{name} is the last admin of the site.",
            remedy="Make another one first: `kizashi user grant NAME admin --everywhere`.",
        )
