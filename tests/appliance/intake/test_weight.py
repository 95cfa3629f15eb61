"""Files that would unpack to more than they say, or than anybody wants, are refused unread."""

from __future__ import annotations

import io
import json
import random
import struct
from contextlib import suppress

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.errors import BadFile, KizashiError, LimitExceeded
from appliance.intake.sources.files import arrow, records
from appliance.intake.sources.files.thrift import Malformed, Reader
from appliance.intake.sources.files.weight import Allowed, weigh_parquet

ALLOWED = Allowed(2**30, 2**28, 100)


def table(count: int = 1_000) -> pl.DataFrame:
    values = np.random.default_rng(1).normal(size=count)
    return pl.DataFrame(
        {"asset": [f"P-{n % 7}" for n in range(count)], "a": values, "b": np.arange(count)}
    )


# ---------------------------------------------------------------- Parquet
@pytest.mark.parametrize("packed", ["uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_honest_parquet_has_its_weight(tmp_path, packed):
    path = tmp_path / "a.parquet"
    table().write_parquet(path, compression=packed, row_group_size=300)
    assert 20_000 < weigh_parquet(path, ALLOWED) < 100_000


def test_parquet_of_nothing_but_one_value_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": np.zeros(4_000_000, np.int8)}).write_parquet(
        path, compression="zstd", row_group_size=4_000_000
    )
    assert path.stat().st_size < 100_000
    with pytest.raises(LimitExceeded, match="in one row group"):
        weigh_parquet(path, Allowed(2**30, 2**24, 100))


@pytest.mark.slow
def test_a_long_text_repeated_by_a_dictionary_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": ["x" * 100_000] * 10_000}).write_parquet(path)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(LimitExceeded, match="unpacks to more than"):
        weigh_parquet(path, ALLOWED)


def test_many_row_groups_are_added_up(tmp_path):
    path = tmp_path / "a.parquet"
    table(10_000).write_parquet(path, row_group_size=1_000)
    with pytest.raises(LimitExceeded, match="in all"):
        weigh_parquet(path, Allowed(100_000, 90_000, 100))
    with pytest.raises(LimitExceeded, match="3 columns"):
        weigh_parquet(path, Allowed(2**30, 2**28, 2))


def test_a_footer_that_lies_does_not_help(tmp_path):
    """The footer's own sums are not believed: pages are asked."""
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": np.zeros(2_000_000, np.int64)}).write_parquet(
        path, compression="zstd", row_group_size=2_000_000
    )
    data = path.read_bytes()
    claimed = _varint(2_000_000 * 2)
    assert claimed in data
    path.write_bytes(data.replace(claimed, _varint(16, len(claimed))))
    with pytest.raises(KizashiError):
        weigh_parquet(path, Allowed(2**30, 2**22, 100))


def _varint(value: int, length: int = 0) -> bytes:
    out = bytearray()
    while value >= 0x80 or len(out) < length - 1:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


@pytest.mark.parametrize("cut", [4, 8, 12, 50, 500])
def test_parquet_cut_off_is_damaged(tmp_path, cut):
    path = tmp_path / "a.parquet"
    table().write_parquet(path)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(BadFile, match="damaged"):
        weigh_parquet(path, ALLOWED)


def test_parquet_with_changed_bytes_is_weighed_or_refused(tmp_path):
    path = tmp_path / "a.parquet"
    table(50).write_parquet(path)
    data = path.read_bytes()
    chance = random.Random(7)
    for _ in range(200):
        broken = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(broken)
        try:
            weigh_parquet(path, ALLOWED)
        except KizashiError:
            continue


@given(st.binary(max_size=300))
def test_any_bytes_are_a_structure_or_malformed(data):
    with suppress(Malformed):
        Reader(data).struct()


# ---------------------------------------------------------------- Arrow
def stream(frame: pl.DataFrame, **options) -> bytes:
    sink = io.BytesIO()
    frame.write_ipc_stream(sink, **options)
    return sink.getvalue()


@pytest.mark.parametrize("packed", ["uncompressed", "lz4", "zstd"])
def test_arrow_becomes_the_same_parquet(tmp_path, packed):
    path, target = tmp_path / "body", tmp_path / "a.parquet"
    frame = table().with_columns(pl.col("asset").cast(pl.Categorical).alias("kind"))
    path.write_bytes(stream(frame, compression=packed))
    arrow.to_parquet(path, target, ALLOWED)
    assert pl.read_parquet(target).equals(
        frame.with_columns(pl.col("kind").cast(pl.String))
    ) or (pl.read_parquet(target)["kind"].cast(pl.String).equals(frame["asset"].alias("kind")))
    assert pl.read_parquet(target)["a"].equals(frame["a"])


