"""What runs, machines and fleets cost is kept, on both databases, and read back whole."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from appliance.access import Access, shell
from appliance.core.clock import monotonic, now
from appliance.core.db import open_database
from appliance.core.errors import InvalidRequest, NotFound
from appliance.core.settings import Settings
from appliance.engine.meter import Used
from appliance.schemas.cost import Budget, BudgetDraft
from appliance.telemetry import machinecost, watched
from appliance.telemetry.cost.allocation import MachineHour
from appliance.telemetry.cost.book import FILE
from appliance.telemetry.cost.budget import state
from appliance.telemetry.cost.power import Rapl
from appliance.telemetry.cost.prices import rates
from appliance.telemetry.gate import Gate
from appliance.telemetry.machinecost import MachineProbe, StoredProbe
from appliance.telemetry.paid import cumulative
from appliance.telemetry.recording import Recorder
from appliance.telemetry.sampler import Sampler, probes
from appliance.telemetry.store.budgets import BudgetStore
from appliance.telemetry.store.costs import CostStore, StoredNow
from tests.appliance.telemetry.runs import AT, run
from tests.appliance.telemetry.test_cost import BOX, PriceBook

KEY = bytes(range(32))
HOUR = timedelta(hours=1)
ME = shell("root")


@pytest.fixture
def database(database_url):
    made = open_database(database_url)
    yield made
    made.close()


@pytest.fixture
def store(database):
    return CostStore(database)


def test_a_run_is_read_back_as_it_was_kept_last(store):
    store.keep(replace(run(), state="running", amount=1.0, expected=None))
    store.keep(run())
    again = run(attempt=2, amount=2.0, until=AT + HOUR)
    store.keep(again)
    assert store.attempts("job_1") == [run(), again]
    assert store.runs(None, AT, AT + HOUR) == [again, run()]
    assert store.runs(["line2"], AT, AT + HOUR) == []
    assert store.runs(None, AT + 2 * HOUR, AT + 3 * HOUR) == []


def test_runs_of_before_are_those_that_succeeded(store):
    store.keep(run("a"))
    store.keep(run("b", state="failed"))
    store.keep(run("c", pipeline="score"))
    store.keep(run("d", until=AT + 9 * HOUR))
    assert [one.run for one in store.past("train", 9, AT + HOUR)] == ["a"]


def test_hours_and_days_add_up(store):
    hour = MachineHour(AT, "plant-1", 60.0, 12.0, 900.0, 0.0, 0.5, 0.1)
    for _ in range(3):
        store.add(hour)
    store.add(replace(hour, currency="USD"))
    (told,) = store.hours(AT, AT + HOUR, "JPY")
    assert (told.seconds, told.cpu_seconds, told.joules) == pytest.approx((180, 36, 2700))
    assert told.amount == pytest.approx(1.8)
    day = StoredNow(date(2026, 3, 2), "pumps", "default", "JPY", 10, 600.0, 0.25)
    store.add_stored([day])
    store.add_stored([replace(day, project="line2")])
    (kept,) = store.stored(None, day.day, day.day, "JPY")
    assert (kept.project, kept.amount) == ("line2", 0.5)


def test_all_that_was_ever_paid_is_told_by_project_and_pipeline(database, store, tmp_path):
    settings = Settings(home=tmp_path)
    store.keep(run("a"))
    store.keep(run("b", amount=1.5))
    store.keep(run("c", pipeline="compact", fleet=None, project="", amount=0.5))
    store.keep(run("d", amount=99.0, currency="USD"))
    store.add_stored([StoredNow(date(2026, 3, 2), "pumps", "default", "JPY", 1, 1.0, 0.25)])
    store.add(MachineHour(AT, "plant-1", fixed_amount=9.0, power_amount=1.0))
    told = cumulative(settings, database)
    assert told.currency == "JPY"
    assert told.amounts == {
        ("default", "train"): 7.5,
        ("", "compact"): 0.5,
        ("default", "storage"): 0.25,
    }
    assert told.idle == pytest.approx(2.0)


# ---------------------------------------------------------------- the machine
def test_the_machine_is_paid_for_while_it_is_looked_at(database, store, tmp_path):
    settings = Settings(home=tmp_path)
    probe = MachineProbe(settings, lambda: database)
    for _ in range(3):
        assert probe() == {}
    probe.write()
    probe()
    probe.write()
    at = now()
    found = store.hours(at - 2 * HOUR, at + HOUR, "JPY")
    assert found
    assert sum(one.seconds for one in found) > 0
    assert all(one.power_amount > 0 and one.fixed_amount > 0 for one in found)
    assert all(one.measured_joules == 0 for one in found) or Rapl().readable


def test_of_the_processes_on_a_machine_one_pays_for_it(database, store, tmp_path, monkeypatch):
    monkeypatch.setattr(machinecost, "_WRITTEN", 0.0)
    settings = Settings(home=tmp_path, machine="node-7")
    began = monotonic()
    both = [Sampler(settings, probes(settings, lambda: database)) for _ in range(2)]
    for one in both * 3:
        one.measure()
    at = now()
    found = store.hours(at - 2 * HOUR, at + HOUR, "JPY")
    assert {one.machine for one in found} == {"node-7"}
    assert 0 < sum(one.seconds for one in found) <= monotonic() - began


def test_prices_that_cannot_be_used_stop_no_other_probe(database, tmp_path):
    (tmp_path / FILE).write_text("[power]\nper_kwh = -3")
    with pytest.raises(InvalidRequest):
        MachineProbe(Settings(home=tmp_path), lambda: database)()


def test_what_fleets_take_is_looked_at_where_there_are_none(database, tmp_path):
    assert StoredProbe(Settings(home=tmp_path), lambda: database)() == {}


# ---------------------------------------------------------------- one run
def test_a_run_is_measured_from_its_beginning_to_its_end(store):
    at = datetime.now(UTC)
    recorder = Recorder(store, rates(PriceBook(), BOX), run(state="running", started=at))
    with recorder.measuring():
        total = sum(range(2_000_000))
        recorder.keep()
    (kept,) = store.attempts("job_1")
    assert (kept.state, total) == ("running", 1_999_999_000_000)
    recorder.rows = 7
    told = recorder.end("succeeded")
    recorder.keep()
    (ended,) = store.attempts("job_1")
    assert (ended.state, ended.rows) == ("succeeded", 7)
    assert 0 < kept.used.cpu_seconds <= ended.used.cpu_seconds == told.used.cpu_seconds
    assert ended.amount >= kept.amount > 0
    assert ended.used.peak_bytes > 10**7


# ---------------------------------------------------------------- budgets
def put(database, store, project, monthly):
    with Access(database, KEY).audit.change(ME) as change:
        return store.put(change, project, BudgetDraft(monthly=monthly), "JPY")


@pytest.mark.slow
def test_a_run_that_ends_while_it_is_being_kept_stays_ended(store):
    priced = rates(PriceBook(), BOX)
    for number in range(30):
        name, over = f"job_{number}", threading.Event()
        recorder = Recorder(store, priced, run(name, state="running", started=now()))

        def keep(recorder=recorder, over=over) -> None:
            while not over.is_set():
                recorder.keep()

        keeping = [threading.Thread(target=keep) for _ in range(4)]
        for thread in keeping:
            thread.start()
        told = recorder.end("failed")
        over.set()
        for thread in keeping:
            thread.join()
        assert store.attempts(name) == [told]


def test_a_budget_is_spent_by_the_runs_of_its_month(database, store):
    budgets = BudgetStore(database, ZoneInfo("UTC"))
    at = now()
    month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    store.keep(run("old", until=month - timedelta(seconds=1)))
    store.keep(run("own", started=month, until=at, amount=80.0))
    store.keep(run("other", project="line2", until=at, amount=500.0))
    gate = Gate(budgets)
    assert gate("default") is None
    made = put(database, budgets, "default", 100.0)
    assert (made.spent, made.state, made.revision) == (80.0, "warned", 1)
    assert gate("default") is None
    assert put(database, budgets, "default", 80.0).revision == 2
    refused = gate("default")
    assert refused is not None
    assert "project default" in str(refused)
    assert "¥80 of ¥80" in str(refused)
    assert "operate" in refused.remedy
    assert gate("line2") is gate(None) is None
    put(database, budgets, None, 300.0)
    assert "the site" in str(gate("line2"))
    assert [one.project for one in budgets.list(at)] == [None, "default"]
    with Access(database, KEY).audit.change(ME) as change:
        budgets.remove(change, None)
        with pytest.raises(NotFound):
            budgets.remove(change, None)


def test_the_sites_budget_counts_whole_machines(database, store):
    budgets, at = BudgetStore(database, ZoneInfo("UTC")), now()
    hour = at.replace(minute=0, second=0, microsecond=0)
    store.keep(run(until=at, amount=3.0))
    store.add(MachineHour(hour, "plant-1", fixed_amount=9.0, power_amount=1.0))
    assert put(database, budgets, None, 100.0).spent == pytest.approx(10.0)
    assert put(database, budgets, "default", 100.0).spent == pytest.approx(3.0)


def test_use_is_added():
    one = Used(1.0, 2.0, 2.0, 10.0, 5, 1)
    assert one.plus(Used(3.0, 0.0, 3.0, 1.0, 9, 2)) == Used(4.0, 2.0, 5.0, 11.0, 9, 3)


def test_tasks_are_counted_by_the_machine_that_ran_them():
    here = Used(tasks=1, machines=(("plant-1", 1),))
    there = Used(tasks=2, machines=(("plant-2", 2),))
    both = here.plus(there).plus(here).plus(Used(cpu_seconds=1.0))
    assert both.machines == (("plant-1", 2), ("plant-2", 2))


@pytest.mark.parametrize(
    ("spent", "project", "code"),
    [
        (10.0, "default", None),
        (85.0, "default", "budget_near"),
        (100.0, "default", "budget_spent"),
        (85.0, None, "site_budget_near"),
        (500.0, None, "site_budget_spent"),
    ],
)
def test_a_budget_that_is_nearly_spent_needs_care(spent, project, code):
    told = Budget(
        project=project,
        monthly=100.0,
        warn_ratio=0.8,
        currency="JPY",
        month=date(2026, 3, 1),
        spent=spent,
        forecast=spent,
        state=state(spent, 100.0, 0.8),
        revision=1,
        updated=AT,
        updated_by="erika",
    )
    found = list(watched.budgets([told]))
    assert [one.code for one in found] == ([] if code is None else [code])
    assert all("budget" in one.text and "kizashi cost" in one.remedy for one in found)
