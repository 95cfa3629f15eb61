"""How a file will be read, or why it cannot be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from appliance.core.errors import (
    BadFile,
    Conflict,
    InvalidRequest,
    KizashiError,
    LimitExceeded,
)
from appliance.core.settings import Settings
from appliance.intake.guess import guess
from appliance.intake.mapping import Mapping
from appliance.intake.options import IngestOptions
from appliance.intake.sources.files.source import Source, open_source

OF_ONE_FILE = (BadFile, LimitExceeded, Conflict, InvalidRequest)
"""Errors that reject a file and let the others go on."""


@dataclass(frozen=True)
class Plan:
    """A file, and how it will be read; or why not."""

    path: Path
    source: Source | None = None
    meaning: Mapping | None = None
    error: KizashiError | None = None


def planned(path: Path, asset: str, options: IngestOptions, settings: Settings) -> Plan:
    """Return how a file will be read.

    Parameters
    ----------
    asset
        Whose rows are those that name none.
    options
        What is not to be guessed; with a time zone.
    """
    try:
        source = open_source(path, settings)
        meaning = guess(source, options, options.timezone)
    except OF_ONE_FILE as error:
        return Plan(path, error=error)
    except pl.exceptions.PanicException as error:
        return Plan(path, error=beyond(path, error))
    if meaning.asset is None and not meaning.asset_name:
        told = () if meaning.separator else (f"asset: {asset}, by the file's name",)
        guesses = (*meaning.guesses, *told)
        meaning = replace(meaning, asset_name=asset, guesses=guesses)
    return Plan(path, source, meaning)


def beyond(path: Path, error: BaseException) -> BadFile:
    """Return the error for a value that Polars gives up on, such as a year beyond all years."""
    why = str(error).partition("\n")[0]
    return BadFile(f"{path.name} holds a value that cannot be read: {why}.")
