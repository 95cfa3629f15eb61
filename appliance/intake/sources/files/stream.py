"""A text file as parts of bounded size, unpacked, in UTF-8, cut at line ends."""

from __future__ import annotations

import gzip
import hashlib
import io
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import zstandard

from appliance.core.errors import BadFile, LimitExceeded
from appliance.intake.sources.files.remedies import AGAIN, AS_TEXT, COPY

PART_BYTES = 128 * 2**20
HEAD_BYTES = 512 * 2**10
_GZIP, _ZSTD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_REFUSED = (
    (b"PK\x03\x04", "a zip archive or a workbook"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ", "packed with xz"),
    (b"7z\xbc\xaf", "a 7-zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old workbook"),
)
_UNPACKING = (OSError, EOFError, zlib.error, zstandard.ZstdError)
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_TEXT_BYTES = frozenset(range(9, 14)) | {27}


class Reader(Protocol):
    """The part of a binary file that is used here."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes; nothing at the end."""

    def close(self) -> None:
        """Let the file go."""


class _Gzip(gzip.GzipFile):
    """Unpacks gzip, and closes the file beneath."""

    def __init__(self, handle: io.BufferedReader) -> None:
        super().__init__(fileobj=handle)
        self._handle = handle

    def close(self) -> None:
        super().close()
        self._handle.close()


class _Zstandard(io.RawIOBase):
    """Unpacks Zstandard frames; unlike the library's reader, it notices a file cut off."""

    _STEP = 4 * 2**10  # small: a few bytes may unpack to megabytes

    def __init__(self, handle: io.BufferedReader) -> None:
        self._handle = handle
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._handle.close()
        super().close()

    def read(self, size: int = -1, /) -> bytes:
        pieces, length = [self._waiting], len(self._waiting)
        while size < 0 or length < size:
            packed = self._handle.read(self._STEP)
            if not packed:
                if not self._frame.eof:
                    raise EOFError("the last frame is not complete")
                break
            pieces.append(self._unpack(packed))
            length += len(pieces[-1])
        data = b"".join(pieces)
        size = len(data) if size < 0 else size
        self._waiting = data[size:]
        return data[:size]

    def _unpack(self, packed: bytes) -> bytes:
        out = []
        while packed:
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            out.append(self._frame.decompress(packed))
            packed = self._frame.unused_data if self._frame.eof else b""
        return b"".join(out)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def is_parquet(path: Path) -> bool:
    """Whether the file's first bytes are Parquet's."""
    with path.open("rb") as handle:
        return handle.read(4) == _PARQUET


def is_plain(path: Path) -> bool:
    """Whether a file is not packed."""
    with path.open("rb") as handle:
        return not handle.read(4).startswith((_GZIP, _ZSTD))


def open_text(path: Path, limit: int) -> Reader:
    """Open a file, unpacking gzip and Zstandard.

    Raises
    ------
    BadFile
        It is empty, or packed in a way that is not read.
    LimitExceeded
        It is larger than `limit` bytes.
    """
    if (size := path.stat().st_size) > limit:
        raise LimitExceeded(
            f"{path.name} has {size:,} bytes, {limit:,} are allowed.",
            remedy="Cut it, or raise max_file_bytes in the settings.",
        )
    handle = path.open("rb")
    magic = handle.read(8)
    handle.seek(0)
    if magic[:2] == _GZIP:
        return _Gzip(handle)
    if magic[:4] == _ZSTD:
        return cast(Reader, _Zstandard(handle))
    if magic:
        kind = next((name for sign, name in _REFUSED if magic.startswith(sign)), None)
        if kind is None:
            return handle
        handle.close()
        raise BadFile(f"{path.name} is {kind}.", remedy="Unpack it and name its tables.")
    handle.close()
    raise BadFile(f"{path.name} is empty.", remedy=AGAIN)


def unpacked(packed: Reader, size: int) -> bytes:
    """Return up to `size` bytes of what is being unpacked; nothing at the end.

    Raises
    ------
    BadFile
        It is cut off or damaged.
    """
    try:
        return packed.read(size)
    except _UNPACKING as error:
        raise BadFile(f"what is packed is cut off or damaged: {error}.", remedy=COPY) from error


def head(path: Path, limit: int) -> tuple[bytes, str]:
    """Return a text file's beginning in UTF-8, and the encoding it is in.

    Raises
    ------
    BadFile
        It is no text.
    """
    handle = open_text(path, limit)
    try:
        raw = handle.read(HEAD_BYTES)
    except _UNPACKING as error:
        raise BadFile(f"{path.name} cannot be unpacked: {error}.", remedy=COPY) from error
    finally:
        handle.close()
    if not raw:
        raise BadFile(f"{path.name} is empty.", remedy=AGAIN)
    encoding = encoding_of(raw, path.name)
    return _decode(_lines(raw), encoding, cut=len(raw) == HEAD_BYTES), encoding


# ---------------------------------------------------------------- encodings
def encoding_of(raw: bytes, name: str) -> str:
    """Work out a text's encoding from its first bytes.

    Raises
    ------
    BadFile
        It is no text.
    """
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return encoding
    if b"\0" in raw[:4096]:
        return _wide_encoding(raw[:4096], name)
    control = sum(byte < 32 and byte not in _TEXT_BYTES for byte in raw[:4096])
    if control > len(raw[:4096]) * 0.01:
        raise BadFile(f"{name} is not text.", remedy=AS_TEXT)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        # The cut may have split the last character.
        if error.start < len(raw) - 3:
            return _legacy_encoding(raw, error.start, name)
    return "utf-8"


def _wide_encoding(sample: bytes, name: str) -> str:
    """UTF-16 without its mark: in tables every other byte is zero."""
    odd, even = (sample[start::2].count(0) / (len(sample) / 2) for start in (1, 0))
    if odd > 0.5 and even < 0.05:
        return "utf-16-le"
    if even > 0.5 and odd < 0.05:
        return "utf-16-be"
    raise BadFile(f"{name} is not text: it holds zero bytes.", remedy=AS_TEXT)


def _legacy_encoding(raw: bytes, start: int, name: str) -> str:
    """Tell Japanese from Western encodings by what the bytes would spell.

    Japanese words come as characters next to each other; a Western letter beyond ASCII
    stands alone and, read as Shift JIS, swallows the letter behind it.
    """
    # Whole lines around the first strange byte: a cut could split a character.
    first = raw.rfind(b"\n", 0, max(start - 2_000, 0)) + 1
    last = raw.rfind(b"\n", start, start + 60_000)
    lines = raw[first : last + 1] if last > 0 else raw[first : start + 60_000]
    best, chosen = 0.6, "cp1252"
    for encoding in ("cp932", "euc_jp"):
        try:
            text = lines.decode(encoding)
        except UnicodeDecodeError:
            continue
        share = _japanese_share(text)
        if share > best:
            best, chosen = share, encoding
    text = lines.decode(chosen, "replace")
    foreign = [char for char in text if ord(char) > 127]
    strange = sum(unicodedata.category(char)[0] == "C" or char == "\ufffd" for char in foreign)
    # Letters beyond ASCII are rare in Western tables: a file full of them is no text.
    if strange > 0.2 * len(foreign) or (chosen == "cp1252" and len(foreign) > 0.3 * len(text)):
        raise BadFile(f"{name} is not text in an encoding that is known.", remedy=AS_TEXT)
    return chosen


def _japanese_share(text: str) -> float:
    """Share of the characters beyond ASCII that are full-width as in Japanese words or dates.

    Such a character has another beside it or, as in 2026年5月1日, stands between a digit and
    what is no letter.
    """
    foreign = sum(ord(char) > 127 for char in text)
    found = 0
    for before, here, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if _is_wide(here):
            counts = before.isdecimal() and not after.isalpha()
            found += counts or _is_wide(before) or _is_wide(after)
    return found / foreign if foreign else 0.0


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _lines(raw: bytes) -> bytes:
    """Give lines that end the way of old Macintoshes an end that others know."""
    return raw.replace(b"\r", b"\n") if b"\r" in raw and b"\n" not in raw else raw


def _decode(raw: bytes, encoding: str, *, cut: bool = False) -> bytes:
    if encoding == "utf-8":
        return raw
    if encoding == "utf-8-sig":
        return raw.removeprefix(b"\xef\xbb\xbf")
    text = raw.decode(encoding, "ignore" if cut else "replace")
    return text.removeprefix("\ufeff").encode("utf-8")


# ---------------------------------------------------------------- parts
def parts(path: Path, encoding: str, limit: int) -> Iterator[tuple[int, bytes]]:
    """Yield (number of the first line, UTF-8 text) of a file, cut at line ends.

    A packed file of more than one part is unpacked once to its end before anything is
    yielded, so that a file cut off is refused as a whole.

    Raises
    ------
    BadFile
        The file is cut off or damaged.
    LimitExceeded
        It unpacks to more than `limit` bytes.
    """
    line, rest, checked = 1, b"", False
    wide = encoding.startswith("utf-16")
    for raw in _blocks(path, limit):
        if not checked and len(raw) == PART_BYTES:
            _check(path, limit)
        checked = True
        text = rest + _lines(raw)
        if not raw:
            cut = len(text)
        elif wide:
            cut = _wide_cut(text, encoding)
        else:
            cut = text.rfind(b"\n") + 1
        if not cut and len(text) >= PART_BYTES:
            raise BadFile(f"{path.name} has a line of more than {PART_BYTES:,} bytes.")
        piece, rest = text[:cut], text[cut:]
        if piece:
            plain = _decode(piece, encoding)
            yield line, plain
            line += plain.count(b"\n")


def _blocks(path: Path, limit: int) -> Iterator[bytes]:
    """Yield blocks of a file, and an empty one at the end."""
    handle, total = open_text(path, limit), 0
    try:
        while True:
            try:
                raw = handle.read(PART_BYTES)
            except _UNPACKING as error:
                raise BadFile(
                    f"{path.name} is cut off or damaged: {error}.", remedy=COPY
                ) from error
            total += len(raw)
            if total > limit:
                raise LimitExceeded(f"{path.name} unpacks to more than {limit:,} bytes.")
            yield raw
            if not raw:
                return
    finally:
        handle.close()


def _check(path: Path, limit: int) -> None:
    with path.open("rb") as handle:
        magic = handle.read(4)
    if magic[:2] == _GZIP or magic == _ZSTD:
        for _ in _blocks(path, limit):
            pass


def _wide_cut(text: bytes, encoding: str) -> int:
    """Position behind the last line end of UTF-16."""
    sign = b"\n\0" if encoding == "utf-16-le" else b"\0\n"
    position = len(text)
    while (position := text.rfind(sign, 0, position)) >= 0:
        if position % 2 == 0:
            return position + 2
        position += 1
    return 0
