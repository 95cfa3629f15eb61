"""Which worker runs what, and what comes first, where tests run on several workers."""

from __future__ import annotations

from xdist.scheduler import LoadGroupScheduling
from xdist.workermanage import WorkerController

FIRST = (
    "ui",
    "ray",
    "tests/chaos",
    "tests/appliance/install",
    "install",
    "tests/benchmarks",
    "postgresql",
    "tests/flow",
    "tests/docs",
    "tests/appliance/machine",
    "tests/appliance/pipelines",
    "tests/detectors",
    "tests/appliance/api",
    "tests/appliance/cli",
)
"""What takes longest, in that order: begun last, it would keep one worker alone."""


class ByRoom(LoadGroupScheduling):
    """Keep the tests of a group together, and those of no group with their room's.

    What a room's tests share, such as a home with a trained fleet, is then made once, not
    once on each worker.
    """

    def _split_scope(self, nodeid: str) -> str:
        group = super()._split_scope(nodeid)
        return group if group != nodeid else nodeid.split("::")[0].rpartition("/")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=self._place), last=False)
        super()._assign_work_unit(node)

    def _place(self, scope: str) -> tuple[int, int]:
        rank = FIRST.index(scope) if scope in FIRST else len(FIRST)
        return rank, -len(self.workqueue[scope])
