"""The wire of those who wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from appliance.client.request import Answer, Request
from appliance.client.wire.base import Place, Stream, answered, arguments, translated


class BlockingWire:
    """Sends requests and waits for their answers; its coroutines never suspend."""

    def __init__(self, place: Place) -> None:
        import httpx2

        self.place = place
        self._client = httpx2.Client(**place.options())

    async def send(self, request: Request) -> Answer:
        """Send a request and return its whole answer."""
        with translated(self.place):
            return answered(self._client.request(**_filled(request)))

    async def open(self, request: Request) -> Stream | Answer:
        """Send a request and return its answer's stream; one that refuses, whole."""
        with translated(self.place):
            made = self._client.build_request(**_filled(request))
            response = self._client.send(made, stream=True)
            if response.is_success:
                return _Stream(self.place, response)
            response.read()
            return answered(response)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)  # noqa: ASYNC251 - blocks on purpose

    async def close(self) -> None:
        """Hang up for good."""
        self._client.close()


class _Stream:
    def __init__(self, place: Place, response: Any) -> None:
        self._place = place
        self._response = response
        self._chunks: Iterator[bytes] = response.iter_bytes()

    async def next(self) -> bytes | None:
        """Return the next bytes; None at the end."""
        with translated(self._place):
            return next(self._chunks, None)

    async def close(self) -> None:
        """Hang up."""
        self._response.close()


def _filled(request: Request) -> dict[str, Any]:
    found = arguments(request)
    return found if request.body is None else {**found, "content": request.body.chunks()}
