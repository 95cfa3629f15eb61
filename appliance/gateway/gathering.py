"""One question put to many sites, and their answers as one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.concurrency import run_in_threadpool

from appliance.api.limits import MOST_ITEMS
from appliance.core.clock import now
from appliance.core.errors import InvalidRequest, KizashiError, SiteAway
from appliance.gateway import orders, sums
from appliance.gateway.gateway import Gateway
from appliance.gateway.hub import Answer, Ask, Asker
from appliance.gateway.lanes import MOST, lanes, thin
from appliance.gateway.merging import merge, places_of
from appliance.gateway.naming import PREFIX
from appliance.gateway.orders import Item
from appliance.gateway.rewriting import Rewriting
from appliance.gateway.store import question_of

SECONDS = 8.0
"""How long a site may take for its part of an answer; then it counts as away."""
_KEPT = frozenset({"/overview", "/overview/lane", "/events/counts", "/fleets", "/costs"})
"""Questions that are answered for a site that is away by what it said last."""
LANE = "/overview/lane"
_UNIONS = frozenset({"/pipelines", "/detectors"})
_WHOLE = frozenset({"/channels", "/sources", "/calendar/times"})
"""Lists that come in one piece."""
_MOST_WHOLE = 100_000
_USUAL = 50
_BROKEN = 500


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes
    ----------
    path
        Without the API's prefix.
    query
        As sites know it.
    """

    path: str
    query: str
    headers: Sequence[tuple[str, str]] = ()


@dataclass
class Gathered:
    """What came together.

    Attributes
    ----------
    away
        Sites that could not be asked, and since when what is shown of them is; None where
        nothing is.
    refusal
        What a site answered that took the question for none.
    """

    value: Any = None
    away: dict[str, float | None] = field(default_factory=dict)
    refusal: tuple[str, Answer] | None = None

    def told(self) -> list[dict[str, Any]]:
        """Return the sites that are away, as answers tell of them."""
        return [{"site": s, "age_seconds": age} for s, age in sorted(self.away.items())]


