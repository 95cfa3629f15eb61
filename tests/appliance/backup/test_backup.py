"""A backup of a running site is whole, and what is restored from it is the site."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from appliance.access import Person
from appliance.access.person import Via
from appliance.backup import back_up, backups, restore
from appliance.core.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    StorageError,
    TryAgain,
)
from appliance.core.restoring import CLEARING
from appliance.fleet.artifact import Artifact
from appliance.intake import IngestOptions
from appliance.pipelines.ingest import ingest
from appliance.pipelines.score import score
from tests.appliance.backup.conftest import (
    CHIEF,
    LOGIN,
    WORDS,
    answer,
    cheap_access,
    started,
    told,
    who,
)
from tests.appliance.pipelines.sites import ASSETS, DAY, FLEET, LEARNED, plant


@pytest.mark.slow
def test_what_is_restored_elsewhere_is_the_site(site, source, opened, tmp_path):
    before = told(site)
    made = back_up(site, tmp_path / "backups", by=CHIEF, passphrase=WORDS)
    assert made.backup.whole
    assert made.backup.sealed
    assert (made.missing, made.left_out) == ((), ())
    site.close()
    shutil.rmtree(source.home)  # nothing that is restored may lead back to it
    new = tmp_path / "far" / "away"
    done = restore(tmp_path / "backups", new, by=CHIEF, passphrase=WORDS)
    assert done.secrets
    assert done.aside is None
    again = opened(new)
    assert told(again) == before
    assert (again.settings.port, again.settings.timezone) == (9443, "Asia/Tokyo")
    check = again.access.audit.verify()
    assert check.whole, check.reason
    last = again.access.audit.list(CHIEF, limit=1)[0]
    assert (last.action, last.object) == ("site.restored", f"backup:{made.backup.id}")
    assert who(source.token, again).name == "erika"
    assert cheap_access(again).login("erika", LOGIN)
    assert score(again, FLEET).rows == 0
    assert again.registry.champion(FLEET).path.startswith(str(new))


@pytest.mark.slow
def test_the_restored_site_goes_on(site, opened, tmp_path):
    back_up(site, tmp_path / "backups", by=CHIEF)
    restore(tmp_path / "backups", tmp_path / "new", by=CHIEF)
    later = plant(DAY, first=LEARNED + DAY, seed=3)
    path = tmp_path / "later.csv"
    later.write_csv(path)
    for one in (site, opened(tmp_path / "new")):
        ingest(one, [path], FLEET, IngestOptions(asset="asset", time="time"))
        assert score(one, FLEET).rows >= later.height
    same, again = told(site), told(opened(tmp_path / "new"))
    assert same["readings"] == again["readings"]
    assert same["scores"]["surprise"] == again["scores"]["surprise"]


INGEST = """
import sys
from pathlib import Path
from appliance.intake import IngestOptions
from appliance.pipelines.ingest import ingest
from tests.appliance.pipelines.sites import FLEET, open_site

site = open_site(Path(sys.argv[1]))
sys.stdout.write("1"); sys.stdout.flush()
sys.stdin.readline()
for path in sorted(Path(sys.argv[2]).iterdir()):
    ingest(site, [path], FLEET, IngestOptions(asset="asset", time="time"))
site.close()
"""


@pytest.mark.slow
def test_backups_taken_while_an_ingest_runs_are_each_of_one_moment(
    site, source, opened, tmp_path
):
    files = tmp_path / "in"
    files.mkdir()
    for day in range(1, 9):
        frame = plant(DAY, first=LEARNED + day * DAY, seed=day, assets=ASSETS[:2])
        frame.write_csv(files / f"{day}.csv")
    process = started(INGEST, source.home, files)
    process.stdin.write("go\n")
    process.stdin.flush()
    taken = []
    while process.poll() is None:
        taken.append(back_up(site, tmp_path / "backups", by=CHIEF).backup)
    assert answer(process) == 1
    assert len(taken) >= 2
    assert all(one.whole for one in backups(tmp_path / "backups", thorough=True))
    counts = set()
    for number, one in enumerate((taken[0], taken[len(taken) // 2], taken[-1])):
        home = tmp_path / f"new{number}"
        restore(tmp_path / "backups" / one.id, home, by=CHIEF)
        again = opened(home)
        counts.add(again.lake.readings(FLEET).row_count())
        for path in sorted(files.iterdir()):  # what was under way is gone on with
            ingest(again, [path], FLEET, IngestOptions(asset="asset", time="time"))
        assert told(again)["readings"] == told(site)["readings"]
        done = {batch.id for batch in again.intake.batches(FLEET)}
        assert done == {batch.id for batch in site.intake.batches(FLEET)}
    assert len(counts) > 1, "all were taken before or after the ingest"


TRAIN = """
import sys
from pathlib import Path
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from tests.appliance.pipelines.sites import FLEET, open_site

