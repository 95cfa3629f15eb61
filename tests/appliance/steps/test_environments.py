"""A step with packages of its own: from the site's folder of wheels alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.core.errors import InvalidRequest
from appliance.steps.packing import wheel_of_module
from tests.appliance.steps.conftest import Made

STEP = '''
import polars

import appliance as kizashi


@kizashi.step(environment=["gauges==2"])
def scale() -> str:
    """Read what a package says that only this step has."""
    import gauges

    return f"{gauges.SAYS} with {polars.__name__}"
'''


def put_wheel(made: Made, version: str) -> None:
    module = made.folder / "gauges.py"
    module.write_text(f"SAYS = 'version {version}'")
    name, data = wheel_of_module(module, version)
    folder = Path(made.site.settings.place("wheels"))
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)


@pytest.mark.slow
def test_it_comes_from_the_folder_of_wheels(made: Made):
    made.module(STEP, "scales")
    made.pipeline("name: scaling\nsteps: {it: {use: 'scales:scale'}}")
    put_wheel(made, "1")
    with pytest.raises(InvalidRequest, match="step it: no environment with gauges==2 can be"):
        made.run("scaling", job="job_1")
    put_wheel(made, "2")
    given = made.run("scaling", job="job_2").outputs["it"].values
    assert given == {"result": "version 2 with polars"}
    assert made.run("scaling", job="job_3").outputs["it"].values == given
    environments = list((made.site.settings.home / "environments").glob("*/ready"))
    assert len(environments) == 1, "it was not made again for the next run"
