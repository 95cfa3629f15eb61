"""What the stores ask of the tables alike: users, their roles, and who somebody is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from appliance.access.names import shown
from appliance.access.person import Person, Scope, Via
from appliance.access.store.tables import GrantRow, ProjectRow, SessionRow, UserRow
from appliance.core.db import utc
from appliance.core.errors import NotFound
from appliance.schemas.access import Role, User


def require_user(session: Session, name: str) -> UserRow:
    """Return a user's row; raises `NotFound`."""
    row = session.get(UserRow, name)
    if row is None:
        raise NotFound(
            f"there is no user {shown(name)}.", remedy="`kizashi user list` lists them."
        )
    return row


def require_project(session: Session, name: str) -> ProjectRow:
    """Return a project's row; raises `NotFound`."""
    row = session.get(ProjectRow, name)
    if row is None:
        raise NotFound(
            f"there is no project {shown(name)}.",
            remedy="`kizashi project list` lists them.",
        )
    return row


def roles_of(session: Session, names: Collection[str]) -> dict[str, dict[str, Role]]:
    """Return the roles of users, by user and project."""
    query = select(GrantRow).where(GrantRow.user.in_(names)).order_by(GrantRow.project)
    found: dict[str, dict[str, Role]] = {name: {} for name in names}
    for row in session.scalars(query):
        found[row.user][row.project] = Role(row.role)
    return found


def user_of(row: UserRow, roles: dict[str, Role], until: datetime | None) -> User:
    """Return a user as others see it."""
    return User(
        name=row.name,
        admin=row.admin,
        disabled=row.disabled,
        runs_code=row.runs_code,
        password=row.password is not None,
        created=utc(row.created),
        roles=roles,
        locked_until=until,
    )


def person_of(
    session: Session,
    user: str,
    via: Via,
    credential: str,
    origin: str,
    scope: Scope | None = None,
) -> Person | None:
    """Return who a user is right now; None if they are disabled."""
    row = session.get(UserRow, user)
    if row is None or row.disabled:
        return None
    return Person(
        name=row.name,
        via=via,
        admin=row.admin,
        runs_code=row.runs_code,
        roles=roles_of(session, [row.name])[row.name],
        scope=scope,
        origin=origin,
        credential=credential,
    )


def other_admins(session: Session, name: str) -> int:
    """Return how many admins of the site there are beside a user."""
    query = (
        select(func.count())
        .select_from(UserRow)
        .where(UserRow.admin, ~UserRow.disabled, UserRow.name != name)
    )
    return session.scalar(query) or 0


def end_sessions(session: Session, user: str, *, but: str = "") -> int:
    """End all sessions of a user, but one; return how many there were."""
    gone = delete(SessionRow).where(SessionRow.user == user, SessionRow.id != but)
    return len(session.scalars(gone.returning(SessionRow.id)).all())
