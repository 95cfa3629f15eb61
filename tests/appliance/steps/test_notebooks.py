"""A notebook as a step: parameters in, results out, the executed notebook kept."""

from __future__ import annotations

import json

import pytest

from appliance.core.errors import KizashiError
from appliance.objects import shelf
from appliance.pipelines.own_code import register
from tests.appliance.steps.conftest import ROOT, Made

pytestmark = pytest.mark.slow


def cell(kind: str, text: str, *tags: str) -> dict[str, object]:
    told: dict[str, object] = {"cell_type": kind, "metadata": {"tags": list(tags)}}
    more = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {**told, "source": text, "id": f"c{abs(hash(text)) % 10**8}", **more}


NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "language": "python", "display_name": "P"}},
    "cells": [
        cell("markdown", "# What pumps say"),
        cell("code", "factor = 1", "parameters"),
        cell("code", "import appliance as kizashi\nkizashi.results.give('twice', 2 * factor)"),
    ],
}


def test_a_notebook_is_executed_as_a_step(made: Made):
    code = register(made.site, ROOT, "Pumps.ipynb", json.dumps(NOTEBOOK).encode(), "3")
    assert (code.name, code.version, code.summary) == ("pumps", "3", "What pumps say")
    made.pipeline("""
name: page
parameters: {factor: 21}
steps:
  page: {notebook: pumps, with: {factor: "${parameters.factor}"}}
  tell: {command: [sh, -c, 'cp "$0" outputs/page.html', "${page.notebook_html}"]}
""")
    outputs = made.run("page").outputs
    assert outputs["page"].values["twice"] == 42
    place = shelf(made.site.settings.place("runs"))
    assert b"What pumps say" in place.read(outputs["tell"].files["page.html"])
    executed = json.loads(place.read(outputs["page"].files["notebook.ipynb"]))
    assert any("factor = 21" in "".join(one["source"]) for one in executed["cells"])


def test_a_notebook_that_fails_says_which_cell(made: Made):
    told = {**NOTEBOOK, "cells": [cell("code", "1 / 0")]}
    register(made.site, ROOT, "odd.ipynb", json.dumps(told).encode())
    made.pipeline("name: odd\nsteps: {page: {notebook: odd}}")
    with pytest.raises(KizashiError, match=r"step page: Cell \[1\] failed: ZeroDivisionError"):
        made.run("odd")
