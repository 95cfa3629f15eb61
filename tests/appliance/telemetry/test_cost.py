"""Prices, who pays for what, estimates and budgets: plain functions on plain facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import fsum, isclose
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.core.errors import InvalidRequest
from appliance.core.settings import Settings
from appliance.engine.meter import Used
from appliance.schemas.cost import PriceBook, money
from appliance.telemetry.cost import allocation, budget, estimate
from appliance.telemetry.cost.allocation import Expected, MachineHour, Run, Stored
from appliance.telemetry.cost.book import FILE, price_book, prices
from appliance.telemetry.cost.estimate import Past, Size
from appliance.telemetry.cost.power import Rapl
from appliance.telemetry.cost.prices import GB, Machine, rates

START = datetime(2026, 3, 1, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
BOX = Machine(8, 32_000_000_000)

amounts = st.floats(0, 1e6, allow_nan=False)
seconds = st.integers(0, 50 * 86_400)
names = st.sampled_from(["pumps", "fans", "presses"])


@st.composite
def runs(draw) -> Run:
    started = START + timedelta(seconds=draw(seconds))
    took = draw(st.integers(0, 100_000))
    fleet = draw(st.none() | names)
    used = Used(draw(amounts), draw(amounts), draw(amounts), draw(amounts), 1, 1)
    return Run(
        run=f"job_{draw(st.integers(0, 50))}",
        attempt=1,
        pipeline=draw(st.sampled_from(["train", "score"])),
        fleet=fleet,
        project="default" if fleet else "",
        by=draw(st.sampled_from(["erika", "yuki"])),
        state="succeeded",
        started=started,
        until=started + timedelta(seconds=took),
        used=used,
        wall_seconds=float(took),
        amount=draw(amounts),
        currency="JPY",
    )


def hour(n: int, fixed: float, power: float = 0.0) -> MachineHour:
    return MachineHour(START + timedelta(hours=n), "m", fixed_amount=fixed, power_amount=power)


many = st.lists(runs(), max_size=20)
hours = st.lists(st.builds(hour, st.integers(0, 900), amounts, amounts), max_size=20)
stored = st.lists(
    st.builds(Stored, st.just(date(2026, 3, 1)), names, st.just("default"), amounts),
    max_size=5,
)


def near(one: float, other: float) -> bool:
    return isclose(one, other, rel_tol=1e-9, abs_tol=1e-6)


# ---------------------------------------------------------------- sums
@pytest.mark.slow
@given(many, stored, hours)
def test_what_is_split_adds_up_to_what_was_metered(runs, stored, hours):
    metered = fsum(run.amount for run in runs) + fsum(one.amount for one in stored)
    machines = fsum(one.amount for one in hours)
    for name in (
        lambda one: one.project,
        lambda one: one.fleet or "",
        lambda one: getattr(one, "pipeline", "storage"),
    ):
        split = allocation.split(runs, stored, hours, name)
        assert near(fsum(one.amount for one in split.shares.values()), metered)
        assert near(split.allocated, metered)
        assert split.idle >= 0
        paid = fsum(run.amount for run in runs)
        assert near(split.total - fsum(o.amount for o in stored), max(machines, paid))


@pytest.mark.slow
@given(
    many,
    stored,
    st.dictionaries(names, st.dictionaries(st.text(min_size=1), st.integers(0, 9)), max_size=3),
)
def test_a_fleets_machines_pay_all_that_it_costs(runs, stored, weights):
    split = allocation.split_by_asset(runs, stored, [], weights)
    metered = fsum(run.amount for run in runs) + fsum(one.amount for one in stored)
    assert near(fsum(one.amount for one in split.shares.values()), metered)


@pytest.mark.slow
@given(runs(), st.lists(seconds, max_size=6))
def test_times_side_by_side_share_a_run_without_loss(run, cuts):
    places = sorted({0, 60 * 86_400, *cuts})
    moments = [START + timedelta(seconds=place) for place in places]
    parts = [
        one
        for first, last in pairwise(moments)
        for one in allocation.within([run], first, last)
    ]
    assert near(fsum(one.amount for one in parts), run.amount)
    assert near(fsum(one.used.core_seconds for one in parts), run.used.core_seconds)


def test_the_larger_of_reserved_and_used_is_paid_and_power_by_what_was_used():
    own = rates(PriceBook(), BOX)
    idle = allocation.amount_of(Used(reserved_seconds=3600, core_seconds=3600), own)
    busy = allocation.amount_of(Used(3600, 3600, 3600), own)
    assert idle == pytest.approx(own.core_hour)
    assert busy == pytest.approx(own.core_hour + own.busy_core_hour)


@pytest.mark.parametrize("place", ["on-premises", "cloud"])
def test_a_machine_that_is_used_whole_is_paid_whole(place):
    own = rates(PriceBook(place=place), BOX)
    whole = Used(8 * 3600.0, 0.0, 8 * 3600.0, BOX.memory_bytes * 3600.0)
    costs = own.fixed_amount(3600) + own.power_amount(own.energy(1.0, 3600))
    assert allocation.amount_of(whole, own) == pytest.approx(costs)


def test_a_rented_machine_is_split_by_its_price_and_the_spot_factor():
    book = PriceBook.model_validate(
        {"place": "cloud", "currency": "USD", "cloud": {"instance_hour": 1, "spot_factor": 0.3}}
    )
    own = rates(book, BOX)
    assert own.machine_hour == pytest.approx(0.3)
    assert own.core_hour * 8 + own.gb_hour * BOX.memory_bytes / GB == pytest.approx(0.3)
    assert own.busy_core_hour == 0


def test_what_estimates_were_off_by_is_the_one_in_the_middle():
    def one(took: float, thought: float, state: str = "succeeded") -> Run:
        return Run(
            "r", 1, "train", None, "", "x", state, START, START, Used(), took, 1.0, "JPY",
            expected=Expected(thought, 1.0, "past"),
        )  # fmt: skip

    told = [one(100, 90), one(100, 150), one(100, 300), one(1, 99, "failed")]
    assert allocation.error_ratio(told) == pytest.approx(0.5)
    assert allocation.error_ratio([replace(told[0], expected=None)]) is None


# ---------------------------------------------------------------- money
@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (12_345.6, "JPY", "¥12,346"),
        (10.2, "JPY", "¥10"),
        (9.96, "JPY", "¥10"),
        (9.94, "JPY", "¥9.9"),
        (0.0345, "JPY", "¥0.035"),
        (0.0, "JPY", "¥0"),
        (-3.21, "JPY", "-¥3.2"),
        (12.345, "USD", "$12.35"),
        (0.00345, "USD", "$0.0034"),
        (5.0, "CHF", "CHF 5.00"),
    ],
)
def test_money_is_written_as_people_read_it(amount, currency, text):
    assert money(amount, currency) == text


# ---------------------------------------------------------------- prices of a home
def at_home(folder: Path, text: str) -> Settings:
    (folder / FILE).write_text(text)
    return Settings(home=folder)


def test_a_home_says_what_it_knows_and_the_rest_comes_along(tmp_path):
    shipped = price_book(Settings(home=tmp_path))
    assert shipped.source
    assert shipped.power.per_kwh == 31.0
    own = price_book(at_home(tmp_path, "[power]\nper_kwh = 18.5\nidle_watts = 40"))
    assert own.power.per_kwh == 18.5
    assert own.hardware == shipped.hardware
    told = prices(Settings(home=tmp_path))
    assert told.file == str(tmp_path / FILE)
    assert told.idle_watts == 40
    changed = price_book(at_home(tmp_path, "[power]\nper_kwh = 20.25\nidle_watts = 41"))
    assert changed.power.per_kwh == 20.25


@pytest.mark.parametrize(
    "text",
    [
        "[power]\nper_kwh = -1",
        "[power]\nper_kwh = nan",
        "[power]\nper_kwh = inf",
        "[power]\nper_kwh = '31'\nidle_watts = 0",
        "[hardware]\nyears = 0",
        "[cloud]\nspot_factor = 7",
        "[cloud]\ncpu_hour = 1e300",
        "currency = 'yen'",
        "place = 'moon'",
        "power = 3",
        "unknown = 1",
        "[power\n",
        "\x00",
        "x = 'a'\n" * 20_000,
    ],
)
def test_prices_that_cannot_be_are_refused_by_name_of_the_file(tmp_path, text):
    with pytest.raises(InvalidRequest, match=FILE):
        price_book(at_home(tmp_path, text))


# ---------------------------------------------------------------- power
def package(root: Path, name: str, energy: int, most: int = 1_000_000) -> Path:
    folder = root / name
    folder.mkdir(exist_ok=True)
    (folder / "energy_uj").write_text(f"{energy}\n")
    (folder / "max_energy_range_uj").write_text(f"{most}\n")
    return folder / "energy_uj"


def test_meters_of_processors_are_added_and_may_run_over(tmp_path):
    one = package(tmp_path, "intel-rapl:0", 500_000)
    two = package(tmp_path, "intel-rapl:1", 900_000)
    package(tmp_path, "intel-rapl:0:0", 7)
    meter = Rapl(tmp_path)
    assert meter.readable
    one.write_text("700000\n")
    two.write_text("100000\n")
    assert meter.joules() == pytest.approx(0.2 + 0.2)
    assert meter.joules() == 0


def test_a_meter_that_cannot_be_read_tells_nothing(tmp_path):
    assert Rapl(tmp_path).joules() is None
    broken = package(tmp_path, "intel-rapl:0", 1)
    broken.write_text("nothing")
    assert not Rapl(tmp_path).readable


# ---------------------------------------------------------------- estimates
def past(rows: int, took: float, amount: float | None = None) -> Past:
    return Past(Size(rows, 10, 4), took, took / 10 if amount is None else amount)


def test_without_past_runs_the_prior_speaks_and_says_so():
    found = estimate.guess("train", Size(100_000, 10, 4), [], second_amount=0.01)
    assert (found.basis, found.runs) == ("prior", 0)
    assert found.low < found.seconds < found.high
    assert found.high / found.low == pytest.approx(16)
    assert found.amount == pytest.approx(found.seconds * 0.01)
    larger = estimate.guess("train", Size(1_000_000, 10, 4), [], second_amount=0.01)
    assert larger.seconds > found.seconds


def test_past_runs_tell_time_money_and_how_sure_one_is():
    few = [past(100_000, 60.0)]
    many = [past(100_000, took) for took in (60, 62, 58, 61, 59, 63, 57, 60)]
    size = Size(100_000, 10, 4)
    one, more = (estimate.guess("train", size, told, 1.0) for told in (few, many))
    assert one.seconds == pytest.approx(60)
    assert more.seconds == pytest.approx(60, rel=0.05)
    assert more.amount == pytest.approx(6, rel=0.05)
    assert more.high / more.low < one.high / one.low


def test_a_busy_machine_now_and_then_changes_little():
    told = [past(rows, rows / 1_000) for rows in range(50_000, 1_000_000, 50_000)]
    spoilt = [*told]
    spoilt[3], spoilt[9] = past(200_000, 9_000.0), past(500_000, 5_000.0)
    size = Size(2_000_000, 10, 4)
    clean, rough = (estimate.guess("train", size, one, 1.0) for one in (told, spoilt))
    assert clean.seconds == pytest.approx(2_000, rel=0.1)
    assert rough.seconds == pytest.approx(clean.seconds, rel=0.1)


@pytest.mark.slow
@example([Past(Size(0, 0, 0), 5e-324, 1e6)], Size())
@given(
    st.lists(
        st.builds(
            Past,
            st.builds(Size, st.integers(0, 10**9), st.integers(0, 500), st.integers(0, 500)),
            st.floats(0, 1e6),
            st.floats(0, 1e6),
        ),
        max_size=80,
    ),
    st.builds(Size, st.integers(0, 10**10), st.integers(0, 5_000), st.integers(0, 5_000)),
)
def test_whatever_ran_before_an_estimate_is_a_number_within_its_interval(told, size):
    found = estimate.guess("train", size, told, 0.5)
    assert 0 < found.low <= found.seconds <= found.high < float("inf")
    assert 0 <= found.amount_low <= found.amount <= found.amount_high


# ---------------------------------------------------------------- budgets
def test_a_budget_warns_then_stops():
    told = [budget.state(spent, 1_000, 0.8) for spent in (0, 799, 800, 999, 1_000, 5_000)]
    assert told == ["within", "within", "warned", "warned", "spent", "spent"]


def test_a_month_is_the_sites():
    last = datetime(2026, 2, 28, 15, 30, tzinfo=UTC)
    assert budget.month_of(last, TOKYO) == date(2026, 3, 1)
    first, end = budget.bounds(date(2026, 12, 1), TOKYO)
    assert (first, end) == (
        datetime(2026, 11, 30, 15, tzinfo=UTC),
        datetime(2026, 12, 31, 15, tzinfo=UTC),
    )


def test_a_forecast_goes_on_as_before_since_anybody_looked():
    start, end = budget.bounds(date(2026, 4, 1), ZoneInfo("UTC"))
    at = start + timedelta(days=10)
    assert budget.forecast(100, start, at, end) == pytest.approx(300)
    assert budget.forecast(100, start, at, end, at - timedelta(days=5)) == pytest.approx(500)
    assert budget.forecast(100, start, end, end) == 100
