"""Models on their way between sites: packed and signed by one, checked by another.

A packed model is a zip of the files of its artifact, which hold no code, and its lineage.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from appliance.access import Person
from appliance.core.errors import ArtifactCorrupt, Forbidden, LimitExceeded, NotFound
from appliance.core.ids import new_id
from appliance.fleet import Artifact
from appliance.fleet.artifact import MANIFEST, copy_artifact, draft_of
from appliance.gateway.signing import signed
from appliance.objects import shelf
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from appliance.schemas.base import fleet_name
from appliance.schemas.model import Lineage, ModelVersion

USE = "model"
MOST_BYTES = 256 * 2**20
"""Of a packed model, and of all its files together."""
_MOST_FILES = 10_000
_LINEAGE = "lineage.json"


def pack(site: Site, by: Person, fleet: str, version: int) -> bytes:
    """Return a version of a fleet's model with its lineage, as one file.

    Raises
    ------
    NotFound, Forbidden
        There is none, or `by` may not read it.
    LimitExceeded
        It is too large to be copied.
    """
    name = _permitted(site, by, Right.READ, fleet)
    found = site.registry.get(name, version)
    artifact = Artifact(found.path)
    into = io.BytesIO()
    with (
        TemporaryDirectory(prefix="kizashi-copy-") as folder,
        zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
    ):
        copy_artifact(artifact, Path(folder))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        if size > MOST_BYTES:
            raise LimitExceeded(
                f"model {name} version {version} has {size} bytes, more than {MOST_BYTES}."
            )
        for path in sorted(Path(folder).iterdir()):
            packed.write(path, path.name)
        told = {"fleet": name, "lineage": found.lineage.model_dump(mode="json")}
        packed.writestr(_LINEAGE, json.dumps(told))
    return into.getvalue()


def unpack(
    site: Site, by: Person, fleet: str, packed: bytes, proof: tuple[str, str]
) -> ModelVersion:
    """Register a packed model as a challenger of a fleet that is there.

    Parameters
    ----------
    proof
        Public key of the site that packed it, which the gateway vouches for, and its
        signature.

    Raises
    ------
    Forbidden
        `by` may not bring a model, or it is not signed by that site.
    NotFound
        There is no fleet of that name with readings.
    ArtifactCorrupt
        It is no model of ours.
    """
    name = _permitted(site, by, Right.TRAIN, fleet)
    signer, signature = proof
    if not signed(signer, USE, packed, signature):
        raise Forbidden("the model is not signed by the site that it comes from.")
    site.require_fleet(name)
    if not site.registry.champions([name]):
        # The first version of a fleet alarms: to bring it is to promote it.
        _permitted(site, by, Right.PROMOTE, fleet)
    run = new_id("run")
    target = site.registry.place(name, run)
    with site.alone("train", name):
        with draft_of(target) as draft:
            lineage = _lineage(_spread(packed, draft))
            arrived = Artifact(draft)
            for asset in arrived.manifest.assets:
                arrived.arrays(asset)  # its checksums are held against what came
            digest = arrived.digest
        told = lineage.model_copy(update={"run": run, "by": by.name, "derived_from": None})
        return site.registry.register(name, target, digest, told)


def _permitted(site: Site, by: Person, right: Right, fleet: str) -> str:
    name = fleet_name(fleet)
    (project,) = site.access.projects.of([name]).values()
    if not by.may(Right.READ, project):
        raise NotFound(f"there is no fleet {name}.")
    by.require(right, project)
    return name


def _spread(packed: bytes, draft: Path | str) -> bytes:
    """Write the files of a packed model; return its lineage."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as found:
            entries = found.infolist()
            size = sum(one.file_size for one in entries)
            if len(entries) > _MOST_FILES or size > MOST_BYTES:
                raise LimitExceeded("the model is larger than may be copied.")
            names = [one.filename for one in entries]
            plain = all(PurePosixPath(name).name == name for name in names)
            if not plain or len(set(names)) != len(names) or MANIFEST not in names:
                raise _corrupt("its files are not those of a model")
            place = shelf(draft)
            # The manifest comes last: without it, it is no artifact.
            for name in sorted(names, key=lambda one: one == MANIFEST):
                if name != _LINEAGE:
                    place.put(name, found.read(name))
            return found.read(_LINEAGE)
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError) as error:
        raise _corrupt(str(error)) from error


def _lineage(told: bytes) -> Lineage:
    try:
        return Lineage.model_validate(json.loads(told)["lineage"])
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise _corrupt("its lineage cannot be read") from error


def _corrupt(why: str) -> ArtifactCorrupt:
    return ArtifactCorrupt(f"the model that came cannot be used: {why}.")
