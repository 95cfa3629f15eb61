"""What is refused, and in which words."""

from __future__ import annotations

import polars as pl

from appliance.intake.sources.files.text import ISSUES

NO_TIME = "no time"
NO_ASSET = "no asset"
NO_SENSOR = "no sensor name"
NOT_A_SWITCH = "neither a word for off nor one for on"
TOO_MANY_WORDS = "too many different words in one column"
REPEATED = "a column of this name stands before it: it was left out"


def refusals(
    rows: pl.Series, column: str, values: pl.Series, reasons: str | pl.Series
) -> pl.DataFrame:
    """Return refusals of cells in one column, with the columns of `ISSUES`."""
    return pl.DataFrame({"row": rows.cast(pl.Int64)}).select(
        "row",
        pl.lit(column).alias("column"),
        pl.lit(values.cast(pl.String).fill_null("")).alias("value"),
        pl.lit(reasons).alias("reason"),
    )


def of_column(column: str, reason: str) -> pl.DataFrame:
    """Return the refusal of a whole column (row 0)."""
    return pl.DataFrame([(0, column, "", reason)], schema=ISSUES, orient="row")


def of_file(reason: str) -> pl.DataFrame:
    """Return the refusal of a whole file (row 0)."""
    return pl.DataFrame([(0, "", "", reason)], schema=ISSUES, orient="row")
