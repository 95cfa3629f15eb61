"""Steps of the site's own people: declared in code, registered, joined to own pipelines, run.

``declaring`` is what their code imports: it stays light.  ``packing`` makes and reads wheels
without running anything; ``registering`` lets a process of its own describe what they hold.
``graph`` checks own pipelines, ``writing`` reads them from YAML and is its only door,
``building`` makes them in Python.  ``performing`` is what a task of the engine does: it fetches
the code, and runs the step in a process of its own.  ``checks`` is the suite that every step
should pass; public.
"""

from appliance.steps.building import Pipeline
from appliance.steps.declaring import Step, step

__all__ = ["Pipeline", "Step", "step"]
