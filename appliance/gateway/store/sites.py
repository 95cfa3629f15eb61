"""The sites of a gateway: invited, known by their keys, sent away."""

from __future__ import annotations

import builtins
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from appliance.access import Access, Person
from appliance.access.secrets import digest, same
from appliance.access.store.tables import ProjectRow
from appliance.core.db import Database, utc
from appliance.core.errors import Conflict, NotFound, Unauthenticated
from appliance.gateway.store.tables import KeptRow, OutboxRow, SiteRow
from appliance.schemas.access import Right
from appliance.schemas.gateway import MemberSite

TOKEN = "kl_"  # noqa: S105 - how tokens of lines begin
_NOTED_EVERY = timedelta(minutes=1)


class Sites:
    """The sites of a gateway.

    Parameters
    ----------
    database
        The gateway's.
    access
        Whose log tells of what becomes of them.
    """

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._log = access.audit

    def invite(self, by: Person, name: str) -> str:
        """Add a site, or give one that is there a new token; return the token.

        Roles over all of a site are given in a project of its name, which is made.
        """
        by.require(Right.OPERATE)
        token = f"{TOKEN}{secrets.token_urlsafe(32)}"
        with self._log.change(by) as change:
            row = change.session.get(SiteRow, name)
            at = change.at.astimezone(UTC)
            if row is None:
                change.session.add(
                    SiteRow(
                        name=name,
                        digest=digest(token),
                        key="",
                        created=at,
                        created_by=by.name,
                        seen=None,
                        told={},
                    )
                )
            else:
                # A new token is for a site set up anew: it shows its key anew.
                row.digest, row.key = digest(token), ""
            if change.session.get(ProjectRow, name) is None:
                change.session.add(ProjectRow(name=name, created=at))
            change.note("site.invited", f"site:{name}")
        return token

    def remove(self, by: Person, name: str) -> None:
        """Send a site away, with what waits for it.

        Raises
        ------
        NotFound
            There is none of that name.
        """
        by.require(Right.OPERATE)
        with self._log.change(by) as change:
            row = _require(change.session, name)
            change.session.delete(row)
            for table in (OutboxRow, KeptRow):
                change.session.execute(delete(table).where(table.site == name))
            change.note("site.removed", f"site:{name}", {"key": row.key}, None)

    def of_token(self, token: str) -> tuple[str, str]:
        """Return the name of the site that a token is of, and the key that is pinned.

        Raises
        ------
        Unauthenticated
            It is none.
        """
        wanted = digest(token)
        with self._database.session() as session:
            row = session.scalars(select(SiteRow).where(SiteRow.digest == wanted)).one_or_none()
            if row is None or not same(row.digest, wanted):
                raise Unauthenticated("the token is no site's.", remedy="Invite the site anew.")
            return row.name, row.key

    def came(self, name: str, key: str, told: Mapping[str, Any], at: datetime) -> None:
        """Note down that a site greeted, and its key where it has none yet.

        Raises
        ------
        Conflict
            It has another key by now.
        """
        with self._database.session() as session:
            row = _require(session, name)
            if row.key not in ("", key):
                raise Conflict(f"site {name} has another key.")
            row.key, row.seen, row.told = key, at.astimezone(UTC), dict(told)

    def seen(self, names: builtins.list[str], at: datetime) -> None:
        """Note down that sites are here."""
        if not names:
            return
        due = (SiteRow.seen.is_(None)) | (SiteRow.seen < at.astimezone(UTC) - _NOTED_EVERY)
        with self._database.session() as session:
            session.execute(
                update(SiteRow)
                .where(SiteRow.name.in_(names), due)
                .values(seen=at.astimezone(UTC))
                .execution_options(synchronize_session=False)
            )

    def names(self) -> builtins.list[str]:
        """Return the names of all sites, in order."""
        with self._database.session() as session:
            return list(session.scalars(select(SiteRow.name).order_by(SiteRow.name)))

    def list(self) -> builtins.list[MemberSite]:
        """Return all sites by name, as far as the database knows them."""
        counts = (
            select(OutboxRow.site, func.count())
            .where(OutboxRow.state == "waiting")
            .group_by(OutboxRow.site)
        )
        with self._database.session() as session:
            waiting = {row[0]: row[1] for row in session.execute(counts)}
            rows = session.scalars(select(SiteRow).order_by(SiteRow.name))
            return [
                MemberSite(
                    name=row.name,
                    state="away" if row.key else "invited",
                    seen=None if row.seen is None else utc(row.seen),
                    version=str(row.told.get("version", "")),
                    title=str(row.told.get("title", "")),
                    key=row.key,
                    waiting=waiting.get(row.name, 0),
                )
                for row in rows
            ]


def _require(session: Session, name: str) -> SiteRow:
    row = session.get(SiteRow, name)
    if row is None:
        raise NotFound(f"there is no site {name}.", remedy="`kizashi site list` lists them.")
    return row
