"""How a text file is written: delimiter, decimal sign, where the table begins, its header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.core.errors import BadFile, LimitExceeded
from appliance.intake.sources.files.remedies import AGAIN

DELIMITERS = (";", "\t", "|", ",")
MISSING = (
    "", "-", "--", "---", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "null",
    "NULL", "Null", "None", "none", "Bad", "BAD", "No Data", "No Good Data", "NoData",
    "Bad Input", "I/O Timeout", "#VALUE!", "#REF!", "#DIV/0!",
    "[-11059] No Good Data For Calculation",
)  # fmt: skip
"""What historians and spreadsheets write where there is no value; any case is understood."""
MISSING_FOLDED = frozenset(word.casefold() for word in MISSING)
_LINES = 300
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d*)\.\d+([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
_TIME = re.compile(
    r"\d{1,4}[-/.年]\s?(\d{1,2}|[A-Za-z]{3})[-/.月]\s?\d{1,4}|\d{1,2}:\d{2}|\d{8}T\d{4,6}"
)
_UNIT_SUFFIX = re.compile(r"^(?P<name>.+?)\s*[\[(（](?P<unit>[^\[\]()（）]{1,20})[\])）]$")
_UNIT = re.compile(
    r"""[\[(]?( .*[°%℃ΩµμÅ²³/^].* | -
    | deg\s?[CFK] | [CFK] | [munkMG]?( Pa | bar | V | A | W | VA | var | Wh | Hz | m | g | s
    | N | Nm | J | l | L | ohm | T | Sv | mol | cal | B ) | mbar | hPa | psi[ga]? | atm | torr
    | bar[ga]? | rpm | mph | min | h | hr | d | t | to | cm | dm | km | in | ft | inch | gal
    | lb | m2 | m3 | Nm3 | ppm | ppb | pH | dB[A]? | rad | deg | pct | percent | count[s]?
    | UTC | local | datetime | timestamp | date | time | text | bool | none | sec | msec
    )[\])]?""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Dialect:
    """How to read a text file.

    Attributes
    ----------
    delimiter
        One character; a space stands for any run of spaces.
    skip
        Lines before the first data line.
    header
        Whether the file names its columns.
    columns
        Names, made unique; ``column 1`` … where the file gives none.
    units
        By column name.
    repeated
        Columns whose name an earlier column has, by the unique name given to them.
    """

    delimiter: str
    decimal_comma: bool
    skip: int
    header: bool
    columns: tuple[str, ...]
    units: dict[str, str]
    repeated: dict[str, str]


def sniff(text: bytes, name: str, max_columns: int) -> Dialect:
    """Work the dialect out from a file's beginning.

    Raises
    ------
    BadFile
        There is no table, or a header without rows.
    LimitExceeded
        It has more columns than allowed.
    """
    raw = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("utf-8", "replace")
    lines = raw.split("\n", _LINES)
    lines = lines[:_LINES] if len(lines) > 2 else lines
    if not any(line.strip() for line in lines):
        raise BadFile(f"{name} holds no rows.", remedy=AGAIN)
    delimiter = _delimiter(lines)
    rows = [cells(line, delimiter) for line in lines]
    width = _width(rows)
    if width > max_columns:
        raise LimitExceeded(
            f"{name} has {width:,} columns, {max_columns:,} are allowed.",
            remedy="Split it, or raise max_columns in the settings.",
        )
    start = _first_data(rows, width)
    data = [row for row in rows[start:] if len(row) == width]
    names, units = _header_above(rows, start, width)
    if not data:
        raise BadFile(f"{name} has a header but no rows of data.", remedy=AGAIN)
    if not {"number", "time"} & set(_majority(data[:100], width)):
        raise BadFile(
            f"{name} has no rows of data: neither numbers nor times.",
            remedy="Export a table with a column of times and a column for each sensor.",
        )
    columns, found, repeated = _named(names or [""] * width)
    return Dialect(
        delimiter=delimiter,
        decimal_comma=_decimal_comma(data, delimiter),
        skip=start,
        header=names is not None,
        columns=columns,
        units={**found, **{c: u for c, u in zip(columns, units, strict=False) if u}},
        repeated=repeated,
    )


def cells(line: str, delimiter: str) -> list[str]:
    """Split one line."""
    if delimiter == " ":
        return line.split()
    if '"' in line:
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
        except (csv.Error, StopIteration):
            return [line]
    return [cell.strip() for cell in line.split(delimiter)]


def is_time(cell: str) -> bool:
    """Whether a cell looks like a date, a time or a clock."""
    return _TIME.match(cell) is not None and not _NUMBER.fullmatch(cell)


def is_unit(cell: str) -> bool:
    """Whether a cell is a unit such as bar, °C or m3/h."""
    return _UNIT.fullmatch(cell) is not None


# ---------------------------------------------------------------- the table's shape
def _delimiter(lines: list[str]) -> str:
    """The candidate that cuts most lines into the same number (> 1) of cells.

    Of those that cut as evenly, the one that leaves most numbers: "1,5;2,5" may be cut at
    both signs, "P1|temp,20.5" too.
    """
    best, chosen = (0.0, 0.0), ","
    tail = [line for line in lines if line.strip()][-100:]
    for candidate in (*DELIMITERS, " "):
        rows = [cells(line, candidate) for line in tail]
        width, count = Counter(len(row) for row in rows).most_common(1)[0]
        numbers = _numeric_share(rows)
        if width == 1:
            continue
        # A space also stands within dates and names: believe it only between numbers.
        if candidate == " " and (best[0] >= 0.9 or numbers < 0.5):
            continue
        if (count / len(tail), numbers) > best:
            best, chosen = (count / len(tail), numbers), candidate
    return chosen


