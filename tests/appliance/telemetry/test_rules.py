"""Rules of Prometheus and dashboards of Grafana: tried, and checked in as they are written."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.core.settings import Settings
from appliance.metrics.catalog import BY_NAME
from appliance.telemetry import dashboards
from appliance.telemetry.dashboards.rules import ALERTS, RECORDS
from appliance.telemetry.scraping import scrape_config
from tests.conftest import ROOT, skip_or_fail

_CHART = ROOT / "helm" / "kizashi" / "files"
_TESTS = Path(__file__).with_name("rules.test.yml")
_NAMES = re.compile(r"\bkizashi_[a-z0-9_]+")
_ENDINGS = re.compile(r"_(bucket|sum|count)$")


@pytest.fixture
def promtool():
    found = shutil.which("promtool")
    if found is None:
        skip_or_fail("promtool, of Debian's package prometheus")

    def run(*arguments: str, **options: object) -> str:
        done = subprocess.run([found, *arguments], capture_output=True, text=True, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_files_are_as_they_are_written():
    told = dashboards.files()
    held = {p.relative_to(_CHART).as_posix() for p in _CHART.rglob("*") if p.is_file()}
    made = {name for name in held if name.startswith(("alerts/", "dashboards/"))}
    assert made == set(told)
    for name, text in told.items():
        written = (_CHART / name).read_text("utf-8")
        assert written == text, "write it anew: python -m appliance.telemetry.dashboards"


@pytest.mark.slow
def test_rules_do_what_they_say(promtool, tmp_path):
    dashboards.write(tmp_path)
    shutil.copy(tmp_path / dashboards.RULES_FILE, tmp_path / "kizashi.rules.yml")
    shutil.copy(_TESTS, tmp_path)
    promtool("check", "rules", str(tmp_path / "kizashi.rules.yml"))
    promtool("test", "rules", str(tmp_path / _TESTS.name), cwd=tmp_path)


def test_every_alert_is_tried():
    tried = set(re.findall(r"alertname: (\w+)", _TESTS.read_text("utf-8")))
    assert tried == {one.name for one in ALERTS}
    assert all(one.remedy and one.summary.endswith(".") for one in ALERTS)


def _asked() -> dict[str, str]:
    """Return every question to Prometheus, by where it is asked."""
    return {one.name: one.expr for one in (*RECORDS, *ALERTS)} | {
        f"{board.uid}/{panel.title}/{number}": query.expr
        for board in dashboards.DASHBOARDS
        for panel in board.panels
        for number, query in enumerate(panel.queries)
    }


@pytest.mark.parametrize("place", sorted(_asked()))
def test_only_what_there_is_is_asked_for(place):
    told = _NAMES.findall(_asked()[place])
    known = [name if name in BY_NAME else _ENDINGS.sub("", name) for name in told]
    assert told or "up{" in _asked()[place] or "kizashi:" in _asked()[place]
    assert set(known) <= set(BY_NAME)


def test_every_metric_is_shown_or_told_of():
    shown = {name for expr in _asked().values() for name in _NAMES.findall(expr)} | {
        _ENDINGS.sub("", n) for expr in _asked().values() for n in _NAMES.findall(expr)
    }
    left = {
        "kizashi_host_cpus",
        "kizashi_host_load",
        "kizashi_lake_size_bytes",
        "kizashi_process_start_time_seconds",
        "kizashi_process_threads",
        "kizashi_ray_looked_time_seconds",
        "kizashi_ray_memory_bytes",
        "kizashi_ray_memory_used_bytes",
        "kizashi_ray_processes",
        "kizashi_scrape_duration_seconds",
    }
    assert set(BY_NAME) - shown == left


def test_dashboards_are_whole():
    for board in dashboards.DASHBOARDS:
        told = json.loads(board.written())
        assert told["uid"] == board.uid
        ids = [panel["id"] for panel in told["panels"]]
        assert len(ids) == len(set(ids)) == len(board.panels)
        for panel in told["panels"]:
            assert panel["description"]
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24


def test_a_configuration_names_roles_and_no_secret(promtool, tmp_path):
    settings = Settings(home=tmp_path, worker_metrics_port=0, web_metrics_port=9999)
    text = scrape_config(settings)
    path = tmp_path / "prometheus.yml"
    path.write_text(text)
    promtool("check", "config", str(path))
    assert "127.0.0.1:9999" in text
    assert "role: ray" in text
    assert "role: worker" not in text
    assert (tmp_path / "secrets" / "metrics.token").read_text() not in text


def test_others_are_scraped_over_tls(promtool, tmp_path):
    settings = Settings(home=tmp_path, metrics_host="192.0.2.7")
    text = scrape_config(settings)
    assert "scheme: https" in text
    assert "192.0.2.7:9461" in text
    assert "ca.pem" in text
