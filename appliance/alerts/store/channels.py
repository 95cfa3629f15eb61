"""Channels: added, changed and removed, each time with an entry in the audit log."""

from __future__ import annotations

import builtins
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.access.person import Person, known
from appliance.access.store.audit import AuditLog, Change
from appliance.alerts.store.tables import ChannelRow
from appliance.core.db import Database, utc
from appliance.core.errors import Conflict, InvalidRequest, LimitExceeded, NotFound, Outdated
from appliance.core.sealing import Seal, joined, parted
from appliance.schemas.alert import Channel, ChannelDraft, Email, Target, Webhook
from appliance.schemas.base import own_name

MOST = 100
"""Channels of a site."""
_PLACE = ("kind", "host", "port", "security", "user", "url")


class ChannelStore:
    """The channels of a site.

    Parameters
    ----------
    database
        Where they are kept.
    key
        The site's; secrets are encrypted with one made from it.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._log = AuditLog(database)
        self._seal = Seal(key, "channel secrets")

    # ------------------------------------------------------------------ changes
    def add(self, draft: ChannelDraft, by: Person | str) -> Channel:
        """Add a channel.

        Raises
        ------
        Conflict
            There is one of that name.
        LimitExceeded
            There are too many.
        """
        own_name(draft.name, "channel")
        with self._log.change(known(by)) as change:
            names = set(change.session.scalars(select(ChannelRow.name)))
            if draft.name in names:
                raise Conflict(f"there is a channel {draft.name} already.")
            if len(names) >= MOST:
                raise LimitExceeded(
                    f"the site has {MOST} channels, the most there may be.",
                    remedy="Remove one that is not needed any more.",
                )
            row = ChannelRow(
                name=draft.name,
                revision=0,
                since=change.at,
                created=change.at,
                created_by=change.by.name,
            )
            change.session.add(row)
            self._record(change, row, draft, {})
            change.note("channel.added", f"channel:{row.name}", None, _told(row))
            return _channel(row)

    def edit(
        self,
        name: str,
        draft: ChannelDraft,
        by: Person | str,
        *,
        revision: int | None = None,
    ) -> Channel:
        """Change a channel; secrets that are not given stay.

        They do not stay where it would then go elsewhere: whoever may edit a channel is not to
        learn them by sending them to a server of their own.

        Raises
        ------
        NotFound, Outdated
            There is no such channel (any more), or it changed since the revision seen.
        InvalidRequest
            It is to be called something else: what it told is known by its name.
        """
        if draft.name != name:
            raise InvalidRequest(f"channel {name} cannot be renamed.", remedy="Add another.")
        with self._log.change(known(by)) as change:
            row = _require(change.session, name, revision)
            before = _told(row)
            kept = self._seal.kept(row.sealed, row.facts["target"], draft.target, _PLACE)
            if row.facts["paused"] and not draft.paused:
                row.since = change.at  # what happened in between is no news
            self._record(change, row, draft, kept)
            change.note("channel.edited", f"channel:{name}", before, _told(row))
            return _channel(row)

    def remove(self, name: str, by: Person | str, *, revision: int | None = None) -> None:
        """Remove a channel; what waits for it is dropped.

        Raises
        ------
        NotFound, Outdated
            There is no such channel (any more), or it changed since the revision seen.
        """
        with self._log.change(known(by)) as change:
            row = _require(change.session, name, revision)
            change.note("channel.removed", f"channel:{name}", _told(row), None)
            change.session.delete(row)

    def _record(
        self, change: Change, row: ChannelRow, draft: ChannelDraft, kept: dict[str, str]
    ) -> None:
        plain, given = parted(draft.target)
        secrets = {**kept, **given}
        row.facts = {**draft.model_dump(mode="json", exclude={"target"}), "target": plain}
        row.sealed, row.secrets = self._seal.close(secrets), sorted(secrets)
        row.revision += 1
        row.updated, row.updated_by = change.at, change.by.name
        change.session.flush()

    # ------------------------------------------------------------------ reading
    def list(self) -> builtins.list[Channel]:
        """Return the channels by name, without their secrets."""
        with self._database.session() as session:
            query = select(ChannelRow).order_by(ChannelRow.name)
            return [_channel(row) for row in session.scalars(query)]

    def get(self, name: str) -> Channel:
        """Return one channel without its secrets; raises `NotFound`."""
        with self._database.session() as session:
            return _channel(_require(session, name, None))

    def target(self, name: str) -> Target:
        """Return where a channel leads, with its secrets; raises `NotFound`."""
        with self._database.session() as session:
            row = _require(session, name, None)
            plain, secrets = row.facts["target"], self._seal.open(row.sealed)
            if plain["kind"] == "email":
                return joined(Email, plain, secrets)
            return joined(Webhook, plain, secrets)


def _require(session: Session, name: str, revision: int | None) -> ChannelRow:
    row = session.get(ChannelRow, name)
    if row is None:
        raise NotFound(
            f"there is no channel {name!r}.", remedy="`kizashi channels` lists those there are."
        )
    if revision is not None and row.revision != revision:
        raise Outdated(
            f"channel {name} changed since revision {revision} (it has {row.revision} now).",
            remedy="Look at it again, then decide.",
        )
    return row


def _channel(row: ChannelRow) -> Channel:
    return Channel(
        **row.facts,
        secrets=tuple(row.secrets),
        revision=row.revision,
        since=utc(row.since),
        created=utc(row.created),
        created_by=row.created_by,
        updated=utc(row.updated),
        updated_by=row.updated_by,
    )


def _told(row: ChannelRow) -> dict[str, Any]:
    """Return what the audit log tells of a channel: never a secret, nor an address with one."""
    target = {**row.facts["target"]}
    if "url" in target:
        # The path of a chat's address is as good as a password.
        target["url"] = "/".join(target["url"].split("/")[:3])
    return {**row.facts, "target": target, "secrets": list(row.secrets)}
