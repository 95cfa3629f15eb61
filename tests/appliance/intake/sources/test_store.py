"""Sources keep their secrets, and only their worker's word counts; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from appliance.access.person import shell
from appliance.access.store.audit import AuditLog
from appliance.core.clock import now
from appliance.core.db import Database, open_database
from appliance.core.errors import Conflict, InvalidRequest, LimitExceeded, NotFound, Outdated
from appliance.intake.store import sources as stores
from appliance.intake.store.holding import Brought, pause_after
from appliance.intake.store.sources import SourceStore
from appliance.jobs.store.workers import WorkerStore
from appliance.schemas.source import SourceDraft, SourceState, Sql

ME = shell("test")
KEY = b"k" * 32
SECRET = "hunter two"
SQL = {
    "kind": "sql",
    "host": "historian.plant.example",
    "database": "historian",
    "user": "reader",
    "password": SECRET,
    "table": "line2.readings",
}
AT = now()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    for name in ("one", "two"):
        WorkerStore(opened).enter(f"{name}.1", name, 1, AT)
    yield opened
    opened.close()


@pytest.fixture
def sources(database: Database) -> SourceStore:
    return SourceStore(database, KEY)


def draft(name: str = "line2", **more: Any) -> SourceDraft:
    return SourceDraft.model_validate({"name": name, "fleet": "pumps", "origin": SQL} | more)


def without() -> dict[str, Any]:
    return {name: value for name, value in SQL.items() if name != "password"}


def test_a_source_is_kept_without_its_secret_in_sight(sources, database):
    made = sources.add(draft(), ME)
    assert (made.secrets, made.state) == (("password",), SourceState.NEW)
    assert isinstance(made.origin, Sql)
    assert made.origin.password is None
    assert sources.list() == [sources.get("line2")]
    assert sources.list(["fans"]) == []
    sources.holding.hold("one.1")
    (source,) = sources.holding.hold("one.1")
    held = sources.holding.open(source, "one.1")
    assert held.origin.password.get_secret_value() == SECRET
    sources.edit("line2", draft(every=30), ME)
    sources.remove("line2", ME)
    with database.session() as session:
        kept = [repr(tuple(row)) for row in session.execute(text("SELECT * FROM audit"))]
    assert not any(SECRET in row for row in kept)
    assert [one.action for one in AuditLog(database).list(ME)] == [
        "source.removed",
        "source.edited",
        "source.added",
    ]


def test_a_secret_stays_until_another_is_given_but_goes_nowhere_else(sources):
    sources.add(draft(), ME)
    assert sources.edit("line2", draft(origin=without()), ME).secrets == ("password",)
    assert sources.completed(draft(origin=without())).password.get_secret_value() == SECRET
    elsewhere = {**without(), "host": "evil.example"}
    assert sources.completed(draft(origin=elsewhere)).password is None
    assert sources.edit("line2", draft(origin=elsewhere), ME).secrets == ()


def test_what_cannot_be_is_refused(sources, monkeypatch):
    made = sources.add(draft(), ME)
    with pytest.raises(Conflict):
        sources.add(draft(), ME)
    with pytest.raises(Outdated):
        sources.edit("line2", draft(), ME, revision=7)
    with pytest.raises(InvalidRequest):
        sources.edit("line2", draft("other"), ME)
    with pytest.raises(NotFound):
        sources.get("other")
    with pytest.raises(NotFound):
        sources.turn("other", ME, paused=True)
    monkeypatch.setattr(stores, "MOST", 1)
    with pytest.raises(LimitExceeded):
        sources.add(draft("other"), ME)
    sources.remove("line2", ME, revision=made.revision)


def test_it_begins_anew_where_it_leads_elsewhere_and_only_there(sources):
    sources.add(draft(), ME)
    for change, anew in (
        ({"every": 5}, False),
        ({"judge": False}, False),
        ({"asset": "machine"}, True),
        ({"origin": {**SQL, "table": "other"}}, True),
    ):
        (source,) = sources.holding.hold("one.1")
        held = sources.holding.open(source, "one.1")
        brought = Brought(5, 1, now() - timedelta(seconds=7), "no")
        assert sources.holding.looked(held, AT, {"live": {"since": 1}}, AT, brought)
        told = sources.get("line2")
        assert told.lag == pytest.approx(7, abs=60)
        assert (told.state, told.came, told.refusal) == (SourceState.FINE, AT, "no")
        facts = {key: value for key, value in told if key in SourceDraft.model_fields}
        sources.edit("line2", SourceDraft.model_validate({**facts, **change}), ME)
        again = sources.holding.open(source, "one.1")
        assert (again.cursor == {}) is anew, change


def test_what_fails_is_told_until_it_goes_well(sources):
    sources.add(draft(), ME)
    (source,) = sources.holding.hold("one.1")
    held = sources.holding.open(source, "one.1")
    for count in (1, 2):
        assert sources.holding.failed(held, AT, ("away.", "Look."), AT)
        told = sources.get("line2")
        assert (told.state, told.failures, told.error) == (SourceState.FAILING, count, "away.")
    assert sources.turn("line2", ME, paused=True).state is SourceState.PAUSED
    assert not sources.holding.failed(held, AT, ("away.", ""), AT), "it changed meanwhile"
    assert sources.holding.hold("one.1") == {}
    assert sources.turn("line2", ME, paused=False).failures == 0


def test_one_worker_holds_it_until_that_is_gone(sources, database):
    for number in range(5):
        sources.add(draft(f"line{number}"), ME)
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(sources.holding.hold, ["one.1", "two.1"] * 4))
    one, two = set(sources.holding.hold("one.1")), set(sources.holding.hold("two.1"))
    assert len(one | two) == 5
    assert not one & two
    assert any(taken)
    first = "one.1" if one else "two.1"
    other = "two.1" if one else "one.1"
    source = next(iter(one or two))
    held = sources.holding.open(source, first)
    WorkerStore(database).leave(first)
    assert len(sources.holding.hold(other)) == 5
    assert not sources.holding.looked(held, AT, {}, AT, Brought(1)), "it is another's by now"
    assert sources.holding.open(source, first) is None
    assert sources.holding.exists(source)


def test_pauses_grow_and_end_growing():
    pauses = [pause_after(n, 60.0).total_seconds() for n in (1, 2, 5, 100)]
    assert pauses == [2, 4, 32, 300]
    assert pause_after(100, 3_600.0) == timedelta(hours=1)
