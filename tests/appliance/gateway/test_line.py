"""The protocol: frames, windows, many exchanges at once, and an other end that is no friend."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.errors import Forbidden, LinkError, TryAgain
from appliance.gateway import frames
from appliance.gateway.answering import Answering
from appliance.gateway.frames import MOST_DATA, Kind
from appliance.gateway.greeting import greet, welcome
from appliance.gateway.hub import Ask, Asker, Hub
from appliance.gateway.line import MOST_EXCHANGES, WINDOW, Line
from appliance.gateway.pipes import pair
from appliance.gateway.signing import Claim, Key, read_claim
from appliance.schemas.access import Right, Role

KEY, OTHER = Key(b"1" * 32), Key(b"2" * 32)
WHO = Asker("root", admin=True)


# ---------------------------------------------------------------- frames
@given(st.sampled_from(Kind), st.integers(0, 2**32 - 1), st.binary(max_size=100))
def test_a_frame_comes_as_it_was_sent(kind, exchange, data) -> None:
    found = frames.decode(frames.encode(kind, exchange, data))
    assert (found.kind, found.exchange, found.data) == (kind, exchange, data)


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_a_frame(raw) -> None:
    try:
        found = frames.decode(raw)
    except LinkError:
        return
    for look in (found.told, found.credit):
        try:
            look()
        except LinkError:
            continue


def test_frames_have_a_limit() -> None:
    with pytest.raises(LinkError):
        frames.encode(Kind.DATA, 1, b"x" * (MOST_DATA + 1))
    with pytest.raises(LinkError):
        frames.decode(b"\x04" + b"\0" * 4 + b"x" * (MOST_DATA + 1))


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=8))
def test_a_line_that_hears_garbage_ends_in_an_error_and_no_other_way(messages) -> None:
    async def heard() -> None:
        mine, theirs = pair()
        line = Line(mine, lambda exchange, told: None)
        for message in messages:
            await theirs.send(message)
        await theirs.close()
        try:
            await asyncio.wait_for(line.run(), 5)
        except LinkError:
            assert not line.open

    asyncio.run(heard())


# ---------------------------------------------------------------- exchanges
async def echo(scope, receive, send) -> None:
    """Answer with the body that came, and what was asked."""
    if scope["path"] == "/forever":
        await asyncio.Event().wait()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})
    if scope["path"] == "/large":
        for _ in range(200):
            await send({"type": "http.response.body", "body": b"x" * 50_000, "more_body": True})
    while True:
        message = await receive()
        more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message["body"], "more_body": more})
        if not more:
            return


async def until(true: Callable[[], bool]) -> None:
    """Let the others of the loop go on until something is so."""
    for _ in range(100_000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came about")


class Wired:
    """A hub and a site that echoes, within one loop."""

    async def __aenter__(self) -> Wired:
        async def vouch(claim: str):
            return read_claim(claim, KEY.public, "oslo", 0)

        self.hub = Hub(KEY)
        self.mine, self.theirs = pair()
        self.site = Line(self.mine, Answering(echo, echo, vouch, "test").asked)
        self.tasks = [
            asyncio.ensure_future(self.site.run()),
            asyncio.ensure_future(self.hub.hold("oslo", self.theirs, {})),
        ]
        await until(lambda: "oslo" in self.hub.here())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.mine.close()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def test_bodies_of_any_size_go_both_ways_and_many_at_once() -> None:
    async def asked() -> None:
        async with Wired() as wired:
            bodies = [bytes([n]) * size for n, size in enumerate([0, 1, 70_000, 900_000] * 8)]
            found = await asyncio.gather(
                *(
                    wired.hub.ask("oslo", WHO, Ask("POST", "/x", body=body), 60)
                    for body in bodies
                )
            )
            assert [one.body for one in found] == bodies
            assert found[0].header("x") == "y"
            assert not wired.site.busy

    asyncio.run(asked())


def test_a_slow_reader_holds_up_itself_alone_and_bounds_what_is_on_its_way() -> None:
    async def asked() -> None:
        async with Wired() as wired:
            begun = await wired.hub.begin("oslo", WHO, Ask("GET", "/large"))
            for _ in range(50):
                await asyncio.sleep(0)
            quick = await wired.hub.ask("oslo", WHO, Ask("POST", "/x", body=b"quick"), 60)
            assert quick.body == b"quick"
            assert begun._exchange._held <= WINDOW
            size = 0
            async for part in begun.parts():
                size += len(part)
            assert size == 200 * 50_000

    asyncio.run(asked())


def test_a_request_given_up_ends_at_the_site_too() -> None:
    async def asked() -> None:
        async with Wired() as wired:
            with pytest.raises(TryAgain):
                await wired.hub.ask("oslo", WHO, Ask("GET", "/forever"), 0.05)
            await until(lambda: not wired.site.busy)

    asyncio.run(asked())


def test_no_more_at_once_than_agreed() -> None:
    async def asked() -> None:
        async with Wired() as wired:
            going = [
                asyncio.ensure_future(wired.hub.ask("oslo", WHO, Ask("GET", "/forever"), 60))
                for _ in range(MOST_EXCHANGES)
            ]
            await until(lambda: wired.site.busy == MOST_EXCHANGES)
            with pytest.raises(TryAgain, match="busy"):
                await wired.hub.ask("oslo", WHO, Ask("GET", "/x"), 60)
            for one in going:
                one.cancel()
            await asyncio.gather(*going, return_exceptions=True)

    asyncio.run(asked())


def test_a_line_that_breaks_ends_what_goes_on() -> None:
    async def asked() -> None:
        async with Wired() as wired:
            going = asyncio.ensure_future(
                wired.hub.ask("oslo", WHO, Ask("GET", "/forever"), 60)
            )
            await until(lambda: bool(wired.site.busy))
            await wired.theirs.close()
            with pytest.raises(TryAgain, match="oslo is away"):
                await going
            with pytest.raises(TryAgain, match="oslo is away"):
                await wired.hub.ask("oslo", WHO, Ask("GET", "/x"), 60)

    asyncio.run(asked())


# ---------------------------------------------------------------- who is who
def greeted(site: Key, gateway: Key, *, pinned: str = "", expected: Key = KEY) -> None:
    async def both() -> None:
        mine, theirs = pair()
        told = {"site": "oslo", "version": "1"}
        found = await asyncio.gather(
            greet(mine, site, expected.public, told),
            welcome(theirs, gateway, "hq", "oslo", pinned),
            return_exceptions=True,
        )
        for one in found:
            if isinstance(one, Forbidden):
                raise one

    asyncio.run(both())


def test_both_ends_show_their_keys() -> None:
    greeted(OTHER, KEY)
    greeted(OTHER, KEY, pinned=OTHER.public)


def test_another_site_with_the_same_token_is_refused(monkeypatch) -> None:
    monkeypatch.setattr("appliance.gateway.greeting.PATIENCE", 0.2)
    with pytest.raises(Forbidden, match="another key"):
        greeted(KEY, KEY, pinned=OTHER.public)


def test_another_gateway_is_refused() -> None:
    with pytest.raises(Forbidden, match="not the gateway"):
        greeted(OTHER, OTHER, expected=KEY)


def test_a_claim_holds_for_its_site_its_time_and_its_gateway() -> None:
    claim = Claim("oslo", "erika", False, {"*": Role.VIEWER}, 100, (Right.READ,), "line2")
    text = claim.text(KEY)
    assert read_claim(text, KEY.public, "oslo", 99) == claim
    for changed, key, site, at in (
        (text, OTHER.public, "oslo", 99),
        (text, KEY.public, "lima", 99),
        (text, KEY.public, "oslo", 101),
        ("A" + text[1:], KEY.public, "oslo", 99),
        ("", KEY.public, "oslo", 99),
        (text.partition(".")[0], KEY.public, "oslo", 99),
    ):
        with pytest.raises(Forbidden):
            read_claim(changed, key, site, at)
