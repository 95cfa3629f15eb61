"""An artifact is complete or absent, and says what is wrong with it."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.core.errors import ArtifactCorrupt, ArtifactVersion, Conflict, NotFound
from appliance.fleet.artifact import (
    MANIFEST,
    Artifact,
    draft_of,
    part_file,
    write_manifest,
    write_part,
)
from appliance.schemas.manifest import AssetManifest, BudgetNote, FleetManifest
from appliance.schemas.recipe import Recipe

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def arrays(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "detector/trees": rng.integers(0, 255, (5, 7)).astype(np.uint8),
        "scale/knots": rng.normal(size=11),
        "mask": rng.random(4) > 0.5,
        "count": np.array(seed, np.int64),
        "empty": np.zeros((0, 3), np.float32),
    }


def build(folder: Path | str) -> str:
    with draft_of(folder) as draft:
        sums = write_part(draft, 0, [arrays(0), arrays(1)])
        entries = {
            f"P-{n}": AssetManifest(
                part=0,
                index=n,
                checksum=sums[n],
                sensors=("温度",),
                detector={"name": "forest"},
                interval_seconds=1.0,
                reach=(0, 0),
                warm_rows=0,
                threshold=0.1 + 0.2,
                budget=BudgetNote(basis="observed", expected_per_month=1.0, months=2.0),
                rows=10,
                data_start=MOMENT,
                data_end=MOMENT,
            )
            for n in range(2)
        }
        manifest = FleetManifest(
            code_version="0",
            recipe=Recipe(),
            sensors=("温度",),
            parts=(part_file(draft, 0),),
            assets=entries,
        )
        return write_manifest(draft, manifest)


def read_all(folder: Path | str) -> None:
    artifact = Artifact(folder)
    for asset in ("P-0", "P-1"):
        artifact.arrays(asset)


def give_up(folder: Path | str) -> None:
    with draft_of(folder) as draft:
        write_part(draft, 0, [arrays(0)])
        raise RuntimeError


def test_what_was_written_is_read(tmp_path):
    digest = build(tmp_path / "m.kz")
    artifact = Artifact(tmp_path / "m.kz")
    assert artifact.digest == digest
    for number in range(2):
        for name, array in artifact.arrays(f"P-{number}").items():
            expected = arrays(number)[name]
            assert (array.dtype, array.shape) == (expected.dtype, expected.shape)
            np.testing.assert_array_equal(array, expected)
    assert [path.name for path in tmp_path.iterdir()] == ["m.kz"]


def test_the_same_content_has_the_same_bytes(tmp_path):
    build(tmp_path / "a")
    build(tmp_path / "b")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), whole=st.booleans())
def test_a_flipped_bit_or_cut_is_noticed(tmp_path, place, bit, whole):
    folder = tmp_path / "m.kz"
    if not folder.exists():
        build(folder)
    for name in (MANIFEST, "part-00000.safetensors"):
        path = folder / name
        good = path.read_bytes()
        at = int(place * len(good))
        bad = bytearray(good)
        bad[at] ^= 1 << bit
        path.write_bytes(bytes(bad) if whole else good[:at])
        try:
            with pytest.raises(
                (ArtifactCorrupt, ArtifactVersion), match=re.escape(str(folder))
            ):
                read_all(folder)
        finally:
            path.write_bytes(good)


def test_a_damaged_asset_is_named_and_the_others_stand(tmp_path):
    build(tmp_path / "m.kz")
    path = tmp_path / "m.kz" / "part-00000.safetensors"
    data = bytearray(path.read_bytes())
    needle = arrays(1)["scale/knots"].tobytes()
    at = bytes(data).index(needle)
    data[at] ^= 1
    path.write_bytes(bytes(data))
    artifact = Artifact(tmp_path / "m.kz")
    artifact.arrays("P-0")
    with pytest.raises(ArtifactCorrupt, match="P-1"):
        artifact.arrays("P-1")


def test_an_edited_manifest_is_refused(tmp_path):
    build(tmp_path / "m.kz")
    path = tmp_path / "m.kz" / MANIFEST
    data = json.loads(path.read_text())
    data["model"]["assets"]["P-0"]["threshold"] = 99.0
    path.write_text(json.dumps(data))
    with pytest.raises(ArtifactCorrupt, match="changed"):
        Artifact(tmp_path / "m.kz")


def test_what_an_older_version_wrote_is_read(tmp_path):
    build(tmp_path / "model")
    path = tmp_path / "model" / MANIFEST
    model = json.loads(path.read_bytes())["model"]
    for since in ("shared", "trials"):
        del model[since]
    for entry in model["assets"].values():
        del entry["donors"], entry["trial"]
    text = json.dumps(model, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(f'{{"format":1,"digest":"{digest}","model":{text}}}', "utf-8")
    read = Artifact(tmp_path / "model")
    assert read.manifest.shared is None
    assert read.digest == digest
    with pytest.raises(NotFound, match="no model of P-9"):
        read.arrays("P-9")
    with pytest.raises(NotFound, match="share no model"):
        read.shared()


def test_a_later_format_is_told_apart_from_damage(tmp_path):
    build(tmp_path / "m.kz")
    path = tmp_path / "m.kz" / MANIFEST
    path.write_text(path.read_text().replace('"format":1', '"format":99', 1))
    with pytest.raises(ArtifactVersion, match="99"):
        Artifact(tmp_path / "m.kz")


def test_nothing_is_left_of_a_draft_that_failed(tmp_path):
    with pytest.raises(RuntimeError):
        give_up(tmp_path / "m.kz")
    assert not list(tmp_path.iterdir())


def test_saving_again_replaces_and_other_folders_are_kept(tmp_path):
    build(tmp_path / "m.kz")
    build(tmp_path / "m.kz")
    Artifact(tmp_path / "m.kz")
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter1.txt").write_text("years of work")
    with pytest.raises(Conflict, match="thesis"):
        build(other)
    assert (other / "chapter1.txt").exists()


def test_an_absent_model_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        Artifact(tmp_path / "nowhere")
