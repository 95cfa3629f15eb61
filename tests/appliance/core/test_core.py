"""Settings, errors, ids and secrets."""

from __future__ import annotations

import copy
import pickle
import stat
import threading
from pathlib import Path

import pytest

from appliance.core import errors
from appliance.core.errors import InvalidRequest, KizashiError, StorageError
from appliance.core.ids import new_id
from appliance.core.secrets import site_key
from appliance.core.settings import load_settings


def all_errors(kind: type[KizashiError] = KizashiError) -> list[type[KizashiError]]:
    return [kind] + [e for sub in kind.__subclasses__() for e in all_errors(sub)]


@pytest.mark.parametrize("kind", all_errors())
def test_errors_cross_process_borders_whole(kind: type[KizashiError]) -> None:
    error = kind("what is wrong.", remedy="what to do.")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is kind
        assert str(other) == "what is wrong. what to do."


def test_the_error_tree_is_drawn_whole() -> None:
    assert errors.__doc__ is not None
    for kind in all_errors():
        assert kind.__name__ in errors.__doc__


def test_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kizashi.toml").write_text('timezone = "Asia/Tokyo"\nlanguage = "ja"\n')
    monkeypatch.setenv("KIZASHI_LANGUAGE", "en")
    settings = load_settings(tmp_path)
    assert (settings.timezone, settings.language) == ("Asia/Tokyo", "en")
    assert settings.home == tmp_path


@pytest.mark.parametrize(
    ("text", "named"),
    [('timezone = "Mars/Olympus"', "timezone"), ("workers = -1", "workers")],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "kizashi.toml").write_text(text)
    with pytest.raises(InvalidRequest, match=f"setting {named}"):
        load_settings(tmp_path)


def test_ids_sort_by_time_and_never_meet() -> None:
    made = [new_id("evt") for _ in range(5_000)]
    assert len(set(made)) == len(made)
    assert [i[:13] for i in made] == sorted(i[:13] for i in made)


def test_the_site_key_is_private_and_stays(tmp_path: Path) -> None:
    key = site_key(tmp_path)
    path = tmp_path / "secrets" / "site.key"
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert site_key(tmp_path) == key
    assert [p.name for p in path.parent.iterdir()] == ["site.key"]


def test_processes_that_make_the_key_at_once_agree(tmp_path: Path) -> None:
    keys: list[bytes] = []
    gate = threading.Barrier(8)

    def make() -> None:
        gate.wait()
        keys.append(site_key(tmp_path))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    site_key(tmp_path)
    (tmp_path / "secrets" / "site.key").write_text("not hexadecimal")
    with pytest.raises(StorageError, match="site's key"):
        site_key(tmp_path)
