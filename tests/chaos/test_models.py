"""A model file with a flipped bit, cut off, of another format or gone is told, never used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.pipelines.score import score
from tests.appliance.pipelines.sites import FLEET, same_scores, scores_of
from tests.chaos.processes import COMMAND, start


def flipped(folder: Path) -> Path:
    path = folder / "part-00000.safetensors"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 16
    path.write_bytes(raw)
    return path


def cut_off(folder: Path) -> Path:
    path = folder / "part-00001.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    return path


def edited(folder: Path) -> Path:
    path = folder / "manifest.json"
    found = json.loads(path.read_bytes())
    found["model"]["assets"]["P-1"]["threshold"] = 99.0
    path.write_text(json.dumps(found))
    return path


def of_a_later_format(folder: Path) -> Path:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "format": 99}))
    return folder


def gone(folder: Path) -> Path:
    (folder / "manifest.json").unlink()
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flipped, "was changed"),
        (cut_off, "bytes, not"),
        (edited, "was changed"),
        (of_a_later_format, "format 99; this version reads format"),
        (gone, "no fleet model"),
    ],
)
def test_a_damaged_model_is_told_and_a_restored_one_goes_on(
    undisturbed, home_at, opened, damage, words
):
    home = home_at("trained")
    site = opened(home)
    folder = Path(site.registry.champion(FLEET).path)
    kept = {path: path.read_bytes() for path in folder.iterdir()}
    try:
        named = damage(folder)
        process = start(home, *COMMAND, "score", FLEET)
        out, err = process.communicate(timeout=60)
    finally:
        for path, raw in kept.items():
            path.write_bytes(raw)
    assert (process.returncode, out, err.count("\n")) == (1, "", 1)
    assert str(named) in err
    assert words in err
    assert site.events.list(FLEET) == []
    assert site.registry.score_batches(FLEET) == []
    score(site, FLEET)
    same_scores(scores_of(site), undisturbed.scores)
