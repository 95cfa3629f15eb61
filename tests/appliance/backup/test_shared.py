"""One machine's site moves into S3 and PostgreSQL, and out of them, whole."""

from __future__ import annotations

from uuid import uuid4

import pytest

from appliance.backup import back_up, restore
from appliance.backup.sharing import Shared
from appliance.core.errors import Conflict, StorageError
from appliance.objects import shelf
from appliance.pipelines.score import score
from appliance.registry.mirror import read
from appliance.schemas.job import JobRequest
from tests.appliance.backup.conftest import CHIEF, WORDS, told, who
from tests.appliance.pipelines.sites import FLEET
from tests.s3 import s3, s3_place

__all__ = ["s3", "s3_place"]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]
PARTS = ("lake", "models", "lives", "reports", "uploads")


@pytest.fixture
def place(s3_place: str) -> str:
    return f"{s3_place}/site"


@pytest.fixture
def new_database(postgresql):
    return lambda: postgresql.make(f"t{uuid4().hex}")


def keys(place: str) -> list[str]:
    return [entry.key for entry in shelf(place).entries()]


def test_a_site_moves_into_a_cluster_and_out_again(
    site, source, opened, place, new_database, tmp_path
):
    asked = site.jobs.ask(CHIEF, JobRequest(pipeline="report", fleet=FLEET))
    before = told(site)
    back_up(site, tmp_path / "first", by=CHIEF, passphrase=WORDS)
    url, registry = new_database(), new_database()
    into = {"database_url": url, "storage_url": place, "registry_url": registry}
    restore(tmp_path / "first", tmp_path / "pod", by=CHIEF, passphrase=WORDS, **into)

    moved = opened(tmp_path / "pod", **into)
    assert told(moved) == before
    assert moved.jobs.get(asked.id).pipeline == "report"
    assert moved.access.audit.verify().whole
    assert who(source.token, moved).name == "erika"
    assert score(moved, FLEET).rows == 0
    assert not any((tmp_path / "pod" / part).exists() for part in PARTS)
    assert shelf(place).read("reports/pumps.html") == "<p>軸受</p>".encode()
    assert {key.partition("/")[0] for key in keys(place)} == set(PARTS)
    [shown] = read(registry, FLEET).values()  # MLflow was shown the models anew
    assert shown["aliases"] == ["champion"]

    made = back_up(moved, tmp_path / "second", by=CHIEF, passphrase=WORDS)
    assert made.missing == ()
    again = back_up(moved, tmp_path / "second", by=CHIEF, passphrase=WORDS)
    assert 0 < again.copied < 20  # tables of the database alone
    url = new_database()
    restore(tmp_path / "second", tmp_path / "out", by=CHIEF, passphrase=WORDS, database_url=url)
    out = opened(tmp_path / "out", database_url=url)
    for part in ("readings", "scores", "events", "versions", "users", "tokens"):
        assert told(out)[part] == before[part]
    assert score(out, FLEET).rows == 0


def test_what_is_there_goes_aside_when_all_else_is_done(
    site, opened, place, new_database, tmp_path, monkeypatch
):
    back_up(site, tmp_path / "backups", by=CHIEF)
    shelf(place).put("lake/readings/fans/old", b"1")
    shelf(place).put("uploads/old", b"2")

    def again(**more):
        url = new_database()
        done = restore(
            tmp_path / "backups",
            tmp_path / uuid4().hex,
            by=CHIEF,
            database_url=url,
            storage_url=place,
            **more,
        )
        return url, done

    with pytest.raises(Conflict, match="is in use"):
        again()
    assert keys(place) == ["lake/readings/fans/old", "uploads/old"]

    moves, move = [], Shared._move

    def cut_off(self, pairs):
        moves.append(len(pairs))
        if len(moves) == 2:  # the old files are aside, some of the new ones in their place
            move(self, dict(list(pairs.items())[:3]))
            raise StorageError("cut off")
        move(self, pairs)

    monkeypatch.setattr(Shared, "_move", cut_off)
    with pytest.raises(StorageError, match="cut off"):
        again(replace=True)
    url, done = again()
    found = opened(tmp_path / "new", database_url=url, storage_url=place)
    assert told(found)["readings"] == told(site)["readings"]
    assert done.aside is not None
    assert shelf(done.aside).read("lake/readings/fans/old") == b"1"
    assert shelf(done.aside).read("uploads/old") == b"2"
    assert len(keys(done.aside)) == 2
    assert not [key for key in keys(place) if key.startswith("restore")]
    with pytest.raises(Conflict, match="is in use"):
        again()
