"""Load on a web server: many clients over kept connections, each asking again when answered.

The client speaks just enough HTTP/1.1 to be no bottleneck: a request is bytes made
beforehand, an answer is read by its length.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


class LoadFailed(Exception):
    """A server answered otherwise than asked for."""


@dataclass(frozen=True)
class Loaded:
    """What a load gave.

    Attributes
    ----------
    per_second
        Requests answered.
    p50_ms, p99_ms
        Quantiles of the time from request to answer.
    """

    per_second: float
    p50_ms: float
    p99_ms: float
    requests: int


def get(path: str, token: str | None = None, **headers: str) -> bytes:
    """Return a GET request as it goes over the wire."""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    for name, value in headers.items():
        head += f"{name.replace('_', '-')}: {value}\r\n"
    return (head + "\r\n").encode("ascii")


def post(path: str, body: bytes, token: str | None = None) -> bytes:
    """Return a POST request of JSON as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode("ascii") + body


def body(port: int, request: bytes) -> bytes:
    """Return the body that one request is answered with.

    Raises
    ------
    LoadFailed
        The answer is not 200.
    """

    async def once() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            return await _answered(reader, writer, request)
        finally:
            writer.close()

    return asyncio.run(once())


def load(port: int, requests: Iterator[bytes], clients: int, seconds: float) -> Loaded:
    """Let many clients ask for some seconds, each with the next of some requests."""
    return asyncio.run(_load(port, requests, clients, seconds))


def each(
    port: int,
    requests: Sequence[Iterator[bytes]],
    seconds: float,
    per_second: float | None = None,
) -> Loaded:
    """Let each of some clients ask for its own requests, one after the other.

    Parameters
    ----------
    per_second
        Requests of all together, evenly spread: a time counts from the moment at which its
        request was due, however late the client was.  Without it each asks again when answered.
    """
    return asyncio.run(_each(port, requests, seconds, per_second))


async def _each(
    port: int, requests: Sequence[Iterator[bytes]], seconds: float, per_second: float | None
) -> Loaded:
    times: list[float] = []
    begun = time.perf_counter()
    step = None if per_second is None else len(requests) / per_second
    await asyncio.gather(
        *(
            _paced(
                port,
                own,
                begun + seconds,
                step,
                begun + number * (step or 0) / len(requests),
                times,
            )
            for number, own in enumerate(requests)
        )
    )
    return _loaded(times, time.perf_counter() - begun)


async def _paced(
    port: int,
    requests: Iterator[bytes],
    until: float,
    step: float | None,
    due: float,
    times: list[float],
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while due < until:
            if step is None:
                due = time.perf_counter()
            elif (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            await _answered(reader, writer, next(requests))
            now = time.perf_counter()
            times.append(now - due)
            due = now if step is None else due + step
    finally:
        writer.close()


def _loaded(times: list[float], wall: float) -> Loaded:
    times.sort()
    return Loaded(
        per_second=len(times) / wall,
        p50_ms=times[len(times) // 2] * 1e3,
        p99_ms=times[int(len(times) * 0.99)] * 1e3,
        requests=len(times),
    )


async def _load(port: int, requests: Iterator[bytes], clients: int, seconds: float) -> Loaded:
    times: list[float] = []
    begun = time.perf_counter()
    until = begun + seconds
    await asyncio.gather(*(_client(port, requests, until, times) for _ in range(clients)))
    return _loaded(times, time.perf_counter() - begun)


async def _client(
    port: int, requests: Iterator[bytes], until: float, times: list[float]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while (begun := time.perf_counter()) < until:
            await _answered(reader, writer, next(requests))
            times.append(time.perf_counter() - begun)
    finally:
        writer.close()


async def _answered(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> bytes:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            length = int(line[15:])
    found = await reader.readexactly(length)
    if not head.startswith(b"HTTP/1.1 200"):
        raise LoadFailed((head + found[:500]).decode("latin-1"))
    return found
