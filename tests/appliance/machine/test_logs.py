"""The log of all processes is searched by what a request or a job left behind in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.access import shell
from appliance.cli.main import main
from appliance.core.settings import load_settings
from appliance.core.trail import Trail, following
from appliance.pipelines.site import Site
from appliance.schemas.job import JobRequest
from tests.appliance.databases import fresh_home


@pytest.fixture
def asked(tmp_path: Path) -> tuple[Path, str]:
    """A home, and a job in it that a request asked for; both left lines in its logs."""
    home = fresh_home(tmp_path / "home")
    site = Site(load_settings(home))
    with following(Trail(request="plant-42-request")):
        job = site.jobs.ask(shell("root"), JobRequest(pipeline="compact")).id
    site.close()
    line = {"time": "2026-03-01T08:00:03+00:00", "message": "step 1 begins"}
    worker = [
        json.dumps({**line, "request": "plant-42-request", "job": job}),
        json.dumps({**line, "request": "plant-42-request-2", "job": "job_other"}),
        "no line of ours",
    ]
    written = {
        "web.log.1": ["2026-03-01 08:00:01,000 INFO x [plant-42-request]: rotated"],
        "web.log": [
            "2026-03-01 08:00:05,000 INFO x [plant-42-request]: later",
            "2026-03-01 08:00:06,000 INFO x [req_other]: somebody else's",
        ],
        "worker.log": worker,
    }
    (home / "logs").mkdir(exist_ok=True)
    for name, lines in written.items():
        (home / "logs" / name).write_text("\n".join(lines) + "\n")
    return home, job


@pytest.mark.parametrize("by", ["request", "job"])
def test_all_lines_of_a_request_and_its_job_are_found_in_order(asked, by, capsys, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    home, job = asked
    word = "plant-42-request" if by == "request" else job
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home), "logs", f"--{by}", word])
    assert left.value.code == 0
    found = capsys.readouterr().out.splitlines()
    assert [line.partition("|")[0].strip() for line in found] == ["web", "worker", "web"]
    assert ["rotated" in found[0], job in found[1], "later" in found[2]] == [True] * 3


def test_a_job_that_is_none_is_said(asked, capsys):
    with pytest.raises(SystemExit) as left:
        main(["--home", str(asked[0]), "logs", "--job", "job_none"])
    assert left.value.code == 1
    assert "no job job_none" in capsys.readouterr().err