site = open_site(Path(sys.argv[1]))
sys.stdout.write("1"); sys.stdout.flush()
sys.stdin.readline()
for _ in range(4):
    version = train(site, FLEET, TrainOptions(recipe="mahalanobis")).version
    site.registry.promote(FLEET, version, "chief")
    score(site, FLEET)
    site.lake.clean(FLEET, older_than_hours=0)
site.close()
"""


@pytest.mark.slow
def test_backups_taken_while_models_are_trained_have_every_model(
    site, source, opened, tmp_path
):
    process = started(TRAIN, source.home)
    process.stdin.write("go\n")
    process.stdin.flush()
    taken = []
    while process.poll() is None:
        taken.append(back_up(site, tmp_path / "backups", by=CHIEF))
    assert answer(process) == 1
    assert [made.missing for made in taken] == [()] * len(taken)
    counts = []
    for number, made in enumerate(taken[:: max(len(taken) // 4, 1)]):
        home = tmp_path / f"new{number}"
        restore(tmp_path / "backups" / made.backup.id, home, by=CHIEF)
        again = opened(home)
        versions = again.registry.versions(FLEET)
        counts.append(len(versions))
        for version in versions:
            artifact = Artifact(Path(version.path))
            assert all(artifact.arrays(asset) for asset in ASSETS)
        score(again, FLEET)
        assert score(again, FLEET).rows == 0
        champion = again.registry.champion(FLEET).version
        scored = again.lake.scores(FLEET).read(model_version=champion)
        assert scored.height == again.lake.readings(FLEET).row_count()
    assert counts[-1] > counts[0]


def test_unchanged_files_are_not_copied_again(site, tmp_path):
    first = back_up(site, tmp_path / "backups", by=CHIEF)
    again = back_up(site, tmp_path / "backups", by=CHIEF)
    assert first.copied == first.backup.files
    assert again.copied == 1  # the audit log tells of the first
    objects = {path.name for path in (tmp_path / "backups" / "objects").glob("??/*")}
    assert len(objects) == first.copied + 1
    assert [one.id for one in backups(tmp_path / "backups")] == [
        again.backup.id,
        first.backup.id,
    ]


@pytest.mark.slow
def test_only_the_latest_stay_and_they_stay_whole(site, tmp_path):
    made = [back_up(site, tmp_path / "backups", by=CHIEF, passphrase=WORDS) for _ in range(3)]
    last = back_up(site, tmp_path / "backups", by=CHIEF, keep=2, passphrase=WORDS)
    assert set(last.pruned) == {made[0].backup.id, made[1].backup.id}
    left = backups(tmp_path / "backups", thorough=True, passphrase=WORDS)
    assert [one.id for one in left] == [last.backup.id, made[2].backup.id]
    assert all(one.whole for one in left)


# ---------------------------------------------------------------- secrets
@pytest.mark.slow
def test_secrets_are_encrypted_or_left_out(site, source, tmp_path):
    key = (source.home / "secrets" / "site.key").read_bytes()
    bare = back_up(site, tmp_path / "bare", by=CHIEF)
    assert bare.left_out == ("secrets/site.key",)
    back_up(site, tmp_path / "sealed", by=CHIEF, passphrase=WORDS)
    for folder in ("bare", "sealed"):
        held = [path.read_bytes() for path in (tmp_path / folder).rglob("*") if path.is_file()]
        assert not any(key in content for content in held)
    done = restore(tmp_path / "sealed", tmp_path / "new", by=CHIEF, passphrase=WORDS)
    assert done.secrets
    restored = tmp_path / "new" / "secrets" / "site.key"
    assert restored.read_bytes() == key
    assert stat.S_IMODE(restored.stat().st_mode) == 0o600
    done = restore(tmp_path / "bare", tmp_path / "other", by=CHIEF, passphrase=WORDS)
    assert (done.secrets, done.left_out) == (False, ("secrets",))
    assert not (tmp_path / "other" / "secrets").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting",
    [
        'database_url = "postgresql+psycopg://kizashi:hunter2@db/kizashi"',
        'oidc_client_secret = "hunter2"',
        '[oidc]\nclient_secret = "hunter2"',
    ],
)
def test_settings_that_hold_a_password_are_secrets(site, source, tmp_path, setting):
    (source.home / "kizashi.toml").write_text(f"port = 9443\n{setting}\n")
    made = back_up(site, tmp_path / "bare", by=CHIEF)
    assert set(made.left_out) == {"kizashi.toml", "secrets/site.key"}
    back_up(site, tmp_path / "sealed", by=CHIEF, passphrase=WORDS)
    for path in (p for f in ("bare", "sealed") for p in (tmp_path / f).rglob("*")):
        assert path.is_dir() or b"hunter2" not in path.read_bytes()
    restore(tmp_path / "sealed", tmp_path / "new", by=CHIEF, passphrase=WORDS)
    text = (tmp_path / "new" / "kizashi.toml").read_text()
    assert "port = 9443" in text
    assert ("hunter2" in text) == ("database_url" not in setting)  # a home is its own place


def test_another_passphrase_opens_nothing(site, tmp_path):
    back_up(site, tmp_path / "backups", by=CHIEF, passphrase=WORDS)
    other = type(WORDS)("correct horse battery!", cost=2**10)
    (found,) = backups(tmp_path / "backups", passphrase=other)
    assert not found.whole
    assert "passphrase" in found.reason
    with pytest.raises(Forbidden, match="passphrase"):
        restore(tmp_path / "backups", tmp_path / "new", by=CHIEF, passphrase=other)
    assert not (tmp_path / "new").exists()
    with pytest.raises(InvalidRequest, match="too easily"):
        type(WORDS)("short")
    assert "correct" not in repr(WORDS)


@pytest.mark.slow
def test_nobody_else_reads_what_was_backed_up(site, tmp_path):
    back_up(site, tmp_path / "backups", by=CHIEF, passphrase=WORDS)
    restore(tmp_path / "backups", tmp_path / "new", by=CHIEF, passphrase=WORDS)
    for root in (tmp_path / "backups", tmp_path / "new"):
        for path in (root, *root.rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


# ---------------------------------------------------------------- what is refused
@pytest.mark.slow
def test_a_home_in_use_is_refused_or_moved_aside(site, source, opened, tmp_path):
    made = back_up(site, tmp_path / "backups", by=CHIEF)
    bring_more = plant(DAY, first=LEARNED + DAY, seed=3)
    bring_more.write_csv(tmp_path / "more.csv")
    ingest(site, [tmp_path / "more.csv"], FLEET, IngestOptions(asset="asset", time="time"))
    rows = site.lake.readings(FLEET).row_count()
    site.close()
    (source.home / "env").mkdir()
    with pytest.raises(Conflict, match="in use"):
        restore(tmp_path / "backups", source.home, by=CHIEF)
    done = restore(tmp_path / "backups", source.home, by=CHIEF, replace=True)
    assert done.backup.id == made.backup.id
    assert (source.home / "env").is_dir()
    assert opened(source.home).lake.readings(FLEET).row_count() < rows
    key = source.home / "secrets"
    shutil.copytree(key, Path(done.aside) / "secrets")  # the home kept its own
    assert opened(Path(done.aside)).lake.readings(FLEET).row_count() == rows


HOLD = """
import sqlite3, sys
kept = sqlite3.connect(sys.argv[1])
kept.execute("SELECT 1 FROM audit").fetchall()
print(1, flush=True)
sys.stdin.readline()
"""


@pytest.mark.slow
def test_a_home_that_is_being_worked_on_is_refused(site, source, tmp_path):
    back_up(site, tmp_path / "backups", by=CHIEF)
    process = started(HOLD, source.home / "kizashi.db")
    assert process.stdout.readline() == "1\n"
    site.close()
    with pytest.raises(TryAgain, match=f"process {process.pid}"):
        restore(tmp_path / "backups", source.home, by=CHIEF, replace=True)
    process.communicate("go\n")
    assert not list(source.home.glob(".restore*"))
    restore(tmp_path / "backups", source.home, by=CHIEF, replace=True)


@pytest.mark.slow
def test_a_freshly_installed_home_is_empty(site, opened, tmp_path):
    back_up(site, tmp_path / "backups", by=CHIEF)
    new = opened(tmp_path / "new")
    with new.database.session():
        pass
    new.close()
    restore(tmp_path / "backups", tmp_path / "new", by=CHIEF)
    assert told(opened(tmp_path / "new")) == told(site)


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["change", "cut", "remove", "manifest", "link"])
def test_what_is_not_whole_is_found_and_never_restored(site, tmp_path, harm):
    made = back_up(site, tmp_path / "backups", by=CHIEF)
    good = back_up(site, tmp_path / "other", by=CHIEF)
    objects = sorted((tmp_path / "backups" / "objects").glob("??/*"))
    victim = max(objects, key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    if harm == "change":
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
    elif harm == "cut":
        victim.write_bytes(content[:-1])
    elif harm == "remove":
        victim.unlink()
    elif harm == "link":
        (tmp_path / "outside").write_bytes(content)
        victim.unlink()
        victim.symlink_to(tmp_path / "outside")
    else:
        path = tmp_path / "backups" / "backups" / f"{made.backup.id}.json"
        path.write_text(path.read_text().replace("models/", "modelz/", 1))
    (found,) = backups(tmp_path / "backups", thorough=True)
    assert not found.whole
    assert found.reason
    with pytest.raises(StorageError):
        restore(tmp_path / "backups", tmp_path / "new", by=CHIEF)
    assert not (tmp_path / "new").exists()
    restore(tmp_path / "other" / good.backup.id, tmp_path / "new", by=CHIEF)


@pytest.mark.slow
def test_a_model_that_was_lost_before_is_told_and_the_rest_is_kept(site, source, tmp_path):
    shutil.rmtree(site.registry.champion(FLEET).path)
    made = back_up(site, tmp_path / "backups", by=CHIEF)
    assert len(made.missing) == 1
    assert made.missing[0].startswith(f"models/{FLEET}/")
    restore(tmp_path / "backups", tmp_path / "new", by=CHIEF)


def test_only_who_may_operate_the_site_may_back_it_up(site, tmp_path):
    somebody = Person("erika", Via.SESSION, roles={"default": "admin"})
    with pytest.raises(Forbidden):
        back_up(site, tmp_path / "backups", by=somebody)
    with pytest.raises(Forbidden):
        restore(tmp_path / "backups", tmp_path / "new", by=somebody)
    assert not (tmp_path / "backups").exists()


def test_a_folder_that_backups_hold_is_no_place_for_them(site, source, tmp_path):
    for inside in ("lake/x", "models", "secrets/y"):
        with pytest.raises(InvalidRequest, match="inside"):
            back_up(site, source.home / inside, by=CHIEF)
    with pytest.raises(NotFound):
        backups(tmp_path / "nowhere")
    with pytest.raises(NotFound):
        restore(tmp_path / "nowhere", tmp_path / "new", by=CHIEF)


def test_a_half_placed_home_lets_nobody_in(source, opened):
    (source.home / CLEARING).mkdir()
    with pytest.raises(StorageError, match="Repeat"):
        opened(source.home)
