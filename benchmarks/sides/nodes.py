"""Kizashi on several Ray nodes of one core each, all on this machine's loopback address."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from appliance.core.settings import Settings
from appliance.engine.ray import RayEngine
from appliance.pipelines.site import Site
from benchmarks.sides.ours import fit_fleet_of
from benchmarks.sides.plant import FLEET, WARM_FLEET

_LOOPBACK = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray's switch for systems whose firewall asks about every open port: loopback only.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}
_NODE: dict[str, Any] = {
    "num_cpus": 1,
    "node_ip_address": "127.0.0.1",
    "include_dashboard": False,
    "object_store_memory": 100 * 2**20,
}
_LOOKS = 30_000


def fit(root: str, out: str) -> dict[str, Any]:
    """Train a fleet on one node, on two, and on two of which one is killed in the middle."""
    os.environ.update(_LOOPBACK)  # read when Ray is imported
    from ray.cluster_utils import Cluster

    # A socket's path may have 107 characters: it stands in /tmp, wherever the data do.
    with tempfile.TemporaryDirectory(
        prefix="kzb-", dir="/tmp", ignore_cleanup_errors=True
    ) as own:
        # The address is noted in a folder "ray" of it, which no Ray may have made yet.
        os.environ["RAY_TMPDIR"] = own
        Path(own, "ray").mkdir()
        head = {**_NODE, "temp_dir": own}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            return _on(
                cluster,
                Settings(home=Path(out), lake_url=f"{root}/lake", ray_address=cluster.address),
            )
        finally:
            cluster.shutdown()


def _on(cluster: Any, settings: Settings) -> dict[str, Any]:
    one = _fit(settings, "one")
    second = cluster.add_node(**_NODE)
    two = _fit(settings, "two")
    killer = _Killer(settings.home, lambda: cluster.remove_node(second, allow_graceful=False))
    dying = _fit(settings, "dying", killer)
    return {"one": one, "two": two, "dying": dying | {"parts_before": killer.parts}}


def _fit(settings: Settings, name: str, killer: _Killer | None = None) -> dict[str, Any]:
    site, home = Site(settings), settings.home
    with RayEngine(settings) as engine:
        fit_fleet_of(site, WARM_FLEET, home / "warm.kz", engine)
        if killer is not None:
            killer.start()
        begun = time.perf_counter()
        report = fit_fleet_of(site, FLEET, home / f"{name}.kz", engine)
        seconds = time.perf_counter() - begun
    if killer is not None:
        killer.join()
    return {"seconds": seconds, "workers": engine.workers, "assets_done": report.assets}


class _Killer(threading.Thread):
    """Kills a node as soon as a part of a model has been written.

    Attributes
    ----------
    parts
        How many had been; none if the work ended before.
    """

    def __init__(self, home: Path, kill: Any) -> None:
        super().__init__(daemon=True)
        self.parts = 0
        self._home, self._kill = home, kill

    def run(self) -> None:
        """Look until there is a part, then kill."""
        for _ in range(_LOOKS):
            self.parts = len(list(self._home.glob(".dying.kz.*/part-*")))
            if self.parts:
                self._kill()
                return
            time.sleep(0.01)
