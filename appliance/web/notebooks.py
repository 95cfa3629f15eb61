"""Notebooks behind the gate: an own JupyterLab for whoever may run code."""

from __future__ import annotations

import html
from importlib.resources import files
from string import Template
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from appliance.access import Person
from appliance.api.known import Known
from appliance.core.errors import (
    Forbidden,
    KizashiError,
    LimitExceeded,
    Unauthenticated,
)
from appliance.core.log import get
from appliance.core.settings import Settings
from appliance.notebooks.place import PREFIX, Place, Server, Stage, base_of
from appliance.web import relay
from appliance.web.gate import FONT, same_origin, session_in
from appliance.web.login import language_of

_PAGE = Template(files("appliance.web").joinpath("notebooks.html").read_text("utf-8"))
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOST, _NOT_YOURS = 4401, 4403
_AGAIN_SECONDS = 1
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src 'self'; frame-ancestors 'self'; "
    "base-uri 'none'; img-src data:"
)
_WORDS = {
    "en": {
        "title": "Notebooks",
        "starting": "Your JupyterLab is starting. This takes a few seconds.",
        "room": "Your JupyterLab waits for a node that has room for it. "
        "Where the cluster adds nodes by itself, this takes some minutes.",
        "fetched": "The node of your JupyterLab prepares it. The first time on a node this "
        "takes some minutes, as the image is fetched.",
        "forbidden": "Notebooks run code on this machine: they are for those who have the "
        "right register_code. Ask an admin for it.",
        "yours": "These notebooks belong to somebody else. Open your own.",
        "full": "As many notebook servers run as the site allows. "
        "Try again once one has ended.",
        "off": "Notebooks are switched off at this site (setting notebooks_at_once).",
        "failed": "Your JupyterLab could not be started.",
        "again": "Try again",
        "back": "Back to the overview",
    },
    "ja": {
        "title": "ノートブック",
        "starting": "JupyterLab を起動しています。数秒お待ちください。",
        "room": "JupyterLab を実行できる空きノードを待っています。クラスターがノードを自動で"
        "追加する場合は数分かかります。",
        "fetched": "ノードが JupyterLab を準備しています。そのノードで初めての場合は、"
        "イメージの取得に数分かかります。",
        "forbidden": "ノートブックはこのマシンでコードを実行するため、register_code 権限を持つ"
        "ユーザーだけが使えます。管理者に依頼してください。",
        "yours": "これは他のユーザーのノートブックです。ご自分のものを開いてください。",
        "full": "同時に実行できるノートブックサーバーの数に達しています。空きが出てから"
        "もう一度お試しください。",
        "off": "このサイトではノートブックは無効です（設定 notebooks_at_once）。",
        "failed": "JupyterLab を起動できませんでした。",
        "again": "もう一度試す",
        "back": "概要に戻る",
    },
}
_log = get(__name__)


