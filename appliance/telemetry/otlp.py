"""Spans on their way to a collector: OTLP over HTTP, as JSON, by a thread beside the work.

A collector that is away costs spans, never work: what waits is bounded.
"""

from __future__ import annotations

import json
import platform
import threading
from collections import deque
from collections.abc import Iterable
from typing import Any, Self

import httpx2

from appliance.core.log import get
from appliance.core.settings import Settings
from appliance.core.trail import Sink, Span, listen

_log = get(__name__)
_PATH = "/v1/traces"
_SECONDS = 10.0
_EVERY = 2.0
_AT_ONCE = 500
_MOST_WAITING = 20_000
_INTERNAL, _SERVER = 1, 2
_OK, _ERROR = 1, 2


class Tracing:
    """Gives the spans of this process to the collector of the settings, while it is open.

    Without one it does nothing.

    Parameters
    ----------
    settings
        Of the site.
    role, version
        Of this process, and of the appliance.
    every
        Seconds between two times at which what waits is sent.
    """

    def __init__(
        self, settings: Settings, role: str, version: str, every: float = _EVERY
    ) -> None:
        self._url = settings.otlp_endpoint.rstrip("/")
        if self._url and not self._url.endswith(_PATH):
            self._url += _PATH
        self._headers = {
            name: value.get_secret_value() for name, value in settings.otlp_headers.items()
        }
        self._resource = {
            "service.name": f"kizashi-{role}",
            "service.version": version,
            "service.instance.id": settings.name,
            "host.name": platform.node(),
        }
        self._every = every
        self._waiting: deque[Span] = deque(maxlen=_MOST_WAITING)
        self._ending = threading.Event()
        self._failing = False
        self._before: Sink | None = None
        self._thread = threading.Thread(target=self._run, name="tracing", daemon=True)

    def __enter__(self) -> Self:
        if self._url:
            self._before = listen(self._waiting.append)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._url:
            listen(self._before)
            self._ending.set()
            self._thread.join(_SECONDS)

    def _run(self) -> None:
        with httpx2.Client(timeout=_SECONDS, follow_redirects=False) as client:
            ended = False
            while not ended:
                ended = self._ending.wait(self._every)
                self._send(client)

    def _send(self, client: httpx2.Client) -> None:
        """Send what waits; what is not taken stays, for as long as there is room."""
        while self._waiting:
            part = [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE))]
            body = json.dumps(request(self._resource, part)).encode()
            headers = {"Content-Type": "application/json", **self._headers}
            try:
                answer = client.post(self._url, content=body, headers=headers)
                answer.raise_for_status()
            except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
                if not self._failing:
                    _log.warning("spans cannot be sent: %s. It is tried again.", error)
                self._failing = True
                room = _MOST_WAITING - len(self._waiting)
                self._waiting.extendleft(reversed(part[-room:] if room else ()))
                return
            self._failing = False


def request(resource: dict[str, str], spans: Iterable[Span]) -> dict[str, Any]:
    """Return spans as an ``ExportTraceServiceRequest``.

    Sources
    -------
    The OpenTelemetry protocol 1.x: identifiers in hex, 64-bit numbers as texts.
    """
    scope = {"name": "kizashi", "version": resource["service.version"]}
    told = [{"scope": scope, "spans": [_span(one) for one in spans]}]
    facts = _attributes(resource)
    return {"resourceSpans": [{"resource": {"attributes": facts}, "scopeSpans": told}]}


def _span(one: Span) -> dict[str, Any]:
    status: dict[str, Any] = {"code": _OK}
    if one.error:
        status = {"code": _ERROR, "message": one.error}
    return {
        "traceId": one.trace,
        "spanId": one.id,
        **({"parentSpanId": one.parent} if one.parent else {}),
        "name": one.name,
        "kind": _SERVER if one.server else _INTERNAL,
        "startTimeUnixNano": str(one.began),
        "endTimeUnixNano": str(one.ended),
        "attributes": _attributes(one.facts),
        "status": status,
    }


def _attributes(facts: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "key": name if "." in name else f"kizashi.{name}",
            "value": {"intValue": str(value)}
            if isinstance(value, int)
            else {"stringValue": value},
        }
        for name, value in facts.items()
    ]
