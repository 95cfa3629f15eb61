"""Lists merged: in order, nothing lost, nothing twice, whatever changes meanwhile."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.errors import InvalidRequest, SiteAway
from appliance.gateway.merging import Place, cursor_of, merge, places_of
from appliance.gateway.orders import identity, order_of

SITES = st.dictionaries(
    st.sampled_from(["bergen", "kyoto", "lima", "oslo"]),
    st.lists(st.integers(0, 60), unique=True, max_size=25),
    min_size=1,
)


class Lists:
    """Lists of jobs, the newest first, as sites give them: pages after an identifier."""

    def __init__(self, numbers: dict[str, list[int]], own: int) -> None:
        self.items = {
            site: sorted(({"id": f"job_{n:04d}"} for n in found), key=_id, reverse=True)
            for site, found in numbers.items()
        }
        self._own = own
        self.away: set[str] = set()

    def add(self, site: str, number: int) -> None:
        made = {"id": f"job_{number:04d}"}
        if made not in self.items[site]:
            self.items[site] = sorted([*self.items[site], made], key=_id, reverse=True)

    async def page(self, site: str, cursor: str | None):
        if site in self.away:
            raise SiteAway(f"site {site} is away.")
        left = [one for one in self.items[site] if cursor is None or one["id"] < cursor]
        shown = left[: self._own]
        return shown, shown[-1]["id"] if len(left) > len(shown) else None


def _id(one: dict) -> str:
    return one["id"]


def walk(lists: Lists, limit: int, between=lambda page: None) -> list[tuple[str, str]]:
    """Go through all pages as a client does."""
    given_, cursor, pages = [], None, 0
    while True:
        places = places_of(cursor, list(lists.items))
        found = asyncio.run(merge(places, lists.page, order_of("/jobs"), limit))
        assert len(found.items) <= limit
        given_ += [(site, item["id"]) for site, item in found.items]
        if found.next is None:
            return given_
        cursor, pages = found.next, pages + 1
        assert pages < 500
        between(pages)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(SITES, st.integers(1, 9), st.integers(1, 9))
def test_every_item_comes_once_and_in_order(numbers, limit, own) -> None:
    found = walk(Lists(numbers, own), limit)
    wanted = [(site, f"job_{n:04d}") for site, each in numbers.items() for n in each]
    assert sorted(found) == sorted(wanted)
    assert [one for _, one in found] == sorted((one for _, one in found), reverse=True)


@settings(max_examples=60, deadline=None)
@given(SITES, st.integers(1, 5), st.integers(1, 5), st.lists(st.integers(61, 99), max_size=20))
def test_what_was_there_comes_once_though_more_is_added(numbers, limit, own, added) -> None:
    lists = Lists(numbers, own)
    site = min(numbers)
    rest = iter(added)

    def between(_: int) -> None:
        number = next(rest, None)
        if number is not None:
            lists.add(site, number)

    found = walk(lists, limit, between)
    assert len(set(found)) == len(found)
    wanted = {(site, f"job_{n:04d}") for site, each in numbers.items() for n in each}
    assert wanted <= set(found)


@settings(max_examples=40, deadline=None)
@given(SITES, st.integers(1, 5), st.integers(1, 5), st.integers(0, 60))
def test_an_item_that_goes_takes_no_other_with_it(numbers, limit, own, gone) -> None:
    lists = Lists(numbers, own)

    def between(_: int) -> None:
        for site, items in lists.items.items():
            lists.items[site] = [one for one in items if one["id"] != f"job_{gone:04d}"]

    found = walk(lists, limit, between)
    assert len(set(found)) == len(found)
    wanted = {(s, f"job_{n:04d}") for s, each in numbers.items() for n in each if n != gone}
    assert wanted <= set(found)


_ALL = (("lima", 1), ("lima", 3), ("lima", 5), ("oslo", 2), ("oslo", 4), ("oslo", 6))


def test_a_site_that_comes_back_goes_on_where_it_was() -> None:
    lists = Lists({"lima": [1, 3, 5], "oslo": [2, 4, 6]}, 2)

    def between(page: int) -> None:
        lists.away = {"lima"} if page == 1 else set()

    everything = [(site, f"job_{n:04d}") for site, n in _ALL]
    assert sorted(walk(lists, 1, between)) == everything
    lists.away = {"lima"}
    assert [site for site, _ in walk(lists, 2)] == ["oslo", "oslo", "oslo"]


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.hex()))
def test_any_other_text_is_no_cursor(text) -> None:
    try:
        found = places_of(text, ["oslo"])
    except InvalidRequest:
        return
    assert found == {}


def test_a_cursor_of_another_list_is_refused() -> None:
    cursor = cursor_of({"oslo": Place(None, "nothing", ("a", 1.0))})
    with pytest.raises(InvalidRequest):
        asyncio.run(
            merge(
                places_of(cursor, ["oslo"]), Lists({"oslo": [1]}, 5).page, order_of("/jobs"), 5
            )
        )


def test_events_keep_the_order_of_urgency() -> None:
    order = order_of("/events")
    event = {
        "id": "a",
        "state": "open",
        "kind": "anomaly",
        "severity": "act",
        "start": "2026-03-01T08:00:00Z",
        "peak": 9.0,
        "threshold": 3.0,
    }
    later = {**event, "id": "b", "severity": "watch"}
    closed = {**event, "id": "c", "state": "closed"}
    weaker = {**event, "id": "d", "peak": 4.0}
    keys = {one["id"]: order.key(order.values(one)) for one in (event, later, closed, weaker)}
    assert sorted(keys, key=keys.get) == ["a", "d", "b", "c"]
    assert identity(event) == identity({**event, "state": "closed"})
