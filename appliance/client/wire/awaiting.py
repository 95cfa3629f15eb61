"""The wire of those who await, on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from appliance.client.request import Answer, Body, Request
from appliance.client.wire.base import Place, Stream, answered, arguments, translated


class AwaitingWire:
    """Sends requests and lets others go on until their answers come."""

    def __init__(self, place: Place) -> None:
        import httpx2

        self.place = place
        self._client = httpx2.AsyncClient(**place.options())

    async def send(self, request: Request) -> Answer:
        """Send a request and return its whole answer."""
        with translated(self.place):
            return answered(await self._client.request(**_filled(request)))

    async def open(self, request: Request) -> Stream | Answer:
        """Send a request and return its answer's stream; one that refuses, whole."""
        with translated(self.place):
            made = self._client.build_request(**_filled(request))
            response = await self._client.send(made, stream=True)
            if response.is_success:
                return _Stream(self.place, response)
            await response.aread()
            return answered(response)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Hang up for good."""
        await self._client.aclose()


class _Stream:
    def __init__(self, place: Place, response: Any) -> None:
        self._place = place
        self._response = response
        self._chunks: AsyncIterator[bytes] = response.aiter_bytes()

    async def next(self) -> bytes | None:
        """Return the next bytes; None at the end."""
        with translated(self._place):
            return await anext(self._chunks, None)

    async def close(self) -> None:
        """Hang up."""
        await self._response.aclose()


def _filled(request: Request) -> dict[str, Any]:
    found = arguments(request)
    return found if request.body is None else {**found, "content": _chunks(request.body)}


async def _chunks(body: Body) -> AsyncIterator[bytes]:
    """Yield a body's chunks; the disk must not keep the loop waiting."""
    rest = body.chunks()
    while (chunk := await asyncio.to_thread(next, rest, None)) is not None:
        yield chunk
