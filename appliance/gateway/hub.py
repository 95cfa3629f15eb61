"""The gateway's end of all lines: which sites are here, and what each of them answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from appliance.core.clock import monotonic, now
from appliance.core.errors import KizashiError, LinkError, SiteAway
from appliance.gateway.line import Exchange, Line, Pipe
from appliance.gateway.signing import Claim, Key
from appliance.schemas.access import Right, Role

HEAD_SECONDS = 120.0
"""Seconds in which a site must begin to answer."""
MOST_ANSWER = 64 * 2**20
"""Bytes of an answer that is read whole."""
_CLAIM_SECONDS = 600
_CLAIM_STEP = 120


@dataclass(frozen=True)
class Asker:
    """Who asks a site, as the gateway knows them; see `Claim`."""

    user: str
    admin: bool
    roles: Mapping[str, Role] = field(default_factory=dict)
    rights: tuple[Right, ...] | None = None
    project: str | None = None

    @property
    def terms(self) -> str:
        """What they may, as one text."""
        roles = ",".join(f"{name}={role}" for name, role in sorted(self.roles.items()))
        rights = "all" if self.rights is None else ",".join(sorted(self.rights))
        return f"{self.admin} {roles} {rights} {self.project or ''}"


@dataclass(frozen=True)
class Ask:
    """One request to a site.

    Attributes
    ----------
    path
        As it is for the site, quoted.
    query
        Quoted, without ``?``.
    stream
        The body while it comes, instead of `body`: it can be sent once.
    """

    method: str
    path: str
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = field(default=b"", repr=False)
    stream: AsyncIterator[bytes] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """What a site answered, read whole."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """Return a header by its name in small letters; empty if there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")


class Begun:
    """An answer that has begun to come."""

    def __init__(
        self, exchange: Exchange, told: Mapping[str, Any], sending: asyncio.Task[None]
    ) -> None:
        self._exchange = exchange
        self._sending = sending
        self.status = int(told.get("status", 502))
        self.headers = [(str(name), str(value)) for name, value in told.get("headers", ())]

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield its body."""
        whole = False
        try:
            while (part := await self._exchange.take()) is not None:
                yield part
            whole = True
        finally:
            self._sending.cancel()
            if whole:
                self._exchange.close()
            else:
                await self.end()

    async def end(self) -> None:
        """Want no more of it."""
        try:
            await self._exchange.give_up("nobody reads the answer")
        except LinkError:
            return


class Hub:
    """All lines that sites hold.

    Parameters
    ----------
    key
        The gateway's: it signs who asks.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self._lines: dict[str, list[Line]] = {}
        self._since: dict[str, Any] = {}
        self._claims: dict[tuple[str, str, str], tuple[float, str]] = {}
        self.told: dict[str, Mapping[str, Any]] = {}
        """What each site said of itself when it greeted."""
        self.changed = asyncio.Event()
        """Set when a site came."""

    def here(self) -> frozenset[str]:
        """Return the sites that hold a line."""
        return frozenset(self._lines)

    def since(self, site: str) -> Any:
        """Return since when a site is here; None if it is not."""
        return self._since.get(site)

    async def hold(self, site: str, pipe: Pipe, told: Mapping[str, Any]) -> None:
        """Keep a site's line until it ends.

        Raises
        ------
        LinkError
            It broke.
        """
        line = Line(pipe)
        self._lines.setdefault(site, []).append(line)
        self._since.setdefault(site, now())
        self.told[site] = told
        self.changed.set()
        try:
            await line.run()
        finally:
            held = self._lines[site]
            held.remove(line)
            if not held:
                del self._lines[site], self._since[site]

    def hang_up(self, site: str) -> None:
        """End all lines of a site; from any thread."""
        for line in list(self._lines.get(site, ())):
            line.end_soon()

    async def begin(
        self, site: str, who: Asker, ask: Ask, seconds: float = HEAD_SECONDS
    ) -> Begun:
        """Ask a site; return its answer as it begins to come.

        Raises
        ------
        SiteAway
            It is not here, or the line broke before it answered.
        """
        lines = self._lines.get(site)
        if not lines:
            raise away(site)
        line = min(lines, key=lambda one: one.busy)
        told = {
            "method": ask.method,
            "path": ask.path,
            "query": ask.query,
            "headers": list(ask.headers),
            "claim": self._claim(site, who),
        }
        try:
            exchange = await line.ask(told)
            sending = asyncio.ensure_future(_send(exchange, ask))
            try:
                head = await asyncio.wait_for(exchange.head(), seconds)
            except BaseException:
                sending.cancel()
                with suppress(LinkError):  # there is nobody left to tell
                    await exchange.give_up("nobody waits for it")
                raise
        except LinkError as error:
            raise away(site) from error
        except TimeoutError as error:
            raise SiteAway(f"site {site} does not answer in time.") from error
        return Begun(exchange, head, sending)

    async def ask(
        self, site: str, who: Asker, ask: Ask, seconds: float = HEAD_SECONDS
    ) -> Answer:
        """Ask a site; return its answer whole.

        Raises
        ------
        SiteAway
            It is not here, or the line broke before all of the answer was there.
        """
        try:
            async with asyncio.timeout(seconds):
                begun = await self.begin(site, who, ask, seconds)
                parts, size = [], 0
                async for part in begun.parts():
                    parts.append(part)
                    size += len(part)
                    if size > MOST_ANSWER:
                        raise SiteAway(f"the answer of site {site} is too large to merge.")
        except LinkError as error:
            raise away(site) from error
        except TimeoutError as error:
            raise SiteAway(f"site {site} does not answer in time.") from error
        return Answer(begun.status, begun.headers, b"".join(parts))

    async def ask_all(
        self, sites: Sequence[str], who: Mapping[str, Asker], ask: Ask, seconds: float
    ) -> dict[str, Answer | KizashiError]:
        """Ask several sites the same at once; return what each answered, or why it did not."""

        async def one(site: str) -> Answer | KizashiError:
            try:
                return await self.ask(site, who[site], ask, seconds)
            except KizashiError as error:
                return error

        found = await asyncio.gather(*(one(site) for site in sites))
        return dict(zip(sites, found, strict=True))

    def _claim(self, site: str, who: Asker) -> str:
        """Return the gateway's word for who asks: the same text for a while."""
        known = (site, who.user, who.terms)
        at = monotonic()
        held = self._claims.get(known)
        if held is None or held[0] < at:
            until = int(now().timestamp()) + _CLAIM_SECONDS
            facts = who.user, who.admin, who.roles, until, who.rights, who.project
            text = Claim(site, *facts).text(self.key)
            if len(self._claims) > 10_000:
                self._claims.clear()
            held = self._claims[known] = (at + _CLAIM_STEP, text)
        return held[1]


async def _send(exchange: Exchange, ask: Ask) -> None:
    try:
        if ask.stream is not None:
            async for part in ask.stream:
                await exchange.put(part)
        await exchange.put(ask.body, last=True)
    except LinkError:
        return  # whoever waits for the head hears of it


def away(site: str) -> SiteAway:
    """Return that a site is away."""
    return SiteAway(
        f"site {site} is away: it holds no line to the gateway now.",
        remedy="Ask again when it is back; what can wait is sent with an Idempotency-Key.",
    )
