"""Idempotency keys: a write that is sent again, for want of an answer, is done once.

The first answer is kept for a day and given again.  Answers may hold secrets that are shown
once: they are kept encrypted with a key of the site's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from appliance.access import Person
from appliance.access.person import Via
from appliance.api.store import Answer, KeyStore
from appliance.core.errors import InvalidRequest

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(days=1)
_LONGEST = 200
_MOST_BODY = 2**20


async def once(request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
    """Return a request's answer: the one kept if it was sent before with the same key.

    Raises
    ------
    InvalidRequest
        The key cannot be one, or came with another request before.
    TryAgain
        The same request is being answered.
    """
    key = request.headers.get(HEADER)
    person: Person = request.state.person
    # Of those not known yet, nobody can tell whose key it is.
    if key is None or request.method != "POST" or person.via is Via.NOTHING:
        return await handler(request)
    if not key.isascii() or not key.isprintable() or not 1 <= len(key) <= _LONGEST:
        raise InvalidRequest(f"{HEADER} must have 1 to {_LONGEST} visible ASCII characters.")
    store: KeyStore = request.app.state.keys
    what = await _digest(request)
    kept = await run_in_threadpool(store.claim, person.name, key, what, KEPT)
    if kept is not None:
        return _again(kept)
    try:
        response = await handler(request)
    except BaseException:
        await run_in_threadpool(store.release, person.name, key)
        raise
    body = getattr(response, "body", None)
    if response.status_code >= 500 or body is None or len(body) > _MOST_BODY:
        await run_in_threadpool(store.release, person.name, key)
        return response
    answer = Answer(response.status_code, dict(response.headers), bytes(body))
    await run_in_threadpool(store.keep, person.name, key, answer)
    return response


async def _digest(request: Request) -> str:
    """Return what tells two requests under one key apart."""
    digest = hashlib.sha256(f"{request.url.path}?{request.url.query}\0".encode())
    written = getattr(request.state, "digest", None)
    digest.update(await request.body() if written is None else written.encode())
    return digest.hexdigest()


def _again(kept: Answer) -> Response:
    headers = {name: value for name, value in kept.headers.items() if name != "content-length"}
    return Response(kept.body, kept.status, {**headers, REPLAYED: "true"})
