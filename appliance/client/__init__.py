"""The Python client of a running appliance.

::

    import appliance as kizashi

    with kizashi.connect("https://plant:8443", token) as plant:
        job = plant.fleet("pumps").train(recipe="auto")
        job.wait()
        for event in plant.events(fleet="pumps"):
            print(event.asset, event.start)

It needs pydantic and httpx2, nothing else of the platform; frames need Polars or pyarrow.  A
verb is written once, as a coroutine function (`verbs`): `connect` gives a plant whose verbs
wait, `connect_async` one whose verbs are awaited.  A request's way: a noun (`plant`, `fleet`,
…) → `line` (who asks, when to ask again, what an answer means) → `wire`.
"""

from __future__ import annotations

from appliance.client.connecting import connect, connect_async
from appliance.client.jobs import AsyncJobHandle, JobHandle
from appliance.client.plant import AsyncPlant, Plant

__all__ = ["AsyncJobHandle", "AsyncPlant", "JobHandle", "Plant", "connect", "connect_async"]
