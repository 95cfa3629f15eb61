"""What the image holds, what it says of itself, and what it must not hold."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from appliance import __version__
from tests.conftest import ROOT
from tests.image.containers import RESTRICTED
from tests.image.docker import Docker

pytestmark = [
    pytest.mark.image,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("image"),
]

_COMPILERS = ("cc", "gcc", "g++", "clang", "ld", "make", "as")


@pytest.fixture(scope="module")
def configuration(docker: Docker, image: str) -> dict[str, Any]:
    found: dict[str, Any] = docker.told(image)["Config"]
    return found


def _inside(docker: Docker, image: str, script: str) -> str:
    """Run a script of the shell in a container as a cluster runs it."""
    return docker.run(
        "run",
        "--rm",
        "--network",
        "none",
        *RESTRICTED,
        "--entrypoint",
        "sh",
        image,
        "-c",
        script,
    )


def test_it_runs_as_nobody_and_says_what_it_is(configuration: dict[str, Any]) -> None:
    assert configuration["User"] == "10001:10001"
    assert configuration["Entrypoint"] == ["kizashi"]
    assert configuration["Healthcheck"]["Test"][0] == "CMD"
    labels = {name.rpartition(".")[2]: value for name, value in configuration["Labels"].items()}
    assert labels["version"] == __version__
    assert labels["licenses"] == "Apache-2.0"
    assert re.fullmatch(r"[0-9a-f]{40}", labels["revision"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", labels["created"])


def test_no_way_of_the_machine_that_built_it_stays(docker: Docker, image: str) -> None:
    history = docker.run("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    environment = json.dumps(docker.told(image)["Config"]["Env"])
    assert "://" not in history + environment
    left = _inside(
        docker,
        image,
        "ls /run/secrets /etc/pip.conf /root/.cache /root/.config 2>/dev/null;"
        " cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null; true",
    )
    assert left == ""


def test_nothing_is_left_that_makes_programs_or_raises_rights(
    docker: Docker, image: str
) -> None:
    found = _inside(
        docker,
        image,
        "exec 2>/dev/null;"  # of folders that are closed to it
        f" for one in {' '.join(_COMPILERS)} pip; do command -v $one; done;"
        " find / -xdev -type f -perm /6000;"
        " find / -xdev -path '*/numpy/tests/*' -type f | head -1;"
        " find /opt -xdev -name '*.a' -o -name '*.pyx'; true",
    )
    assert found == ""


def test_nobody_can_write_to_what_runs(docker: Docker, image: str) -> None:
    found = _inside(docker, image, "find /opt /usr -xdev -writable ! -type l | head; true")
    assert found == ""


def test_the_bill_of_materials_lists_what_is_installed(docker: Docker, image: str) -> None:
    told = _inside(docker, image, "cat /usr/share/kizashi/sbom.json")
    bill = json.loads(told)
    assert bill["bomFormat"] == "CycloneDX"
    listed = {
        (one["name"].lower().replace("_", "-"), one["version"]) for one in bill["components"]
    }
    installed = json.loads(
        _inside(
            docker,
            image,
            "python -c 'import json; from importlib.metadata import distributions as all;"
            " print(json.dumps([[one.name, one.version] for one in all()]))'",
        )
    )
    python = {(name.lower().replace("_", "-"), version) for name, version in installed}
    python -= {("kizashi", __version__)}  # it is what the bill is of
    assert python - listed == set()
    assert bill["metadata"]["component"]["name"] == "kizashi"
    system = _inside(docker, image, "dpkg-query -W -f '${Package}=${Version}\\n'").splitlines()
    assert {tuple(one.split("=", 1)) for one in system} - listed == set()
    kept = ROOT / "build" / "image" / f"{image.replace(':', '-')}.cdx.json"
    assert kept.read_text("utf-8").strip() == told


def test_the_kernels_are_compiled_already(docker: Docker, image: str) -> None:
    """None is compiled at the first use: what a new container gets is taken."""
    told = _inside(
        docker,
        image,
        "exec python -c 'import os, sys\n"
        "from pathlib import Path\n"
        "from appliance.machine.roles import kernels\n"
        'home = Path("/tmp/home"); home.mkdir()\n'
        "os.environ |= kernels.environment(home)\n"
        'before = {one.name: one.stat().st_mtime_ns for one in home.rglob("*.nb?")}\n'
        "from detectors.kernels import warm\n"
        "warm()\n"
        'after = {one.name: one.stat().st_mtime_ns for one in home.rglob("*.nb?")}\n'
        "print(len(before), before == after)'",
    )
    number, same = told.split()
    assert int(number) > 10
    assert same == "True"
