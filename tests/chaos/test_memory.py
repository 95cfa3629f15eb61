"""The memory of what scores and trains follows the pieces it is cut into, not the whole."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.appliance.pipelines.sites import FLEET
from tests.chaos.conftest import ASSETS
from tests.chaos.processes import finished, start_alone

pytestmark = pytest.mark.slow

CELLS = 70_000
MOST = 600
"""MiB; most of them are libraries."""
PEAK = """
import sys
from pathlib import Path
from appliance.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert not ended.code, ended.code
# Not getrusage: its figure begins with that of the process that started this one.
status = Path("/proc/self/status").read_text().splitlines()
print(next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")))
"""


def long_file(path: Path, rows: int) -> float:
    """Write a file of so many rows for each asset; return what it takes in memory, in MiB."""
    place = pl.int_range(len(ASSETS) * rows)
    step = pl.duration(minutes=10 * (place % rows))
    frame = pl.select(
        pl.concat_str(pl.lit("P-"), 1 + place // rows).alias("asset"),
        (pl.datetime(2026, 3, 1, time_zone="UTC") + step).alias("time"),
        *((place.hash(n) % 1000 / 500 - 1).cast(pl.Float32).alias(f"s{n}") for n in range(5)),
    )
    frame.write_parquet(path, row_group_size=20_000)
    return float(frame.estimated_size("mb"))


def test_scoring_a_file_many_times_larger_takes_hardly_more(home_at, tmp_path):
    home, peaks, sizes = home_at("trained"), [], []
    for rows in (20_000, 320_000):
        source, out = tmp_path / f"in-{rows}", tmp_path / f"out-{rows}"
        source.mkdir()
        sizes.append(long_file(source / "all.parquet", rows))
        command = ("score", FLEET, source, "--out", out)
        process = start_alone(home, "-c", PEAK, *command, chunk_cells=CELLS, workers=1)
        peaks.append(int(finished(process).splitlines()[-1]))
        scored = pl.scan_parquet(out / "all.parquet").select(pl.len()).collect().item()
        assert scored == len(ASSETS) * rows
    assert peaks[1] - peaks[0] < sizes[1] - sizes[0], (peaks, sizes)
    assert peaks[1] < MOST
