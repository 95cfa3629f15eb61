"""Wrong use and failures: one sentence, the right exit status, traceback only on demand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.appliance.pipelines.sites import ASSETS, plant

WRONG_USE = [
    ("nonsense",),
    ("ingest", "a.csv"),
    ("train",),
    ("promote", "pumps", "two"),
    ("events", "pumps", "--limit", "0"),
    ("--nonsense", "fleets"),
]
ONE_SENTENCE = [
    (
        ("train", "fans"),
        1,
        r"fans with readings\. `kizashi fleets` lists",
    ),
    (("score", "fans"), 1, "no fleet fans"),
    (("events", "fans"), 1, "no fleet fans"),
    (("report", "fans"), 1, "no fleet fans"),
    (("sensors", "fans"), 1, "no fleet fans"),
    (("quality", "fans"), 1, "no fleet fans"),
    (("quarantine", "fans"), 1, "no fleet fans"),
    (("models", "fans"), 1, "no fleet fans"),
    (("promote", "pumps", "9"), 1, "version 9"),
    (("score", "pumps", "--version", "9"), 1, "version 9"),
    (("train", "no/fleet"), 2, "no/fleet"),
    (("train", "pumps", "--recipe", "nonsense"), 2, "nonsense"),
    (("train", "pumps", "--engine", "spark"), 2, "spark"),
    (("train", "pumps", "--from", "yesterday"), 2, "--from yesterday: not a time.*2026-02-14"),
    (
        ("train", "pumps", "--from", "2030-01-01"),
        2,
        "no readings from 2030.*2026-01-01 to 2026-01-07",
    ),
    (("events", "pumps", "--since", "soon"), 2, "--since soon: not a time"),
    (("report", "pumps", "--since", "2030-01-01"), 2, "no scores in this range"),
    (("ingest", "nowhere.csv", "--fleet", "pumps"), 1, r"nowhere\.csv"),
    (("ingest", "nowhere/*.csv", "--fleet", "pumps"), 1, "nowhere"),
    (("ingest", "one.csv", "--fleet", "pumps", "--layout", "tall"), 2, "--layout tall"),
    (("ingest", "one.csv", "--fleet", "pumps", "--unit", "bar"), 2, "SENSOR=UNIT"),
    (
        ("ingest", "one.csv", "--fleet", "pumps", "--asset", "pump"),
        2,
        "--asset pump: no col",
    ),
    (("ingest", "one.csv", "--fleet", "Pumps!"), 2, "Pumps!"),
    (("event", "nothing"), 1, "nothing"),
    (("acknowledge", "nothing"), 1, "nothing"),
]


@pytest.fixture
def one_file(full, tmp_path):
    plant(10, assets=ASSETS[:1], seed=9).write_csv(tmp_path / "one.csv")


@pytest.mark.parametrize("arguments", WRONG_USE, ids=" ".join)
def test_wrong_use_is_status_two(kizashi, arguments):
    told = kizashi(*arguments)
    assert told.status == 2
    assert told.out == ""
    assert "Usage: kizashi" in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    ONE_SENTENCE,
    ids=[" ".join(row[0]) for row in ONE_SENTENCE],
)
def test_failures_are_one_sentence(kizashi, one_file, arguments, status, words):
    told = kizashi(*arguments)
    assert told.status == status, told
    assert told.out == ""
    assert told.err.startswith("kizashi: ")
    assert told.err.count("\n") == 1
    assert re.search(words, told.err), told.err


def test_debug_shows_where_an_error_came_from(kizashi, full):
    told = kizashi("--debug", "train", "fans")
    assert told.status == 1
    assert "Traceback" in told.err
    assert told.err.splitlines()[-1].startswith("kizashi: there is no fleet fans")


def test_settings_that_cannot_be_used_are_named(kizashi, home, monkeypatch):
    (home / "kizashi.toml").write_text('timezone = "Mars/Olympus"\n')
    told = kizashi("fleets")
    assert (told.status, told.err.count("\n")) == (2, 1)
    assert "timezone" in told.err
    assert "kizashi.toml" in told.err
    (home / "kizashi.toml").write_text("timezone = \n")
    told = kizashi("fleets")
    assert (told.status, told.err.count("\n")) == (2, 1)
    assert "kizashi.toml" in told.err


def test_a_home_that_cannot_be_is_named(kizashi, tmp_path):
    (tmp_path / "file").write_text("")
    told = kizashi("--home", tmp_path / "file", "fleets")
    assert (told.status, told.err.count("\n")) == (1, 1)
    assert "home" in told.err
    assert "Traceback" not in told.err


def test_a_database_that_is_none_is_named(kizashi, full):
    (full / "kizashi.db").write_bytes(b"no database" * 1000)
    told = kizashi("sensors", "pumps")
    assert (told.status, told.err.count("\n")) == (1, 1)
    assert "database cannot be used" in told.err
    assert "unexpected" not in told.err


@pytest.mark.slow
def test_a_damaged_model_is_named(kizashi, home, tmp_path):
    plant(300, assets=ASSETS[:2]).write_csv(tmp_path / "fleet.csv")
    assert kizashi("ingest", "fleet.csv", "--fleet", "pumps").status == 0
    assert kizashi("train", "pumps", "--recipe", "mahalanobis").status == 0
    for arrays in Path(home / "models").rglob("*.safetensors"):
        raw = bytearray(arrays.read_bytes())
        raw[len(raw) // 2] ^= 4
        arrays.write_bytes(raw)
    told = kizashi("score", "pumps")
    assert (told.status, told.err.count("\n")) == (1, 1)
    assert ".safetensors" in told.err or "pumps" in told.err
    assert "unexpected" not in told.err
