"""HTTP as it comes over the wire: read by a compiled parser, its heads within bounds."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from appliance.api.lane import Lane
from appliance.core.log import get

_log = get(__name__)
_WHOLE_WITHIN = 0.05
"""Seconds that a request which may be answered at once is kept for the rest of its body."""
LONGEST_HEAD = 64 * 2**10
"""Bytes of an address with its headers, or of what follows a body; more is no request."""


class Bounded(HttpToolsProtocol):
    """Uvicorn's protocol, which by itself keeps a head of any length.

    The parser keeps what it has not told of yet: a header without an end, or headers of which
    there is no last one.  It is hung up on whoever sends more than a head may have without
    anything coming of it.

    Parameters
    ----------
    lane
        Answers some requests at once: without a task, nor the calls that lead to a route.
    """

    def __init__(self, *arguments: Any, lane: Lane | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._lane = lane
        self._untold = 0
        self._held: bytearray | None = None
        self._late: asyncio.TimerHandle | None = None
        self._idle = True

    @override
    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._untold += len(data)
        super().data_received(data)
        if self._untold > LONGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")
        elif self._held is not None and self._late is None:
            self._late = self.loop.call_later(_WHOLE_WITHIN, self._hand_on)

    @override
    def on_headers_complete(self) -> None:
        """Begin to answer, or keep what may be answered at once."""
        self._untold = 0
        if self._lane is not None and self._may_be_held(self._lane):
            self._held = bytearray()
        else:
            self._begin()

    @override
    def on_body(self, body: bytes) -> None:
        """Hand on a part of a body."""
        self._untold = 0
        if self._held is None:
            super().on_body(body)
        else:
            self._held += body

    @override
    def on_message_complete(self) -> None:
        """Tell that a request has come whole."""
        self._untold = 0
        if self._held is None or not self._answered(bytes(self._held)):
            self._hand_on()
            super().on_message_complete()

    @override
    def shutdown(self) -> None:
        """Close, once what has begun is answered."""
        self._hand_on()
        super().shutdown()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was kept."""
        self._let_go()
        super().connection_lost(exc)

    # ------------------------------------------------------------------ at once
    def _may_be_held(self, lane: Lane) -> bool:
        return (
            lane.takes(self.url, self.headers)
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
            and not self.flow.write_paused
            and (self._idle or self.cycle.response_complete)
        )

    def _answered(self, body: bytes) -> bool:
        """Answer what was kept, if that can be done at once."""
        try:
            told = (
                None
                if self._lane is None
                else self._lane.at_once(self.url, self.headers, self.client, body)
            )
        except Exception:  # noqa: BLE001 - the parser would take it for an error of the caller
            _log.exception("a reading could not be judged at once")
            return False
        if told is None:
            return False
        self._let_go()
        default = [b"%s: %s\r\n" % one for one in self.server_state.default_headers]
        self.transport.write(b"".join((STATUS_LINE[200], *default, told)))
        self.on_response_complete()
        return True

    def _hand_on(self) -> None:
        """Let what was kept go the way of all, with as much of its body as there is."""
        body = self._let_go()
        if body is not None:
            self._begin()
            super().on_body(body)

    def _begin(self) -> None:
        self._idle = False
        super().on_headers_complete()

    def _let_go(self) -> bytes | None:
        """Return what was kept, which is not kept any more."""
        if self._late is not None:
            self._late.cancel()
        held, self._held, self._late = self._held, None, None
        return None if held is None else bytes(held)


OPTIONS: dict[str, Any] = {"http": Bounded, "loop": "asyncio", "server_header": False}
"""For Uvicorn, wherever the appliance listens."""


def with_lane(lane: Lane) -> dict[str, Any]:
    """Return `OPTIONS` with a lane by which the connections themselves answer."""
    return {**OPTIONS, "http": partial(Bounded, lane=lane)}
