"""The demo plant where Ray does not come up."""

from __future__ import annotations

import json

import pytest

from appliance.engine import own

SMALL = ("demo", "--days", "9", "--scale", "0.01", "--json")


@pytest.mark.slow
def test_the_demo_goes_on_in_its_process_where_ray_does_not_come_up(
    home, kizashi, monkeypatch, tmp_path
):
    deep = tmp_path / ("x" * 120)  # longer than the path of a socket may be
    deep.mkdir()
    monkeypatch.delenv("KIZASHI_ENGINE")
    monkeypatch.setattr(own, "folder", lambda: deep)
    done = kizashi(*SMALL)
    assert done.status == 0, done.err
    assert "Ray cannot be used on this machine" in done.err
    assert done.err.rstrip().endswith("Going on in this process.")
    assert [fleet["fleet"] for fleet in json.loads(done.out)]


def test_an_engine_that_was_asked_for_is_not_changed(home, kizashi, monkeypatch, tmp_path):
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    monkeypatch.setattr(own, "folder", lambda: deep)
    done = kizashi(*SMALL, "--engine", "ray")
    assert done.status == 1
    assert "Ray cannot be used on this machine" in done.err