class Gathering:
    """Puts one question to the sites that somebody has a place at.

    Parameters
    ----------
    askers
        Those sites, and who they are there.
    """

    def __init__(
        self, gateway: Gateway, askers: Mapping[str, Asker], question: Question
    ) -> None:
        self._gateway = gateway
        self._askers = askers
        self._question = question
        self._rewriting = Rewriting(question.path)
        self._query = {name: one[-1] for name, one in parse_qs(question.query).items()}
        self.found = Gathered()

    async def answer(self) -> Gathered:
        """Return the answers of all sites as one.

        Raises
        ------
        InvalidRequest
            The question is one for a single site.
        SiteAway
            None of the sites can be asked.
        """
        path = self._question.path
        if path in sums.SUMS:
            return await self._summed(sums.SUMS[path])
        if path in _UNIONS:
            return await self._united()
        return await self._listed()

    # ------------------------------------------------------------------ asking
    async def _ask(self, site: str, query: str) -> bytes | None:
        """Return what a site answers, or said last; None where there is nothing of it."""
        question = self._question
        ask = Ask("GET", PREFIX + question.path, query, question.headers)
        who = self._askers[site]
        key = question_of(who, question.path, query)
        try:
            answer = await self._gateway.hub.ask(site, who, ask, SECONDS)
            if answer.status >= _BROKEN:
                raise SiteAway(f"site {site} cannot answer.")
        except KizashiError:
            return await self._last(site, key)
        if answer.status >= 400:
            if self.found.refusal is None or answer.status == 422:
                self.found.refusal = site, answer
            return None
        if question.path in _KEPT:
            self._gateway.keep_soon(site, key, answer.body)
        return answer.body

    async def _last(self, site: str, key: str) -> bytes | None:
        self.found.away[site] = None
        if self._question.path not in _KEPT:
            return None
        last = await run_in_threadpool(self._gateway.kept.find, site, key)
        if last is None:
            return None
        self.found.away[site] = round((now() - last[1]).total_seconds(), 1)
        return last[0]

    async def _all(self) -> dict[str, Any]:
        """Return what each site says, rewritten."""
        sites = sorted(self._askers)
        query = self._question.query
        if self._question.path == LANE and len(sites) > 1:
            # Twice its part of each: who has more of the machines to show is asked again.
            each = max(2 * self._lanes_limit() // len(sites), 1)
            query = self._with_limit(min(each, self._lanes_limit()))
        bodies = await asyncio.gather(*(self._ask(site, query) for site in sites))
        pairs = zip(sites, bodies, strict=True)
        found = {site: self._out(body, site) for site, body in pairs if body is not None}
        self._require(found)
        return found

    def _out(self, body: bytes, site: str) -> Any:
        told = json.loads(body)
        if self._question.path == "/costs":
            sums.by_name(told, self._query.get("by", "fleet"), site)
        return self._rewriting.answer(told, site, mark=False)

    def _require(self, found: Mapping[str, Any]) -> None:
        if found or not self._askers:
            return
        if self.found.refusal is None:
            raise SiteAway(
                f"none of the {len(self._askers)} sites can be asked now.",
                remedy="`kizashi site list` tells since when each is away.",
            )

    # ------------------------------------------------------------------ figures
    async def _summed(self, add: Callable[[sums.Told], dict[str, Any]]) -> Gathered:
        told = await self._all()
        if self._question.path == LANE:
            await self._deepened(told)
        if told or (not self._askers and self._question.path != "/costs"):
            lane = self._question.path == LANE
            self.found.value = lanes(told, self._lanes_limit()) if lane else add(told)
            self.found.refusal = None
        elif not self._askers:
            raise SiteAway("the gateway has no site yet.", remedy="`kizashi site invite NAME`.")
        if self.found.away and isinstance(self.found.value, dict):
            self.found.value["away"] = self.found.told()
        return self.found

    async def _deepened(self, told: dict[str, Any]) -> None:
        """Ask sites for more of their machines where all that they told of are shown."""
        limit = self._lanes_limit()
        for site in thin(told, limit):
            body = await self._ask(site, self._with_limit(limit))
            if body is not None:
                told[site] = self._out(body, site)

    def _lanes_limit(self) -> int:
        text = self._query.get("limit", "")
        return min(int(text[:6]), MOST) if text.isdecimal() else MOST

    def _with_limit(self, limit: int) -> str:
        pairs = [
            (name, value) for name, value in _pairs(self._question.query) if name != "limit"
        ]
        return urlencode([*pairs, ("limit", str(limit))])

    async def _united(self) -> Gathered:
        told = await self._all()
        if told or not self._askers:
            items = sums.union({site: one.get("items", ()) for site, one in told.items()})
            self.found.value = {"items": items, "next": None}
            self.found.refusal = None
        return self.found

    # ------------------------------------------------------------------ lists
    async def _listed(self) -> Gathered:
        limit = self._limit()
        sites = list(self._askers)
        places = places_of(self._query.get("cursor"), sites)
        order = orders.order_of(self._question.path, self._query.get("sort"))
        page = await merge(places, self._page, order, limit)
        if not page.items and self.found.refusal is not None:
            return self.found
        if not page.items and page.away and page.away == set(places):
            self._require({})
        self.found.refusal = None
        for site in page.away:
            self.found.away.setdefault(site, None)
        items = [
            self._rewriting.answer({"items": [one]}, s)["items"][0] for s, one in page.items
        ]
        self.found.value = {"items": items, "next": page.next}
        if self.found.away:
            self.found.value["away"] = self.found.told()
        return self.found

    async def _page(self, site: str, cursor: str | None) -> tuple[Sequence[Item], str | None]:
        query = [(n, v) for n, v in _pairs(self._question.query) if n != "cursor"]
        if cursor is not None:
            query.append(("cursor", cursor))
        body = await self._ask(site, urlencode(query))
        if body is None:
            if site in self.found.away:
                raise SiteAway(f"site {site} is away.")
            return (), None
        told = json.loads(body)
        if not isinstance(told, dict) or not isinstance(told.get("items"), list):
            raise InvalidRequest(
                "that can be asked of one site at a time only.",
                remedy="Name it: ?site=NAME.",
            )
        return told["items"], told.get("next")

    def _limit(self) -> int:
        if self._question.path in _WHOLE:
            return _MOST_WHOLE
        text = self._query.get("limit", str(_USUAL))
        if not text.isdecimal() or not 1 <= int(text[:6]) <= MOST_ITEMS:
            raise InvalidRequest(f"limit must be a number from 1 to {MOST_ITEMS}.")
        return int(text)


def _pairs(query: str) -> list[tuple[str, str]]:
    return [(name, value) for name, all_ in parse_qs(query).items() for value in all_]
