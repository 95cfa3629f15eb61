"""The rival of ``api``: one route of a bare FastAPI application that returns bytes.

``python -m benchmarks.sides.bare PORT FILE``
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response


def main(port: int, file: str) -> None:
    """Serve a file's bytes at every address."""
    held = Path(file).read_bytes()
    app = FastAPI()

    @app.get("/{path:path}")
    async def same() -> Response:
        return Response(held, media_type="application/json")

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
