"""A month of costs, kept as it would have been measured."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path

from appliance.client import Plant
from appliance.core.clock import now
from appliance.core.db import open_database
from appliance.core.settings import Settings
from appliance.engine.meter import Used
from appliance.telemetry.cost.allocation import Expected, MachineHour, Run, amount_of
from appliance.telemetry.cost.book import rates_here
from appliance.telemetry.cost.prices import Rates
from appliance.telemetry.store.costs import CostStore
from tests.ui.homes import ZONE

_HOUR = timedelta(hours=1)
_RUNS = (
    ("train", "pumps", "erika", 1_900.0, 21),
    ("train", "fans", "kimura", 800.0, 47),
    ("retrain", "pumps", "schedule:weekly", 4_200.0, 167),
    ("score", "pumps", "source:historian", 240.0, 1),
    ("score", "fans", "source:historian", 110.0, 1),
    ("report", "gearboxes", "schedule:monthly", 30.0, 24),
    ("compact", None, "schedule:nightly", 95.0, 24),
)
"""Pipeline, fleet, who asked, core seconds, and every how many hours."""


def pay(plant: Plant, home: Path) -> None:
    """Keep what runs and the machine cost since the month began, and set budgets."""
    plant.budgets.put(None, 9_000.0)
    plant.budgets.put("default", 400.0)
    settings = Settings(home=home, timezone=ZONE)
    database = open_database(settings.database)
    store, rates, end = CostStore(database), rates_here(settings), now()
    first = end.astimezone(settings.zone).replace(day=1, hour=0, minute=0, second=0)
    hours = int((end - first) / _HOUR)
    for n in range(hours):
        at = first + n * _HOUR
        busy = 0.12 + 0.1 * math.sin(n / 4) ** 2
        joules = rates.energy(busy, 3600.0)
        store.add(
            MachineHour(
                at.replace(minute=0, second=0, microsecond=0),
                "plant-1",
                seconds=3600.0,
                cpu_seconds=busy * rates.cores * 3600.0,
                joules=joules,
                fixed_amount=rates.fixed_amount(3600.0),
                power_amount=rates.power_amount(joules),
                currency=rates.currency,
            )
        )
        for place, (pipeline, fleet, by, seconds, every) in enumerate(_RUNS):
            if n % every == 0:
                took = seconds * (1 + 0.2 * math.sin(n + place))
                store.keep(_run(f"paid_{n}_{place}", pipeline, fleet, by, at, took, rates))
    database.close()


def _run(
    name: str,
    pipeline: str,
    fleet: str | None,
    by: str,
    at: datetime,
    took: float,
    rates: Rates,
) -> Run:
    used = Used(took, 0.0, took, 6e8 * took, 600_000_000, 8)
    amount = amount_of(used, rates)
    return Run(
        run=name,
        attempt=1,
        pipeline=pipeline,
        fleet=fleet,
        project="default" if fleet else "",
        by=by,
        state="succeeded",
        started=at,
        until=at + timedelta(seconds=took / 2),
        used=used,
        wall_seconds=took / 2,
        amount=amount,
        currency="JPY",
        rows=40_000,
        sensors=8,
        assets=12,
        expected=Expected(took / 2 * 1.1, amount * 1.1, "past"),
    )
