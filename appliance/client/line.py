"""The line to a site: who asks, when to ask again, and what an answer means."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from random import SystemRandom
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from appliance.client.identity import ByLogin, ByToken, Identity, Nobody
from appliance.client.problems import error_of, retry_after
from appliance.client.request import Answer, Request
from appliance.client.wire.base import Stream, Wire
from appliance.core.clock import monotonic
from appliance.core.errors import KizashiError, OperatorError, Queued, Unreachable
from appliance.core.ids import new_id

_T = TypeVar("_T")
PATIENCE = 30.0
"""Seconds for which a request that may be sent again is."""
_PASSING = frozenset({429, 502, 503, 504})
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_SAFE = frozenset({"GET", "HEAD"})
_CHANCE = SystemRandom()


class Line:
    """Sends requests so that they arrive.

    Parameters
    ----------
    wire
        What sends them, once each.
    identity
        Who asks.
    patience
        Seconds from the first attempt to the last.
    site
        At a gateway, the one site that all requests are about; all of its sites if None.
    """

    def __init__(
        self,
        wire: Wire,
        identity: Identity,
        *,
        patience: float = PATIENCE,
        site: str | None = None,
    ) -> None:
        self.wire = wire
        self.url = wire.place.url
        self._identity = identity
        self._patience = patience
        self._site = site
        self._csrf: str | None = None

    def at(self, site: str) -> Line:
        """Return a line over the same wire whose requests are about one site of a gateway."""
        made = Line(self.wire, self._identity, patience=self._patience, site=site)
        made._csrf = self._csrf
        return made

    async def ask(self, request: Request) -> Answer:
        """Send a request, again where that may help and can do no harm; return its answer.

        Raises
        ------
        KizashiError
            What the site says is wrong.
        Unreachable
            It says nothing.
        """
        if request.keyed:
            request = _with(request, "Idempotency-Key", new_id("key"))
        until = monotonic() + self._patience
        pause = _FIRST_PAUSE
        while True:
            wait: float | None = None
            try:
                answer = await self._once(request)
            except Unreachable as error:
                failure: KizashiError = error
                passing = error.retryable
            else:
                if answer.status < 300:
                    _require_done(answer)
                    return answer
                failure = error_of(self.url, answer)
                passing = answer.status in _PASSING
                wait = retry_after(answer)
            if wait is None:
                wait = _CHANCE.uniform(0, pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            if not (passing and request.repeatable) or monotonic() + wait > until:
                raise failure
            await self.wire.sleep(wait)

    async def open(self, request: Request) -> Stream:
        """Send a request once and return the stream of its answer.

        Raises
        ------
        KizashiError
            What the site says is wrong.
        Unreachable
            It says nothing.
        """
        found = await self.wire.open(await self._dressed(request))
        if isinstance(found, Answer) and found.status == 401 and self._csrf is not None:
            self._csrf = None
            found = await self.wire.open(await self._dressed(request))
        if isinstance(found, Answer):
            raise error_of(self.url, found)
        return found

    async def data(self, request: Request) -> Any:
        """Return the data of a JSON answer.

        Raises
        ------
        KizashiError
            As `ask`; or what answers is no site of Kizashi.
        """
        return data_of(self.url, await self.ask(request))

    async def get(self, path: str, **query: Any) -> Any:
        """Return the data that a path holds."""
        return await self.data(Request("GET", path, query=query))

    async def post(self, path: str, value: Any = None, **query: Any) -> Any:
        """Ask for something to be made or done, once; return the data of the answer."""
        return await self.data(Request("POST", path, query=query, json=value, keyed=True))

    async def close(self) -> None:
        """Log out if logged in, and hang up."""
        try:
            if self._csrf is not None:
                await self.wire.send(_with(Request("DELETE", "/session"), *self._proof()))
        except Unreachable:
            pass  # the session ends by itself
        finally:
            self._csrf = None
            await self.wire.close()

    # ------------------------------------------------------------------ who asks
    async def _once(self, request: Request) -> Answer:
        answer = await self.wire.send(await self._dressed(request))
        if answer.status == 401 and self._csrf is not None:
            self._csrf = None  # the session has ended: one more login
            answer = await self.wire.send(await self._dressed(request))
        return answer

    async def _dressed(self, request: Request) -> Request:
        """Return a request that says who asks, after the login that this may take."""
        if self._site is not None and "site" not in request.query:
            request = replace(request, query={**request.query, "site": self._site})
        match self._identity:
            case ByToken(secret=secret):
                return _with(request, "Authorization", f"Bearer {secret}")
            case ByLogin() as login:
                if self._csrf is None:
                    self._csrf = await self._logged_in(login)
                return request if request.method in _SAFE else _with(request, *self._proof())
            case Nobody():
                return request

    def _proof(self) -> tuple[str, str]:
        return "X-CSRF-Token", self._csrf or ""

    async def _logged_in(self, login: ByLogin) -> str:
        answer = await self.wire.send(login.request())
        if answer.status >= 300:
            raise error_of(self.url, answer)
        return str(json.loads(answer.data)["csrf"])


def data_of(url: str, answer: Answer) -> Any:
    """Return the data of a JSON answer; None of an empty one.

    Raises
    ------
    Unreachable
        It is no JSON: something else answers at the address.
    """
    if not answer.data:
        return None
    try:
        return json.loads(answer.data)
    except ValueError as error:
        raise Unreachable(
            f"what answers at {url} is no site of Kizashi.", remedy="Is the address right?"
        ) from error


def _require_done(answer: Answer) -> None:
    """Raise `Queued` where a gateway keeps what was asked for a site that is away."""
    entry = answer.headers.get("kizashi-queued")
    if entry is not None:
        site = answer.headers.get("kizashi-sites-away", "")
        error = Queued(
            f"site {site} is away: what was asked waits at the gateway as {entry}.",
            remedy="It is done when the site is back.",
        )
        error.entry, error.status = entry, answer.status
        raise error


def _with(request: Request, name: str, value: str) -> Request:
    return replace(request, headers={**request.headers, name: value})


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def parsed(kind: type[_T], data: Any) -> _T:
    """Return data as a wire model; keys that a newer site has added are passed over.

    Raises
    ------
    OperatorError
        The site's answer is not as this version knows it.
    """
    try:
        wanted: Any = kind
        found: _T = _adapter(wanted).validate_python(data, extra="ignore")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OperatorError(
            f"the site's answer is not as this client knows it: {where}: {first['msg']}.",
            remedy="Install the client of the site's version.",
        ) from error
    return found
