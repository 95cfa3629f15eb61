"""Bodies too large for memory: written to a file while they come, within limits, then read."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from appliance.api import idempotency
from appliance.api.needs import SPOOLED, Over, needs
from appliance.core.errors import InvalidRequest, LimitExceeded, WrongMedia
from appliance.pipelines import uploads
from appliance.pipelines.site import Site
from appliance.pipelines.uploads import Kind, Upload
from appliance.schemas.access import Right

UNLIMITED = 2**62
"""For the framework: what may come depends on the site's settings, and is counted here."""
_KINDS = {
    "text/csv": Kind.CSV,
    "application/csv": Kind.CSV,
    "text/tab-separated-values": Kind.CSV,
    "text/plain": Kind.CSV,
    "application/json": Kind.JSON,
    "application/x-ndjson": Kind.LINES,
    "application/ndjson": Kind.LINES,
    "application/jsonl": Kind.LINES,
    "application/vnd.apache.parquet": Kind.PARQUET,
    "application/x-parquet": Kind.PARQUET,
    "application/vnd.apache.arrow.stream": Kind.ARROW,
    "application/gzip": Kind.UNKNOWN,
    "application/zstd": Kind.UNKNOWN,
    "application/octet-stream": Kind.UNKNOWN,
    "": Kind.UNKNOWN,
}
_ENCODINGS = frozenset(("", "identity", "gzip", "x-gzip", "zstd"))
"""Both packings are seen by their first bytes, whatever is said of them."""
_AT_ONCE = 2**20


@dataclass
class Sent:
    """A body that was written to a file.

    Attributes
    ----------
    handed_on
        Whether somebody else forgets the upload, such as a job that is to read it.
    """

    upload: Upload
    kind: Kind
    size: int = 0
    handed_on: bool = False


def spooled(right: Right, over: Over, example: Any) -> dict[str, Any]:
    """Return the arguments of a route whose body is written to a file before it runs.

    Parameters
    ----------
    example
        A body in JSON.
    """
    told = needs(right, over)
    plain = {"schema": {"type": "string"}}
    binary = {"schema": {"type": "string", "format": "binary"}}
    table = {"schema": {"type": ["array", "object"]}, "example": example}
    content = {
        "text/csv": plain,
        "application/json": table,
        "application/x-ndjson": plain,
        "application/vnd.apache.parquet": binary,
        "application/vnd.apache.arrow.stream": binary,
        "application/octet-stream": binary,
    }
    told["openapi_extra"] |= {
        SPOOLED: True,
        "requestBody": {"required": True, "content": content},
    }
    return {**told, "max_body_size": UNLIMITED}


async def with_body(
    request: Request, handler: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Return a request's answer, its body waiting in a file.

    Raises
    ------
    WrongMedia
        The body is of a kind that is not read.
    LimitExceeded
        It is larger than the site takes: refused before it comes where it says so.
    InvalidRequest
        It broke off.
    """
    site: Site = request.app.state.site
    most = site.settings.max_upload_bytes
    kind = _kind_of(request)
    if _said(request) > most:
        raise _too_large(most)
    sent = Sent(await run_in_threadpool(uploads.begin, site.settings), kind)
    try:
        request.state.digest = await _write(request, sent, most)
        request.state.sent = sent
        return await idempotency.once(request, handler)
    finally:
        if not sent.handed_on:
            await run_in_threadpool(sent.upload.discard)


def _kind_of(request: Request) -> Kind:
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    media = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if encoding not in _ENCODINGS:
        raise WrongMedia(f"a body packed by {encoding[:40]!r} is not read.", remedy="Use gzip.")
    if media not in _KINDS:
        raise WrongMedia(
            f"readings are not read from {media[:100]!r}.",
            remedy="Send the file itself: CSV, JSON, JSON lines, Parquet or an Arrow stream.",
        )
    return _KINDS[media]


def _said(request: Request) -> int:
    said = request.headers.get("Content-Length", "0")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else 0


def _too_large(most: int) -> LimitExceeded:
    return LimitExceeded(
        f"the body is larger than {most:,} bytes.",
        remedy="Send it in parts, or raise max_upload_bytes in the settings.",
    )


async def _write(request: Request, sent: Sent, most: int) -> str:
    """Write the body to its file as it comes; return its digest."""
    digest = hashlib.sha256()
    waiting = bytearray()

    def keep() -> None:
        digest.update(waiting)
        try:
            with sent.upload.body.open("ab") as handle:
                handle.write(waiting)
        except OSError as error:
            raise uploads.storage_error(error) from error
        waiting.clear()

    try:
        async for chunk in request.stream():
            sent.size += len(chunk)
            if sent.size > most:
                raise _too_large(most)
            waiting += chunk
            if len(waiting) >= _AT_ONCE:
                await run_in_threadpool(keep)
    except ClientDisconnect as error:
        raise InvalidRequest("the body broke off.") from error
    await run_in_threadpool(keep)
    return digest.hexdigest()


async def _sent(request: Request) -> Sent:
    sent: Sent = request.state.sent
    return sent


SentBody = Annotated[Sent, Depends(_sent)]
