"""What waits for a place is gathered into calls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from appliance.core.errors import Conflict, EngineError, KizashiError, TryAgain
from appliance.engine.gather import NOWHERE, Gatherer, place_of

Told = tuple[str, str]


class Desk:
    """Answers calls: with the place and the item, or an error where the item says so."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[str]]] = []
        self.open = True
        self.ended = 0
        self.waited = 0.0
        self.moved: frozenset[str] = frozenset()
        self.error: Exception | None = None

    async def __call__(
        self, place: str, items: list[str], waited: float
    ) -> Sequence[Told | KizashiError] | None:
        if place in (NOWHERE, *self.moved):
            return None
        self.calls.append((place, items))
        self.waited += waited
        try:
            while not self.open:  # noqa: ASYNC110 - said by another thread
                await asyncio.sleep(0.002)
        finally:
            self.ended += 1
        if self.error is not None:
            raise self.error
        return [
            Conflict(f"{item} is bad.") if item.startswith("bad") else (place, item)
            for item in items
        ]

    async def until(self, calls: int, ended: int = 0) -> None:
        async with asyncio.timeout(5):
            while len(self.calls) < calls or self.ended < ended:  # noqa: ASYNC110 - as there
                await asyncio.sleep(0.002)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def gatherer(desk: Desk) -> Iterator[Gatherer[str, Told]]:
    made: Gatherer[str, Told] = Gatherer(desk, weigh=len, most=40, waiting=8)
    made.move(["here"])
    yield made
    made.close()


def test_what_comes_while_a_call_is_under_way_shares_the_next_one(
    desk: Desk, gatherer: Gatherer[str, Told]
) -> None:
    async def ask() -> list[Told | BaseException]:
        desk.open = False
        first = gatherer.put("a", "1")
        await desk.until(1)
        others = [gatherer.put(f"key {n}", f"{n}") for n in (2, 3)]
        others += [gatherer.put("b", "bad"), gatherer.put("a", "4"), gatherer.put("a", "5")]
        await asyncio.sleep(0.02)
        desk.open = True
        return await asyncio.gather(first, *others, return_exceptions=True)

    one, two, three, bad, four, five = asyncio.run(ask())
    # At once and alone, then all of them: in their order, each with an answer of its own.
    assert desk.calls == [("here", ["1"]), ("here", ["2", "3", "bad", "4", "5"])]
    assert [one, two, three, four, five] == [("here", n) for n in "12345"]
    assert isinstance(bad, Conflict)
    # What the first one took is told with the second: six that each took so long.
    assert desk.waited > 6 * 0.015


def test_a_call_takes_so_much_and_a_line_so_many(
    desk: Desk, gatherer: Gatherer[str, Told]
) -> None:
    async def ask() -> list[Told | BaseException]:
        desk.open = False
        first = gatherer.put("a", "x" * 100)
        await desk.until(1)
        gone = [gatherer.put("a", "gone") for _ in range(8)]
        await asyncio.sleep(0.01)
        for one in gone:  # who gave up takes no room, and is not worked on
            one.cancel()
        others = [gatherer.put("a", f"{n:015}") for n in range(12)]
        await asyncio.sleep(0.01)
        desk.open = True
        return await asyncio.gather(first, *others, return_exceptions=True)

    first, *others = asyncio.run(ask())
    assert first == ("here", "x" * 100)
    assert others[:8] == [("here", f"{n:015}") for n in range(8)]
    assert [type(one) for one in others[8:]] == [TryAgain] * 4
    assert [len(items) for _, items in desk.calls] == [1, 2, 2, 2, 2]


@pytest.mark.slow
def test_a_call_that_nobody_waits_for_ends_and_others_go_on(
    desk: Desk, gatherer: Gatherer[str, Told]
) -> None:
    async def ask() -> Told:
        desk.open = False
        first = gatherer.put("a", "1")
        await desk.until(1)
        second, third = gatherer.put("a", "2"), gatherer.put("b", "3")
        first.cancel()
        await desk.until(2, ended=1)
        second.cancel()
        await asyncio.sleep(0.25)  # longer than it takes to look
        assert desk.ended == 1
        desk.open = True
        return await third

    assert asyncio.run(ask()) == ("here", "3")
    assert [items for _, items in desk.calls] == [["1"], ["2", "3"]]


def test_everybody_hears_of_a_lost_call_by_an_error_of_their_own(
    desk: Desk, gatherer: Gatherer[str, Told]
) -> None:
    async def ask() -> list[Told | BaseException]:
        desk.open, desk.error = False, TryAgain("a replica was lost.")
        first = gatherer.put("a", "1")
        await desk.until(1)
        others = [gatherer.put(key, "2") for key in "ab"]
        await asyncio.sleep(0.01)
        desk.open = True
        found = await asyncio.gather(first, *others, return_exceptions=True)
        desk.error = None
        return [*found, await gatherer.put("a", "3")]

    *lost, last = asyncio.run(ask())
    assert [str(one) for one in lost] == ["a replica was lost."] * 3
    assert len({id(one) for one in lost}) == 3
    assert last == ("here", "3")


def test_what_waits_goes_where_its_place_is_by_then(
    desk: Desk, gatherer: Gatherer[str, Told]
) -> None:
    keys = [f"key {number}" for number in range(6)]
    after = {key: place_of(key, ["here", "there"]) for key in keys}
    assert set(after.values()) == {"here", "there"}

    async def ask() -> list[Told]:
        desk.open = False
        first = gatherer.put("a", "1")
        await desk.until(1)
        others = [gatherer.put(key, key) for key in keys]
        await asyncio.sleep(0.01)
        gatherer.move(["here", "there"])
        await desk.until(2)  # another place does not wait for the first
        desk.open = True
        return await asyncio.gather(first, *others)

    _, *others = asyncio.run(ask())
    assert {key: place for place, key in others} == after

    async def again() -> list[Told]:
        desk.moved = frozenset(["here"])  # it is gone, and nobody said so yet
        asked = [gatherer.put(key, key) for key in keys]
        await asyncio.sleep(0.02)
        gatherer.move(["there"])
        return await asyncio.gather(*asked)

    assert {place for place, _ in asyncio.run(again())} == {"there"}


def test_who_waits_at_the_end_hears_so(desk: Desk) -> None:
    made: Gatherer[str, Told] = Gatherer(desk, most=8, waiting=8)

    async def ask() -> list[Told | BaseException]:
        asked = [made.put("a", "1")]  # there is no place for it
        await asyncio.sleep(0.01)
        made.move(["here"])
        desk.open = False
        await desk.until(1)
        asked.append(made.put("a", "2"))
        await asyncio.to_thread(made.close)
        with pytest.raises(EngineError):
            await made.put("a", "3")
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [type(one) for one in asyncio.run(ask())] == [EngineError] * 2


def test_only_the_keys_of_a_place_that_goes_move() -> None:
    places = ["a", "b", "c", "d"]
    keys = [f"pumps/{number}" for number in range(400)]
    before = {key: place_of(key, places) for key in keys}
    after = {key: place_of(key, ["d", "a", "c"]) for key in keys}
    assert {key for key in keys if before[key] != after[key]} == {
        key for key in keys if before[key] == "b"
    }
    assert all(60 < list(before.values()).count(place) < 140 for place in places)
    assert place_of("pumps/1", []) == NOWHERE
