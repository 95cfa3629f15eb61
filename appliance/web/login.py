"""The login: one plain page that needs no script, in the reader's language."""

from __future__ import annotations

import html
from importlib.resources import files
from string import Template
from urllib.parse import parse_qs, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from appliance.api.guard import COOKIE, origin_of
from appliance.api.limits import Rate
from appliance.core.errors import KizashiError, TooOften, Unauthenticated
from appliance.pipelines.site import Site
from appliance.web.gate import FONT, LANGUAGE, LOGIN, LOGOUT, session_in

_PAGE = Template(files("appliance.web").joinpath("login.html").read_text("utf-8"))
OIDC = "/api/v1/session/oidc"
LANGUAGE_COOKIE = "kizashi_language"
_YEAR = 365 * 86_400
_MOST_BODY = 10_000
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; img-src data:"
)
_WORDS = {
    "en": {
        "language": "English",
        "title": "Log in",
        "user": "User",
        "password": "Password",
        "enter": "Log in",
        "other": "Log in with your organisation",
        "wrong": "The name or the password is wrong.",
        "often": "Too many attempts. Wait a moment, then try again.",
        "away": "The site cannot check passwords at the moment. Try again.",
    },
    "ja": {
        "language": "日本語",
        "title": "ログイン",
        "user": "ユーザー名",
        "password": "パスワード",
        "enter": "ログイン",
        "other": "組織のアカウントでログイン",
        "wrong": "ユーザー名またはパスワードが正しくありません。",
        "often": "試行回数が多すぎます。しばらく待ってからやり直してください。",
        "away": "現在パスワードを確認できません。もう一度お試しください。",
    },
}


def application(site: Site, rate: Rate) -> Starlette:
    """Return what serves login, logout and the choice of a language.

    Parameters
    ----------
    site
        Knows passwords and sessions.
    rate
        How often an address may try.
    """
    made = Starlette(
        routes=[
            Route(LOGIN, _show, methods=["GET"]),
            Route(LOGIN, _enter, methods=["POST"]),
            Route(LOGOUT, _leave, methods=["GET", "POST"]),
            Route(LANGUAGE, _choose, methods=["GET"]),
        ]
    )
    made.state.site, made.state.rate = site, rate
    return made


async def _show(request: Request) -> Response:
    return _page(request, 200, "")


async def _enter(request: Request) -> Response:
    """Open a session, and lead to where whoever logs in wanted to go."""
    if not _from_here(request) or int(request.headers.get("content-length", "0")) > _MOST_BODY:
        return Response("this form is not the site's own", 403, media_type="text/plain")
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    user, password = (form.get(name, [""])[0] for name in ("user", "password"))
    site: Site = request.app.state.site
    rate: Rate = request.app.state.rate
    origin = origin_of(request)
    try:
        rate.spend(f"from {origin}", public=True)
        opened = await run_in_threadpool(site.access.login, user, password, origin)
    except TooOften:
        return _page(request, 429, "often")
    except Unauthenticated as error:
        return _page(request, 401, "often" if "too many" in error.message else "wrong")
    except KizashiError:
        return _page(request, 503, "away")
    answer = RedirectResponse(local(request.query_params.get("next", "/")), 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, opened.secret, httponly=True, samesite="strict", secure=secure)
    return answer


async def _leave(request: Request) -> Response:
    """End the session that asks; a link from elsewhere cannot, as its cookie does not come."""
    site: Site = request.app.state.site
    secret = session_in(request.headers.get("cookie", ""))
    if secret is not None:
        await run_in_threadpool(_ended, site, secret)
    answer = RedirectResponse(LOGIN, 303)
    answer.delete_cookie(COOKIE)
    return answer


async def _choose(request: Request) -> Response:
    """Keep the reader's language in their browser, and lead back."""
    answer = RedirectResponse(local(request.query_params.get("next", "/")), 303)
    chosen = request.query_params.get("set", "")
    if chosen in _WORDS:
        secure = request.url.scheme == "https"
        answer.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=_YEAR, samesite="lax", secure=secure, httponly=True
        )
    return answer


def _ended(site: Site, secret: str) -> None:
    try:
        person = site.access.authenticate(secret)
        site.access.sessions.end(person, person.credential)
    except Unauthenticated:
        return  # it has ended already


def local(wanted: str) -> str:
    """Return an address of this site itself: never one that leads elsewhere."""
    plain = wanted.isprintable() and "\\" not in wanted
    return wanted if plain and wanted.startswith("/") and not wanted.startswith("//") else "/"


def _from_here(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host", "")


def _page(request: Request, status: int, fault: str) -> HTMLResponse:
    site: Site = request.app.state.site
    language = language_of(request, site.settings.language)
    words = _WORDS[language]
    wanted = local(request.query_params.get("next", "/"))
    told = f'<p class="fault" role="alert">{html.escape(words[fault])}</p>' if fault else ""
    other = _other(words["other"], wanted) if site.settings.oidc_issuer else ""
    filled = _PAGE.substitute(
        {name: html.escape(text) for name, text in words.items() if name != "language"},
        language=language,
        fault=told,
        provider=other,
        font=FONT,
        languages=_languages(language, f"{LOGIN}?{_query(wanted)}"),
        action=html.escape(f"{LOGIN}?{_query(wanted)}", quote=True),
        site=html.escape(request.url.hostname or ""),
    )
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(filled, status, headers)


def _other(word: str, wanted: str) -> str:
    """Return the way in by the organisation's own login."""
    to = html.escape(f"{OIDC}?{urlencode({'then': wanted})}", quote=True)
    return f'<a class="other" href="{to}">{html.escape(word)}</a>'


def _languages(now: str, here: str) -> str:
    """Return the ways to read the login in another language."""
    ways = []
    for code, words in _WORDS.items():
        name = html.escape(words["language"])
        to = html.escape(f"{LANGUAGE}?{urlencode({'set': code, 'next': here})}", quote=True)
        link = f'<a href="{to}" lang="{code}">{name}</a>'
        ways.append(f"<b>{name}</b>" if code == now else link)
    return " · ".join(ways)


def _query(wanted: str) -> str:
    return urlencode({"next": wanted})


def language_of(request: Request, otherwise: str) -> str:
    """Return the reader's language: the one they chose, else the first that there is."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in _WORDS:
        return chosen
    for one in request.headers.get("accept-language", "").split(","):
        code = one.strip()[:2].lower()
        if code in _WORDS:
            return code
    return otherwise
