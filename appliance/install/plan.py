"""What an installation is asked to do, and where its parts lie.

Everything that `bootstrap` imports runs on the machine's own Python before anything is
installed: standard library only, and of the platform this folder and `machine.service`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("appliance", "detectors", "ui")
CHART = Path("helm") / "kizashi"
"""Goes into the packages when they are built; a checkout may lack it."""
LOCK = Path("requirements") / "appliance.txt"
PROJECT = "pyproject.toml"
README = "README.md"


class InstallError(Exception):
    """A step cannot go on; the text says what is wrong and what to do."""


@dataclass(frozen=True)
class Plan:
    """What was asked for.

    Attributes
    ----------
    source
        The checkout; of a bundle: where it is unpacked to.
    bundle
        Folder of wheels; of a bundle: likewise.
    file
        The bundle.
    trust
        Publisher of bundles that was named.
    rollback
        Whether to go back to the version before.
    backups, backup
        Folder that the backup before an upgrade goes to; whether to make one.
    """

    source: Path
    home: Path
    demo: bool = False
    port: int | None = None
    bundle: Path | None = None
    timezone: str | None = None
    service: bool = False
    file: Path | None = None
    trust: str | None = None
    rollback: bool = False
    backups: Path | None = None
    backup: bool = True

    @property
    def lock(self) -> Path:
        """The checkout's list of packages, pinned with hashes."""
        return self.source / LOCK

    @property
    def environment(self) -> Path:
        """The home's own Python environment."""
        return self.home / "env"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.environment / "bin" / "python"

    @property
    def made(self) -> Path:
        """Written when the empty environment is whole."""
        return self.environment / "kizashi-environment"

    @property
    def stamp(self) -> Path:
        """Written when the platform is in place: says what the environment holds."""
        return self.environment / "kizashi-installed.json"

    @property
    def command(self) -> Path:
        """What the user calls."""
        return self.home / "bin" / "kizashi"

    @property
    def settings(self) -> Path:
        """The home's settings; the name is `appliance.core.settings.SETTINGS_FILE`."""
        return self.home / "kizashi.toml"

    @property
    def supervisor(self) -> Path:
        """Number of the process that supervises the running appliance."""
        return self.home / "run" / "supervisord.pid"

    @property
    def stopped(self) -> Path:
        """Written when the running appliance is stopped to be changed."""
        return self.home / "stopped-to-be-changed"

    @property
    def log(self) -> Path:
        """Where the words of pip and venv go."""
        return self.home / "logs" / "install.log"

    @property
    def unpacked(self) -> Path:
        """Where a bundle is unpacked to while it is installed."""
        return self.home / ".bundle"

    @property
    def upgrades(self) -> Path:
        """Which version came after which, and where the backup before it is."""
        return self.home / "upgrades.json"

    @property
    def scratch(self) -> Path:
        """Where unfinished files lie: on the home's disk, whose space was looked at."""
        return self.home / ".installing"


Show = Callable[[str], None]
"""Shows how far a step is; on a terminal only."""


@dataclass(frozen=True)
class Step:
    """One named step; `run` returns what it did, or an empty text if all was fine."""

    name: str
    run: Callable[[Plan, Show], str]


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file in one move: a reader sees the old text or the new one."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, "utf-8")
    draft.chmod(mode)
    draft.replace(path)
