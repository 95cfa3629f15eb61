"""Two Ray nodes on the loopback address: one dies in the middle, and every asset is trained."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.xdist_group("ray")]

_DRIVER = """
import sys
from pathlib import Path

from ray.cluster_utils import Cluster

from appliance.core.settings import Settings
from tests.chaos.nodes import train_while_one_dies

node = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "include_dashboard": False,
        "object_store_memory": 100 * 2**20}
cluster = Cluster(initialize_head=True, head_node_args={**node, "temp_dir": sys.argv[1]})
second = cluster.add_node(**node)
try:
    settings = Settings(home=Path(sys.argv[2]), ray_address=cluster.address)
    train_while_one_dies(
        settings, lambda: cluster.remove_node(second, allow_graceful=False)
    )
finally:
    cluster.shutdown()
"""


def test_a_node_that_dies_costs_only_a_repetition(tmp_path: Path, short: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DRIVER, str(short), str(tmp_path)],
        cwd=ROOT,
        env=os.environ
        | {
            "RAY_USAGE_STATS_ENABLED": "0",
            # The cluster's address is noted in a folder "ray" of it, which no Ray made yet.
            "RAY_TMPDIR": str(short),
            # Ray's switch for systems whose firewall asks about every open port.
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        },
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["nodes_at_work"] == 2
    assert told["assets"] == told["of"]
    assert told["failures"] == {}
    assert told["same_as_local"]
    assert told["begun"] > told["of"]


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room for that of a socket."""
    made = Path(tempfile.mkdtemp(prefix="kzt-", dir="/tmp"))
    (made / "ray").mkdir()
    yield made
    shutil.rmtree(made, ignore_errors=True)
