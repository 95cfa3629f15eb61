"""What a site says is wrong, as the errors that its own pipelines raise."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from appliance.client.request import Answer
from appliance.core import errors
from appliance.core.clock import now
from appliance.core.errors import KizashiError

_BY_STATUS: Mapping[int, type[KizashiError]] = {
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    412: errors.Outdated,
    413: errors.LimitExceeded,
    415: errors.WrongMedia,
    429: errors.TooOften,
    502: errors.Unreachable,
    503: errors.TryAgain,
    504: errors.Unreachable,
    507: errors.StorageFull,
}


def _tree(kind: type[KizashiError]) -> Iterator[type[KizashiError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _tree(below)


def named(name: str) -> type[KizashiError] | None:
    """Return the error class of this name; None if this version knows none."""
    known = (kind for kind in _tree(KizashiError) if kind.__module__ == errors.__name__)
    return next((kind for kind in known if kind.__name__ == name), None)


def error_of(url: str, answer: Answer) -> KizashiError:
    """Return the error that an answer tells of.

    Parameters
    ----------
    url
        Of the site, for answers that are none of its own: a proxy's, say.
    """
    told = _problem(answer)
    kind = named(str(told.get("type", "")).rpartition(":")[2]) or _by_status(answer.status)
    message = str(told.get("detail") or told.get("title") or "")
    error = kind(
        message or _bare(url, answer), remedy=str(told.get("remedy") or "") if message else ""
    )
    error.status = answer.status
    if isinstance(error, errors.TooOften):
        error.seconds = math.ceil(retry_after(answer) or error.seconds)
    error.title = str(told.get("title") or "")
    error.request_id = str(told.get("instance") or answer.headers.get("x-request-id", ""))
    return error


def _by_status(status: int) -> type[KizashiError]:
    general = errors.InvalidRequest if status < 500 else errors.OperatorError
    return _BY_STATUS.get(status, general)


def _problem(answer: Answer) -> Mapping[str, Any]:
    try:
        told = json.loads(answer.data)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _bare(url: str, answer: Answer) -> str:
    where = answer.headers.get("location")
    if where:
        return f"{url} sends on to {where}: name that address instead."
    return f"{url} answered with status {answer.status} and did not say why."


def retry_after(answer: Answer) -> float | None:
    """Return the seconds after which an answer asks to be asked again."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now()).total_seconds())
