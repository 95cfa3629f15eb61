"""Who asks, and whether they may: once for every request, before its route runs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from typing_extensions import override

from appliance.access import Person
from appliance.access.person import Via, nobody
from appliance.api import idempotency, uploads
from appliance.api.known import Known
from appliance.api.limits import Rate
from appliance.api.needs import OVER, PUBLIC, RECENT, RIGHT, SPOOLED, Over
from appliance.api.recent import Recent
from appliance.core.errors import NotFound, Unauthenticated
from appliance.pipelines.site import Site
from appliance.schemas.access import Right

COOKIE = "kizashi_session"
CSRF_HEADER = "X-CSRF-Token"
VOUCHED = "kizashi.vouched"
"""Key of a scope: the person that the line to the gateway found to ask.  It is set within
this process alone: nothing that comes over the network can."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER = "bearer "


class GuardedRoute(APIRoute):
    """A route that runs only for those who have the right it says it needs."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        declared = self.openapi_extra or {}
        if PUBLIC not in declared and RIGHT not in declared:
            raise ValueError(f"the route {path} does not say what it needs")

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        declared = self.openapi_extra or {}

        async def guarded(request: Request) -> Response:
            request.state.person = await run_in_threadpool(admitted, request, declared)
            if SPOOLED in declared:
                return await uploads.with_body(request, handler)
            return await idempotency.once(request, handler)

        async def answered(request: Request) -> Response:
            async def made() -> tuple[Response, str]:
                answer = await guarded(request)
                return answer, counted(request.state.person)

            recent: Recent = request.app.state.recent
            return await recent.answer(request, made)

        return answered if RECENT in declared else guarded


def admitted(request: Request, declared: Mapping[str, Any]) -> Person:
    """Return who asks, if they may.

    Raises
    ------
    Unauthenticated, Forbidden, NotFound, TooOften
        They may not.  What somebody may not even read is not there for them.
    """
    site: Site = request.app.state.site
    rate: Rate = request.app.state.rate
    if PUBLIC in declared:
        rate.spend(f"from {origin_of(request)}", public=True)
        return nobody(origin_of(request))
    person = identify(site, request)
    rate.spend(counted(person))
    if declared[RIGHT] is not None:
        _require(site, person, Right(declared[RIGHT]), Over(declared[OVER]), request)
    return person


def counted(person: Person) -> str:
    """Return what somebody's requests are counted under."""
    return f"{person.via.value} {person.credential or person.name}"


def identify(site: Site, request: Request) -> Person:
    """Return who shows a token, or a session's cookie with its CSRF token.

    Raises
    ------
    Unauthenticated
        Nobody that the site knows.
    Forbidden
        A cookie came along without the word that only the site's own pages know.
    """
    vouched: Person | None = request.scope.get(VOUCHED)
    if vouched is not None:
        return vouched
    shown = request.headers.get("Authorization", "")
    origin = origin_of(request)
    known: Known = request.app.state.known
    if shown[: len(_BEARER)].lower() == _BEARER:
        return known.authenticate(shown[len(_BEARER) :].strip(), origin)
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        raise Unauthenticated("nobody is logged in.", remedy="Log in, or send a token.")
    person = known.authenticate(cookie, origin)
    if person.via is Via.SESSION and request.method not in _SAFE:
        site.access.require_csrf(cookie, request.headers.get(CSRF_HEADER, ""))
    return person


def origin_of(request: Request) -> str:
    """Return the address that a request comes from."""
    return request.client.host if request.client else ""


def _require(site: Site, person: Person, right: Right, over: Over, request: Request) -> None:
    if over in {Over.VISIBLE, Over.BODY}:
        return
    if over is Over.SOMEWHERE:
        if not person.may_somewhere(right):
            person.require(right)
        return
    if over is Over.SITE:
        person.require(right)
        return
    name = request.path_params[over.value]
    if over is Over.PROJECT:
        person.require(right, name)
        return
    project = _PROJECT_OF[over](site, name)
    if over is Over.WINDOW and project is None:
        # What holds everywhere is everybody's to see, and the site's alone to change.
        if right is not Right.READ:
            person.require(right)
        return
    if not person.may(Right.READ, project) and not person.may(right, project):
        raise NotFound(f"there is no {over.value} {name}.")
    person.require(right, project)


def _of_fleet(site: Site, name: str) -> str:
    (project,) = site.access.projects.of([name]).values()
    return project


def _of_window(site: Site, fleet: str | None) -> str | None:
    return None if fleet is None else _of_fleet(site, fleet)


_PROJECT_OF: Mapping[Over, Callable[[Site, str], str | None]] = {
    Over.FLEET: _of_fleet,
    Over.EVENT: lambda site, name: _of_fleet(site, site.events.get(name).fleet),
    Over.JOB: lambda site, name: site.jobs.get(name).project,
    Over.SCHEDULE: lambda site, name: site.schedules.get(name).project,
    Over.SOURCE: lambda site, name: _of_fleet(site, site.sources.get(name).fleet),
    Over.WINDOW: lambda site, name: _of_window(site, site.calendar.get(name).fleet),
}


class Guard:
    """What a route asks about whoever asks it, beyond what it declares."""

    def __init__(self, request: Request) -> None:
        self.site: Site = request.app.state.site
        self.person: Person = request.state.person

    def visible(self, fleets: list[str]) -> list[str]:
        """Return those of some fleets that whoever asks may see."""
        return self.site.access.visible(self.person, fleets)

    def projects(self) -> list[str] | None:
        """Return the projects that whoever asks may read; None: all, and the site's own."""
        if self.person.may(Right.READ):
            return None
        found = self.site.access.projects.list(self.person)
        return [one.name for one in found if self.person.may(Right.READ, one.name)]

    def require(self, right: Right, *, fleet: str | None) -> None:
        """Refuse what whoever asks may not, in a fleet's project or over the site.

        Raises
        ------
        NotFound
            They may not even see the fleet.
        Forbidden
            They may see it, but not this.
        """
        if fleet is None:
            self.person.require(right)
            return
        project = _of_fleet(self.site, fleet)
        if not self.person.may(Right.READ, project) and not self.person.may(right, project):
            raise NotFound(f"there is no fleet {fleet}.")
        self.person.require(right, project)


async def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


async def _person(request: Request) -> Person:
    person: Person = request.state.person
    return person


async def _guard(request: Request) -> Guard:
    return Guard(request)


TheSite = Annotated[Site, Depends(_site)]
Caller = Annotated[Person, Depends(_person)]
Guarded = Annotated[Guard, Depends(_guard)]
