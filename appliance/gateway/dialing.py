"""The call from a site to its gateway: the one door to the library of websockets."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from typing_extensions import override

from appliance.core.errors import InvalidRequest, LinkError, Unauthenticated
from appliance.gateway.frames import MOST_FRAME
from appliance.gateway.line import Pipe
from appliance.gateway.naming import PREFIX
from appliance.gateway.store import Bond

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

PATH = f"{PREFIX}/link"
_OPEN_SECONDS = 15.0
_PING_SECONDS = 10.0
"""How often a line is asked whether it still holds, and how long it may take to answer."""


class _Called(Pipe):
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @override
    async def send(self, message: bytes) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            await self._connection.send(message)
        except (ConnectionClosed, OSError) as error:
            raise LinkError(f"the line to the gateway broke: {error}.") from error

    @override
    async def receive(self) -> bytes | None:
        from websockets.exceptions import ConnectionClosed, ConnectionClosedOK

        try:
            came = await self._connection.recv(decode=False)
        except ConnectionClosedOK:
            return None
        except (ConnectionClosed, OSError) as error:
            raise LinkError(f"the line to the gateway broke: {error}.") from error
        return came

    @override
    async def close(self) -> None:
        await self._connection.close()


@asynccontextmanager
async def dial(bond: Bond) -> AsyncIterator[Pipe]:
    """Call a gateway; the call ends with the block.

    Raises
    ------
    LinkError
        It cannot be reached.
    Unauthenticated
        It does not take the site's token.
    """
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus, WebSocketException

    try:
        connection = await connect(
            _address(bond.url),
            ssl=_trusting(bond),
            additional_headers={"Authorization": f"Bearer {bond.token}"},
            user_agent_header=None,
            compression=None,
            open_timeout=_OPEN_SECONDS,
            ping_interval=_PING_SECONDS,
            ping_timeout=_PING_SECONDS,
            close_timeout=2.0,
            max_size=MOST_FRAME,
            proxy=True,
        )
    except InvalidStatus as error:
        if error.response.status_code in (401, 403):
            raise Unauthenticated(
                "the gateway does not take this site's token.", remedy="Have it invited anew."
            ) from error
        status = error.response.status_code
        raise LinkError(f"the gateway answers with status {status}.") from error
    except (WebSocketException, OSError, TimeoutError) as error:
        raise LinkError(f"the gateway cannot be reached: {error}.") from error
    try:
        yield _Called(connection)
    finally:
        await connection.close()


def _address(url: str) -> str:
    scheme, sign, rest = url.partition("://")
    if not sign or scheme not in ("https", "http"):
        raise InvalidRequest(f"{url} is no address of a gateway.")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest.rstrip('/')}{PATH}"


def _trusting(bond: Bond) -> ssl.SSLContext | None:
    """Return what a certificate must have been signed by; None where there is no TLS."""
    if not bond.url.startswith("https://"):
        return None
    try:
        if bond.authority:
            return ssl.create_default_context(cadata=bond.authority)
        return ssl.create_default_context()
    except ssl.SSLError as error:
        raise InvalidRequest("the authority of the gateway's certificate is none.") from error
