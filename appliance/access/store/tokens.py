"""Tokens: made once, checked at every request, revoked."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, or_, select, update

from appliance.access import names, secrets
from appliance.access.person import Person, Scope, Via
from appliance.access.store.audit import AuditLog
from appliance.access.store.people import person_of, require_project, require_user
from appliance.access.store.tables import TokenRow
from appliance.core.db import Database, utc
from appliance.core.errors import Forbidden, InvalidRequest, NotFound
from appliance.schemas.access import NewToken, Right, Token

LONGEST = timedelta(days=5 * 366)
"""How long a token may be good for at most."""
NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a token was last used."""


class TokenStore:
    """The tokens of a site."""

    def __init__(self, database: Database, log: AuditLog) -> None:
        self._database = database
        self._log = log

    def create(
        self,
        by: Person,
        owner: str,
        label: str,
        rights: Collection[Right],
        *,
        project: str | None = None,
        lifetime: timedelta = timedelta(days=90),
    ) -> NewToken:
        """Make a token for oneself, or for anybody if `by` looks after users.

        Parameters
        ----------
        label
            What it is for.
        rights
            Some of those that the owner has.
        project
            The only one that it is to be good for.

        Raises
        ------
        Forbidden
            A token asks for a token, the owner lacks one of the rights, or is disabled.
        InvalidRequest
            The label, the rights or the lifetime cannot be used.
        """
        wanted, words = names.user_name(owner), names.label(label)
        where = None if project is None else names.project_name(project)
        _permit(by, wanted)
        _fit(rights, lifetime)
        issued = secrets.new_token()
        with self._log.change(by) as change:
            require_user(change.session, wanted)
            if where is not None:
                require_project(change.session, where)
            person = person_of(change.session, wanted, Via.TOKEN, issued.id, by.origin)
            _lacks_none(person, wanted, rights, where)
            row = TokenRow(
                id=issued.id,
                digest=issued.digest,
                owner=wanted,
                label=words,
                rights=[right.value for right in Right if right in rights],
                project=where,
                created=change.at.astimezone(UTC),
                expires=(change.at + lifetime).astimezone(UTC),
                last_used=None,
                revoked=None,
            )
            change.session.add(row)
            made = _token(row)
            told = made.model_dump(mode="json", exclude={"last_used", "revoked"})
            change.note("token.created", f"token:{issued.id}", None, told)
            return NewToken(token=made, secret=issued.secret)

    def list(
        self,
        by: Person,
        owner: str | None = None,
        *,
        after: tuple[datetime, str] | None = None,
        limit: int | None = None,
    ) -> builtins.list[Token]:
        """Return tokens, the newest first: one's own, or any if `by` looks after users.

        Parameters
        ----------
        after
            Only those that come after the token made then, of this identifier: the next page.
        """
        wanted = None if owner is None else names.user_name(owner)
        if wanted != by.name:
            by.require(Right.MANAGE_USERS)
        query = select(TokenRow).order_by(TokenRow.created.desc(), TokenRow.id).limit(limit)
        if wanted is not None:
            query = query.where(TokenRow.owner == wanted)
        if after is not None:
            moment = after[0].astimezone(UTC)
            same = and_(TokenRow.created == moment, TokenRow.id > after[1])
            query = query.where(or_(TokenRow.created < moment, same))
        with self._database.session() as session:
            return [_token(row) for row in session.scalars(query)]

    def revoke(self, by: Person, token: str) -> None:
        """End a token for good: one's own, or anybody's if `by` looks after users."""
        number = names.identifier(token, "token")
        with self._log.change(by) as change:
            row = change.session.get(TokenRow, number)
            if row is None or not (row.owner == by.name or by.may(Right.MANAGE_USERS)):
                raise NotFound(
                    f"there is no token {number}.",
                    remedy="`kizashi token list` lists those there are.",
                )
            if row.revoked is None:
                row.revoked = change.at.astimezone(UTC)
                change.note("token.revoked", f"token:{number}", None, {"owner": row.owner})

    def person(self, secret: str, origin: str, at: datetime) -> Person | None:
        """Return who shows a token; None if it is not good (any more)."""
        number = secrets.token_id(secret)
        if number is None:
            return None
        with self._database.session() as session:
            row = session.get(TokenRow, number)
            if row is None or not secrets.same(row.digest, secrets.digest(secret)):
                return None
            if row.revoked is not None or at >= utc(row.expires):
                return None
            scope = Scope(frozenset(Right(right) for right in row.rights), row.project)
            found = person_of(session, row.owner, Via.TOKEN, number, origin, scope)
            if found is not None and (
                row.last_used is None or at - utc(row.last_used) >= NOTED_EVERY
            ):
                moment = at.astimezone(UTC)
                session.execute(
                    update(TokenRow)
                    .where(TokenRow.id == number)
                    .values(last_used=moment)
                    .execution_options(synchronize_session=False)
                )
            return found


def _permit(by: Person, owner: str) -> None:
    if by.via is Via.TOKEN:
        raise Forbidden(
            "a token cannot make tokens.", remedy="Log in with a password, or use the shell."
        )
    if by.name != owner:
        by.require(Right.MANAGE_USERS)


def _fit(rights: Collection[Right], lifetime: timedelta) -> None:
    if not rights:
        raise InvalidRequest(
            "a token without a right is good for nothing.",
            remedy=f"Name some of: {', '.join(Right)}.",
        )
    if not timedelta(0) < lifetime <= LONGEST:
        raise InvalidRequest(
            f"a token cannot be good for {lifetime.days} days.",
            remedy=f"Choose 1 to {LONGEST.days}.",
        )


def _lacks_none(
    owner: Person | None, name: str, rights: Collection[Right], project: str | None
) -> None:
    """Refuse rights that the owner has nowhere in the token's reach."""
    if owner is None:
        raise Forbidden(f"user {name} is disabled.", remedy="`kizashi user enable` first.")
    reach = [project] if project is not None else [None, *owner.roles]
    for right in rights:
        if not any(owner.may(right, where) for where in reach):
            raise Forbidden(
                f"{name} does not have the right {right.value}, so no token of theirs can.",
                remedy="Leave it out, or give them a role that has it.",
            )


def _token(row: TokenRow) -> Token:
    return Token(
        id=row.id,
        owner=row.owner,
        label=row.label,
        rights=tuple(Right(right) for right in row.rights),
        project=row.project,
        created=utc(row.created),
        expires=utc(row.expires),
        last_used=None if row.last_used is None else utc(row.last_used),
        revoked=None if row.revoked is None else utc(row.revoked),
    )
