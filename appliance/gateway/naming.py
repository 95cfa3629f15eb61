"""`NAME@SITE`: what belongs to a site is called so at the gateway.  Pure."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import quote, unquote

from appliance.access.person import GATEWAY

PREFIX = "/api/v1"
_NOUNS = frozenset({"fleets", "events", "jobs", "calendar", "schedules", "sources", "channels"})
_SCHEDULE = "schedule:"


def with_site(name: str, site: str) -> str:
    """Return what something of a site is called at the gateway."""
    return f"{name}@{site}" if name else name


def parted(text: str, sites: Collection[str]) -> tuple[str, str | None]:
    """Return a name at its site, and the site; None if it names none."""
    name, sign, site = text.rpartition("@")
    return (name, site) if sign and name and site in sites else (text, None)


def person_out(name: str, site: str) -> str:
    """Return what somebody at a site is called at the gateway.

    The gateway's own users are called as they are; all others have their site behind them.
    """
    if name.startswith(GATEWAY):
        return name.removeprefix(GATEWAY)
    return with_site(name, site)


def person_in(name: str, sites: Collection[str]) -> str:
    """Return what a site calls somebody."""
    own, site = parted(name, sites)
    if site is not None:
        return own
    return name if not name or name.startswith(_SCHEDULE) else f"{GATEWAY}{name}"


def address_out(text: str, site: str) -> str:
    """Return an address of the API as the gateway has it; any other text as it is."""
    if not text.startswith(f"{PREFIX}/"):
        return text
    path, mark, query = text.partition("?")
    parts = path.removeprefix(f"{PREFIX}/").split("/")
    if len(parts) > 1 and parts[0] in _NOUNS:
        parts[1] = quote(with_site(unquote(parts[1]), site), safe="@")
    return f"{PREFIX}/{'/'.join(parts)}{mark}{query}"
