"""Versions, promotions, rollback and the mirror in MLflow."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.access.person import shell
from appliance.access.store.audit import AuditLog
from appliance.core.clock import now
from appliance.core.db import Database, open_database
from appliance.core.errors import Conflict, NotFound, StorageError
from appliance.core.settings import Settings
from appliance.registry import Registry
from appliance.schemas.model import Lineage, ModelVersion, ScoreBatch
from appliance.schemas.recipe import Recipe

ROOT = Path(__file__).resolve().parents[3]
ME = shell("aiko")


def lineage(run: str) -> Lineage:
    return Lineage(
        run=run,
        recipe=Recipe(),
        data_start=datetime(2026, 1, 1, tzinfo=UTC),
        data_end=datetime(2026, 2, 1, tzinfo=UTC),
        rows=44_640,
        assets=3,
        failures={"P-9": "one row only"},
        readings_version=4,
        batches=("a", "b"),
        code_version="0.1.0",
        seed=0,
    )


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    yield database
    database.close()


@pytest.fixture
def registry(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Registry:
    registry = Registry(Settings(home=tmp_path), database)
    monkeypatch.setattr(registry, "mirror", lambda fleet: None)  # MLflow has its own test
    return registry


def register(registry: Registry, run: str, fleet: str = "pumps") -> int:
    return registry.register(fleet, run, "digest", lineage(run)).version


def test_first_version_is_champion_and_later_ones_challenge(registry: Registry) -> None:
    assert [register(registry, run) for run in ("r1", "r2", "r3")] == [1, 2, 3]
    aliases = {v.version: v.aliases for v in registry.versions("pumps")}
    assert aliases == {1: ("champion",), 2: (), 3: ("challenger",)}
    assert registry.champion("pumps").lineage == lineage("r1")


def test_registering_a_run_twice_gives_one_version(registry: Registry) -> None:
    assert register(registry, "r1") == register(registry, "r1") == 1
    assert len(registry.versions("pumps")) == 1


def test_fleets_count_their_own_versions(registry: Registry) -> None:
    register(registry, "r1")
    assert register(registry, "r2", "fans") == 1
    assert sorted(registry.fleets()) == ["fans", "pumps"]


def test_a_model_is_found_where_its_home_is_now(tmp_path: Path, database: Database) -> None:
    old, new = (Registry(Settings(home=tmp_path / name), database) for name in ("old", "new"))
    for registry in (old, new):
        registry.mirror = lambda fleet: None  # type: ignore[method-assign]
    folder = old.place("pumps", "r1")
    assert old.register("pumps", folder, "digest", lineage("r1")).path == folder
    for found in (new.champion("pumps"), new.get("pumps", 1), new.promote("pumps", 1, "x")):
        assert found.path == str(tmp_path / "new" / "models" / "pumps" / "r1")
    assert old.register("pumps", "elsewhere", "digest", lineage("r2")).path == "elsewhere"


def test_promote_and_roll_back_twice(registry: Registry) -> None:
    for run in ("r1", "r2", "r3"):
        register(registry, run)
    registry.promote("pumps", 2, "aiko")
    registry.promote("pumps", 3, "aiko")
    assert registry.rollback("pumps", "ken").version == 2
    assert registry.rollback("pumps", "ken").version == 1
    with pytest.raises(Conflict, match="nothing to roll back"):
        registry.rollback("pumps", "ken")
    history = [(p.kind, p.previous, p.version, p.by) for p in registry.promotions("pumps")]
    assert history == [
        ("first", None, 1, "kizashi"),
        ("promote", 1, 2, "aiko"),
        ("promote", 2, 3, "aiko"),
        ("rollback", 3, 2, "ken"),
        ("rollback", 2, 1, "ken"),
    ]


def test_promoting_the_champion_changes_nothing(registry: Registry) -> None:
    register(registry, "r1")
    registry.promote("pumps", 1, "aiko")
    assert len(registry.promotions("pumps")) == 1


def test_unknown_fleet_and_version_say_what_to_do(registry: Registry) -> None:
    with pytest.raises(NotFound, match="kizashi train boilers"):
        registry.champion("boilers")
    register(registry, "r1")
    with pytest.raises(NotFound, match="kizashi models pumps"):
        registry.promote("pumps", 7, "aiko")


def test_leftovers_of_killed_trainings_are_removed(registry: Registry) -> None:
    register(registry, "r1")
    for name in ("r1", "killed"):
        Path(registry.place("pumps", name)).mkdir(parents=True)
    assert registry.clean("pumps") == ["killed"]
    assert Path(registry.place("pumps", "r1")).is_dir()


def test_score_batches_say_what_a_version_has_judged(registry: Registry) -> None:
    register(registry, "r1")
    batch = ScoreBatch(
        id="s1",
        fleet="pumps",
        model_version=1,
        readings_version=2,
        batches=("a", "b"),
        rows=10,
        judged=9,
        alarms=1,
        at=now(),
    )
    registry.record_scores(batch)
    registry.record_scores(batch)
    assert registry.covered("pumps", 1) == {"a", "b"}
    assert registry.covered("pumps", 2) == set()
    assert registry.score_batches("pumps") == [batch]


@pytest.mark.slow
def test_mlflow_shows_versions_lineage_and_aliases(tmp_path: Path, database: Database) -> None:
    from appliance.registry.mirror import read

    settings = Settings(home=tmp_path)
    registry = Registry(settings, database)
    register(registry, "r1")
    register(registry, "r2")
    registry.promote("pumps", 2, "aiko")
    shown = read(settings.registry, "pumps")
    assert shown["r1"]["aliases"] == []
    assert shown["r2"]["aliases"] == ["champion"]
    assert shown["r2"]["tags"]["kizashi.readings_version"] == "4"


@pytest.mark.slow
def test_a_mirror_killed_half_way_is_repaired_by_the_next_change(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from appliance.registry.mirror import read

    settings = Settings(home=tmp_path)
    registry = Registry(settings, database)
    with monkeypatch.context() as patch:
        patch.setattr(registry, "mirror", lambda fleet: None)  # killed before it mirrored
        register(registry, "r1")
    register(registry, "r2")
    shown = read(settings.registry, "pumps")
    assert {run: entry["aliases"] for run, entry in shown.items()} == {
        "r1": ["champion"],
        "r2": ["challenger"],
    }


@pytest.mark.slow
def test_mlflow_tables_whose_making_was_killed_are_made_anew(tmp_path: Path) -> None:
    from appliance.registry.mirror import mirror, prepare, read

    url = f"sqlite:///{tmp_path / 'registry.db'}"
    killed = subprocess.run([sys.executable, "-c", _KILLED, url, tmp_path], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.glob(".registry.db.*.draft"))
    assert not (tmp_path / "registry.db").exists()
    prepare(url)
    assert [path.name for path in tmp_path.iterdir()] == ["registry.db"]
    version = ModelVersion(
        fleet="pumps",
        version=1,
        path="r1",
        digest="d",
        created=now(),
        aliases=("champion",),
        lineage=lineage("r1"),
    )
    mirror(url, "pumps", [version])
    prepare(url)  # as an upgrade does, over what is there
    assert read(url, "pumps")["r1"]["aliases"] == ["champion"]
    assert [path.name for path in tmp_path.iterdir()] == ["registry.db"]


# Kills itself between two of MLflow's migrations.
_KILLED = """
import os, signal, sys, threading
from pathlib import Path
from appliance.registry.mirror import prepare

