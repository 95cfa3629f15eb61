"""Which version stands in a checkout or in an environment: read from names, nothing is run."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from appliance.install.plan import PROJECT, InstallError

_REVISIONS = Path("appliance") / "core" / "migrations" / "versions"
_REVISION = re.compile(r"(r\d{4})_\w+")


@dataclass(frozen=True)
class Version:
    """A version of the platform.

    Attributes
    ----------
    number
        Such as ``0.1.0``.
    revision
        Of the database's tables, such as ``r0022``.
    """

    number: str
    revision: str

    def __str__(self) -> str:
        return f"{self.number} (tables {self.revision})"

    def is_older(self, other: Version) -> bool:
        """Whether data of the other version may be more than this one understands."""
        return self.order < other.order

    @property
    def order(self) -> tuple[tuple[int, ...], str]:
        """By which versions are compared."""
        numbers = re.findall(r"\d+", self.number.partition("+")[0])
        return tuple(int(one) for one in numbers), self.revision


def of_source(source: Path) -> Version:
    """Return the version of a checkout.

    Raises
    ------
    InstallError
        It does not say one.
    """
    try:
        told = tomllib.loads((source / PROJECT).read_text("utf-8"))
        number = str(told["project"]["version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InstallError(f"{source / PROJECT} does not say which version it is.") from error
    return Version(number, _revision(source))


def of_environment(site: Path | None) -> Version | None:
    """Return the version that an environment holds; None if it holds none, or half of one."""
    found = list(site.glob("kizashi-*.dist-info")) if site else []
    if site is None or len(found) != 1:
        return None
    number = found[0].name.removeprefix("kizashi-").removesuffix(".dist-info")
    return Version(number, _revision(site))


def _revision(root: Path) -> str:
    """Return the latest revision of the tables; empty if there is none."""
    names = (_REVISION.fullmatch(path.stem) for path in (root / _REVISIONS).glob("r*.py"))
    return max((name[1] for name in names if name), default="")
