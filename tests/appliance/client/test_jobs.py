"""Handles of jobs: followed by their stream, over broken lines, or by asking again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from appliance.client import connect
from appliance.core import errors
from tests.appliance.client.conftest import TOKEN, Ask, then
from tests.appliance.client.servers import Script

JOB = "job_1"


def job(state: str, done: int = 0, **facts: Any) -> dict[str, Any]:
    step = {
        "number": 1,
        "name": "fit",
        "state": state if state != "queued" else "queued",
        "started": None if state == "queued" else "2026-10-01T00:00:01Z",
        "done": done,
        "total": 4,
    }
    return {
        "id": JOB,
        "pipeline": "train",
        "fleet": "pumps",
        "project": "default",
        "arguments": {},
        "state": state,
        "by": "yuki",
        "created": "2026-10-01T00:00:00Z",
        "attempt": 1,
        "steps": [step],
        **facts,
    }


def line(number: int, value: dict[str, Any]) -> bytes:
    over = value["state"] in ("succeeded", "failed", "cancelled")
    name = "end" if over else "progress"
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(value)}\n\n".encode()


def streamed(script: Script, *streams: list[bytes]) -> None:
    """Let the site's streams say this, one after the other; each breaks off at its end."""
    left = [*streams]

    @script.on("GET", f"/jobs/{JOB}/stream")
    def stream(request: Request, body: bytes) -> Response:
        parts = left.pop(0) if left else []

        def said() -> Iterator[bytes]:
            yield b": hello\n\n"
            yield from parts

        return StreamingResponse(said(), media_type="text/event-stream")


class Told:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int | None]] = []
        self.units = 0

    def step(self, name: str, total: int | None = None) -> None:
        self.steps.append((name, total))

    def advance(self, units: int = 1) -> None:
        self.units += units

    def note(self, text: str) -> None:
        raise AssertionError(text)


@pytest.fixture(autouse=True)
def asked_for(script: Script) -> None:
    script.json("POST", "/jobs", job("queued"), 202)


def train_and_wait(plant: Any, **options: Any) -> Any:
    return then(plant.fleet("pumps").train(recipe="auto"), lambda job: job.wait(**options))


def test_a_job_is_followed_to_its_result(ask: Ask, url: str, script: Script) -> None:
    streamed(
        script,
        [
            line(1, job("running", 1)),
            b'event: log\ndata: {"number": 1, "text": "reading"}\nid: 1\n\n',
            line(2, job("running", 3)),
            line(3, job("succeeded", 4, result={"version": 2})),
        ],
    )
    told = Told()
    assert ask(url, lambda p: train_and_wait(p, progress=told)) == {"version": 2}
    assert told.steps == [("fit", 4)]
    assert told.units == 4
    asked = json.loads(script.asked("/jobs")[0].body)
    assert asked == {"pipeline": "train", "fleet": "pumps", "arguments": {"recipe": "auto"}}
    assert [seen.path for seen in script.seen] == ["/jobs", f"/jobs/{JOB}/stream"]


@pytest.mark.slow
def test_a_broken_stream_goes_on_where_it_was(ask: Ask, url: str, script: Script) -> None:
    whole = line(8, job("succeeded", 4, result=7))
    streamed(
        script,
        [line(5, job("running", 1)), b"id: 6\nevent: progress\nda"],
        [whole[:30], whole[30:31], whole[31:]],
    )
    assert ask(url, train_and_wait) == 7
    first, second = script.asked(f"/jobs/{JOB}/stream")
    assert "last-event-id" not in first.headers
    assert second.headers["last-event-id"] == "5"


@pytest.mark.slow
def test_without_streams_the_site_is_asked_again(ask: Ask, url: str, script: Script) -> None:
    answers = [job("running", 1), job("running", 2), job("succeeded", 4, result="done")]
    script.on("GET", f"/jobs/{JOB}")(
        lambda *_: Response(json.dumps(answers.pop(0)), media_type="application/json")
    )
    assert ask(url, train_and_wait) == "done"
    assert len(script.asked(f"/jobs/{JOB}")) == 3


def test_streams_that_a_proxy_holds_back(
    ask: Ask, url: str, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.client.follow._RECONNECT", 0.01)
    streamed(script, [], [], [])
    script.json("GET", f"/jobs/{JOB}", job("succeeded", 4, result="done"))
    assert ask(url, train_and_wait) == "done"
    assert len(script.asked(f"/jobs/{JOB}/stream")) == 3


def test_a_failed_job_raises_its_error(ask: Ask, url: str, script: Script) -> None:
    told = {"error": "pumps has too few readings.", "remedy": "Bring more."}
    streamed(script, [line(1, job("failed", error_kind="InvalidRequest", **told))])
    with pytest.raises(errors.InvalidRequest) as raised:
        ask(url, train_and_wait)
    assert str(raised.value) == "pumps has too few readings. Bring more."


def test_a_cancelled_job(ask: Ask, url: str, script: Script) -> None:
    streamed(script, [line(1, job("cancelled"))])
    with pytest.raises(errors.Conflict, match="was cancelled"):
        ask(url, train_and_wait)


@pytest.mark.slow
def test_who_waits_no_longer_leaves_the_job_alone(ask: Ask, url: str, script: Script) -> None:
    streamed(script, *([line(n, job("running", 1))] for n in range(100)))
    with pytest.raises(errors.TryAgain, match=r"still running after 0\.3 s"):
        ask(url, lambda p: train_and_wait(p, timeout=0.3))
    assert not script.asked(f"/jobs/{JOB}/cancel")


def test_who_may_not_look_is_told(ask: Ask, url: str, script: Script) -> None:
    script.on("GET", f"/jobs/{JOB}/stream")(lambda *_: Response(status_code=403))
    with pytest.raises(errors.Forbidden):
        ask(url, train_and_wait)


def test_a_job_can_be_cancelled_begun_again_and_read(url: str, script: Script) -> None:
    script.json("GET", f"/jobs/{JOB}", job("failed", error="it broke."))
    script.json("POST", f"/jobs/{JOB}/cancel", job("cancelling"))
    script.json("POST", f"/jobs/{JOB}/retry", job("queued"))
    said = {"number": 1, "at": "2026-10-01T00:00:00Z", "level": "INFO", "text": "begun"}
    script.json("GET", f"/jobs/{JOB}/log", {"items": [said], "next": None})
    with connect(url, TOKEN) as plant:
        handle = plant.jobs.get(JOB)
        assert repr(handle) == "<JobHandle job_1: train pumps, failed>"
        with pytest.raises(errors.KizashiError, match=r"it broke\."):
            _ = handle.result
        assert handle.cancel().state == "cancelling"
        with pytest.raises(errors.TryAgain, match="is cancelling"):
            _ = handle.result
        assert handle.retry().state == handle.state == "queued"
        assert handle.refresh().state == "failed"
        assert [one.text for one in handle.log()] == ["begun"]