def half_made():
    return any(p.stat().st_size > 200_000 for p in Path(sys.argv[2]).glob(".*.draft"))

def watch():
    while not half_made():
        pass
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=watch, daemon=True).start()
prepare(sys.argv[1])
"""


@pytest.mark.slow
def test_a_promotion_stands_where_mlflow_cannot_be_used(
    tmp_path: Path, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "registry.db").write_text("not a database")
    registry = Registry(Settings(home=tmp_path), database)
    register(registry, "r1")
    register(registry, "r2")
    registry.promote("pumps", 2, "aiko")
    assert registry.champion("pumps").version == 2
    assert "platform's own record is unharmed" in caplog.text
    with pytest.raises(StorageError, match="MLflow's registry"):
        registry.mirror("pumps")


# ---------------------------------------------------------------- who did what
def test_promotions_are_told_in_the_audit_log(registry: Registry, database: Database) -> None:
    register(registry, "r1")
    register(registry, "r2")
    registry.promote("pumps", 2, ME)
    registry.rollback("pumps", ME)
    log = AuditLog(database)
    told = [(one.by, one.action, one.object, one.after) for one in log.list(ME)]
    assert told == [
        ("shell:aiko", "model.promoted", "fleet:pumps", {"champion": 1, "kind": "rollback"}),
        ("shell:aiko", "model.promoted", "fleet:pumps", {"champion": 2, "kind": "promote"}),
    ]
    assert log.verify().whole


def test_a_deleted_version_keeps_its_number_and_is_not_gone_back_to(
    registry: Registry, database: Database
) -> None:
    for run in ("r1", "r2", "r3"):
        register(registry, run)
        Path(registry.place("pumps", run)).mkdir(parents=True)
    registry.promote("pumps", 2, ME)
    registry.promote("pumps", 3, ME)
    for version, why in ((3, "the champion"), (2, "goes back to")):
        with pytest.raises(Conflict, match=why):
            registry.delete(ME, "pumps", version)
    registry.delete(ME, "pumps", 1)
    assert not Path(registry.place("pumps", "r1")).exists()
    assert [v.version for v in registry.versions("pumps")] == [3, 2]
    for act in (registry.get, lambda fleet, v: registry.promote(fleet, v, ME)):
        with pytest.raises(NotFound, match="no model version 1"):
            act("pumps", 1)
    assert registry.rollback("pumps", ME).version == 2
    with pytest.raises(Conflict, match="nothing to roll back"):
        registry.rollback("pumps", ME)
    registry.delete(ME, "pumps", 3)
    assert register(registry, "r4") == 4
    gone = [one.object for one in AuditLog(database).list(ME) if one.action == "model.deleted"]
    assert gone == ["model:pumps/3", "model:pumps/1"]


def test_champions_of_many_fleets_at_once(registry: Registry) -> None:
    for fleet in ("pumps", "fans"):
        register(registry, f"{fleet}1", fleet)
        register(registry, f"{fleet}2", fleet)
    registry.promote("fans", 2, ME)
    assert registry.champions(["pumps", "fans", "boilers"]) == {"pumps": 1, "fans": 2}


# ---------------------------------------------------------------- killed in the middle
_PROMOTE = """
import os, signal, sys
from pathlib import Path
from appliance.core.db import open_database
from appliance.core.settings import Settings
from appliance.registry import Registry
from appliance.registry.store import models

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

