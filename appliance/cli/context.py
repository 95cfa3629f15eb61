"""What every command is handed: the site it works on, and how it may print."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from appliance.core.errors import InvalidRequest
from appliance.schemas.progress import Progress

if TYPE_CHECKING:
    from appliance.cli.here import Here
    from appliance.client import Plant
    from appliance.core.settings import Settings
    from appliance.pipelines.site import Site


@dataclass(frozen=True)
class Context:
    """Global options of one invocation.

    Attributes
    ----------
    url, ca
        Where the site runs, if not at this machine's home, and who signed its certificate.
    member
        At a gateway, the one site that is asked; all of them if None.
    """

    home: Path | None
    debug: bool
    url: str | None = None
    ca: Path | None = None
    member: str | None = None

    @contextmanager
    def plant(self) -> Iterator[Plant | Here]:
        """Open the site that the command is for: one that runs somewhere, or the home's."""
        if self.url is None:
            from appliance.cli.here import Here

            with self.site() as site:
                yield Here(site)
        else:
            with self.running() as plant:
                yield plant

    @contextmanager
    def running(self) -> Iterator[Plant]:
        """Connect to the site that runs somewhere."""
        from appliance.client import connect
        from appliance.client.credentials import from_environment

        where = self.address(None)
        with connect(where, from_environment(where), ca=self.ca) as plant:
            yield plant if self.member is None else plant.at(self.member)

    def address(self, url: str | None) -> str:
        """Return the address of the site that is meant, as it is kept.

        Raises
        ------
        InvalidRequest
            None was named, or it is none.
        """
        from appliance.client.connecting import address

        if url is None and self.url is None:
            raise InvalidRequest(
                "which site is not said.", remedy="Name its address: https://plant:8443."
            )
        return address(url or self.url or "")

    def settings(self) -> Settings:
        """Return the settings of the home.

        Raises
        ------
        InvalidRequest
            A site that runs elsewhere was named: the command works on a home only.
        """
        from appliance.core.settings import load_settings

        if self.url is not None:
            raise InvalidRequest(
                f"this command works on a home at this machine, not on {self.url}.",
                remedy="Give it without --url (KIZASHI_URL), at the machine itself.",
            )
        return load_settings(self.home)

    @contextmanager
    def site(self) -> Iterator[Site]:
        """Open the home's site.

        Raises
        ------
        InvalidRequest
            A site that runs elsewhere was named: the command works on a home only.
        """
        from appliance.pipelines.site import Site

        site = Site(self.settings())
        try:
            yield site
        finally:
            site.close()


@contextmanager
def progress() -> Iterator[Progress]:
    """Yield a bar on a terminal, silence in a pipe."""
    from appliance.client.telling import shown

    with shown(True) as told:
        yield told


def print_json(value: object) -> None:
    """Print one JSON document."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> None:
    """Print columns as wide as their longest cell.

    Parameters
    ----------
    head
        Names of the columns.
    rows
        Cells as text.
    right
        One character a column: ``r`` aligns it to the right.
    """
    from rich.cells import cell_len

    def fit(cell: str, width: int, side: str) -> str:
        pad = " " * (width - cell_len(cell))
        return pad + cell if side == "r" else cell + pad

    sides = right.ljust(len(head), "l")
    table = [list(head), *[list(row) for row in rows]]
    widths = [max(cell_len(row[i]) for row in table) for i in range(len(head))]
    for number, row in enumerate(table):
        print("  ".join(map(fit, row, widths, sides)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def moment(text: str | None, zone: ZoneInfo, option: str) -> datetime | None:
    """Read a time option; one without a zone is in the site's zone.

    Raises
    ------
    InvalidRequest
        The text is no ISO time.
    """
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(
            f"{option} {text}: not a time.",
            remedy="Write it as 2026-02-14 or 2026-02-14T08:00.",
        ) from error
    return value if value.tzinfo else value.replace(tzinfo=zone)


def local(value: datetime, zone: ZoneInfo) -> str:
    """Return a time as people at the site read it."""
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
