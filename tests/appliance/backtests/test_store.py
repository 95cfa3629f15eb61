"""Backtests are kept once; of several words on an approval the first one holds."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from appliance.access import shell
from appliance.access.store.audit import AuditLog
from appliance.backtests import ApprovalStore, BacktestStore
from appliance.core.db import Database, open_database
from appliance.core.errors import Conflict, NotFound
from appliance.schemas.approval import ApprovalDraft, ApprovalState, Check
from appliance.schemas.backtest import (
    Backtest,
    BacktestEvent,
    BacktestSide,
    Figures,
    Side,
    Worth,
)
from appliance.schemas.event import EventDraft, Severity
from appliance.schemas.scorecard import Estimate

START = datetime(2026, 3, 1, tzinfo=UTC)
NOTHING = Estimate(value=None, low=0.0, high=None)


def made(number: int, fleet: str = "pumps") -> Backtest:
    figures = Figures(
        budget=1.0,
        asset_months=2.0,
        events=1,
        right=0,
        planned=0,
        false=0,
        unknown=1,
        false_alarms=NOTHING,
        failures=0,
        missed=0,
        caught=NOTHING,
    )
    side = BacktestSide(
        model_version=number,
        recipe="auto",
        learned_from=START,
        learned_until=START,
        seen=0.0,
        assets=1,
        figures=figures,
    )
    draft = EventDraft(
        asset="P-1",
        start=START,
        end=START + timedelta(hours=1),
        peak=4.0,
        peak_time=START,
        threshold=3.0,
        severity=Severity.WATCH,
        sensors=(),
    )
    return Backtest(
        id=f"btt_{number}",
        fleet=fleet,
        start=START,
        end=START + timedelta(days=30),
        created=START + timedelta(days=31),
        by="mori",
        candidate=side,
        events=(BacktestEvent(facts=draft, side=Side.CANDIDATE, worth=Worth.UNKNOWN),),
        sides={Side.CANDIDATE: 1},
        look_back_days=30.0,
    )


def asking(number: int, fleet: str = "pumps") -> ApprovalDraft:
    return ApprovalDraft(
        fleet=fleet,
        version=number,
        champion=1,
        backtest=f"btt_{number}",
        checks=(Check(name="failures", passed=True, text="1 of 1"),),
        by="schedule:weekly",
    )


@pytest.fixture
def database(database_url) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


def test_backtests_are_kept_once_and_listed_without_their_events(database):
    store = BacktestStore(database)
    for number in (1, 2, 3):
        store.keep(made(number))
    store.keep(made(4, "fans"))
    store.keep(made(2).model_copy(update={"by": "another"}))
    assert store.get("btt_2") == made(2)
    listed = store.list("pumps")
    assert [one.id for one in listed] == ["btt_3", "btt_2", "btt_1"]
    assert all(one.events == () for one in listed)
    assert [one.id for one in store.list("pumps", before="btt_3", limit=1)] == ["btt_2"]
    with pytest.raises(NotFound):
        store.get("btt_9")


def test_a_later_challenger_takes_the_place_of_one_that_waits(database):
    backtests, approvals = BacktestStore(database), ApprovalStore(database)
    for number in (2, 3):
        backtests.keep(made(number))
    backtests.keep(made(4, "fans"))
    first = approvals.ask(asking(2))
    assert approvals.ask(asking(2)) == first
    other = approvals.ask(asking(4, "fans"))
    second = approvals.ask(asking(3))
    assert (second.state, second.checks) == (ApprovalState.WAITING, asking(3).checks)
    assert {one.id for one in approvals.list()} == {other.id, second.id}
    assert [one.id for one in approvals.list("pumps")] == [second.id]
    [gone] = approvals.list("pumps", states=[ApprovalState.SUPERSEDED])
    assert (gone.id, gone.answered_by) == (first.id, None)
    with pytest.raises(Conflict, match=r"superseded already.*kizashi approvals pumps"):
        approvals.answer(first.id, "mori", approve=False)


def test_of_many_answers_at_once_one_holds(database):
    BacktestStore(database).keep(made(2))
    approvals = ApprovalStore(database)
    asked = approvals.ask(asking(2))

    def say(number: int) -> ApprovalState | None:
        try:
            return approvals.answer(
                asked.id, shell(f"p{number}"), approve=number % 2 == 0, note="so"
            ).state
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(say, range(8)))
    held = approvals.get(asked.id)
    assert set(said) == {held.state, None}
    assert (held.note, held.answered_by in {f"shell:p{n}" for n in range(8)}) == ("so", True)
    entries = AuditLog(database).list(shell("mori"), what=f"approval:{asked.id}")
    assert [(one.action, one.by) for one in entries] == [
        ("approval.answered", held.answered_by)
    ]
    with pytest.raises(NotFound):
        approvals.get("apr_none")