registry = Registry(Settings(home=Path(sys.argv[2])), open_database(sys.argv[1]))
if sys.argv[3] == "within":
    models._changed = die  # all is written, nothing is committed
else:
    registry.mirror = die  # all is committed, MLflow has not been told
registry.promote("pumps", 2, "aiko")
"""


def killed(url: str, home: Path, moment: str) -> None:
    command = [sys.executable, "-c", _PROMOTE, url, home, moment]
    assert subprocess.run(command, cwd=ROOT).returncode == -signal.SIGKILL


@pytest.mark.slow
def test_a_promotion_killed_in_its_transaction_never_was(
    registry: Registry, database: Database, database_url: str, tmp_path: Path
) -> None:
    register(registry, "r1")
    register(registry, "r2")
    killed(database_url, tmp_path, "within")
    aliases = {v.version: v.aliases for v in registry.versions("pumps")}
    assert aliases == {1: ("champion",), 2: ("challenger",)}
    log = AuditLog(database)
    assert log.list(ME) == []
    assert log.verify().whole
    assert registry.promote("pumps", 2, ME).aliases == ("champion",)


@pytest.mark.slow
def test_mlflow_is_shown_what_a_killed_promotion_did_not_come_to_show(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    from appliance.registry.mirror import read

    settings = Settings(home=tmp_path)
    before = Registry(settings, database)
    register(before, "r1")
    register(before, "r2")
    killed(database_url, tmp_path, "after")
    after = Registry(settings, database)
    champions = [v.version for v in after.versions("pumps") if "champion" in v.aliases]
    assert champions == [2]
    assert read(settings.registry, "pumps")["r1"]["aliases"] == ["champion"]
    assert after.repair() == ["pumps"]
    shown = {run: one["aliases"] for run, one in read(settings.registry, "pumps").items()}
    assert shown == {"r1": [], "r2": ["champion"]}
    assert after.repair() == []
    register(after, "r3")
    after.delete(ME, "pumps", 3)
    after.repair()
    assert set(read(settings.registry, "pumps")) == {"r1", "r2"}
