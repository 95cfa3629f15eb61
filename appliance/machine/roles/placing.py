"""The secrets that all containers of a site share: placed in the home, never made up."""

from __future__ import annotations

import tempfile
from pathlib import Path

from appliance.core.errors import InvalidRequest, StorageError
from appliance.core.secrets import keep, site_key
from appliance.engine import shared
from appliance.metrics import endpoint
from appliance.tls import Authority

SHARED = ("site.key", "ray.token", "metrics.token", "ca.key", "ca.pem")
"""Files of the folder ``secrets`` without which a role would be a site of its own."""
_MOST_BYTES = 2**20


def place(home: Path, source: Path | None) -> None:
    """Copy the secrets of a folder into the home, closed to others, and see that all are there.

    Parameters
    ----------
    home
        Folder of the installation.
    source
        Where they are mounted; None where they are in the home already.

    Raises
    ------
    InvalidRequest
        One that all roles share is not there.
    StorageError
        They cannot be read or written.
    """
    folder = home / "secrets"
    try:
        for path in sorted(source.iterdir()) if source is not None else ():
            # A mounted secret is a link, beside a hidden folder with what it links to.
            if not path.name.startswith(".") and path.is_file():
                _copy(path, folder / path.name)
    except OSError as error:
        raise StorageError(
            f"the secrets of {source} cannot be placed: {error}.",
            remedy="Mount them readable for the user of the container, and the home writable.",
        ) from error
    missing = [name for name in SHARED if not (folder / name).is_file()]
    if missing:
        where = source or folder
        raise InvalidRequest(
            f"{where} lacks {', '.join(missing)}, which all roles of a site have to share.",
            remedy="Mount the site's secrets there, or make them: `kizashi run keys FOLDER`.",
        )


def _copy(path: Path, target: Path) -> None:
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise StorageError(f"{path} is too large for a secret.")
    if not target.exists() or target.read_bytes() != content:
        keep(target, content)


def make(folder: Path) -> list[str]:
    """Make the secrets that all roles share, where they are not there; return those made.

    Raises
    ------
    StorageError
        They cannot be read or written.
    """
    before = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            home = Path(temporary)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (home / "secrets").symlink_to(folder.resolve())
            site_key(home)
            shared.token_file(home)
            endpoint.token_file(home)
            Authority(home / "secrets").fingerprint()
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error}.") from error
    return [name for name in SHARED if name not in before]
