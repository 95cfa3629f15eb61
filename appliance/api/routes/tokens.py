"""Tokens: what programs show instead of a password."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Path, Query

from appliance.api.guard import Caller, TheSite
from appliance.api.needs import someone
from appliance.api.paging import Cursor, Limit, Page, key_of, moment_in, page
from appliance.api.router import make_router
from appliance.schemas.access import NewToken, Right, Token, TokenRequest

router = make_router("tokens")


@router.get("/tokens", summary="List tokens", **someone())
def list_tokens(
    person: Caller,
    site: TheSite,
    owner: Annotated[
        str | None, Query(max_length=100, description="Only those of this user.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Token]:
    """Return tokens, the newest first: all for those who look after users, else one's own."""
    if owner is None and not person.may(Right.MANAGE_USERS):
        owner = person.name
    found = site.access.tokens.list(person, owner, after=_after(cursor), limit=limit + 1)
    return page(found, limit, lambda token: (token.created.isoformat(), token.id))


def _after(cursor: str | None) -> tuple[datetime, str] | None:
    key = key_of(cursor, str, str)
    return None if key is None else (moment_in(key[0]), key[1])


@router.post("/tokens", status_code=201, summary="Make a token", **someone())
def make_token(wanted: TokenRequest, person: Caller, site: TheSite) -> NewToken:
    """Make a token for oneself, or for anybody for those who look after users.

    Its secret is in this answer and nowhere else.  It takes a part of its owner's rights, and
    shrinks with them.  A token cannot make tokens.
    """
    return site.access.tokens.create(
        person,
        wanted.owner or person.name,
        wanted.label,
        wanted.rights,
        project=wanted.project,
        lifetime=timedelta(days=wanted.days),
    )


@router.delete("/tokens/{id}", status_code=204, summary="Revoke a token", **someone())
def revoke_token(
    id: Annotated[str, Path(max_length=16, description="Identifier of the token.")],
    person: Caller,
    site: TheSite,
) -> None:
    """End a token for good: one's own, or anybody's for those who look after users."""
    site.access.tokens.revoke(person, id)
