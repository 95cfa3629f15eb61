"""What docs/how-to/image.md tells a user to type works as it stands there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import commands, pages
from tests.image.docker import Docker

pytestmark = [
    pytest.mark.image,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("image"),
]


def test_a_site_on_one_machine_by_containers_alone(docker: Docker, image: str) -> None:
    (page,) = [one for one in pages() if one.name == "docs/how-to/image.md"]
    typed = [command.text for block in page.blocks for command in commands(block)]
    client = f"{Path(docker.program).parent}:{docker.environment['PATH']}"
    try:
        for command in typed:
            if command.startswith("docker "):
                done = subprocess.run(
                    ["bash", "-euc", command],
                    env={**docker.environment, "PATH": client},
                    capture_output=True,
                    text=True,
                    timeout=300,
                )
                assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    finally:
        for name in ("kizashi-web", "kizashi-worker"):
            docker.run("rm", "--force", name, check=False)
        docker.run("volume", "rm", "--force", "kizashi", check=False)
