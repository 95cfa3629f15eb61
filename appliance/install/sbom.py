"""What a bundle is made of, as a bill of materials in CycloneDX's form."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Sequence
from email.parser import HeaderParser
from pathlib import Path

from appliance.core.errors import StorageError


def bill_of_materials(wheels: Sequence[Path], version: str) -> bytes:
    """Return the bill of materials of a version and its packages.

    The same packages give the same bytes: neither a moment nor a random number is in it.

    Parameters
    ----------
    wheels
        The packages' files.
    version
        Of the platform.

    Raises
    ------
    StorageError
        A file is no wheel.
    """
    told = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"kizashi@{version}",
                "name": "kizashi",
                "version": version,
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [_component(path) for path in wheels],
    }
    return json.dumps(told, indent=1, ensure_ascii=True).encode("ascii")


def _component(wheel: Path) -> dict[str, object]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (n for n in archive.namelist() if re.fullmatch(r"[^/]+/METADATA", n))
            told = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
        with wheel.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise StorageError(f"{wheel} is no wheel: {error}.") from error
    plain = re.sub(r"[-_.]+", "-", str(told["Name"])).lower()
    address = f"pkg:pypi/{plain}@{told['Version']}"
    component: dict[str, object] = {
        "type": "library",
        "bom-ref": address,
        "name": plain,
        "version": str(told["Version"]),
        "purl": address,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
    if told["License-Expression"]:
        component["licenses"] = [{"expression": str(told["License-Expression"])}]
    return component
