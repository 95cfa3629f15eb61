"""Identifiers in answers and requests, on their way through the gateway.  Pure.

What is looked up by itself has its site behind it; what is looked up within a fleet (assets,
sensors, versions, backtests) stays as it is.  The names of fields say which is which.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from appliance.core.errors import InvalidRequest
from appliance.gateway.naming import address_out, parted, person_in, person_out, with_site

IDENTIFIERS = frozenset(
    {"fleet", "job", "event", "window", "schedule", "last_job", "channel", "upload", "project"}
)
"""Fields that hold an identifier."""
LISTS = frozenset({"fleets", "unready", "events"})
"""Fields that hold several, where they hold texts."""
PEOPLE = frozenset(
    {"by", "owner", "created_by", "updated_by", "answered_by", "promoted_by", "user"}
)
"""Fields that hold somebody's name."""
_NAMED = frozenset({"sources", "schedules", "channels", "recipes"})
"""Nouns whose identifier is their name."""
_WITHIN = frozenset({"backtests", "approvals"})
"""Nouns whose identifiers are looked up within a fleet."""
_PLAIN = frozenset(
    {
        "cells",
        "figures",
        "lineage",
        "peaks",
        "reasons",
        "sensors",
        "series",
        "starts",
        "steps",
        "times",
        "values",
    }
)
"""Fields in which no identifier lies, however deep."""
_LATER = frozenset({"/overview/lane"})
"""Addresses whose rows are rewritten where they are merged: most of them are not shown."""
_NOT_PEOPLE = frozenset({"costs"})


class Rewriting:
    """Rewrites what belongs to one address.

    Parameters
    ----------
    path
        Of the API, without its prefix.
    """

    def __init__(self, path: str) -> None:
        parts = [part for part in path.split("/") if part]
        noun = parts[0] if parts else ""
        self._named = noun in _NAMED
        self._ids = not _WITHIN.intersection(parts)
        self._people = noun not in _NOT_PEOPLE
        self._later = path in _LATER
        self._alone = True

    # ------------------------------------------------------------------ answers
    def answer(self, value: Any, site: str, *, mark: bool = True) -> Any:
        """Return the JSON of a site's answer as the gateway gives it.

        Parameters
        ----------
        mark
            Whether it, or each of its items, is to say of which site it is.
        """
        self._alone = mark
        found = self._out(value, site)
        items = found.get("items") if isinstance(found, dict) else None
        for one in items if isinstance(items, list) else [found]:
            if isinstance(one, dict):
                if self._named and isinstance(one.get("name"), str):
                    one["name"] = with_site(one["name"], site)
                if mark:
                    one["site"] = site
        return found

    def _out(self, value: Any, site: str) -> Any:
        if isinstance(value, dict):
            return {key: self._field(key, one, site) for key, one in value.items()}
        if isinstance(value, list):
            return [self._out(one, site) for one in value]
        return value

    def _field(self, key: str, value: Any, site: str) -> Any:
        if isinstance(value, str):
            if key in IDENTIFIERS or (key == "id" and self._ids):
                return with_site(value, site)
            if key in PEOPLE and self._people:
                return person_out(value, site) if value else value
            return address_out(value, site) if value.startswith("/api/v1/") else value
        if key == "rows" and self._later and not self._alone:
            return value
        if value is None or key in _PLAIN or isinstance(value, int | float):
            return value
        if key in LISTS and isinstance(value, list):
            return [
                with_site(o, site) if isinstance(o, str) else self._out(o, site) for o in value
            ]
        return self._out(value, site)

    def stream(self, text: str, site: str) -> str:
        """Return one line of a stream of events as the gateway gives it."""
        if not text.startswith("data:"):
            return text
        try:
            told = json.loads(text.removeprefix("data:"))
        except ValueError:
            return text
        return f"data: {json.dumps(self._out(told, site), separators=(',', ':'))}"

    # ------------------------------------------------------------------ requests
    def body(self, value: Any, sites: Collection[str]) -> tuple[Any, set[str]]:
        """Return the JSON of a request as its site knows it, and the sites that it names."""
        named: set[str] = set()
        found = self._in(value, sites, named)
        if self._named and isinstance(found, dict) and isinstance(found.get("name"), str):
            found["name"] = _own(found["name"], sites, named)
        return found, named

    def _in(self, value: Any, sites: Collection[str], named: set[str]) -> Any:
        if isinstance(value, dict):
            return {key: self._asked(key, one, sites, named) for key, one in value.items()}
        if isinstance(value, list):
            return [self._in(one, sites, named) for one in value]
        return value

    def _asked(self, key: str, value: Any, sites: Collection[str], named: set[str]) -> Any:
        if isinstance(value, str):
            if key in IDENTIFIERS or (key == "id" and self._ids):
                return _own(value, sites, named)
            return person_in(value, sites) if key in PEOPLE else value
        if key in LISTS and isinstance(value, list):
            return [_own(o, sites, named) if isinstance(o, str) else o for o in value]
        return self._in(value, sites, named)


def query_in(text: str, sites: Collection[str]) -> tuple[str, set[str], set[str]]:
    """Return a query as sites know it, the sites that its identifiers name, and ``site=``.

    ``site=`` is taken out: it says which sites are asked where no identifier does.
    """
    named: set[str] = set()
    wanted: set[str] = set()
    kept: list[tuple[str, str]] = []
    for key, value in parse_qsl(text, keep_blank_values=True):
        if key == "site":
            wanted.update(one for one in value.split(",") if one)
        elif key in IDENTIFIERS:
            kept.append((key, _own(value, sites, named)))
        elif key == "owner":
            kept.append((key, person_in(value, sites)))
        else:
            kept.append((key, value))
    return urlencode(kept, quote_via=quote), named, wanted


def _own(text: str, sites: Collection[str], named: set[str]) -> str:
    name, site = parted(text, sites)
    if site is not None:
        named.add(site)
    return name


def only(named: Collection[str]) -> str | None:
    """Return the one site that is named; None if none is.

    Raises
    ------
    InvalidRequest
        Several are.
    """
    if len(named) > 1:
        listed = ", ".join(sorted(named))
        raise InvalidRequest(
            f"one request names several sites: {listed}.", remedy="Ask each of them by itself."
        )
    return next(iter(named), None)
