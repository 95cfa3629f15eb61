"""Kizashi: anomaly detection and predictive maintenance for plants.

::

    import appliance as kizashi

    model = kizashi.fit(frame, asset="unit", time="cycle")
    scores = model.score(new_frame)
    events = model.events(scores)
    model.save("pumps.kz")
    model = kizashi.load("pumps.kz")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from appliance.fleet import FleetModel, fit, load

__all__ = ["FleetModel", "__version__", "fit", "load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # The platform behind these names takes seconds to import: only when they are used.
    if name in ("FleetModel", "fit", "load"):
        from appliance import fleet

        return getattr(fleet, name)
    raise AttributeError(f"module 'appliance' has no attribute {name!r}")
