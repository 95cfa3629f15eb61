"""HTTP as it comes over the wire: read by a compiled parser, its heads within bounds."""

from __future__ import annotations

from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 64 * 2**10
"""Bytes of an address with its headers, or of what follows a body; more is no request."""


class Bounded(HttpToolsProtocol):
    """Uvicorn's protocol, which by itself keeps a head of any length.

    The parser keeps what it has not told of yet: a header without an end, or headers of which
    there is no last one.  It is hung up on whoever sends more than a head may have without
    anything coming of it.
    """

    _untold = 0

    @override
    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._untold += len(data)
        super().data_received(data)
        if self._untold > LONGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    @override
    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._untold = 0
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        """Hand on a part of a body."""
        self._untold = 0
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        """Tell that a request has come whole."""
        self._untold = 0
        super().on_message_complete()


OPTIONS: dict[str, Any] = {"http": Bounded, "loop": "asyncio", "server_header": False}
"""For Uvicorn, wherever the appliance listens."""
