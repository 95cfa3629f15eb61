"""Metrics of a running appliance as a real Prometheus sees them, every panel's question too."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from appliance.cli.main import main
from appliance.client import connect
from appliance.core.errors import Forbidden
from appliance.metrics.catalog import BY_NAME
from appliance.telemetry.dashboards import DASHBOARDS
from appliance.telemetry.dashboards.rules import RECORDS
from tests.appliance.telemetry.scraped import scraped, until
from tests.conftest import skip_or_fail

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("ray")]
_MOST_SERIES = 5_000
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ENDINGS = re.compile(r"_(bucket|sum|count)$")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if shutil.which("prometheus") is None:
        skip_or_fail("Debian's package prometheus")
    with scraped(tmp_path_factory.mktemp("scraped")) as found:
        yield found


def _checked(text: str) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def _names(text: str) -> set[str]:
    found = {name for name, _, _ in _SAMPLE.findall(text)}
    return {name if name in BY_NAME else _ENDINGS.sub("", name) for name in found}


# ---------------------------------------------------------------- the exposition
def test_the_whole_exposition_keeps_the_conventions(site):
    text = site.plant.platform.metrics()
    _checked(text)
    samples = _SAMPLE.findall(text)
    assert 300 < len(samples) < _MOST_SERIES
    assert len({(name, labels) for name, labels, _ in samples}) == len(samples)
    assert _names(text) <= set(BY_NAME)
    for name, labels, _ in samples:
        known = BY_NAME.get(name) or BY_NAME[_ENDINGS.sub("", name)]
        assert {label for label, _ in _LABEL.findall(labels)} - {"le"} == set(known.labels)
    values = {value for _, labels, _ in samples for _, value in _LABEL.findall(labels)}
    assert not values & {"P-1", "P-2", "reader"}, "machines and people are no labels"
    assert not [value for value in values if value.startswith(("job_", "evt_"))]


def test_all_that_there_is_to_tell_is_told(site):
    wanted = set(BY_NAME) - {"kizashi_host_load"}
    until(lambda: wanted <= _names(site.plant.platform.metrics()), "some metrics")


def test_the_command_prints_the_same_metrics(site, capsys, monkeypatch):
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(site.home), "metrics"])
    assert not ended.value.code
    text = capsys.readouterr().out
    _checked(text)
    assert _names(text) == _names(site.plant.platform.metrics())


def test_metrics_are_for_those_who_operate_the_site(site):
    with connect(site.url, site.weak) as plant, pytest.raises(Forbidden):
        plant.platform.metrics()


# ---------------------------------------------------------------- counted right
def test_requests_are_counted_by_their_template(site):
    asked = 'sum(kizashi_http_requests_total{route="/api/v1/fleets/{fleet}",status="2xx"})'
    before = float((site.ask(asked) or [{"value": [0, 0]}])[0]["value"][1])
    for _ in range(7):
        site.plant.fleet("pumps").get()
    until(lambda: float(site.until(asked)[0]["value"][1]) >= before + 7, "seven requests")
    assert float(site.until(asked)[0]["value"][1]) == before + 7


def test_jobs_are_counted_as_they_end(site):
    def ended(pipeline: str, outcome: str) -> float:
        what = f'{{pipeline="{pipeline}",outcome="{outcome}"}}'
        return float(site.ask(f"sum(kizashi_jobs_ended_total{what})")[0]["value"][1])

    before = ended("ingest", "failed")
    assert before >= 1
    job = site.plant.jobs.ask("ingest", "pumps", paths=["nowhere-2/*.csv"])
    until(lambda: job.refresh().state.over, "the job")
    until(lambda: ended("ingest", "failed") == before + 1, "the count")
    assert ended("score", "succeeded") >= 1


def test_readings_are_those_of_the_lake(site):
    fleet = site.plant.fleet("pumps").get()
    (told,) = site.until('kizashi_readings_ingested_total{fleet="pumps"}')
    assert float(told["value"][1]) == fleet.rows
    (told,) = site.until('kizashi_fleet_assets{fleet="pumps"}')
    assert float(told["value"][1]) == fleet.assets


def test_what_ray_did_and_is_is_told(site):
    assert float(
        site.until('sum(kizashi_engine_tasks_total{outcome="done"}) > 0')[0]["value"][1]
    )
    assert float(site.until("kizashi_ray_cpus")[0]["value"][1]) == 2
    assert float(site.until("kizashi_ray_processes")[0]["value"][1]) >= 3
    assert float(site.until("sum(kizashi_surprise_count) > 0")[0]["value"][1])


# ---------------------------------------------------------------- dashboards, rules
def _panels() -> dict[str, str]:
    return {
        f"{board.uid}: {panel.title} {number}": query.expr
        for board in DASHBOARDS
        for panel in board.panels
        for number, query in enumerate(panel.queries, 1)
    }


@pytest.mark.parametrize("panel", _panels())
def test_every_panel_shows_something(site, panel):
    expr = _panels()[panel]
    for variable, value in (
        ("$__rate_interval", "1m"),
        ("$__range", "10m"),
        ("$fleet", ".*"),
    ):
        expr = expr.replace(variable, value)
    assert "$" not in expr
    assert site.until(expr)


def test_every_rule_is_worked_out(site):
    for record in RECORDS:
        assert site.until(record.name)
