"""Sessions: opened by a login, checked at every request, ended by time or by somebody."""

from __future__ import annotations

import builtins
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from appliance.access import names, secrets
from appliance.access.person import Person, Via
from appliance.access.store.audit import AuditLog, Change
from appliance.access.store.people import end_sessions, person_of, require_user
from appliance.access.store.tables import SessionRow, UserRow
from appliance.access.store.tries import forgive
from appliance.core.db import Database, utc
from appliance.core.errors import NotFound
from appliance.core.ids import new_id
from appliance.schemas.access import LoginSession, NewSession, Right

NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a session was last busy."""


class SessionStore:
    """The sessions of a site.

    Parameters
    ----------
    idle
        How long one lasts that nobody uses.
    longest
        How long one lasts at most.
    """

    def __init__(
        self, database: Database, log: AuditLog, idle: timedelta, longest: timedelta
    ) -> None:
        self._database = database
        self._log = log
        self._idle = idle
        self._longest = longest

    def password_of(self, user: str) -> str | None:
        """Return the hash of a user's password; None for all that cannot log in by one."""
        if not names.is_user_name(user):
            return None
        with self._database.session() as session:
            row = session.get(UserRow, user)
            return None if row is None or row.disabled else row.password

    def open(
        self, by: Person, user: str, tries: str, kept: str, renewed: str | None
    ) -> NewSession | None:
        """Open a session after a password was found right.

        Parameters
        ----------
        by
            Whoever tries, with where they come from.
        tries
            What the user's failed logins are counted by; they are forgotten.
        kept
            The hash that the password was held against.
        renewed
            The hash that takes its place, if it is outdated.

        Returns
        -------
        NewSession or None
            None if the user was disabled, or got another password, meanwhile.
        """
        with self._log.change(by) as change:
            owner = change.session.get(UserRow, user)
            if owner is None or owner.disabled or owner.password != kept:
                return None
            owner.password = renewed or kept
            forgive(change.session, tries)
            return self.begin(change, owner)

    def begin(self, change: Change, owner: UserRow) -> NewSession:
        """Open a session within a change, for a user who has shown who they are."""
        issued = secrets.new_session()
        self._sweep(change.session, change.at)
        row = SessionRow(
            id=new_id("ses"),
            digest=issued.digest,
            user=owner.name,
            origin=names.origin(change.by.origin),
            created=change.at.astimezone(UTC),
            seen=change.at.astimezone(UTC),
            expires=(change.at + self._longest).astimezone(UTC),
        )
        change.session.add(row)
        change.note("session.opened", f"user:{owner.name}", None, {"session": row.id})
        return NewSession(session=_session(row), secret=issued.secret)

    def refused(self, by: Person, user: str) -> None:
        """Note down that a login failed; of an unknown name only that it was unknown."""
        with self._log.change(by) as change:
            known = names.is_user_name(user) and change.session.get(UserRow, user) is not None
            change.note("login.refused", f"user:{user}" if known else "user:?")

    def person(self, secret: str, origin: str, at: datetime) -> Person | None:
        """Return whose session a secret is; None if it has ended."""
        if not secrets.is_session(secret):
            return None
        with self._database.session() as session:
            row = session.scalars(
                select(SessionRow).where(SessionRow.digest == secrets.digest(secret))
            ).one_or_none()
            if row is None or at >= utc(row.expires) or at - utc(row.seen) >= self._idle:
                return None
            found = person_of(session, row.user, Via.SESSION, row.id, origin)
            if found is not None and at - utc(row.seen) >= NOTED_EVERY:
                session.execute(
                    update(SessionRow)
                    .where(SessionRow.id == row.id)
                    .values(seen=at.astimezone(UTC))
                    .execution_options(synchronize_session=False)
                )
            return found

    def list(
        self, by: Person, user: str, *, after: str | None = None, limit: int | None = None
    ) -> builtins.list[LoginSession]:
        """Return the sessions of oneself, or of anybody if `by` looks after users.

        Parameters
        ----------
        after
            Only those that come after this identifier, which tells the time: the next page.
        """
        wanted = names.user_name(user)
        if wanted != by.name:
            by.require(Right.MANAGE_USERS)
        at = self._log.clock().astimezone(UTC)
        query = (
            select(SessionRow)
            .where(SessionRow.user == wanted)
            .where(SessionRow.expires > at, SessionRow.seen > at - self._idle)
            .order_by(SessionRow.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(SessionRow.id > after)
        with self._database.session() as session:
            require_user(session, wanted)
            return [_session(row) for row in session.scalars(query)]

    def end(self, by: Person, session: str) -> None:
        """End a session: one's own, or anybody's if `by` looks after users."""
        number = names.identifier(session, "session")
        with self._log.change(by) as change:
            row = change.session.get(SessionRow, number)
            if row is None or not (row.user == by.name or by.may(Right.MANAGE_USERS)):
                raise NotFound(f"there is no session {number}.", remedy="It may have ended.")
            change.session.delete(row)
            change.note("session.ended", f"user:{row.user}", {"session": number}, None)

    def end_all(self, by: Person, user: str) -> int:
        """End all sessions of oneself, or of anybody if `by` looks after users."""
        wanted = names.user_name(user)
        if wanted != by.name:
            by.require(Right.MANAGE_USERS)
        with self._log.change(by) as change:
            require_user(change.session, wanted)
            ended = end_sessions(change.session, wanted)
            change.note("session.ended", f"user:{wanted}", {"sessions": ended}, None)
            return ended

    def _sweep(self, session: Session, at: datetime) -> None:
        """Remove sessions that have ended by themselves."""
        moment = at.astimezone(UTC)
        session.execute(
            delete(SessionRow)
            .where(or_(SessionRow.expires <= moment, SessionRow.seen <= moment - self._idle))
            .execution_options(synchronize_session=False)
        )


def _session(row: SessionRow) -> LoginSession:
    return LoginSession(
        id=row.id,
        user=row.user,
        origin=row.origin,
        created=utc(row.created),
        seen=utc(row.seen),
        expires=utc(row.expires),
    )
