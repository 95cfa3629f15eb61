"""A cluster to play with, until it is interrupted: ``python -m tests.e2e.play [--node]``.

It prints what is to be set for kubectl, helm and ``kizashi cluster`` to reach it.
"""

from __future__ import annotations

import argparse
import signal
import sys

from tests.e2e.build import built
from tests.e2e.chart import define_what_others_bring
from tests.e2e.control_plane import start_control_plane
from tests.e2e.node import import_image, start_node
from tests.e2e.world import World
from tests.image.docker import engine


def main() -> int:
    """Start a cluster, say how to reach it, and end it at an interrupt."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--node", action="store_true", help="start a node that runs pods too")
    asked.add_argument("--image", action="append", default=[], help="give the node Docker's")
    options = asked.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    world = World()
    try:
        cluster, authority = start_control_plane(world)
        define_what_others_bring(cluster)
        if options.node:
            with engine() as docker:
                start_node(world, docker, cluster, authority)
                for image in options.image:
                    import_image(world, docker, image)
        tools = f"{built('kubectl').parent}:{built('helm').parent}"
        sys.stdout.write(f"export KUBECONFIG={cluster.kubeconfig} PATH={tools}:$PATH\n")
        sys.stdout.write(f"# logs: {world.logs}; end it by an interrupt\n")
        sys.stdout.flush()
        signal.pause()
    except KeyboardInterrupt:
        return 0
    finally:
        world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
