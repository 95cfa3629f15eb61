"""Runs that were measured, made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from appliance.engine.meter import Used
from appliance.telemetry.cost.allocation import Expected, Run

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def run(name: str = "job_1", **facts: object) -> Run:
    """Return a run of ten minutes that cost 6 yen, but for what is said."""
    told: dict[str, object] = {
        "run": name,
        "attempt": 1,
        "pipeline": "train",
        "fleet": "pumps",
        "project": "default",
        "by": "erika",
        "state": "succeeded",
        "started": AT,
        "until": AT + timedelta(minutes=10),
        "used": Used(500.0, 600.0, 600.0, 6e11, 10**9, 8),
        "wall_seconds": 600.0,
        "amount": 6.0,
        "currency": "JPY",
        "rows": 100_000,
        "sensors": 12,
        "assets": 8,
        "expected": Expected(540.0, 5.0, "past"),
    }
    return Run(**(told | facts))  # type: ignore[arg-type]
