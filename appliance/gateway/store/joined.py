"""The gateway that a site belongs to, as the site keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import update

from appliance.access import Access, Person
from appliance.core.db import Database, utc
from appliance.core.errors import NotFound
from appliance.core.sealing import Seal
from appliance.gateway.store.tables import JoinedRow
from appliance.schemas.access import Right, Role
from appliance.schemas.gateway import Invitation, Joined

_ONLY = 1


@dataclass(frozen=True)
class Bond:
    """What the line needs of it.

    Attributes
    ----------
    stamp
        Differs when the site joined anew.
    """

    url: str
    site: str
    key: str
    authority: str
    token: str = field(repr=False)
    most: Role
    operators: bool
    stamp: datetime


class JoinStore:
    """Keeps which gateway a site belongs to.

    Parameters
    ----------
    database
        The site's.
    access
        Whose log tells of it.
    key
        The site's: the token is sealed with it.
    """

    def __init__(self, database: Database, access: Access, key: bytes) -> None:
        self._database = database
        self._log = access.audit
        self._seal = Seal(key, "gateway tokens")

    def join(
        self, by: Person, url: str, invited: Invitation, most: Role, *, operators: bool
    ) -> Joined:
        """Belong to a gateway from now on; to no other any more.

        Parameters
        ----------
        most
            The highest role that its users get here.
        operators
            Whether its admins may all that this site's own may.
        """
        by.require(Right.OPERATE)
        sealed = self._seal.close({"token": invited.token.get_secret_value()}) or b""
        with self._log.change(by) as change:
            row = change.session.get(JoinedRow, _ONLY)
            if row is not None:
                change.session.delete(row)
                change.session.flush()
            row = JoinedRow(
                id=_ONLY,
                url=url,
                gateway=invited.gateway,
                site=invited.site,
                key=invited.key,
                authority=invited.authority,
                token=sealed,
                most=most.value,
                operators=operators,
                joined=change.at.astimezone(UTC),
                joined_by=by.name,
                connected=None,
                error="",
            )
            change.session.add(row)
            found = _joined(row)
            told = found.model_dump(mode="json", include={"url", "site", "most", "operators"})
            change.note("gateway.joined", f"gateway:{invited.gateway}", None, told)
            return found

    def leave(self, by: Person) -> None:
        """Belong to no gateway any more.

        Raises
        ------
        NotFound
            The site belongs to none.
        """
        by.require(Right.OPERATE)
        with self._log.change(by) as change:
            row = change.session.get(JoinedRow, _ONLY)
            if row is None:
                raise NotFound("this site belongs to no gateway.")
            change.session.delete(row)
            change.note("gateway.left", f"gateway:{row.gateway}", {"url": row.url}, None)

    def find(self) -> Joined | None:
        """Return what the site belongs to; None if to nothing."""
        with self._database.session() as session:
            row = session.get(JoinedRow, _ONLY)
            return None if row is None else _joined(row)

    def bond(self) -> Bond | None:
        """Return what the line needs; None where there is to be none."""
        with self._database.session() as session:
            row = session.get(JoinedRow, _ONLY)
            if row is None:
                return None
            token = self._seal.open(row.token).get("token", "")
            return Bond(
                row.url,
                row.site,
                row.key,
                row.authority,
                token,
                Role(row.most),
                row.operators,
                utc(row.joined),
            )

    def note(self, connected: datetime | None, error: str) -> None:
        """Note down since when the line holds, or why it does not."""
        at = None if connected is None else connected.astimezone(UTC)
        with self._database.session() as session:
            session.execute(
                update(JoinedRow).where(JoinedRow.id == _ONLY).values(connected=at, error=error)
            )


def _joined(row: JoinedRow) -> Joined:
    return Joined(
        url=row.url,
        gateway=row.gateway,
        site=row.site,
        most=Role(row.most),
        operators=row.operators,
        joined=utc(row.joined),
        joined_by=row.joined_by,
        connected=None if row.connected is None else utc(row.connected),
        error=row.error,
    )
