"""The requests of the page that compares jobs are taken as they stand there."""

from __future__ import annotations

import json

from tests.docs.pages import pages


def test_the_fewest_words_are_enough(as_):
    engineer = as_("engineer")
    (page,) = [one for one in pages() if one.name.endswith("jobs-compared.md")]
    for block in page.blocks:
        if block.language == "http":
            head, body = block.text.split("\n\n", 1)
            verb, path, _ = head.splitlines()[0].split()
            answer = engineer.ask(verb, path.removeprefix("/api/v1"), json=json.loads(body))
            assert answer.status_code in (201, 202), answer.text
    backtest = {"pipeline": "backtest", "fleet": "pumps"}
    assert engineer.post("/jobs", json=backtest).status_code == 202
    assert len(engineer.get("/schedules").json()["items"]) == 2
