"""A disk that runs full: a clear word, nothing lost, and success once there is space."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from tests.appliance.pipelines.sites import FLEET, moment, plant, same_scores
from tests.chaos.conftest import RECIPE
from tests.chaos.processes import finished, start_program
from tests.conftest import skip_or_fail

pytestmark = pytest.mark.slow

SIZE = "200m"
IN_A_SMALL_DISK = """
import contextlib, io, json, os, sys
import polars as pl
from appliance.cli.main import main
from appliance.core.settings import load_settings
from appliance.pipelines.site import Site

home = os.environ["KIZASHI_HOME"]

def run(*words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(words))
        except SystemExit as ended:
            return ended.code or 0, err.getvalue()

def fill(spare):
    free = os.statvfs(home)
    with open(f"{home}/ballast", "wb") as ballast:
        ballast.write(bytes(max(free.f_bavail * free.f_frsize - spare, 0)))

def standing():
    site = Site(load_settings())
    readings = site.lake.readings("pumps").read()
    facts = [readings.height, len(site.registry.versions("pumps")),
             len(site.registry.score_batches("pumps")), site.lake.scores("pumps").read().height]
    site.close()
    return facts

told = []
"""
TELL = """
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def private_mounts():
    """Words before a command that give it mounts of its own."""
    words = ["unshare", "--map-root-user", "--mount"]
    tried = subprocess.run([*words, "true"], capture_output=True)
    if shutil.which("unshare") is None or tried.returncode:
        skip_or_fail("no private mount namespace can be made")
    return words


@pytest.fixture
def on_a_disk(private_mounts, tmp_path):
    """Run a script whose home is a disk of its own, with what `source` holds upon it."""

    def run(source, script, *arguments):
        home = tmp_path / "disk"
        home.mkdir()
        mount = f"mount -t tmpfs -o size={SIZE} tmpfs {home} && cp -a {source}/. {home}/"
        words = [sys.executable, "-c", IN_A_SMALL_DISK + script + TELL, *arguments]
        command = [*private_mounts, "sh", "-c", f'{mount} && exec "$@"', "sh", *words]
        return json.loads(finished(start_program(home, *command)))

    return run


def sentence(told, words):
    status, err = told
    assert status == 1, told
    assert err.startswith("kizashi: ")
    assert err.count("\n") == 1, err
    assert words in err


@pytest.mark.parametrize("spare", [0, 30_000, 400_000])
def test_full_during_ingest(home_at, on_a_disk, tmp_path, spare):
    frame = plant(6000, first=600, assets=("P-1", "P-8"), seed=5, kind=np.float64)
    path = tmp_path / "large.csv"
    frame.write_csv(path)
    script = f"""
before = standing()
fill({spare})
told.append(run("ingest", sys.argv[1], "--fleet", "pumps"))
os.unlink(home + "/ballast")
told.append([before, standing()])
told.append(run("ingest", sys.argv[1], "--fleet", "pumps"))
told.append(standing())
"""
    full, (before, after), again, end = on_a_disk(home_at("ingested"), script, path)
    sentence(full, "space")
    assert after == before
    assert again == [0, ""]
    assert end[0] == before[0] + 12_000


@pytest.mark.parametrize(
    ("stage", "command", "changed"),
    [
        ("ingested", ("train", FLEET, "--recipe", RECIPE.recipe), 1),
        ("trained", ("score", FLEET), 2),
    ],
)
@pytest.mark.parametrize("spare", [0, 40_000])
def test_full_during_training_and_scoring(home_at, on_a_disk, stage, command, changed, spare):
    script = f"""
before = standing()
fill({spare})
told.append(run(*{command!r}))
os.unlink(home + "/ballast")
told.append([before, standing()])
told.append(run(*{command!r}))
told.append(standing())
"""
    full, (before, after), again, end = on_a_disk(home_at(stage), script)
    sentence(full, "space")
    assert after[:3] == before[:3]
    assert again == [0, ""]
    assert end[changed] == before[changed] + 1


def test_same_scores_after_a_full_disk(undisturbed, home_at, on_a_disk, tmp_path):
    script = """
fill(60_000)
told.append(run("score", "pumps"))
os.unlink(home + "/ballast")
run("score", "pumps")
site = Site(load_settings())
site.lake.scores("pumps").read(model_version=1).write_parquet(sys.argv[1])
"""
    [(status, _)] = on_a_disk(home_at("trained"), script, tmp_path / "scores.parquet")
    assert status == 1
    same_scores(pl.read_parquet(tmp_path / "scores.parquet"), undisturbed.scores)
    assert moment(0) == undisturbed.scores["time"].min()
