"""``python -m benchmarks.sides.online_ours HOME REPLICAS``: our way with replicas on Ray Serve.

The API's process and a Ray of one node beside it, as on a machine of a cluster.
"""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

from appliance.core.settings import load_settings
from appliance.engine.ray import Head
from appliance.web.__main__ import main as web


def main(home: str, replicas: str) -> int:
    """Serve until told to end."""
    os.environ.update(KIZASHI_ONLINE="ray", KIZASHI_WORKERS=replicas)
    with closing(Head(load_settings(Path(home)))) as head:
        os.environ["KIZASHI_RAY_ADDRESS"] = head.address
        return web(["--home", home])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
