"""Sources: added, changed, held by one worker at a time, and how each fares."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.access.person import Person, known
from appliance.access.store.audit import AuditLog, Change
from appliance.core.clock import now
from appliance.core.db import Database, utc
from appliance.core.errors import Conflict, InvalidRequest, LimitExceeded, NotFound, Outdated
from appliance.core.ids import new_id
from appliance.core.sealing import Seal, joined, parted
from appliance.intake.store.holding import Holding
from appliance.intake.store.tables import SourceRow
from appliance.schemas.base import own_name
from appliance.schemas.source import (
    Feed,
    Folder,
    Mqtt,
    Origin,
    Source,
    SourceDraft,
    SourceState,
    Sql,
)

MOST = 100
"""Sources of a site: each has a thread of its own while it runs."""
_KINDS: Mapping[str, type[Folder | Sql | Mqtt | Feed]] = {
    "folder": Folder,
    "sql": Sql,
    "mqtt": Mqtt,
    "feed": Feed,
}
_PLACE = ("kind", "dialect", "host", "port", "database", "user", "tls", "feed", "options")
_BEGINS_ANEW = ("fleet", "origin", "asset", "time", "timezone", "layout")


class SourceStore:
    """The sources of a site.

    Parameters
    ----------
    database
        Where they are kept.
    key
        The site's; secrets are encrypted with one made from it.
    clock
        What time it is.
    """

    def __init__(
        self, database: Database, key: bytes, clock: Callable[[], datetime] = now
    ) -> None:
        self._database = database
        self._log = AuditLog(database, clock)
        self._seal = Seal(key, "source secrets")
        self.holding = Holding(database, self._origin)

    # ------------------------------------------------------------------ changes
    def add(self, draft: SourceDraft, by: Person | str) -> Source:
        """Add a source.

        Raises
        ------
        Conflict
            There is one of that name.
        LimitExceeded
            There are too many.
        """
        own_name(draft.name, "source")
        with self._log.change(known(by)) as change:
            names = set(change.session.scalars(select(SourceRow.name)))
            if draft.name in names:
                raise Conflict(f"there is a source {draft.name} already.")
            if len(names) >= MOST:
                raise LimitExceeded(
                    f"the site has {MOST} sources, the most there may be.",
                    remedy="Remove one that is not needed any more.",
                )
            row = SourceRow(
                name=draft.name,
                id=new_id("src"),
                revision=0,
                created=change.at,
                created_by=change.by.name,
                rows=0,
                refused=0,
            )
            self._record(change, row, draft, {})
            _begin(row)
            change.session.add(row)
            change.session.flush()
            change.note("source.added", f"source:{row.name}", None, _told(row))
            return self._source(row)

    def edit(
        self,
        name: str,
        draft: SourceDraft,
        by: Person | str,
        *,
        revision: int | None = None,
    ) -> Source:
        """Change a source; secrets that are not given stay, unless it then leads elsewhere.

        Where it leads elsewhere, or is understood otherwise, it begins anew: what came before
        comes again, and adds nothing twice.

        Raises
        ------
        NotFound, Outdated
            There is no such source (any more), or it changed since the revision seen.
        InvalidRequest
            It is to be called something else: what it brought is known by its name.
        """
        if draft.name != name:
            raise InvalidRequest(f"source {name} cannot be renamed.", remedy="Add another.")
        with self._log.change(known(by)) as change:
            row = _require(change.session, name, revision)
            before, facts = _told(row), row.facts
            kept = self._kept(row, draft.origin)
            self._record(change, row, draft, kept)
            if any(facts.get(key) != row.facts.get(key) for key in _BEGINS_ANEW):
                _begin(row)
            change.session.flush()
            change.note("source.edited", f"source:{name}", before, _told(row))
            return self._source(row)

    def turn(self, name: str, by: Person | str, *, paused: bool) -> Source:
        """Let a source pause, or go on where it was; raises `NotFound`."""
        with self._log.change(known(by)) as change:
            row = _require(change.session, name, None)
            if row.paused != paused:
                before = _told(row)
                row.paused, row.revision = paused, row.revision + 1
                row.updated, row.updated_by = change.at, change.by.name
                row.error, row.remedy, row.failures, row.due = "", "", 0, None
                change.session.flush()
                what = "source.paused" if paused else "source.resumed"
                change.note(what, f"source:{name}", before, _told(row))
            return self._source(row)

    def remove(self, name: str, by: Person | str, *, revision: int | None = None) -> None:
        """Remove a source; what it brought stays.

        Raises
        ------
        NotFound, Outdated
            There is no such source (any more), or it changed since the revision seen.
        """
        with self._log.change(known(by)) as change:
            row = _require(change.session, name, revision)
            change.note("source.removed", f"source:{name}", _told(row), None)
            change.session.delete(row)

    def _record(
        self, change: Change, row: SourceRow, draft: SourceDraft, kept: Mapping[str, str]
    ) -> None:
        plain, given = parted(draft.origin)
        secrets = {**kept, **given}
        facts = draft.model_dump(mode="json", exclude={"origin", "paused"})
        row.facts = {**facts, "origin": plain}
        row.fleet, row.paused = draft.fleet, draft.paused
        row.sealed, row.secrets = self._seal.close(secrets), sorted(secrets)
        row.revision += 1
        row.updated, row.updated_by = change.at, change.by.name

    def _kept(self, row: SourceRow, origin: Origin) -> dict[str, str]:
        return self._seal.kept(row.sealed, row.facts["origin"], origin, _PLACE)

    # ------------------------------------------------------------------ reading
    def list(self, fleets: Collection[str] | None = None) -> builtins.list[Source]:
        """Return the sources by name, without their secrets; those of some fleets, or all."""
        query = select(SourceRow).order_by(SourceRow.name)
        if fleets is not None:
            query = query.where(SourceRow.fleet.in_(list(fleets)))
        with self._database.session() as session:
            return [self._source(row) for row in session.scalars(query)]

    def fleets(self) -> builtins.list[str]:
        """Return the fleets that have a source; readings may not have come yet."""
        with self._database.session() as session:
            return sorted(session.scalars(select(SourceRow.fleet).distinct()))

    def get(self, name: str) -> Source:
        """Return one source without its secrets; raises `NotFound`."""
        with self._database.session() as session:
            return self._source(_require(session, name, None))

    def completed(self, draft: SourceDraft) -> Origin:
        """Return where a draft leads, with the secrets that are known of that place."""
        plain, given = parted(draft.origin)
        with self._database.session() as session:
            row = session.get(SourceRow, draft.name)
            kept = self._kept(row, draft.origin) if row is not None else {}
        return _origin(plain, {**kept, **given})

    def parked(self, name: str) -> tuple[str, Origin] | None:
        """Return the identifier of a source that is paused, and where it leads; or None."""
        with self._database.session() as session:
            row = session.get(SourceRow, name)
            return (row.id, self._origin(row)) if row is not None and row.paused else None

    def _origin(self, row: SourceRow) -> Origin:
        return _origin(row.facts["origin"], self._seal.open(row.sealed))

    def _source(self, row: SourceRow) -> Source:
        latest = utc(row.latest) if row.latest else None
        lag = max((self._log.clock() - latest).total_seconds(), 0.0) if latest else None
        moments = {
            name: utc(at) if (at := getattr(row, name)) else None
            for name in ("looked", "came", "due", "created", "updated")
        }
        same = ("revision", "created_by", "updated_by", "rows", "refused", "refusal", "error")
        return Source.model_validate(
            {
                **row.facts,
                **moments,
                **{name: getattr(row, name) for name in (*same, "remedy", "failures")},
                "paused": row.paused,
                "secrets": row.secrets,
                "state": _state(row),
                "latest": latest,
                "lag": lag,
            }
        )


def _begin(row: SourceRow) -> None:
    row.cursor, row.error, row.remedy, row.refusal = {}, "", "", ""
    row.failures, row.due, row.latest = 0, None, None


def _origin(plain: Mapping[str, Any], secrets: Mapping[str, str]) -> Origin:
    return joined(_KINDS[plain["kind"]], plain, secrets)


def _state(row: SourceRow) -> SourceState:
    if row.paused:
        return SourceState.PAUSED
    if row.failures:
        return SourceState.FAILING
    return SourceState.FINE if row.looked else SourceState.NEW


def _require(session: Session, name: str, revision: int | None) -> SourceRow:
    row = session.get(SourceRow, name)
    if row is None:
        raise NotFound(
            f"there is no source {name!r}.",
            remedy="`kizashi source list` tells those there are.",
        )
    if revision is not None and row.revision != revision:
        raise Outdated(
            f"source {name} changed since revision {revision} (it has {row.revision} now).",
            remedy="Look at it again, then decide.",
        )
    return row


def _told(row: SourceRow) -> dict[str, Any]:
    """Return what the audit log tells of a source: never a secret."""
    return {**row.facts, "paused": row.paused, "secrets": list(row.secrets)}
