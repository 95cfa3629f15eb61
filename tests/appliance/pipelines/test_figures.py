"""Facts of a site as metrics: looked up when they are due, told while they are looked up."""

from __future__ import annotations

import threading

import pytest

from appliance.access import shell
from appliance.core.errors import StorageError
from appliance.metrics.described import MOST_FLEETS, OTHER
from appliance.metrics.families import bounded, named
from appliance.pipelines.figures import Figures
from appliance.schemas.job import JobRequest
from tests.appliance.pipelines.sites import open_site


@pytest.fixture
def site(tmp_path):
    made = open_site(tmp_path / "home")
    yield made
    made.close()


def _told(figures, patience=30.0):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for one in figures.collect(patience)
        for sample in one.samples
    }


def test_facts_are_looked_up_when_they_are_due(site):
    at = 0.0
    figures = Figures(site, lambda: at)
    assert _told(figures)["kizashi_jobs", "queued"] == 0
    site.jobs.ask(shell("root"), JobRequest(pipeline="compact"))
    assert _told(figures)["kizashi_jobs", "queued"] == 0
    at += 5.0
    assert _told(figures)["kizashi_jobs", "queued"] == 1


@pytest.mark.slow
def test_who_waits_too_long_is_told_the_rest(site, monkeypatch):
    held = threading.Event()
    size = type(site.lake).sizes

    def slow(lake):
        held.wait(60)
        return size(lake)

    monkeypatch.setattr(type(site.lake), "sizes", slow)
    at = 0.0
    figures = Figures(site, lambda: at)
    told = _told(figures, 0.5)
    assert ("kizashi_lake_files", "readings") not in told
    held.set()
    at += 10.0
    assert ("kizashi_lake_files", "readings") in _told(figures)


def test_what_cannot_be_looked_up_leaves_the_rest(site, monkeypatch):
    def fail(_lake):
        raise StorageError("the table cannot be read.")

    monkeypatch.setattr(type(site.lake), "sizes", fail)
    told = _told(Figures(site))
    assert ("kizashi_lake_files", "readings") not in told
    assert told["kizashi_jobs", "running"] == 0


def test_many_fleets_are_one():
    counts = {f"fleet-{number:03}": 1.0 for number in range(MOST_FLEETS + 20)}
    told = bounded(counts, named(counts))
    assert len(told) == MOST_FLEETS + 1
    assert told[OTHER,] == 20
