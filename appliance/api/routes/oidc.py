"""Log in by an identity provider (OpenID Connect)."""

from __future__ import annotations

import html
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from appliance.access.provider import Provider
from appliance.api.errands import COOKIE as CARRIED
from appliance.api.errands import SECONDS, Errands, local_path
from appliance.api.guard import TheSite, origin_of
from appliance.api.needs import anyone
from appliance.api.router import make_router
from appliance.api.routes.session import set_cookie
from appliance.core.errors import NotFound, Unauthenticated
from appliance.core.log import get
from appliance.pipelines.site import Site
from appliance.schemas.access import LoginWays

router = make_router("session")
_log = get(__name__)
_WAY_BACK = "/session/oidc/callback"
_Told = Annotated[str | None, Query(max_length=4000)]


@router.get("/session/ways", summary="How to log in", **anyone())
def ways_to_log_in(site: TheSite) -> LoginWays:
    """Return how one may log in: by password, or by an identity provider too."""
    settings = site.settings
    return LoginWays(provider=settings.oidc_name if settings.oidc_issuer else None)


@router.get(
    "/session/oidc",
    status_code=303,
    response_class=RedirectResponse,
    summary="Go to the identity provider",
    responses={303: {"description": "To the identity provider's login."}},
    **anyone(),
)
def begin_oidc_login(
    request: Request,
    site: TheSite,
    then: Annotated[
        str, Query(max_length=500, description="Path of this site to go to afterwards.")
    ] = "/",
) -> Response:
    """Send a browser to the identity provider, to come back with a word that it gives."""
    path = local_path(then)
    url, errand = _provider(request).begin(_back(request, site))
    answer = RedirectResponse(url, 303)
    errands: Errands = request.app.state.errands
    answer.set_cookie(
        CARRIED,
        errands.seal(errand, path),
        max_age=SECONDS,
        path=request.url.path,
        secure=_secure(request, site),
        httponly=True,
        samesite="lax",  # it must come along when the provider sends the browser back
    )
    return answer


@router.get(
    _WAY_BACK,
    response_class=HTMLResponse,
    summary="Come back from the identity provider",
    responses={200: {"description": "Logged in: a page that leads on."}},
    **anyone(),
)
def finish_oidc_login(
    request: Request,
    site: TheSite,
    state: _Told = None,
    code: _Told = None,
    error: _Told = None,
    iss: _Told = None,
) -> Response:
    """Open a session for whom the identity provider vouches."""
    provider, errands = _provider(request), request.app.state.errands
    errand, then = errands.open(request.cookies.get(CARRIED), state or "")
    if iss is not None and iss != provider.terms.issuer:
        raise Unauthenticated("another identity provider sent this browser here.")
    if error is not None or code is None:
        _log.warning("the identity provider refuses a login: %r", error)
        raise Unauthenticated("the identity provider did not let you in.", remedy="Try again.")
    identity = provider.finish(_back(request, site), code, errand)
    terms = provider.terms
    opened = site.access.enter(
        identity,
        terms.groups.give(identity.groups),
        make=terms.make_users,
        origin=origin_of(request),
    )
    answer = HTMLResponse(_PAGE.format(path=html.escape(then)))
    answer.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    set_cookie(answer, opened.secret, secure=_secure(request, site))
    answer.delete_cookie(CARRIED, path=request.url.path.removesuffix("/callback"))
    return answer


# A redirect would arrive without the session's cookie: browsers leave out what is strict
# wherever another site began the way.  A page of ours begins a way of its own.
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Kizashi</title>
<meta http-equiv="refresh" content="0; url={path}"></head>
<body><a href="{path}">Go on</a></body></html>
"""


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise NotFound("this site has no identity provider.", remedy="Log in with a password.")
    return provider


def _base(request: Request, site: Site) -> str:
    return site.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")


def _back(request: Request, site: Site) -> str:
    prefix = request.url.path.partition("/session/oidc")[0]
    return f"{_base(request, site)}{prefix}{_WAY_BACK}"


def _secure(request: Request, site: Site) -> bool:
    return _base(request, site).startswith("https://")
