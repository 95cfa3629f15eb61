"""When a disk will be full, foretold from histories as machines have them."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.telemetry.filling import filling

HOUR, DAY, GB = 3_600, 86_400, 1e9
TIMES = [float(hour * HOUR) for hour in range(14 * 24)]
RNG = np.random.default_rng(7)


def used(per_day: float = 0.0, noise: float = 0.05) -> list[float | None]:
    steady = 100 * GB + per_day * GB * np.array(TIMES) / DAY
    return list(steady + noise * GB * RNG.standard_normal(len(TIMES)))


@pytest.mark.parametrize("per_day", [0.5, 4.0, 40.0])
def test_a_steady_growth_is_carried_on(per_day):
    told = filling(TIMES, used(per_day), 36 * GB)
    assert told.per_day == pytest.approx(per_day * GB, rel=0.02)
    assert told.days == pytest.approx(36 / per_day, rel=0.02)


def test_one_large_import_is_no_trend_and_hides_none():
    step = np.where(np.array(TIMES) > 9 * DAY, 50 * GB, 0)
    assert filling(TIMES, list(np.array(used()) + step), 100 * GB) is None
    told = filling(TIMES, list(np.array(used(2.0)) + step), 100 * GB)
    assert 2 <= told.per_day / GB < 6


def test_a_clean_up_in_between_hides_no_growth():
    freed = np.where(np.array(TIMES) > 11 * DAY, -10 * GB, 0)
    told = filling(TIMES, list(np.array(used(4.0)) + freed), 40 * GB)
    assert 2.5 < told.per_day / GB <= 4.2


def test_what_goes_up_and_down_each_night_is_none():
    saw = 5 * GB * (np.array(TIMES) % DAY) / DAY
    assert filling(TIMES, list(np.array(used()) + saw), 10 * GB) is None


def test_what_shrinks_or_is_hardly_known_is_none():
    assert filling(TIMES, used(-3.0), GB) is None
    assert filling(TIMES[:20], used(4.0)[:20], GB) is None
    gaps = [value if place % 60 == 0 else None for place, value in enumerate(used(4.0))]
    assert filling(TIMES, gaps, GB) is None


def test_gaps_are_passed_over():
    gaps = [value if place % 5 else None for place, value in enumerate(used(4.0))]
    assert filling(TIMES, gaps, 36 * GB).days == pytest.approx(9, rel=0.05)
