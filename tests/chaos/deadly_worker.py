"""A worker that is killed when the work of one step is done but not kept: for tests only.

The environment's ``KIZASHI_DEADLY`` names the step.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from appliance.jobs.durable import Durable
from appliance.worker.__main__ import run

_real = Durable.step


def _deadly(self: Durable, name: str, work: Callable[[], str]) -> str:
    def killed() -> str:
        kept = work()
        if name == os.environ.get("KIZASHI_DEADLY"):
            os.kill(os.getpid(), signal.SIGKILL)
        return kept

    return _real(self, name, killed)


Durable.step = _deadly  # type: ignore[method-assign]

if __name__ == "__main__":
    run()
