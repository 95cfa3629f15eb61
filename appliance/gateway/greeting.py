"""How both ends of a line get to know each other, before anything is asked."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

from appliance.core.errors import Forbidden, LinkError
from appliance.gateway import frames
from appliance.gateway.frames import Kind
from appliance.gateway.line import Pipe
from appliance.gateway.signing import Key, signed

PATIENCE = 15.0
"""Seconds in which the other end must have greeted."""
_USE = "greeting"


async def _next(pipe: Pipe) -> Mapping[str, Any]:
    try:
        message = await asyncio.wait_for(pipe.receive(), PATIENCE)
    except TimeoutError as error:
        raise LinkError("the other end of the line does not greet.") from error
    if message is None:
        raise LinkError("the other end of the line hung up.")
    frame = frames.decode(message)
    if frame.kind is not Kind.HELLO:
        raise LinkError("the other end of the line does not greet.")
    return frame.told()


async def welcome(
    pipe: Pipe, key: Key, gateway: str, site: str, pinned: str
) -> Mapping[str, Any]:
    """Return what a site says of itself, once it has shown its key; at the gateway.

    Parameters
    ----------
    key
        The gateway's.
    site
        Whose token was shown.
    pinned
        The site's key, as it was at its first call; empty before.

    Raises
    ------
    Forbidden
        It is not the site that it was.
    """
    nonce = secrets.token_hex(32)
    await pipe.send(frames.head(Kind.HELLO, 0, {"gateway": gateway, "nonce": nonce}))
    told = await _next(pipe)
    public, theirs = str(told.get("key", "")), str(told.get("nonce", ""))
    if pinned and public != pinned:
        raise Forbidden(f"{site} has another key than at its first call.")
    message = f"{nonce} {site} {theirs}".encode()
    if not signed(public, _USE, message, str(told.get("signature", ""))):
        raise Forbidden(f"{site} does not show that its key is its own.")
    answer = key.sign(_USE, f"{theirs} {gateway} {nonce}".encode())
    await pipe.send(frames.head(Kind.HELLO, 0, {"site": site, "signature": answer}))
    return told


async def greet(pipe: Pipe, key: Key, gateway_key: str, told: Mapping[str, Any]) -> None:
    """Show a gateway who one is, and see that it is the one that invited; at the site.

    Parameters
    ----------
    key
        The site's.
    gateway_key
        As it was in the invitation.
    told
        What else the site says of itself: its name at the gateway, as ``site``, and more.

    Raises
    ------
    Forbidden
        It is another gateway.
    """
    first = await _next(pipe)
    nonce = str(first.get("nonce", ""))
    mine = secrets.token_hex(32)
    signature = key.sign(_USE, f"{nonce} {told['site']} {mine}".encode())
    hello = {**told, "key": key.public, "nonce": mine, "signature": signature}
    await pipe.send(frames.head(Kind.HELLO, 0, hello))
    last = await _next(pipe)
    message = f"{mine} {first.get('gateway', '')} {nonce}".encode()
    if not signed(gateway_key, _USE, message, str(last.get("signature", ""))):
        raise Forbidden("what answers is not the gateway that invited this site.")