class Notebooks:
    """Serves what is below ``/notebooks/``; all else goes to the pages.

    Parameters
    ----------
    pages
        Serves all other addresses.
    servers
        The site's notebook servers.
    known
        Knows whose a session is.
    settings
        The site's.
    """

    def __init__(
        self, pages: ASGIApp, servers: Place, known: Known, settings: Settings
    ) -> None:
        self._pages = pages
        self._servers = servers
        self._known = known
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] == "lifespan" or not _is_of_notebooks(scope["path"]):
            await self._pages(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._connected(scope, receive, send)
        else:
            answer = await self._answer(scope)
            if isinstance(answer, Response):
                await answer(scope, receive, send)
            else:
                await relay.hand_on(answer, scope, receive, send)

    async def _person(self, scope: Scope) -> Person:
        secret = session_in(Headers(scope=scope).get("cookie", ""))
        if secret is None:
            raise Unauthenticated("nobody is logged in.")
        origin = scope["client"][0] if scope.get("client") else ""
        return await run_in_threadpool(self._known.authenticate, secret, origin)

    async def _answer(self, scope: Scope) -> Response | Server:
        """Return the server that is to answer, or what is answered in its place."""
        request = Request(scope)
        try:
            person = await self._person(scope)
            if self._settings.notebooks_at_once == 0:
                return self._page(request, 404, "off")
            if scope["path"] == PREFIX:
                return await self._open(request, person)
            if scope["method"] not in _SAFE and not same_origin(request.headers):
                return Response("another site asks", 403, media_type="text/plain")
            owner = owner_in(scope["path"])
            found = await run_in_threadpool(self._servers.find, person, owner)
        except Unauthenticated:
            return Response("nobody is logged in", 401, media_type="text/plain")
        except Forbidden as error:
            told = "forbidden" if error.remedy != YOURS else "yours"
            return self._page(request, 403, told)
        except KizashiError as error:
            return self._page(request, 503, "failed", str(error))
        if scope["path"] == base_of(owner).rstrip("/") or found is None:
            wants = request.method == "GET" and "text/html" in request.headers.get("accept", "")
            if found is None and not wants:
                return Response("the server has ended", 503, media_type="text/plain")
            return RedirectResponse(PREFIX if found is None else base_of(owner), 303)
        return found

    async def _open(self, request: Request, person: Person) -> Response:
        """Start somebody's server if it does not run, and lead to it once it answers."""
        try:
            found = await run_in_threadpool(self._servers.open, person)
        except Forbidden:
            return self._page(request, 403, "forbidden")
        except LimitExceeded:
            return self._page(request, 503, "full")
        except KizashiError as error:
            _log.warning("notebooks of %s: %s", person.name, error)
            return self._page(request, 503, "failed", str(error))
        if isinstance(found, Stage):
            return self._page(request, 200, found.value)
        return RedirectResponse(f"{found.base}lab", 303)

    async def _connected(self, scope: Scope, receive: Receive, send: Send) -> None:
        owner = owner_in(scope["path"])

        async def admitted() -> bool:
            try:
                person = await self._person(scope)
                return await run_in_threadpool(self._servers.find, person, owner) is not None
            except KizashiError:
                return False

        try:
            person = await self._person(scope)
            server = await run_in_threadpool(self._servers.find, person, owner)
        except KizashiError as error:
            await receive()
            lost = isinstance(error, Unauthenticated)
            await send({"type": "websocket.close", "code": _LOST if lost else _NOT_YOURS})
            return
        if server is None:
            await receive()
            await send({"type": "websocket.close", "code": 1012})
            return
        await relay.connect(server, scope, receive, send, admitted)

    def _page(self, request: Request, status: int, told: str, detail: str = "") -> Response:
        language = language_of(request, self._settings.language)
        words = _WORDS[language]
        waits = told in set(Stage)
        again = "" if waits or told == "forbidden" else _link(PREFIX, words["again"])
        filled = _PAGE.substitute(
            language=language,
            title=html.escape(words["title"]),
            refresh=f'<meta http-equiv="refresh" content="{_AGAIN_SECONDS}">' if waits else "",
            font=FONT,
            role="status" if waits else "alert",
            kind="waits" if waits else "fault",
            told=html.escape(words[told]),
            detail=f"<pre>{html.escape(detail)}</pre>" if detail else "",
            ways=again + _link("/", words["back"]),
        )
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
        return HTMLResponse(filled, status, headers)


YOURS = "Open your own."


def _is_of_notebooks(path: str) -> bool:
    """Whether it is the way in, or somebody's; the pages ask for files of theirs there too."""
    return path == PREFIX or (path.startswith(PREFIX) and path[len(PREFIX)].isalnum())


def owner_in(path: str) -> str:
    """Return whose notebooks an address is of."""
    return unquote(path[len(PREFIX) :].partition("/")[0])


def _link(to: str, words: str) -> str:
    return f'<a href="{html.escape(to, quote=True)}">{html.escape(words)}</a>'
