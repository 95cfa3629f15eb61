"""Jobs and schedules from the shell, on a home whose worker runs beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.access.person import shell
from appliance.core.clock import now
from appliance.core.settings import load_settings
from appliance.pipelines.site import Site
from appliance.schemas.job import JobRequest
from tests.appliance.cli.conftest import Kizashi

ME = shell("test")
Data = Callable[..., Any]


@pytest.fixture
def data(kizashi: Kizashi) -> Data:
    """Run a command, and return the JSON that it prints."""

    def run(*arguments: Any) -> Any:
        told = kizashi(*arguments, "--json")
        assert told.status == 0, told.err
        return json.loads(told.out)

    return run


@pytest.mark.slow
def test_a_job_is_asked_for_shown_and_cancelled(
    kizashi: Kizashi, data: Data, full: Path
) -> None:
    assert kizashi("jobs", "list").out == "There is no such job.\n"
    told = kizashi("jobs", "ask", "train", "pumps", "--set", "recipe=pca", "--set", "seed=7")
    assert told.status == 0, told.err
    assert "train" in told.out
    assert "queued" in told.out
    (job,) = data("jobs", "list", "--fleet", "pumps", "--state", "queued")
    assert job["arguments"]["recipe"] == "pca"
    assert job["arguments"]["seed"] == 7
    assert data("jobs", "list", "--state", "failed") == []
    assert job["id"] in kizashi("jobs", "list").out
    assert kizashi("jobs", "show", job["id"]).out.startswith(
        f"{job['id']}: train  pumps  queued"
    )
    assert data("jobs", "cancel", job["id"])["state"] == "cancelled"
    assert "cancelled" in kizashi("jobs", "cancel", job["id"]).out
    assert data("jobs", "retry", job["id"])["state"] == "queued"
    again = kizashi("jobs", "retry", job["id"])
    assert again.status == 1
    assert "only what failed or was cancelled" in again.err


def test_a_job_is_followed_to_its_end(kizashi: Kizashi, full: Path) -> None:
    site = Site(load_settings(full))
    job = site.jobs.ask(
        ME, JobRequest(pipeline="promote", fleet="pumps", arguments={"version": 1})
    )
    site.jobs.cancel(ME, job.id)
    site.close()
    assert kizashi("jobs", "log", job.id, "--follow").status == 0
    assert kizashi("jobs", "log", job.id, "--json").out == ""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["show", "job_nowhere"], 1),
        (["cancel", "job_nowhere"], 1),
        (["ask", "no-such-pipeline", "pumps"], 2),
        (["ask", "train", "No Fleet"], 2),
        (["ask", "train", "pumps", "--set", "recipe"], 2),
        (["ask", "train", "pumps", "--set", "bogus=1"], 2),
        (["list", "--state", "asleep"], 2),
    ],
)
def test_what_cannot_be(
    arguments: list[str], status: int, kizashi: Kizashi, full: Path
) -> None:
    told = kizashi("jobs", *arguments)
    assert (told.status, told.out) == (status, ""), told.err
    assert told.err.startswith("kizashi: ")


# ---------------------------------------------------------------- schedules
def test_a_schedule_from_its_making_to_its_end(
    kizashi: Kizashi, data: Data, full: Path
) -> None:
    assert "no schedule yet" in kizashi("schedule", "list").out
    made = data(
        "schedule", "add", "weekly", "0 3 * * 1", "train", "pumps",
        "--set", "recipe=auto", "--zone", "Asia/Tokyo", "--catch-up", "skip",
    )  # fmt: skip
    assert made["request"] == {
        "pipeline": "train", "fleet": "pumps", "arguments": {"recipe": "auto"},
        "over_budget": False,
    }  # fmt: skip
    assert (made["zone"], made["catch_up"], made["paused"]) == ("Asia/Tokyo", "skip", False)
    assert made["following"] > now().isoformat()
    assert (
        "train pumps at 0 4 * * *"
        in kizashi("schedule", "add", "weekly", "0 4 * * *", "train", "pumps").out
    )
    assert "paused" in kizashi("schedule", "pause", "weekly").out
    assert data("schedule", "list")[0]["following"] is None
    assert "next" in kizashi("schedule", "resume", "weekly").out
    job = data("schedule", "run", "weekly")
    assert (job["schedule"], job["state"]) == ("weekly", "queued")
    assert (
        job["id"] in kizashi("schedule", "run", "weekly").out or len(data("jobs", "list")) == 2
    )
    assert "weekly" in kizashi("schedule", "list").out
    assert data("schedule", "remove", "weekly") == {"schedule": "weekly", "removed": True}
    assert kizashi("schedule", "pause", "weekly").status == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "No Name", "0 3 * * 1", "train", "pumps"],
        ["add", "weekly", "never", "train", "pumps"],
        ["add", "weekly", "0 3 * * 1", "train", "pumps", "--zone", "Nowhere"],
        ["add", "weekly", "0 3 * * 1", "train", "pumps", "--catch-up", "some"],
        ["add", "weekly", "0 3 * * 1", "train"],
        ["add", "weekly", "0 3 * * 1", "train", "No Fleet"],
    ],
)
def test_a_schedule_that_cannot_be(arguments: list[str], kizashi: Kizashi, full: Path) -> None:
    told = kizashi("schedule", *arguments)
    assert (told.status, told.out) == (2, ""), told.err
