"""Figures over time are the same, told by a real Prometheus or by the site's own files."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from appliance.core.clock import now
from appliance.core.settings import Settings
from appliance.metrics.catalog import BY_NAME
from appliance.pipelines.platform_history import history
from appliance.pipelines.site import Site
from appliance.schemas.platform import Metric, PlatformHistory
from appliance.telemetry import History
from appliance.telemetry.prometheus import EXPRESSIONS
from tests.appliance.api.ports import free_port
from tests.appliance.telemetry.scraped import until
from tests.conftest import skip_or_fail

pytestmark = pytest.mark.slow
STEP, POINTS = 15, 240
SERIES = {
    Metric.HOST_CPU: ("kizashi_host_cpu_ratio", lambda n: 0.5 + 0.4 * math.sin(n / 9)),
    Metric.WORKER_MEMORY: ('kizashi_role_memory_bytes{role="worker"}', lambda n: 1e9 + n * 1e6),
    Metric.JOBS_QUEUED: ('kizashi_jobs{state="queued"}', lambda n: float(n % 7)),
    Metric.LAKE_SIZE: ('kizashi_home_size_bytes{part="lake"}', lambda n: 4e9 + n * 1e5),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose last hour is known to its files and, the same, to a Prometheus."""
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        skip_or_fail("Prometheus is not installed: apt-get install prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    home = folder / "home"
    home.mkdir()
    end = int(now().timestamp()) // 300 * 300
    moments = [end - STEP * (POINTS - n) + STEP / 2 for n in range(POINTS)]
    kept, lines = History(home), []
    for metric, (series, value) in SERIES.items():
        lines.append(f"# TYPE {series.partition('{')[0]} gauge")
        for n, at in enumerate(moments):
            lines.append(f"{series} {value(n)} {at}")
            kept.add(datetime.fromtimestamp(at, UTC), {metric: value(n)})
    (folder / "told.txt").write_text("\n".join([*lines, "# EOF", ""]))
    blocks = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "told.txt", "data"]
    subprocess.run(blocks, cwd=folder, check=True, capture_output=True)
    (folder / "prometheus.yml").write_text("global: {}\n")
    port = free_port()
    command = [
        "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        until(lambda: _answers(f"{url}/-/ready"), "Prometheus")
        made = Site(Settings(home=home, prometheus_url=url))
        yield made
        made.close()
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def asked(site: Site, url: str, minutes: int, width: int) -> PlatformHistory:
    other = Site(site.settings.model_copy(update={"prometheus_url": url}))
    end = datetime.fromtimestamp(int(now().timestamp()) // 300 * 300, UTC)
    return history(
        other, [*SERIES, Metric.HOST_SWAP], end - timedelta(minutes=minutes), end, width
    )


@pytest.mark.parametrize(("minutes", "width"), [(20, 80), (50, 10)])
def test_both_tell_the_same(site, minutes, width):
    here = asked(site, "", minutes, width)
    there = asked(site, site.settings.prometheus_url, minutes, width)
    assert there.times == here.times
    assert there.step_seconds == here.step_seconds
    for own, other in zip(here.metrics, there.metrics, strict=True):
        for how in ("mean", "least", "most"):
            ours, theirs = getattr(own, how), getattr(other, how)
            pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None]
            assert len(pairs) >= (0 if own.metric is Metric.HOST_SWAP else len(ours) - 2)
            assert [b for _, b in pairs] == pytest.approx([a for a, _ in pairs], rel=1e-6), how


def test_it_is_read_from_there_and_made_up_for_where_it_is_away(site, tmp_path):
    empty = site.settings.model_copy(update={"home": tmp_path / "empty"})
    there = asked(Site(empty), site.settings.prometheus_url, 20, 80)
    assert any(value is not None for value in there.metrics[0].mean)
    assert all(value is None for value in asked(Site(empty), "", 20, 80).metrics[0].mean)
    away = asked(site, f"http://127.0.0.1:{free_port()}", 20, 80)
    assert away == asked(site, "", 20, 80)


def test_every_expression_asks_for_what_there_is():
    known = BY_NAME.keys()
    for expression in EXPRESSIONS.values():
        names = set(re.findall(r"kizashi_\w+", expression))
        assert names
        assert names <= known
