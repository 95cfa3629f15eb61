"""``python -m benchmarks.sides.online_serve MODEL PORT REPLICAS``: on plain Ray Serve."""

from __future__ import annotations

import sys
import threading

import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse

from benchmarks.sides.online import Judge


@serve.deployment(ray_actor_options={"num_cpus": 0.5})
class Served:
    """Judges one reading a request."""

    def __init__(self, folder: str) -> None:
        self._judge = Judge(folder)

    async def __call__(self, request: Request) -> JSONResponse:
        """Return what the reading is judged to be."""
        return JSONResponse(self._judge.judge(**await request.json()))


def main(folder: str, port: str, replicas: str) -> None:
    """Serve until told to end."""
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(port)})
    served = Served.options(num_replicas=int(replicas))  # type: ignore[attr-defined]
    serve.run(served.bind(folder), route_prefix="/")
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
