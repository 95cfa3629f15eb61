"""Work on a stretch is shared out by what the stretch holds, not by all that a fleet has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from appliance.lake.layout import TIME

_NAMES = [f"A-{number:03d}" for number in range(64)]


def _month(number: int) -> pl.DataFrame:
    start = datetime(2025, number, 1, tzinfo=UTC)
    times = pl.Series([start + timedelta(hours=hour) for hour in range(40)], dtype=TIME)
    names = pl.DataFrame({"asset": _NAMES})
    return names.join(pl.DataFrame({"time": times}), how="cross").with_columns(x=pl.lit(1.0))


@pytest.mark.slow
def test_a_month_of_half_a_year_is_as_many_tasks_as_a_month_alone(site):
    readings = site.lake.readings("pumps")
    first = {"start": datetime(2025, 1, 1, tzinfo=UTC), "end": datetime(2025, 2, 1, tzinfo=UTC)}

    def tasks(**within):
        cells = site.chunk_cells("pumps", 2, **within)
        return [chunk.files for chunk in readings.chunks(cells=cells, **within)]

    readings.write(_month(1), batch="1")
    alone = tasks()
    assert len(alone) >= 8
    assert tasks(**first) == alone
    for number in range(2, 7):
        readings.write(_month(number), batch=str(number))
    assert tasks(**first) == alone
    some = {"assets": _NAMES[:32], "start": first["start"]}
    assert len(tasks(**some)) >= 8
