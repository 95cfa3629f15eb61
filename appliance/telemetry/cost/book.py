"""The prices of a home: what comes along, and what the home says otherwise.

A home says its own in ``prices.toml``, or in the file that the setting ``prices`` names.  What
it leaves out stays as it comes along.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from pydantic import ValidationError

from appliance.core.errors import InvalidRequest
from appliance.core.settings import Settings
from appliance.schemas.cost import PriceBook, Prices
from appliance.telemetry.cost.power import Rapl
from appliance.telemetry.cost.prices import Machine, Rates, rates

FILE = "prices.toml"
_SHIPPED = Path(__file__).parent / "shipped.toml"
_LARGEST = 64 * 1024


def file_of(settings: Settings) -> Path:
    """Return where a home says its own prices."""
    return settings.prices or settings.home / FILE


def price_book(settings: Settings) -> PriceBook:
    """Return the prices of a home.

    Raises
    ------
    InvalidRequest
        Its file cannot be read, or a value of it cannot be used.
    """
    path = file_of(settings)
    try:
        told = path.stat()
    except FileNotFoundError:
        return _read(_SHIPPED, 0, 0)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}.") from error
    return _read(path, told.st_mtime_ns, told.st_size)


def prices(settings: Settings) -> Prices:
    """Return the prices of a home and what they make of this machine.

    Raises
    ------
    InvalidRequest
        See `price_book`.
    """
    book, machine, path = price_book(settings), this_machine(), file_of(settings)
    made = rates(book, machine)
    return Prices(
        book=book,
        file=str(path) if path.exists() else "",
        cores=machine.cores,
        memory_bytes=machine.memory_bytes,
        machine_hour=made.machine_hour + made.idle_watts / 1000 * made.kwh,
        core_hour=made.core_hour,
        gb_hour=made.gb_hour,
        busy_core_hour=made.busy_core_hour,
        idle_watts=made.idle_watts,
        full_watts=made.full_watts,
        measured=book.power.measure and Rapl().readable,
    )


def rates_here(settings: Settings) -> Rates:
    """Return what this machine costs; raises `InvalidRequest` as `price_book` does."""
    return rates(price_book(settings), this_machine())


def rates_shipped() -> Rates:
    """Return what this machine costs by the prices that come along."""
    return rates(_read(_SHIPPED, 0, 0), this_machine())


def this_machine() -> Machine:
    """Return what there is of this machine."""
    return Machine(psutil.cpu_count() or 1, int(psutil.virtual_memory().total))


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int, size: int) -> PriceBook:
    if size > _LARGEST:
        raise InvalidRequest(f"{path} is too large for prices.", remedy="Name another file.")
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}.") from error
    try:
        shipped = {} if path == _SHIPPED else tomllib.loads(_SHIPPED.read_text("utf-8"))
        return PriceBook.model_validate(_over(shipped, told))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(
            f"{path}: {name} cannot be used: {first['msg']}.",
            remedy="`kizashi cost prices` shows what may stand there.",
        ) from error


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return tables, one over the other."""
    found = dict(below)
    for name, value in above.items():
        under = found.get(name)
        both = isinstance(under, dict) and isinstance(value, dict)
        found[name] = _over(under, value) if both else value  # type: ignore[arg-type]
    return found
