"""What came after a backup is taken out of the lake, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from appliance.access import shell
from appliance.backup import back_up
from appliance.install import readings
from appliance.pipelines.site import Site
from tests.appliance.pipelines.sites import FLEET, STEP, bring, open_site, plant

ROWS = 200


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = open_site(tmp_path / "home")
    bring(site, plant(ROWS), "first")
    return site


def _taken(site: Site, backup: Path, into: Path) -> pl.DataFrame:
    """Take out what the backup lacks; return what is in the files."""
    home = site.settings.home
    rows = readings.take_out(home, backup, into)
    files = [pl.read_parquet(path) for path in into.glob("*.parquet")] if into.exists() else []
    found = pl.concat(files, how="diagonal") if files else pl.DataFrame()
    assert found.height == rows
    return found


@pytest.mark.slow
def test_new_late_and_corrected_rows_are_taken_out(site: Site, tmp_path: Path) -> None:
    made = back_up(site, tmp_path / "safe", by=shell("chief"))
    backup = Path(made.target) / made.backup.id
    assert _taken(site, backup, tmp_path / "none").height == 0
    assert not (tmp_path / "none").exists()

    new = plant(10, first=ROWS, seed=3)
    corrected = plant(ROWS).group_by("asset").head(1).with_columns(pl.col("s1") + 1)
    late = plant(ROWS).group_by("asset").head(1).with_columns(pl.col("time") - STEP)
    bring(site, new, "new")
    bring(site, pl.concat([corrected, late]), "rest")
    found = _taken(site, backup, tmp_path / "out")
    wanted = pl.concat([new, corrected, late])
    order = ["asset", "time"]
    both = [
        frame.sort(order).select(order).cast({"time": pl.Datetime("us")})
        for frame in (
            found.with_columns(pl.col("time").dt.replace_time_zone(None)),
            wanted.with_columns(pl.col("time").dt.replace_time_zone(None)),
        )
    ]
    assert_frame_equal(*both)


def test_a_fleet_that_the_backup_does_not_know_is_taken_out_whole(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = open_site(tmp_path / "empty")
    made = back_up(empty, tmp_path / "safe", by=shell("chief"))
    backup = Path(made.target) / made.backup.id
    words = ["--home", str(site.settings.home), "--backup", str(backup)]
    assert readings.main([*words, "--into", str(tmp_path / "out")]) == 0
    rows = site.lake.readings(FLEET).row_count()
    assert json.loads(capsys.readouterr().out) == {"rows": rows}
    assert pl.read_parquet(tmp_path / "out" / f"{FLEET}.parquet").height == rows
    assert readings.main([*words[:3], str(tmp_path / "no"), "--into", str(tmp_path)]) == 1
    assert "no" in capsys.readouterr().out
