"""Kizashi: anomaly detection and predictive maintenance for plants.

::

    import appliance as kizashi

    model = kizashi.fit(frame, asset="unit", time="cycle")
    scores = model.score(new_frame)
    events = model.events(scores)
    model.save("pumps.kz")
    model = kizashi.load("pumps.kz")

    life = kizashi.fit_life(lives_that_ended, asset="unit", time="cycle")
    left = life.prognose(new_frame)

    plant = kizashi.connect("https://plant:8443", token)
    plant.fleet("pumps").train().wait()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from appliance.client import connect, connect_async
    from appliance.fleet import FleetModel, LifeModel, fit, fit_life, load, load_life
    from appliance.notebooks import results
    from appliance.steps import Pipeline, step

__all__ = [
    "FleetModel",
    "LifeModel",
    "Pipeline",
    "__version__",
    "connect",
    "connect_async",
    "fit",
    "fit_life",
    "load",
    "load_life",
    "results",
    "step",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # The platform behind these names takes seconds to import: only when they are used.
    if name in ("FleetModel", "LifeModel", "fit", "fit_life", "load", "load_life"):
        from appliance import fleet

        return getattr(fleet, name)
    if name in ("connect", "connect_async"):
        from appliance import client

        return getattr(client, name)
    if name == "results":
        from appliance.notebooks import results

        return results
    if name in ("Pipeline", "step"):
        from appliance import steps

        return getattr(steps, name)
    raise AttributeError(f"module 'appliance' has no attribute {name!r}")
