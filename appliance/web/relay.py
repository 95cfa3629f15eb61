"""Requests and connections handed on to a notebook server, as somebody that the gate knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import httpx2
from starlette.types import Message, Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.asyncio.client import connect as dial
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from appliance.notebooks.headers import SECRET_HEADER, USE_HEADER, USER_HEADER
from appliance.notebooks.place import Server

_HOST = "kizashi"
_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that are one connection's own."""
_OURS = frozenset({"host", "origin", "referer", "authorization", "x-csrf-token", "forwarded"})
"""Headers that the server is not shown: the gate has looked at them."""
_COOKIES = "kizashi"
"""How the names of the site's own cookies begin: code of analysts never sees a session."""
_MOST_MESSAGE = 128 * 2**20
_LOOK_SECONDS = 30.0
_LOST, _AWAY = 4401, 1012
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_TROUBLE = (httpx2.TransportError, OSError)


async def hand_on(server: Server, scope: Scope, receive: Receive, send: Send) -> None:
    """Hand one request on, and its answer back, piece by piece."""
    headers = list(_shown(server, scope))
    if _is_use(server, scope):
        server.touch()
        headers.append((USE_HEADER, "1"))
    target = scope["raw_path"].decode("latin-1").partition("?")[0]
    query = scope["query_string"].decode("latin-1")
    url = f"http://{_at(server)}{target}" + (f"?{query}" if query else "")
    if any(name == "origin" for name in _names(scope)):
        headers.append(("Origin", f"http://{_HOST}"))
    uds = None if server.socket is None else str(server.socket)
    transport = httpx2.AsyncHTTPTransport(uds=uds)
    async with httpx2.AsyncClient(transport=transport, timeout=None, trust_env=False) as client:
        body = _body(receive) if _has_body(scope) else None
        request = client.build_request(scope["method"], url, headers=headers, content=body)
        begun = False
        try:
            answer = await client.send(request, stream=True)
            begun = True
            await _give_back(answer, send)
        except _TROUBLE:
            if begun:
                raise
            await _say(send, 503, b"the notebook server does not answer")


def _at(server: Server) -> str:
    """Return where an address of a server begins; on a socket of this machine it is a word."""
    if server.address is None:
        return _HOST
    host, port = server.address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_use(server: Server, scope: Scope) -> bool:
    """Whether somebody does something: an open page asks for lists, and keeps how it looks."""
    path = scope["path"].removeprefix(server.base)
    return not path.startswith("lab/api/") and (
        scope["method"] not in _SAFE or not path.startswith("api/")
    )


async def _give_back(answer: httpx2.Response, send: Send) -> None:
    headers = [one for one in answer.headers.raw if _given(*one)]
    # A file that is shown stays in Jupyter's own sandbox; for all else the site's policy holds.
    policy = answer.headers.get("content-security-policy", "")
    if "sandbox" not in policy:
        headers = [one for one in headers if one[0].lower() != b"content-security-policy"]
    start = {"type": "http.response.start", "status": answer.status_code, "headers": headers}
    await send(start)
    try:
        async for piece in answer.aiter_raw():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    finally:
        await answer.aclose()
    await send({"type": "http.response.body", "body": b""})


def _given(name: bytes, value: bytes) -> bool:
    """Whether a header is given back: none by which a server would reach beyond its address."""
    word = name.lower().decode("latin-1")
    if word == "set-cookie":
        return value.startswith(b"_xsrf=")
    return word not in _HOP and word != "service-worker-allowed"


async def _say(send: Send, status: int, words: bytes) -> None:
    plain = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": status, "headers": plain})
    await send({"type": "http.response.body", "body": words})


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise httpx2.ReadError("whoever asks has left")
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


def _has_body(scope: Scope) -> bool:
    return not {"content-length", "transfer-encoding"}.isdisjoint(_names(scope))


def _names(scope: Scope) -> set[str]:
    return {name.decode("latin-1").lower() for name, _ in scope["headers"]}


def _shown(server: Server, scope: Scope) -> Iterable[tuple[str, str]]:
    """Yield the headers that the server is shown."""
    yield "Host", _HOST
    yield SECRET_HEADER, server.secret
    yield USER_HEADER, server.owner.name
    for raw, text in scope["headers"]:
        name, value = raw.decode("latin-1").lower(), text.decode("latin-1")
        if name == "cookie":
            parts = [one.strip() for one in value.split(";")]
            value = "; ".join(one for one in parts if not one.startswith(_COOKIES))
        forged = name.startswith(("x-kizashi-", "sec-websocket-", "x-forwarded-"))
        if name not in _HOP and name not in _OURS and not forged and value:
            yield name, value


# ---------------------------------------------------------------------- connections
async def connect(
    server: Server,
    scope: Scope,
    receive: Receive,
    send: Send,
    admitted: Callable[[], Awaitable[bool]],
) -> None:
    """Hand a connection on, for as long as both ends want it and the session is good.

    Parameters
    ----------
    admitted
        Whether whoever has the connection may still have it; asked every now and then.
    """
    await receive()
    query = scope["query_string"].decode("latin-1")
    target = scope["raw_path"].decode("latin-1").partition("?")[0]
    url = f"ws://{_HOST}{target}" + (f"?{query}" if query else "")
    try:
        other = await _dialled(server, url, scope)
    except (InvalidHandshake, OSError, TimeoutError):
        await send({"type": "websocket.close", "code": _AWAY})
        return
    async with other:
        await send({"type": "websocket.accept", "subprotocol": other.subprotocol})
        ways = (
            _towards(server, other, receive),
            _back(other, send),
            _still(admitted),
        )
        tasks = [asyncio.ensure_future(way) for way in ways]
        done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        code = next((task.result() for task in done if task.exception() is None), _AWAY)
        if code:
            await send({"type": "websocket.close", "code": code})


async def _dialled(server: Server, url: str, scope: Scope) -> ClientConnection:
    options: dict[str, Any] = {
        "origin": f"http://{_HOST}",
        "subprotocols": scope.get("subprotocols") or None,
        "additional_headers": [one for one in _shown(server, scope) if one[0] != "Host"],
        "user_agent_header": None,
        "compression": None,
        "ping_interval": None,
        "max_size": _MOST_MESSAGE,
    }
    if server.address is None:
        return await unix_connect(str(server.socket), url, **options)
    host, port = server.address
    return await dial(url, host=host, port=port, proxy=None, **options)


async def _towards(server: Server, other: ClientConnection, receive: Receive) -> int:
    while True:
        message: Message = await receive()
        if message["type"] == "websocket.disconnect":
            return 0
        server.touch()
        text = message.get("text")
        try:
            await other.send(text if text is not None else message["bytes"])
        except ConnectionClosed:
            return _AWAY


async def _back(other: ClientConnection, send: Send) -> int:
    try:
        async for message in other:
            kind = "text" if isinstance(message, str) else "bytes"
            await send({"type": "websocket.send", kind: message})
    except ConnectionClosed:
        return _AWAY
    return _AWAY


async def _still(admitted: Callable[[], Awaitable[bool]]) -> int:
    while await admitted():  # noqa: ASYNC110 - nothing tells when a session ends
        await asyncio.sleep(_LOOK_SECONDS)
    return _LOST
