"""What steps gave, kept over crashes: the only door to DBOS.

DBOS runs one kind of workflow: a job, under the job's own identifier.  It keeps the output of
each step, as JSON text, and says who runs the job.  Which job is begun, when and where is not
its business: a worker's queue here holds nothing but jobs that this very process has claimed
and that stood in another process before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID
from typing_extensions import override

from appliance.jobs.store.durable import connections

_NAME = "kizashi"
_VERSION = "1"
"""Of how jobs are run, not of the appliance: a job outlives an upgrade in between."""
_LOOK = 1.0
"""Seconds between two looks for jobs that stood in another process, or are to be repeated."""
_OVER = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


class _Json(Serializer):
    """Texts and numbers only: reading what was kept never executes anything."""

    @override
    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=str)

    @override
    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data)

    @override
    def name(self) -> str:
        return "kizashi_json"


class Durable:
    """Runs jobs in threads of this process and keeps what their steps gave.

    Parameters
    ----------
    url
        Of the database; a schema of its own in PostgreSQL.
    worker
        This process, under a name that no other one ever had.
    body
        Runs a job, given its identifier; it raises nothing.
    """

    def __init__(self, url: str, worker: str, body: Callable[[str], None]) -> None:
        self._queue = f"worker-{worker}"
        config: DBOSConfig = {
            "name": _NAME,
            "system_database_url": url,
            "system_database_engine": connections(url),
            "application_version": _VERSION,
            "executor_id": worker,
            "serializer": _Json(),
            "enable_otlp": False,
            "log_level": "CRITICAL",
            "use_listen_notify": False,
            "scheduler_polling_interval_sec": 3600.0,
        }
        DBOS(config=config)

        @DBOS.workflow(name="job")
        def run(job: str) -> None:
            body(job)

        self._body = run
        DBOS.listen_queues([self._queue])

    def launch(self, alive: Collection[str]) -> None:
        """Begin; queues of workers that are not `alive` any more are removed."""
        DBOS.launch()
        DBOS.register_queue(
            self._queue, polling_interval_sec=_LOOK, on_conflict="always_update"
        )
        kept = {f"worker-{worker}" for worker in alive} | {self._queue}
        for queue in DBOS.list_queues():
            if queue.name.startswith("worker-") and queue.name not in kept:
                DBOS.delete_queue(queue.name)

    def run(self, job: str, rewind: int | None = None) -> None:
        """Begin a job, or let it go on after the last step that ended; returns at once.

        Parameters
        ----------
        rewind
            Number of the step from which on all is forgotten.
        """
        status = DBOS.get_workflow_status(job)
        if status is None:
            with SetWorkflowID(job):
                DBOS.start_workflow(self._body, job)
            return
        if rewind is None and status.status not in _OVER:
            DBOS.resume_workflow(job, queue_name=self._queue)
            return
        if status.status not in _OVER:
            DBOS.cancel_workflow(job)
        DBOS.rewind_workflow(job, start_step=rewind or 1, queue_name=self._queue)

    def step(self, name: str, work: Callable[[], str]) -> str:
        """Return what a step of the job of this thread gives, or gave before a crash."""
        return DBOS.run_step({"name": name}, work)

    def forget(self, jobs: Collection[str]) -> list[str]:
        """Drop what the steps of jobs gave; return those that have not quite ended yet."""
        found = DBOS.list_workflows(
            workflow_ids=list(jobs), load_input=False, load_output=False
        )
        over = [one.workflow_id for one in found if one.status in _OVER]
        if over:
            DBOS.delete_workflows(over)
        return [one.workflow_id for one in found if one.status not in _OVER]

    def close(self) -> None:
        """End without waiting for jobs; they go on in another process."""
        DBOS.destroy(destroy_registry=True)
