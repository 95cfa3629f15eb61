"""What all wire models share."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

from appliance.core.errors import InvalidRequest

_SITE = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_FLEET = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}(@[a-z0-9][a-z0-9-]{0,30})?$"
"""A name that somebody gave; at a gateway the site that it is of stands behind it."""
FleetName = Annotated[str, StringConstraints(pattern=NAME_PATTERN, strip_whitespace=True)]
"""A fleet's name: it becomes a folder name, so letters, digits, - and _ only."""

_FIRST_YEAR, _LAST_YEAR = 1700, 2250
"""Within what nanoseconds since 1970 can hold, in any time zone."""


def _within(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_within)]
"""A time that somebody gives, with its zone; every part of the site can hold it."""

Language = Literal["en", "ja"]
"""Languages that facts are told in."""


class Schema(BaseModel):
    """Immutable, strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def fleet_name(text: str) -> str:
    """Return a fleet's name as it is kept.

    Raises
    ------
    InvalidRequest
        It could not be a folder's name everywhere.
    """
    name = text.strip()
    if not _FLEET.fullmatch(name):
        raise InvalidRequest(
            f"{text!r} is no name for a fleet.",
            remedy="Use small letters, digits, - and _, at most 63 of them.",
        )
    return name


def fleet_anywhere(text: str) -> str:
    """Return a fleet's name, which may have its site behind it, as at a gateway.

    Raises
    ------
    InvalidRequest
        It is none.
    """
    name, sign, site = text.strip().partition("@")
    if sign and not _SITE.fullmatch(site):
        raise InvalidRequest(
            f"{text!r} is no name for a fleet of a site.", remedy="Such as pumps@oslo."
        )
    return f"{fleet_name(name)}{sign}{site}"


def own_name(text: str, noun: str) -> str:
    """Return a name that a site itself may give: one without another site behind it.

    Raises
    ------
    InvalidRequest
        It names a site, as a gateway does.
    """
    if "@" in text:
        raise InvalidRequest(
            f"{text!r} is no name for a {noun} of this site.",
            remedy="Use small letters, digits, - and _, at most 63 of them.",
        )
    return text
