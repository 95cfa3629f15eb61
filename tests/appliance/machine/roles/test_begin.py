"""What is placed, waited for and refused before a role begins."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from secrets import token_hex

import pytest

from appliance.core.errors import InvalidRequest, StorageError
from appliance.core.limits import cores, memory_limit
from appliance.core.settings import Settings
from appliance.machine.first import ADMIN
from appliance.machine.roles import begin, kernels, migrating, placing, waiting
from appliance.pipelines.site import Site
from tests.appliance.postgres import Server


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """Secrets as Kubernetes mounts them: links, beside a hidden folder that changes at once."""
    made, shown = tmp_path / "made" / "..data", tmp_path / "made"
    assert placing.make(made) == list(placing.SHARED)
    for path in list(made.iterdir()):
        (shown / path.name).symlink_to(f"..data/{path.name}")
    return shown


def test_the_shared_secrets_are_placed_closed_to_others(mounted: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    placing.place(home, mounted)
    placed = sorted((home / "secrets").iterdir())
    assert [path.name for path in placed] == sorted(placing.SHARED)
    assert {path.stat().st_mode & 0o777 for path in placed} == {0o600}
    assert {path.read_bytes() for path in placed} == {
        (mounted / name).read_bytes() for name in placing.SHARED
    }


def test_a_secret_that_changed_is_placed_anew(mounted: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    placing.place(home, mounted)
    (mounted / "..data" / "metrics.token").write_text("another")
    placing.place(home, mounted)
    assert (home / "secrets" / "metrics.token").read_text() == "another"


def test_a_role_never_makes_up_what_others_share(mounted: Path, tmp_path: Path) -> None:
    (mounted / "ray.token").unlink()
    settings = Settings(home=tmp_path / "home", secrets_from=mounted)
    with pytest.raises(InvalidRequest, match=r"lacks ray\.token, which all roles"):
        begin.become(settings, "web", {})
    assert not (tmp_path / "home" / "secrets" / "ray.token").exists()


def test_a_worker_of_ray_needs_to_know_its_head(mounted: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", secrets_from=mounted)
    with pytest.raises(InvalidRequest, match="address of its head"):
        begin.become(settings, "ray-worker", {})


def test_secrets_that_are_there_stay(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    placing.make(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert placing.make(folder) == []
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_database_that_does_not_come_is_given_up(tmp_path: Path) -> None:
    nobody = "postgresql+psycopg://kizashi:secret@127.0.0.1:1/kizashi"
    with pytest.raises(StorageError, match="did not answer in 0 s") as told:
        waiting.wait_for(nobody, "database", 0.0)
    assert "secret" not in str(told.value)


@pytest.fixture
def two(postgresql: Server) -> tuple[str, str]:
    """Two databases of a server that nobody has been at."""
    names = token_hex(4), token_hex(4)
    return postgresql.make(names[0]), postgresql.make(names[1])


@pytest.mark.slow
@pytest.mark.xdist_group("postgresql")
def test_migrating_twice_at_once_makes_one_site(
    two: tuple[str, str], mounted: Path, tmp_path: Path
) -> None:
    (mounted / migrating.PASSWORD_FILE).write_text("a first password of 1")
    made: list[str | None] = []

    def one(home: Path) -> None:
        made.append(
            migrating.migrate(
                Settings(
                    home=home, secrets_from=mounted, database_url=two[0], registry_url=two[1]
                )
            )
        )

    homes = [tmp_path / "one", tmp_path / "two"]
    both = [threading.Thread(target=one, args=(home,)) for home in homes]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(made, key=str) == [None, ADMIN]
    one(homes[0])
    assert made[-1] is None
    site = Site(Settings(home=homes[0], database_url=two[0], registry_url=two[1]))
    assert site.access.login(ADMIN, "a first password of 1", "here")
    site.close()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "150000 100000", "memory.max": "1073741824"}, (2, 2**30)),
        ({"cpu.max": "max 100000", "memory.max": "max"}, (None, None)),
        (
            {
                "cpu/cpu.cfs_quota_us": "50000",
                "cpu/cpu.cfs_period_us": "100000",
                "memory/memory.limit_in_bytes": "536870912",
            },
            (1, 2**29),
        ),
        (
            {
                "cpu/cpu.cfs_quota_us": "-1",
                "cpu/cpu.cfs_period_us": "100000",
                "memory/memory.limit_in_bytes": "9223372036854771712",
            },
            (None, None),
        ),
        ({}, (None, None)),
    ],
)
def test_limits_of_both_kinds_of_control_groups_are_read(
    tmp_path: Path, files: dict[str, str], expected: tuple[int | None, int | None]
) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{text}\n")
    known = len(os.sched_getaffinity(0))
    assert cores(tmp_path) == min(known, expected[0] or known)
    assert memory_limit(tmp_path) == expected[1]


def test_kernels_that_were_brought_are_copied_once(tmp_path: Path) -> None:
    brought, home = tmp_path / "brought", tmp_path / "home"
    (brought / "of").mkdir(parents=True)
    home.mkdir()
    (brought / "target").write_text("generic\n\n1\n")
    (brought / "of" / "one.nbi").write_text("compiled")
    told = kernels.environment(home, brought)
    assert told["NUMBA_CPU_NAME"] == "generic"
    copied = Path(told["NUMBA_CACHE_DIR"]) / "of" / "one.nbi"
    copied.write_text("used since")
    assert kernels.environment(home, brought) == told
    assert copied.read_text() == "used since"
    (brought / "target").write_text("generic\n\n2\n")
    kernels.environment(home, brought)
    assert copied.read_text() == "compiled"


def test_without_kernels_nothing_is_told(tmp_path: Path) -> None:
    assert kernels.environment(tmp_path, tmp_path / "nowhere") == {}
