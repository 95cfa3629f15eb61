"""What each column of a file is for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from appliance.intake.times import TimeFormat


@dataclass(frozen=True)
class Mapping:
    """The resolved meaning of a file's columns.

    Attributes
    ----------
    time
        One column, or a date and a clock column; none where rows are counted.
    zone
        Zone of times without one.
    asset
        Column that names the asset; None: all rows are of `asset_name`, or of the asset that
        stands in the tags before `separator`.
    tag, value
        Columns of a long table; None for a wide one.
    sensors, switches, coded, labels
        Columns of numbers; of words for on and off; of words that number a context; of
        labels, which are kept but not judged.
    context
        Columns, among the above, that explain normal change.
    separator
        Parts asset and sensor in tags or column names.
    first_row
        Number of the first row of data, from which rows are counted.
    decimal_comma
        How numbers in text are written.
    units
        By column.
    guesses
        A sentence for each choice.
    """

    time: tuple[str, ...]
    time_format: TimeFormat
    zone: str
    asset: str | None = None
    asset_name: str = ""
    tag: str | None = None
    value: str | None = None
    value_is_text: bool = False
    sensors: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    coded: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    separator: str = ""
    first_row: int = 1
    decimal_comma: bool = False
    units: tuple[tuple[str, str], ...] = ()
    guesses: tuple[str, ...] = ()

    @property
    def numeric(self) -> frozenset[str]:
        """Columns to be read as numbers."""
        numbers = {*self.sensors, *self.labels}
        if self.value is not None and not self.value_is_text:
            numbers.add(self.value)
        if self.time_format.numeric:
            numbers |= set(self.time)
        return frozenset(numbers)

    @property
    def long(self) -> bool:
        """Whether a row holds one value."""
        return self.tag is not None

    def values(self) -> frozenset[str]:
        """Names of the sensors and contexts of a wide table."""
        found = {*self.sensors, *self.switches, *self.coded, *self.labels}
        if self.separator:
            found |= {name.rpartition(self.separator)[2] for name in found}
        return frozenset(found)

    def key(self, content: str) -> str:
        """Return the batch's identity: its content, and how that is understood."""
        meaning = asdict(self)
        for told in ("guesses", "units", "context"):
            del meaning[told]
        del meaning["time_format"]["explanation"]
        text = content + json.dumps(meaning, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()
