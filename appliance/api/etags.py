"""ETags: a noun's revision, so that no edit overwrites one that its author did not see."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response

from appliance.core.errors import InvalidRequest, Outdated

IfMatch = Annotated[
    str | None,
    Header(
        max_length=100,
        description="The `ETag` that was seen: the edit is refused if it changed.",
    ),
]


def tag(response: Response, revision: int) -> None:
    """Say a noun's revision."""
    response.headers["ETag"] = f'"{revision}"'


def expected(if_match: str | None) -> int | None:
    """Return the revision that an edit expects; None where it takes any.

    Raises
    ------
    InvalidRequest
        The header holds no ETag of ours.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidRequest("If-Match holds no ETag of this site.")
    return int(text)


def check(if_match: str | None, revision: int) -> None:
    """Refuse an edit of another revision than the one that stands.

    Raises
    ------
    Outdated
        It changed since.
    """
    wanted = expected(if_match)
    if wanted is not None and wanted != revision:
        raise Outdated(
            f"it changed since revision {wanted} (it has {revision} now).",
            remedy="Look at it again, then decide.",
        )
