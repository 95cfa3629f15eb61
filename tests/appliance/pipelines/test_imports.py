"""A job reads files below the import folders, and nothing else, however it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.core.errors import Forbidden, NotFound
from appliance.core.settings import Settings
from appliance.pipelines.imports import found


@pytest.fixture
def plant(tmp_path: Path) -> Settings:
    """A home with two import folders and a file outside of them."""
    home = tmp_path / "home"
    for name in ("import/day.csv", "import/deep/night.csv", "uploads/up.csv"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("time,asset,s\n")
    (tmp_path / "secret.csv").write_text("time,asset,s\n")
    return Settings(home=home, import_folders=(str(home / "import"), str(home / "uploads")))


def names(settings: Settings, *paths: str) -> list[str]:
    return [str(Path(path).relative_to(settings.home)) for path in found(settings, paths)]


def test_paths_are_taken_from_the_folder_that_has_them(plant):
    assert names(plant, "day.csv", "up.csv") == ["import/day.csv", "uploads/up.csv"]
    assert names(plant, "*.csv", "deep") == ["import/day.csv", "import/deep/night.csv"]
    whole = str(plant.home / "uploads")
    assert names(plant, whole) == ["uploads/up.csv"]
    assert names(plant, f"{whole}/*.csv") == ["uploads/up.csv"]


@pytest.mark.parametrize(
    "path",
    [
        "../kizashi.db",
        "deep/../../secrets/site.key",
        "/etc/passwd",
        "/etc/*",
        "{home}/kizashi.toml",
        "{home}/import/../secrets/site.key",
        "{home}/imported/day.csv",
        "day.csv\0.txt",
        "**/../../*",
        "{home}",
    ],
)
def test_paths_that_lead_out_are_refused(plant, path):
    with pytest.raises(Forbidden, match="outside of the import folders"):
        found(plant, ["day.csv", path.format(home=plant.home)])


@pytest.mark.parametrize("linked", ["secret.csv", "."])
def test_links_that_lead_out_are_refused(plant, tmp_path, linked):
    (plant.home / "import" / "link").symlink_to(tmp_path / linked)
    for path in ("link", "*"):
        with pytest.raises(Forbidden, match="outside"):
            found(plant, [path])


def test_links_from_folder_to_folder_are_followed(plant):
    (plant.home / "import" / "link.csv").symlink_to(plant.home / "uploads" / "up.csv")
    assert names(plant, "link.csv") == ["uploads/up.csv"]


def test_a_tilde_is_no_home_and_what_is_not_there_is_said(plant):
    for path in ("~root/.bashrc", "~", "nothing.csv", "nothing*"):
        with pytest.raises(NotFound, match="no file there"):
            found(plant, [path])


def test_other_folders_can_be_named_and_may_be_links_themselves(plant, tmp_path):
    (tmp_path / "elsewhere").symlink_to(plant.home / "uploads")
    own = plant.model_copy(update={"import_folders": (str(tmp_path / "elsewhere"),)})
    assert names(own, "up.csv") == ["uploads/up.csv"]
    with pytest.raises(Forbidden):
        found(own, [str(plant.home / "import" / "day.csv")])
