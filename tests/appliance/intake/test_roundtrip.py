"""Any frame, written in any dialect, comes back as it was."""

from __future__ import annotations

import csv
import gzip
import io
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.schemas.ingest import FileStatus

SENSORS = ("temp", "Druck", "flow rate", "s;1", "圧力", 'q"x', "v_1")
ASSETS = ("P1", "P2", "Anlage 3")
START = datetime(2026, 1, 13, 4, 5, 6, tzinfo=UTC)  # day 13: no doubt about the month
TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S", "epoch s", "epoch ms", "%Y-%m-%d %H:%M:%S+00:00",
)  # fmt: skip
NUMBERS = st.one_of(
    st.none(),
    st.floats(-1e6, 1e6).map(lambda x: round(x, 4)),
    st.integers(-999, 999).map(float),
)


@st.composite
def tables(draw):
    sensors = draw(st.lists(st.sampled_from(SENSORS), min_size=1, max_size=4, unique=True))
    assets = draw(st.lists(st.sampled_from(ASSETS), min_size=1, max_size=3, unique=True))
    count = draw(st.integers(6, 14))
    step = draw(st.sampled_from([1, 60, 86_400]))
    rows = [
        (asset, START + timedelta(seconds=i * step), *(draw(NUMBERS) for _ in sensors))
        for i in range(count)
        for asset in sorted(assets)
    ]
    # A column whose cells are all missing or that never varies says too little of itself.
    rows[0] = (*rows[0][:2], *(1.5 for _ in sensors))
    rows[-1] = (*rows[-1][:2], *(2.25 for _ in sensors))
    return sensors, rows


@st.composite
def dialects(draw):
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    return {
        "delimiter": delimiter,
        "comma": draw(st.booleans()) and delimiter != ",",
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
        "time": draw(st.sampled_from(TIME_FORMATS)),
        "long": draw(st.booleans()),
        "pack": draw(st.sampled_from(["", ".gz", ".zst"])),
        "end": draw(st.sampled_from(["\n", "\r\n"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        "missing": draw(st.sampled_from(["", "NA", "-"])),
    }


def stamp(moment: datetime, form: str) -> str:
    if form == "epoch s":
        return str(int(moment.timestamp()))
    if form == "epoch ms":
        return str(int(moment.timestamp() * 1_000))
    return moment.strftime(form)


def write(path: Path, sensors, rows, dialect) -> Path:
    def cell(value: float | None) -> str:
        if value is None:
            return dialect["missing"]
        return repr(value).replace(".", ",") if dialect["comma"] else repr(value)

    out = io.StringIO(newline="")
    how = {"delimiter": dialect["delimiter"], "lineterminator": dialect["end"]}
    writer = csv.writer(out, **how, quoting=dialect["quoting"])
    written = [(stamp(row[1], dialect["time"]), row[0], *map(cell, row[2:])) for row in rows]
    if dialect["long"]:
        writer.writerow(("time", "asset", "tag", "value"))
        for when, asset, *values in written:
            writer.writerows((when, asset, *pair) for pair in zip(sensors, values, strict=True))
    else:
        writer.writerow(("time", "asset", *sensors))
        writer.writerows(written)
    raw = out.getvalue().encode(dialect["encoding"])
    packers = {".gz": gzip.compress, ".zst": zstandard.compress}
    path = path / f"{uuid.uuid4().hex}.csv{dialect['pack']}"
    path.write_bytes(packers.get(dialect["pack"], bytes)(raw))
    return path


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tables(), dialects())
def test_round_trip(plant, table, dialect):
    sensors, rows = table
    path = write(plant.folder, sensors, rows, dialect)
    fleet = f"f{uuid.uuid4().hex[:20]}"
    report = plant.take(path, fleet=fleet)
    assert report.files[0].status is FileStatus.ADDED, report.files[0]
    assert report.quarantined == 0, plant.lake.quarantine(fleet).read()
    read = plant.lake.readings(fleet).read()
    wanted = pl.DataFrame(rows, schema=["asset", "time", *sensors], orient="row").with_columns(
        pl.col(sensors).cast(pl.Float64), pl.col("time").dt.cast_time_unit("us")
    )
    if dialect["long"]:  # a long table has no way to write a row without values
        wanted = wanted.filter(pl.any_horizontal(pl.col(sensors).is_not_null()))
    assert read.select(wanted.columns).equals(wanted.sort("asset", "time"))
