"""Worked examples with other libraries: the suite that all steps pass, and a real run."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from appliance.steps.checks import Example, check_step
from tests.appliance.steps import libraries
from tests.appliance.steps.conftest import Made
from tests.conftest import skip_or_fail


def table(rows: int = 120) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    flow = np.sin(np.arange(rows) / 3) + rng.normal(0, 0.05, rows)
    flow[60:66] += 3.0
    heat = flow * 2 + rng.normal(0, 0.05, rows)
    return pl.DataFrame({"flow": flow, "heat": heat, "speed": rng.normal(size=rows)})


EXAMPLES = {
    "sklearn": Example(libraries.outliers, table=table(), share=0.05),
    "torch": Example(libraries.reconstruct, table=table(), epochs=20),
    "stumpy": Example(libraries.again, table=table(), sensor="flow", start=10),
}


@pytest.mark.parametrize(
    "name",
    ["sklearn", *(pytest.param(one, marks=pytest.mark.slow) for one in ("torch", "stumpy"))],
)
def test_each_passes_the_suite(name: str):
    if find_spec(name) is None:
        skip_or_fail(f"{name} is not installed: it is an extra")
    assert check_step(EXAMPLES[name]) == {}


@pytest.mark.slow
def test_they_find_what_is_odd_in_a_run(made: Made):
    made.module(Path(libraries.__file__).read_text(), "libraries")
    made.module(MAKER, "maker")
    made.pipeline("""
name: odd
steps:
  make: {use: "maker:make"}
  flow: {use: "libraries:outliers", with: {table: "${make}", share: 0.05}}
""")
    found = made.run("odd").outputs["flow"].values["result"]
    assert set(range(60, 66)) <= set(found)


MAKER = '''
import numpy as np
import polars as pl
import appliance as kizashi

@kizashi.step
def make() -> pl.DataFrame:
    """A table with a fault in six rows."""
    rng = np.random.default_rng(0)
    flow = rng.normal(size=120)
    flow[60:66] += 30.0
    return pl.DataFrame({"flow": flow, "heat": rng.normal(size=120)})
'''
