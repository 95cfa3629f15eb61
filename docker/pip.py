"""Writes how this machine's pip reaches its index, for a build: ``pip.py FOLDER``.

Two files, which are given to the build as secrets: ``pip.conf``, and ``authorities.pem`` with
the authorities that the index is trusted by.  Both are there always, and may hold nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_PASSED = {
    "index-url",
    "extra-index-url",
    "trusted-host",
    "proxy",
    "default-timeout",
    "retries",
}
_LINE = re.compile(r"^(?P<place>[\w:.-]*)\.(?P<name>[a-z-]+)=(?P<value>'.*'|\".*\")$")
_INSIDE = "/run/secrets/authorities"


def main(folder: Path) -> None:
    """Write both."""
    told = configured()
    lines = [f"{name} = {told[name]}" for name in sorted(_PASSED & told.keys())]
    certificates = told.get("cert") or os.environ.get("SSL_CERT_FILE", "")
    authorities = folder / "authorities.pem"
    if certificates and Path(certificates).is_file():
        authorities.write_bytes(Path(certificates).read_bytes())
        lines.append(f"cert = {_INSIDE}")
    else:
        authorities.touch()
    (folder / "pip.conf").write_text("\n".join(["[global]", *lines, ""]), "utf-8")


def configured() -> dict[str, str]:
    """Return pip's settings, those of files and of the environment, the last that holds."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = (_LINE.match(line) for line in done.stdout.splitlines())
    said = [(one["place"], one["name"], one["value"][1:-1]) for one in found if one]
    said.sort(key=lambda one: one[0].startswith(":env:"))
    return {name: value.replace("\\n", "\n    ") for _, name, value in said}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
