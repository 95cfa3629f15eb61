"""The API of many sites: what is the gateway's own it answers itself, the rest is asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from appliance.access import Person
from appliance.api import problems
from appliance.api.guard import counted, identify
from appliance.api.limits import MOST_BODY
from appliance.api.passage import Passage
from appliance.api.store.keys import PASSED_ON
from appliance.core.errors import (
    InvalidRequest,
    KizashiError,
    LimitExceeded,
    LinkError,
    NotFound,
    SiteAway,
)
from appliance.gateway import bulk, rewriting
from appliance.gateway.choosing import AUTO, choose
from appliance.gateway.gateway import Gateway
from appliance.gateway.gathering import Gathered, Gathering, Question
from appliance.gateway.hub import Ask, Asker
from appliance.gateway.naming import PREFIX, parted
from appliance.gateway.passing import Passing, headers_in
from appliance.gateway.store import Letter

OWN = frozenset(
    {"session", "sessions", "users", "tokens", "projects", "sites", "outbox", "models", "link"}
)
"""Nouns that are the gateway's, whatever a request says."""
OWN_UNLESS_NAMED = frozenset({"audit", "site", "metrics", "openapi.json"})
"""Nouns that are the gateway's, unless a site is named."""
AWAY = "Kizashi-Sites-Away"
QUEUED = "Kizashi-Queued"
_ASKING = ("/preview", "/try", "/check", "/online", "/uploads")
"""How addresses end whose answer is all that is wanted: it cannot wait."""
_STREAMED = ("/readings", "/uploads", "/calendar/import", "/calendar/import/preview")
_SAFE = frozenset({"GET", "HEAD"})


@dataclass
class Asked:
    """One request, as it was understood.

    Attributes
    ----------
    path
        As a site knows it, without the API's prefix.
    named
        Sites that it names.
    """

    request: Request
    person: Person
    askers: Mapping[str, Asker]
    path: str
    query: str
    named: set[str]
    body: bytes = field(default=b"", repr=False)
    told: Any = None
    streamed: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """Its method."""
        return self.request.method


