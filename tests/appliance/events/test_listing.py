"""Searches over all fleets: right by a slow twin, and little work among very many events."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import insert

from appliance.access.seen import EVERYTHING, Seen
from appliance.core.db import open_database
from appliance.events.store import EventStore, Search
from appliance.events.store.tables import EventRow
from appliance.events.urgency import by_urgency, calm_of, rank_of
from appliance.schemas.event import Event, EventKind, EventState, Severity
from tests.appliance.databases import new_database, work
from tests.appliance.events.drafts import START, draft, minute

OPEN, CLOSED = (EventState.OPEN,), (EventState.CLOSED,)


def row(number: int, dice: random.Random, fleets: int) -> dict:
    """Return an event's row; most are closed."""
    state = dice.choices(tuple(EventState), (3, 2, 80, 15))[0]
    start = dice.random() * 1e6
    facts = draft(
        start,
        start + dice.random() * 300,
        4 + dice.random() * 6,
        asset=f"P-{dice.randrange(9)}",
        kind=dice.choices(tuple(EventKind), (8, 2))[0],
        severity=dice.choice(tuple(Severity)),
    )
    return {
        "id": f"evt_{number:07}",
        "fleet": f"fleet{dice.randrange(fleets):04}",
        "asset": facts.asset,
        "kind": facts.kind.value,
        "start": facts.start,
        "end": facts.end,
        "ongoing": False,
        "state": state.value,
        "stands": True,
        "verdict": dice.choice(("true", "false")) if state is EventState.CLOSED else None,
        "owner": "ken" if dice.random() < 0.01 else None,
        "revision": 1,
        "model_version": 1,
        "score_batch": "s1",
        "rank": rank_of(state, facts.kind, facts.severity),
        "calm": calm_of(facts),
        "seconds": (facts.end - facts.start).total_seconds(),
        "words": f"{facts.asset}\nflow".casefold(),
        "facts": facts.model_dump(mode="json"),
        "created": START,
        "updated": START,
    }


@pytest.fixture
def database(database_url):
    opened = open_database(database_url)
    yield opened
    opened.close()


def fill(database, count: int, fleets: int) -> list[dict]:
    dice = random.Random(1)
    rows = [row(number, dice, fleets) for number in range(count)]
    with database.session() as session:
        session.execute(insert(EventRow), rows)
    return rows


def fill_up(database, rows: list[dict], copies: int) -> None:
    """Add copies of events, each time in as many fleets more."""
    with database.session() as session:
        for number in range(copies):
            more = [
                one | {"id": f"{one['id']}_{number}", "fleet": f"{one['fleet']}_{number}"}
                for one in rows
            ]
            session.execute(insert(EventRow), more)


def fits(event: Event, wanted: Search) -> bool:
    """Whether an event is looked for, said one condition at a time."""
    return (
        event.fleet in wanted.seen
        and wanted.fleet in (None, event.fleet)
        and (event.asset in wanted.assets if wanted.assets else True)
        and (event.state in wanted.states if wanted.states else event.state != "withdrawn")
        and (event.kind in wanted.kinds if wanted.kinds else True)
        and (event.severity in wanted.severities if wanted.severities else True)
        and wanted.owner in (None, event.owner)
        and wanted.verdict in (None, event.verdict)
        and (wanted.since is None or event.end >= wanted.since)
        and (wanted.until is None or event.start <= wanted.until)
        and wanted.text.casefold() in event.asset.casefold()
    )


@pytest.mark.slow
def test_every_search_finds_what_a_slow_twin_finds_page_by_page(database):
    fill(database, 400, fleets=4)
    store = EventStore(database)
    fleets = [f"fleet{n:04}" for n in range(4)]
    every = [e for f in fleets for e in store.list(f, states=tuple(EventState))]
    some = Seen(only=frozenset(fleets[:2])), Seen(but=frozenset(fleets[:1])), EVERYTHING
    narrow = (
        {},
        {"states": OPEN},
        {"kinds": (EventKind.SENSOR_FAULT,), "severities": (Severity.ACT, Severity.WATCH)},
        {"fleet": fleets[1], "states": (EventState.CLOSED, EventState.WITHDRAWN)},
        {"owner": "ken"},
        {"verdict": "true", "assets": ("P-1", "P-2")},
        {"since": minute(3e5), "until": minute(6e5)},
        {"text": "p-3"},
        {"text": "%"},
    )
    for seen, facts, order in product(some, narrow, ("urgency", "time")):
        wanted = Search(seen=seen, **facts)
        right = [event for event in every if fits(event, wanted)]
        latest = sorted(right, key=lambda e: (e.start, e.id), reverse=True)
        expected = by_urgency(right) if order == "urgency" else latest
        found, after = [], None
        while page := store.look(wanted, order, after=after, limit=37):
            found += page
            last = page[-1]
            rank = rank_of(last.state, last.kind, last.severity)
            after = rank, calm_of(last), last.start, last.id
        assert [e.id for e in found] == [e.id for e in expected], (wanted, order)


@pytest.mark.slow
def test_a_list_looks_at_few_of_very_many_events(tmp_path):
    database = open_database(new_database(tmp_path / "kizashi.db"))
    store = EventStore(database)
    recent = minute(1e6) - timedelta(minutes=3_000)
    cases = [
        (Search(**facts), order)
        for order in ("urgency", "time")
        for facts in (
            {},
            {"states": OPEN},
            {"severities": (Severity.ACT,)},
            {"states": CLOSED, "kinds": (EventKind.SENSOR_FAULT,)},
            {"fleet": "fleet0003"},
            {"fleet": "fleet0003", "states": OPEN},
            {"seen": Seen(but=frozenset({"fleet0001"}))},
            {"seen": Seen(only=frozenset({"fleet0001", "fleet0002"})), "states": OPEN},
            {"owner": "ken"},
        )
    ]
    cases.append((Search(since=recent), "time"))

    rows = fill(database, 2_000, fleets=20)
    fill_up(database, rows, 9)
    # To look at each event would take several instructions for each.
    most = len(rows) * 10 // 2
    needed = [work(database, lambda case=case: store.look(*case, limit=50)) for case in cases]
    database.close()
    assert [case for case, taken in zip(cases, needed, strict=True) if taken > most] == []
