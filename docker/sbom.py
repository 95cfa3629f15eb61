"""Adds Debian's packages to a bill of materials of Python's: ``sbom.py PYTHON.json OUT``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

_FORMAT = r"${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\n"


def main(python: Path, out: Path) -> None:
    """Write the one bill of all that is installed, always the same for the same packages."""
    bill = json.loads(python.read_text("utf-8"))
    bill["components"] = sorted(
        [*bill["components"], *debian()], key=lambda one: str(one["bom-ref"])
    )
    out.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n", "utf-8")


def debian() -> list[dict[str, Any]]:
    """Return a component for every package of the system."""
    told = subprocess.run(  # noqa: S603 - our own command
        ["dpkg-query", "--show", f"--showformat={_FORMAT}"],  # noqa: S607 - where it always is
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split("\t") for line in told.stdout.splitlines()]
    return [
        {
            "type": "library",
            "name": name,
            "version": version,
            "bom-ref": f"deb:{name}={version}",
            "purl": f"pkg:deb/debian/{name}@{quote(version)}?arch={architecture}",
            "properties": [{"name": "debian:source", "value": source}],
        }
        for status, name, version, architecture, source in rows
        if status == "installed"
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
