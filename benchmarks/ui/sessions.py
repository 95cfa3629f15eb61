"""Analysts whose browsers are elsewhere: what these ask of the server, without the painting."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from appliance.api.guard import COOKIE
from benchmarks.harness.load import body, get

_LEAST, _MOST = 0.4, 1.6
"""Between which parts of the mean a pause lies."""


@dataclass(frozen=True)
class Visit:
    """What an analyst looks at.

    Attributes
    ----------
    address
        Of the page.
    asked
        Addresses of the API that its charts ask.
    """

    address: str
    asked: tuple[str, ...] = ()


async def at_work(
    port: int, secrets: Sequence[str], visits: Sequence[Visit], seconds: float, pause: float
) -> list[float]:
    """Return how long each visit took until the page and its charts' data were there.

    Parameters
    ----------
    secrets
        A session of each analyst; empty where nobody logs in.
    pause
        Between a page and the next click, on average.
    """
    until = time.monotonic() + seconds
    spent = await asyncio.gather(
        *(
            _work(port, secret, visits, number, until, pause)
            for number, secret in enumerate(secrets)
        )
    )
    return [each for one in spent for each in one]


async def _work(
    port: int, secret: str, visits: Sequence[Visit], number: int, until: float, pause: float
) -> list[float]:
    chance, spent = random.Random(number), []  # noqa: S311 - pauses, not secrets
    headers = {"Cookie": f"{COOKIE}={secret}"} if secret else {}
    async with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        subprotocols=["streamlit"],  # type: ignore[list-item]
        additional_headers=headers,
        max_size=None,
    ) as socket:
        while time.monotonic() < until:
            await asyncio.sleep(pause * chance.uniform(_LEAST, _MOST))
            visit = visits[number % len(visits)]
            begun = time.monotonic()
            await _shown(socket, visit.address)
            requests = [get(path, secret or None) for path in visit.asked]
            await asyncio.gather(*(asyncio.to_thread(body, port, one) for one in requests))
            spent.append(time.monotonic() - begun)
            number += 1
    return spent


async def _shown(socket: ClientConnection, address: str) -> None:
    """Ask for a page as its link does, and wait until all of it has come."""
    parts = urlsplit(address)
    asked = BackMsg()
    asked.rerun_script.page_name = parts.path.strip("/")
    asked.rerun_script.query_string = parts.query
    await socket.send(asked.SerializeToString())
    while True:
        told = ForwardMsg.FromString(await socket.recv())
        if told.WhichOneof("type") != "script_finished":
            continue
        if told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            return
