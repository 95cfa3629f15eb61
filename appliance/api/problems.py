"""Errors as problem details (RFC 9457): one shape for everything that goes wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.exceptions import HTTPException

from appliance.core import errors
from appliance.core.log import get
from appliance.schemas.base import Schema

_log = get(__name__)

MEDIA_TYPE = "application/problem+json"
_PREFIX = "urn:kizashi:problem:"
_RETRY_SECONDS = 2
_STATUS: Mapping[type, int] = {
    errors.InvalidRequest: 422,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.BadFile: 422,
    errors.StorageFull: 507,
    errors.StorageError: 503,
    errors.EngineError: 503,
    errors.LimitExceeded: 413,
    errors.TryAgain: 503,
    errors.WrongMedia: 415,
    errors.Outdated: 412,
    errors.TooOften: 429,
    errors.ArtifactError: 500,
}


class Problem(Schema):
    """What is wrong with a request.

    Attributes
    ----------
    type
        ``urn:kizashi:problem:`` and the error's class, for programs.
    detail
        One sentence: what is wrong and where.
    remedy
        One sentence: what to do about it.
    instance
        Identifier of the request, as in the site's log.
    errors
        For a request that does not fit the document: where, and what.
    """

    type: str = Field(examples=["urn:kizashi:problem:NotFound"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no fleet pumps."])
    remedy: str = ""
    instance: str = ""
    errors: tuple[dict[str, Any], ...] = ()


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what a route's document says of the problems it may answer with."""
    return {
        status: {"description": TITLES[status], "content": {MEDIA_TYPE: {"schema": _REF}}}
        for status in statuses
    }


_REF = {"$ref": "#/components/schemas/Problem"}
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
    507: "Insufficient Storage",
}


def status_of(error: errors.KizashiError) -> int:
    """Return the HTTP status of an error: that of its nearest class in the table."""
    for kind in type(error).__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    return 400 if isinstance(error, errors.UserError) else 500


def answer(
    request: Request,
    status: int,
    kind: str,
    detail: str,
    *,
    remedy: str = "",
    found: Sequence[dict[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return a problem as a response."""
    problem = Problem(
        type=_PREFIX + kind,
        title=TITLES.get(status, "Error"),
        status=status,
        detail=detail,
        remedy=remedy,
        instance=request.scope.get("state", {}).get("request_id", ""),
        errors=tuple(found),
    )
    return JSONResponse(
        problem.model_dump(mode="json"),
        status_code=status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def of_error(request: Request, error: errors.KizashiError) -> JSONResponse:
    """Return one of our errors as a response."""
    status = status_of(error)
    if status >= 500:
        _log.error("%s %s: %s", request.method, request.url.path, error)
    headers = {}
    if isinstance(error, errors.TooOften):
        headers["Retry-After"] = str(error.seconds)
    elif status == 503:
        headers["Retry-After"] = str(_RETRY_SECONDS)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    kind, detail, remedy = type(error).__name__, error.message, error.remedy
    person = getattr(request.state, "person", None)
    if status >= 500 and not getattr(person, "credential", None):
        # What ails the site is told to those whom it knows.
        detail, remedy = "the site cannot answer now.", "Try again in a little while."
    return answer(request, status, kind, detail, remedy=remedy, headers=headers)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    return of_error(request, cast(errors.KizashiError, error))


async def _unfit(request: Request, error: Exception) -> JSONResponse:
    found = [
        {"where": [str(part) for part in one["loc"]], "what": str(one["msg"])}
        for one in cast(RequestValidationError, error).errors()[:_MOST_FAULTS]
    ]
    detail = f"{'.'.join(found[0]['where'])}: {found[0]['what']}."
    return answer(request, 422, "InvalidRequest", detail, found=found)


async def _http(request: Request, error: Exception) -> JSONResponse:
    told = cast(HTTPException, error)
    kind = _KINDS.get(told.status_code, "InvalidRequest")
    return answer(request, told.status_code, kind, str(told.detail), headers=told.headers)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _log.error("%s %s", request.method, request.url.path, exc_info=error)
    detail = "something unexpected went wrong."
    remedy = "The site's log tells more: look for the request's identifier."
    return answer(request, 500, "Unexpected", detail, remedy=remedy)


def install(app: FastAPI) -> None:
    """Let an application answer every error with a problem."""
    app.add_exception_handler(errors.KizashiError, _ours)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


_MOST_FAULTS = 20
_KINDS = {
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "TooSlow",
    413: "LimitExceeded",
}
