"""A tiny checkout, its lock and its wheels, installed by the real installer in seconds."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
INSTALLER = ROOT / "appliance" / "install"

BACKEND = """
import pathlib, sys, tomllib
from appliance import wheels

def build_wheel(folder, config_settings=None, metadata_directory=None):
    here = pathlib.Path(".")
    files = {str(p): p.read_text() for part in ("appliance", "detectors", "ui")
             for p in sorted((here / part).rglob("*.py"))}
    version = tomllib.loads((here / "pyproject.toml").read_text())["project"]["version"]
    return wheels.write(pathlib.Path(folder), "kizashi", version, files,
                        {"kizashi": "appliance.cli:main"}).name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "appliance.backend"
backend-path = ["."]
[project]
name = "kizashi"
version = "0.1.0"
"""
CLI = """
import os, sys
def main():
    import alpha, beta
    print("tiny kizashi", VERSION, os.environ["KIZASHI_HOME"], *sys.argv[1:])
    print("alpha", alpha.VERSION, "beta", beta.VERSION)
VERSION = 1
"""
FINISH = ""


def write(
    folder: Path,
    name: str,
    version: str,
    files: dict[str, str],
    scripts: dict[str, str] | None = None,
) -> Path:
    """Write a wheel."""
    info = f"{name}-{version}.dist-info"
    files = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    if scripts:
        lines = [f"{key} = {value}" for key, value in scripts.items()]
        files[f"{info}/entry_points.txt"] = "[console_scripts]\n" + "\n".join(lines) + "\n"
    record = io.StringIO()
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record.write(f"{path},sha256={digest.decode()},{len(text.encode())}\n")
    record.write(f"{info}/RECORD,,\n")
    made = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in (files | {f"{info}/RECORD": record.getvalue()}).items():
            archive.writestr(zipfile.ZipInfo(path), text, zipfile.ZIP_DEFLATED)
    return made


@dataclass(frozen=True)
class Checkout:
    """A checkout with two locked packages, ``alpha`` and ``beta``."""

    source: Path
    wheels: Path

    def release(self, *, size: int = 0, **versions: str) -> None:
        """Lock these versions, and make their wheels, of about `size` bytes when unpacked."""
        lines = []
        for name, version in versions.items():
            files = {
                f"{name}/__init__.py": f"VERSION = {version!r}\n",
                f"{name}/data.py": "#" * size,
            }
            made = write(self.wheels, name, version, files)
            digest = hashlib.sha256(made.read_bytes()).hexdigest()
            lines.append(f"{name}=={version} \\\n    --hash=sha256:{digest}\n")
        (self.source / "requirements" / "appliance.txt").write_text("".join(lines))

    def edit(self, path: str, text: str) -> None:
        """Write a file of the checkout."""
        target = self.source / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def command(self, home: Path, *options: str, needed: int = 0) -> list[str]:
        """Return the installer's command line; `needed` bytes of space suffice."""
        code = (
            "import sys\n"
            f"sys.path.insert(0, {str(ROOT)!r})\n"
            "from appliance.install import bootstrap, preflight\n"
            "bootstrap._PATIENCE = 0.5\n"
            f"preflight.NEEDED_BYTES = preflight.SPARE_BYTES = {needed}\n"
            "sys.exit(bootstrap.main(sys.argv[1:]))\n"
        )
        given = ["--source", str(self.source), "--home", str(home), *options]
        if "--bundle" not in options:
            given += ["--bundle", str(self.wheels)]
        return [sys.executable, "-I", "-B", "-c", code, *given]

    def install(
        self, home: Path, *options: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the installer."""
        return subprocess.run(
            self.command(home, *options),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **variables},
        )


def make_checkout(folder: Path) -> Checkout:
    """Make a checkout."""
    made = Checkout(folder / "checkout", folder / "wheels")
    made.wheels.mkdir(parents=True)
    made.edit("pyproject.toml", PROJECT)
    made.edit("README.md", "tiny\n")
    made.edit("appliance/__init__.py", "")
    made.edit("appliance/backend.py", BACKEND)
    made.edit("appliance/wheels.py", Path(__file__).read_text())
    made.edit("appliance/cli.py", CLI)
    made.edit("appliance/install/__init__.py", "")
    made.edit("appliance/install/finish.py", FINISH)
    made.edit("detectors/__init__.py", "")
    made.edit("ui/__init__.py", "")
    made.edit("requirements/appliance.txt", "")
    made.release(alpha="1.0", beta="1.0")
    return made


CARRIED = ("install.sh", "appliance/core/errors.py", "appliance/machine/service.py")


def carrying(checkout: Checkout) -> Checkout:
    """Give a checkout the real installer, which a bundle of it carries."""
    for path in (*CARRIED, *(f"appliance/install/{p.name}" for p in INSTALLER.glob("*.py"))):
        if not (checkout.source / path).exists():
            checkout.edit(path, (ROOT / path).read_text("utf-8"))
    checkout.edit("appliance/core/__init__.py", "")
    checkout.edit("appliance/machine/__init__.py", "")
    return checkout


def alone() -> list[str]:
    """Return what a command begins with that shall see no network, not even the machine's."""
    return [
        shutil.which("unshare") or "unshare",
        "--net",
        *(["--map-root-user"] if os.geteuid() else []),
    ]


def said(home: Path, *arguments: str, **variables: str) -> str:
    """Return what the installed command says."""
    done = subprocess.run(
        [home / "bin" / "kizashi", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **variables},
    )
    return done.stdout
