"""Ray's own ``ray start`` without the parts that nobody here uses, as a module to be run.

Pages, the search for more machines, and the libraries of both take most of the time in which a
node has to be there.
"""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.engine.patience import patient

_UNUSED = (
    "start_monitor",
    "start_api_server",
    "start_log_monitor",
    "start_ray_client_server",  # drivers are nodes themselves
)


def main(arguments: list[str]) -> int:
    """Run it; the first argument is a file that is made when the node is there."""
    from ray._private import node, services, utils
    from ray.scripts import scripts

    there = Path(arguments[0])
    utils.get_dashboard_dependency_error = lambda: ImportError("left out")
    for part in _UNUSED:
        setattr(node.Node, part, lambda *_, **__: None)
    sys.argv = ["ray", *arguments[1:]]
    with patient(services, there.touch):
        return int(scripts.main() or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