def test_batches_of_an_arrow_stream_are_kept_in_order(tmp_path):
    pa = pytest.importorskip("pyarrow")
    path, target = tmp_path / "body", tmp_path / "a.parquet"
    whole = table(1_000).to_arrow()
    with path.open("wb") as handle, pa.ipc.new_stream(handle, whole.schema) as writer:
        writer.write_table(whole, max_chunksize=64)
    arrow.to_parquet(path, target, ALLOWED)
    assert pl.read_parquet(target)["b"].to_list() == list(range(1_000))


def test_an_arrow_bomb_is_refused(tmp_path):
    path, target = tmp_path / "body", tmp_path / "a.parquet"
    path.write_bytes(stream(pl.DataFrame({"a": np.zeros(4_000_000)}), compression="zstd"))
    assert path.stat().st_size < 100_000
    for allowed in (Allowed(2**24, 2**24, 100), Allowed(2**40, 2**18, 100)):
        with pytest.raises(LimitExceeded, match="unpacks to more than"):
            arrow.to_parquet(path, target, allowed)
    assert not target.exists()


def test_arrow_of_too_many_columns(tmp_path):
    path = tmp_path / "body"
    path.write_bytes(stream(pl.DataFrame({f"a{n}": [1.0] for n in range(101)})))
    with pytest.raises(LimitExceeded, match="101 columns"):
        arrow.to_parquet(path, tmp_path / "a.parquet", ALLOWED)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        arrow.SIGN,
        arrow.SIGN + b"\0\0\0\0",
        arrow.SIGN + struct.pack("<i", -5) + b"\0" * 64,
        arrow.SIGN + struct.pack("<i", 2**31 - 1) + b"\0" * 64,
        arrow.SIGN + struct.pack("<i", 32) + b"\xff" * 64,
        b"not arrow at all, but long enough to be read as something",
    ],
)
def test_what_is_no_arrow_is_refused(tmp_path, data):
    path = tmp_path / "body"
    path.write_bytes(data)
    with pytest.raises(BadFile):
        arrow.to_parquet(path, tmp_path / "a.parquet", ALLOWED)


# ---------------------------------------------------------------- JSON
def as_csv(tmp_path, text, kind="document", columns=100):
    path, target = tmp_path / "body", tmp_path / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    make = records.document_to_csv if kind == "document" else records.lines_to_csv
    make(path, target, columns)
    return target.read_bytes().decode()


def test_objects_columns_and_lines_give_the_same_table(tmp_path):
    rows = [{"t": 1, "a": 1.5, "ok": True}, {"t": 2, "b": 'x,"y"', "a": None}]
    columns = {"t": [1, 2], "a": [1.5, None], "ok": [True, None], "b": [None, 'x,"y"']}
    told = 't,a,ok,b\r\n1,1.5,true,\r\n2,,,"x,""y"""\r\n'
    assert as_csv(tmp_path, json.dumps(rows)) == told
    assert as_csv(tmp_path, json.dumps(columns)) == told
    assert as_csv(tmp_path, "\n".join(map(json.dumps, rows)), "lines") == told
    assert as_csv(tmp_path, json.dumps(rows[0])) == "t,a,ok\r\n1,1.5,true\r\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1]", "row 1 is no object"),
        ('[{"a": [1]}]', "row 1, column a"),
        ('[{"a": {"b": 1}}]', "row 1, column a"),
        ('{"a": [1, 2], "b": [1]}', "differ in length"),
        ("nothing", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('[{"a": ' + "1" * 5_000 + "}]", "no JSON"),
        ("[]", "no rows"),
        ("[{}]", "no rows"),
        ("3", "neither a list"),
        (b"\xff\xfe\x00", "no JSON"),
    ],
)
def test_json_that_is_no_table(tmp_path, text, told):
    with pytest.raises(BadFile, match=told):
        as_csv(tmp_path, text)


def test_json_beyond_limits(tmp_path, monkeypatch):
    with pytest.raises(LimitExceeded, match="more than 3 columns"):
        as_csv(tmp_path, '[{"a": 1, "b": 2}, {"c": 1, "d": 2}]', columns=3)
    with pytest.raises(LimitExceeded, match="line 2 is longer"):
        as_csv(tmp_path, '{"a": 1}\n' + " " * 2**21, "lines")
    monkeypatch.setattr(records, "MOST_JSON", 10)
    with pytest.raises(LimitExceeded, match="Send lines of JSON"):
        as_csv(tmp_path, '[{"a": 100}]')


def test_numbers_that_are_none_are_missing(tmp_path):
    assert as_csv(tmp_path, '[{"a": NaN, "b": -Infinity, "c": 1}]') == "a,b,c\r\n,,1\r\n"