def _numeric_share(rows: list[list[str]]) -> float:
    numbers = sum(_kind(cell) == "number" for row in rows for cell in row)
    return numbers / sum(map(len, rows))


def _width(rows: list[list[str]]) -> int:
    widths = Counter(len(row) for row in rows if any(row))
    best = max(widths.values())
    return max(width for width, count in widths.items() if count == best)


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def _kind(cell: str) -> str:
    if cell.casefold() in MISSING_FOLDED:
        return ""
    if _is_number(cell) or _COMMA.fullmatch(cell) or _POINT.fullmatch(cell):
        return "number"
    return "time" if is_time(cell) else "word"


def _majority(rows: Sequence[list[str]], width: int) -> list[str]:
    kinds = []
    for position in range(width):
        counted = Counter(_kind(row[position]) for row in rows)
        counted.pop("", None)
        kinds.append(counted.most_common(1)[0][0] if counted else "")
    return kinds


def _first_data(rows: list[list[str]], width: int) -> int:
    """Position of the first row of data: those before it are notes, header and units."""
    regular = [row for row in rows if len(row) == width]
    kinds = _majority(regular[len(regular) // 3 :][:100], width)
    for position, row in enumerate(rows):
        if len(row) != width or not any(row):
            continue
        pairs = [(_kind(cell), kind) for cell, kind in zip(row, kinds, strict=True)]
        alike = all(not here or not kind or here == kind for here, kind in pairs)
        if alike and any(here in ("number", "time") for here, _ in pairs) and not _counted(row):
            return _back_over_data(rows, position, width)
    first = next(i for i, row in enumerate(rows) if len(row) == width)
    return first + 1 if _is_header(rows[first]) else first


def _back_over_data(rows: list[list[str]], position: int, width: int) -> int:
    """Take rows above along that are neither header nor units: data with a bad cell.

    A row with a cell too many or too few is data as well if it begins with a time.
    """
    while position > 0:
        above = rows[position - 1]
        ragged = len(above) > 1 and is_time(above[0])
        if _is_header(above) or (len(above) != width and not ragged):
            break
        position -= 1
    return position


def _counted(row: list[str]) -> bool:
    """Numbers used as names, such as 0, 1, 2."""
    numbers = [cell for cell in row if cell]
    return len(numbers) > 2 and any(
        numbers == [str(i) for i in range(start, start + len(numbers))] for start in (0, 1)
    )


def _is_header(row: list[str]) -> bool:
    """A header has words, perhaps counted names, but neither times nor decimals."""
    kinds = [(_kind(cell), cell) for cell in row]
    if any(kind == "time" or (kind == "number" and not cell.isdigit()) for kind, cell in kinds):
        return False
    return any(kind == "word" for kind, _ in kinds) or _counted(row)


def _header_above(
    rows: list[list[str]], start: int, width: int
) -> tuple[list[str] | None, list[str]]:
    """Return the names and units that stand above the first row of data."""
    above = start - 1
    while above >= 0 and not any(rows[above]):
        above -= 1
    units: list[str] = []
    if above > 0 and _is_unit_row(rows[above], width) and _fits(rows[above - 1], width):
        units = [cell.strip("[]()") if cell not in MISSING else "" for cell in rows[above]]
        above -= 1
    if above < 0 or not _fits(rows[above], width):
        return None, []
    names = [cell.lstrip("# ").strip() for cell in rows[above]]
    # One name too few: the first column is an index without a name.
    return ([""] * (width - len(names)) + names), units


def _fits(row: list[str], width: int) -> bool:
    return len(row) in (width, width - 1) and any(row) and _is_header(row)


def _is_unit_row(row: list[str], width: int) -> bool:
    filled = [cell for cell in row if cell]
    known = sum(map(is_unit, filled))
    return len(row) == width and not any(map(_is_number, filled)) and known > len(filled) / 2


def _named(raw: list[str]) -> tuple[tuple[str, ...], dict[str, str], dict[str, str]]:
    """Return unique names, units found in them, and which names repeat an earlier one."""
    names: list[str] = []
    folded: set[str] = set()
    units: dict[str, str] = {}
    repeated: dict[str, str] = {}
    bare = Counter(match["name"] for cell in raw if (match := _UNIT_SUFFIX.match(cell)))
    for position, cell in enumerate(raw, 1):
        match = _UNIT_SUFFIX.match(cell)
        name = cell or f"column {position}"
        if match and bare[match["name"]] == 1 and match["name"] not in raw:
            name = match["name"]
            units[name] = match["unit"].strip()
        # The lake's columns differ by more than case.
        if name.casefold() in folded:
            repeated[f"{name} (column {position})"] = name
            name = f"{name} (column {position})"
        folded.add(name.casefold())
        names.append(name)
    return tuple(names), units, repeated


def _decimal_comma(rows: list[list[str]], delimiter: str) -> bool:
    """More cells written 1,5 than 1.5; 1,234 beside 12.5 is a thousand, not a fraction."""
    flat = [cell for row in rows for cell in row]
    comma = [cell for cell in flat if _COMMA.fullmatch(cell)]
    point = [cell for cell in flat if _POINT.fullmatch(cell)]
    if delimiter == "," and not comma:
        return False
    grouped = all(_GROUPED.fullmatch(cell) for cell in comma)
    return len(comma) > len(point) and not (grouped and point)