class Federation:
    """The API of a gateway, as an ASGI application.

    Parameters
    ----------
    gateway
        Whose sites are asked.
    own
        The gateway's own application.
    """

    def __init__(self, gateway: Gateway, own: FastAPI) -> None:
        self._gateway = gateway
        self._own = own
        self._passage = Passage(self._answer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or self._is_own(scope):
            await self._own(scope, receive, send)
        else:
            await self._passage(scope, receive, send)

    def _is_own(self, scope: Scope) -> bool:
        path: str = scope["path"]
        if not path.startswith(f"{PREFIX}/"):
            return True
        noun = path.removeprefix(f"{PREFIX}/").partition("/")[0]
        if noun in OWN_UNLESS_NAMED:
            return b"site=" not in scope.get("query_string", b"")
        return noun in OWN

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self._own
        scope.setdefault("state", {})
        request = Request(scope, receive)
        try:
            asked = await self._understood(request)
            await self._done(asked, send)
        except KizashiError as error:
            await problems.of_error(request, error)(scope, receive, send)
        except (ClientDisconnect, LinkError):
            return

    # ------------------------------------------------------------------ understanding
    async def _understood(self, request: Request) -> Asked:
        """Return what is asked of whom, by somebody who is known.

        Raises
        ------
        KizashiError
            Whoever asks is not known, or what they ask cannot be used.
        """
        person = await run_in_threadpool(identify, self._gateway.site, request)
        request.state.person = person
        self._own.state.rate.spend(counted(person))
        names = await run_in_threadpool(self._gateway.names)
        askers = self._gateway.askers(person)
        query, named, wanted = rewriting.query_in(request.url.query, names)
        path, at = _path_in(request.scope, names)
        named |= at
        asked = Asked(request, person, askers, path, query, named)
        if request.method not in _SAFE:
            await self._read(asked, names)
        # What is named by its identifier is where it is, whatever else is shown.
        asked.named = asked.named or wanted
        named = asked.named
        unknown = sorted(named - set(askers))
        if unknown and unknown != [AUTO]:
            raise NotFound(f"there is no site {unknown[0]}.")
        return asked

    async def _read(self, asked: Asked, names: Sequence[str]) -> None:
        if asked.path.endswith(_STREAMED):
            asked.streamed = True
            return
        size = 0
        parts = []
        async for part in asked.request.stream():
            size += len(part)
            if size > MOST_BODY:
                raise LimitExceeded("the body is larger than this route takes.")
            parts.append(part)
        asked.body = b"".join(parts)
        if "json" not in asked.request.headers.get("content-type", "") or not asked.body:
            return
        try:
            told = json.loads(asked.body)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest("the body is no JSON.") from error
        if isinstance(told, dict) and isinstance(told.get("site"), str):
            asked.named.add(told.pop("site"))
        found, named = rewriting.Rewriting(asked.path).body(told, names)
        if asked.path == "/events/bulk":
            asked.told = told  # its events may be of several sites
            return
        asked.named |= named
        asked.told = found
        asked.body = json.dumps(found, separators=(",", ":")).encode()

    # ------------------------------------------------------------------ doing
    async def _done(self, asked: Asked, send: Send) -> None:
        if asked.path == "/events/bulk" and asked.method == "POST":
            told = await bulk.deal(self._gateway, asked.askers, asked.told, self._letter(asked))
            await JSONResponse(told)(asked.request.scope, asked.request.receive, send)
            return
        if asked.named == {AUTO}:
            self._choose(asked)
        if asked.method in _SAFE and len(asked.named) != 1:
            await self._gathered(asked, send)
            return
        site = rewriting.only(asked.named) or self._lone(asked)
        await self._passed(asked, site, send)

    def _lone(self, asked: Asked) -> str:
        """Return the site of a request that names none: the only one there is."""
        if len(asked.askers) == 1:
            return next(iter(asked.askers))
        raise InvalidRequest(
            "the request does not say which site it is for.",
            remedy="Name it behind the name of what it is about, as in pumps@oslo, or by "
            "?site=NAME.",
        )

    def _choose(self, asked: Asked) -> None:
        if asked.path != "/jobs" or not isinstance(asked.told, dict):
            raise InvalidRequest("only a job can be sent to a site of the gateway's choice.")
        here = self._gateway.hub.here() & set(asked.askers)
        loads = {s: load for s, load in self._gateway.loads.items() if s in here}
        found = choose(loads, asked.told.get("fleet"))
        asked.named = {found.site}
        asked.extra = {"chosen": {"site": found.site, "why": found.why}}

    async def _gathered(self, asked: Asked, send: Send) -> None:
        askers = {
            s: who for s, who in asked.askers.items() if not asked.named or s in asked.named
        }
        headers = headers_in(asked.request.scope["headers"], _identifier(asked))
        question = Question(asked.path, asked.query, headers)
        found = await Gathering(self._gateway, askers, question).answer()
        if found.refusal is not None:
            await _refused(found, asked, send)
            return
        body = json.dumps(found.value, ensure_ascii=False, separators=(",", ":"))
        headers_out = {} if not found.away else {AWAY: _listed(found)}
        answer = Response(body, 200, headers_out, "application/json")
        await answer(asked.request.scope, asked.request.receive, send)

    async def _passed(self, asked: Asked, site: str, send: Send) -> None:
        letter = self._letter(asked)(site, asked.body)
        if asked.method not in _SAFE:
            await self._noted(asked, site)
        passing = Passing(self._gateway.hub, site, asked.path, asked.extra)
        stream = _body_of(asked.request) if asked.streamed else None
        headers = list(letter.headers)
        if letter.key:
            headers.append(("idempotency-key", letter.key))
        length = asked.request.headers.get("content-length") if asked.streamed else None
        headers.append(("content-length", length or str(len(asked.body))))
        ask = Ask(asked.method, PREFIX + asked.path, asked.query, headers, asked.body, stream)
        try:
            begun = await passing.begin(asked.askers[site], ask)
            await passing.give(begun, send)
        except (SiteAway, LinkError) as error:
            if not _may_wait(asked, letter):
                raise SiteAway(str(error)) from error
            await self._queued(asked, letter, send)

    async def _queued(self, asked: Asked, letter: Letter, send: Send) -> None:
        kept = await run_in_threadpool(self._gateway.outbox.put, letter)
        where = f"{PREFIX}/outbox/{kept.id}"
        headers = {"Location": where, QUEUED: kept.id, AWAY: letter.site}
        answer = JSONResponse(kept.model_dump(mode="json"), 202, headers)
        await answer(asked.request.scope, asked.request.receive, send)

    def _letter(self, asked: Asked) -> Any:
        """Return what makes a letter of a request, for a site and a body."""
        headers = tuple(headers_in(asked.request.scope["headers"], _identifier(asked)))
        given = asked.request.headers.get("idempotency-key", "")
        scope = asked.person.scope
        rights = None if scope is None else tuple(sorted(scope.rights))
        project = None if scope is None else scope.project

        def made(site: str, body: bytes) -> Letter:
            key = "" if not given else passed_on(asked.person.name, given, site)
            path = PREFIX + asked.path
            facts = asked.method, path, asked.query, headers, body, rights, project
            return Letter(site, asked.person.name, key, *facts)

        return made

    async def _noted(self, asked: Asked, site: str) -> None:
        told = {"method": asked.method, "path": PREFIX + asked.path}
        log = self._gateway.site.access.audit
        await run_in_threadpool(
            log.note, asked.person, "site.asked", f"site:{site}", None, told
        )


def passed_on(person: str, key: str, site: str) -> str:
    """Return the idempotency key that a site is sent: the same whenever it is sent."""
    text = f"{person}\0{key}\0{site}".encode()
    return PASSED_ON + hashlib.sha256(text).hexdigest()[:40]


def _path_in(scope: Scope, names: Sequence[str]) -> tuple[str, set[str]]:
    """Return an address as sites know it, without the prefix, and the site that it names."""
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    parts = raw.decode("latin-1").partition("?")[0].removeprefix(PREFIX).split("/")
    named: set[str] = set()
    for place in (2, 3) if parts[1:3] == ["budgets", "projects"] else (2,):
        if len(parts) > place:
            name, site = parted(unquote(parts[place]), names)
            if site is not None:
                parts[place] = quote(name, safe="")
                named.add(site)
    return "/".join(parts), named


async def _body_of(request: Request) -> AsyncIterator[bytes]:
    async for part in request.stream():
        if part:
            yield part


def _may_wait(asked: Asked, letter: Letter) -> bool:
    kept = asked.method == "POST" and letter.key and not asked.streamed
    return bool(kept) and not asked.path.endswith(_ASKING)


def _identifier(asked: Asked) -> str:
    return str(asked.request.scope.get("state", {}).get("request_id", ""))


def _listed(found: Gathered) -> str:
    return ", ".join(
        site if age is None else f"{site};age={age:.0f}"
        for site, age in sorted(found.away.items())
    )


async def _refused(found: Gathered, asked: Asked, send: Send) -> None:
    """Give what a site said is wrong with a question."""
    site, answer = found.refusal or ("", None)
    if answer is None:
        return
    told = Passing(None, site, asked.path).rewritten(answer.body, answer.status)  # type: ignore[arg-type]
    kind = answer.header("content-type") or problems.MEDIA_TYPE
    response = Response(told, answer.status, media_type=kind)
    await response(asked.request.scope, asked.request.receive, send)
