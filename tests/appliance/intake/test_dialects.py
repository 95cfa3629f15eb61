"""However a plant writes its tables, the same readings come out."""

from __future__ import annotations

import gzip

import pytest
import zstandard

from appliance.core.errors import BadFile
from appliance.intake.sources.files import stream
from appliance.intake.sources.files.dialect import sniff
from appliance.schemas.ingest import FileStatus

ROWS = [("2026-01-05 08:00:00", 1.5, 20.25), ("2026-01-05 08:01:00", 2.5, -3.0)]


def table(delimiter: str = ",", comma: bool = False, end: str = "\n", head: str = "") -> str:
    def number(value: float) -> str:
        return str(value).replace(".", ",") if comma else str(value)

    lines = [delimiter.join(("time", "temp", "press"))]
    lines += [delimiter.join((t, number(a), number(b))) for t, a, b in ROWS]
    return head + end.join(lines) + end


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("comma", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_decimals_and_line_ends(plant, delimiter, comma, end):
    if comma and delimiter == ",":
        text = end.join(
            ["time,temp,press"] + [f'{t},"{a}","{b}"'.replace(".", ",") for t, a, b in ROWS]
        )
    else:
        text = table(delimiter, comma, end)
    report = plant.text("p1.csv", text)
    assert report.status is FileStatus.ADDED
    assert plant.column("temp") == [1.5, 2.5]
    assert plant.column("press") == [20.25, -3.0]
    assert plant.refused() == []


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("utf-8", ("温度", "圧力")),
        ("utf-8-sig", ("温度", "圧力")),
        ("utf-16", ("温度", "圧力")),
        ("utf-16-le", ("Temp °C", "Drücke")),
        ("utf-16-be", ("Temp", "Drücke")),
        ("cp932", ("温度", "圧力")),
        ("cp932", ("温度[℃]", "ポンプ吐出圧力")),
        ("euc_jp", ("温度", "ポンプ圧力")),
        ("latin-1", ("Gerät", "Außendruck")),
        ("cp1252", ("Température", "Größe")),
    ],
)
def test_encodings(plant, encoding, names):
    text = "time;{};{}\n".format(*names) + "".join(f"{t};{a};{b}\n" for t, a, b in ROWS)
    report = plant.text("p1.csv", text.encode(encoding))
    assert report.status is FileStatus.ADDED, report.reason
    bare = [name.split("[")[0] for name in names]
    assert sorted(plant.readings().columns[2:]) == sorted(bare)


def test_japanese_dates_alone_are_japanese(plant):
    text = "日時,A\n" + "".join(f"2026年1月5日 8時{n}分,{n}\n" for n in range(10))
    for encoding in ("cp932", "euc_jp"):
        plant.text(f"{encoding}.csv", text.encode(encoding))
        assert plant.times()[0] == "2026-01-05 08:00:00"


def test_french_ordinals_are_no_japanese_dates(plant):
    text = "time,1ère,2ème\n" + "".join(f"2026-01-05 08:0{n}:00,{n},{n}\n" for n in range(9))
    plant.text("p1.csv", text.encode("cp1252"))
    assert sorted(plant.readings().columns[2:]) == ["1ère", "2ème"]


def test_degree_signs_alone_are_latin(plant):
    text = "Zeit;Temp\n;[°C]\n" + "".join(f"{t};{a}\n" for t, a, _ in ROWS)
    plant.text("p1.csv", text.encode("latin-1"))
    assert [(s.name, s.unit) for s in plant.intake.sensors("pumps")] == [("Temp", "°C")]


@pytest.mark.parametrize("pack", ["gz", "zst", "two gz", "two zst"])
def test_packed_files(plant, pack):
    text = table().encode()
    halves = (text[:30], text[30:])
    packed = {
        "gz": lambda: gzip.compress(text),
        "two gz": lambda: b"".join(map(gzip.compress, halves)),
        "zst": lambda: zstandard.compress(text),
        "two zst": lambda: b"".join(map(zstandard.compress, halves)),
    }[pack]()
    report = plant.text(f"p1.csv.{pack[-3:].strip()}", packed)
    assert report.rows == 2
    assert plant.column("asset") == ["p1", "p1"]


def test_notes_before_the_header_and_units_below_it(plant):
    text = (
        "# exported by the historian\nPlant;Osaka\nInterval;60\n\n"
        "Timestamp;Inlet temp;Pressure;Flow\n;degC;bar;m3/h\n"
        "2026-01-05 08:00;20,5;1,5;7\n2026-01-05 08:01;21,5;1,25;8\n"
    )
    plant.text("p1.csv", text)
    assert plant.column("Inlet temp") == [20.5, 21.5]
    units = {s.name: s.unit for s in plant.intake.sensors("pumps")}
    assert units == {"Inlet temp": "degC", "Pressure": "bar", "Flow": "m3/h"}


@pytest.mark.slow
def test_units_in_the_header(plant):
    plant.text(
        "p1.csv", "time,Speed [rpm],Torque (Nm)\n2026-01-05,1500,3.5\n2026-01-06,1501,3\n"
    )
    assert {(s.name, s.unit) for s in plant.intake.sensors("pumps")} == {
        ("Speed", "rpm"),
        ("Torque", "Nm"),
    }


def test_units_asked_for_win(plant):
    plant.text("p1.csv", table(), units=(("temp", "K"),))
    assert {s.name: s.unit for s in plant.intake.sensors("pumps")} == {"temp": "K", "press": ""}


def test_commented_header(plant):
    plant.text("p1.csv", "# time,temp\n2026-01-05 08:00:00,1\n2026-01-05 08:01:00,2\n")
    assert plant.column("temp") == [1.0, 2.0]


def test_header_of_counted_names(plant):
    plant.text("p1.csv", ",0,1,2\n2026-01-05 08:00:00,1.5,2,3\n2026-01-05 08:01:00,2.5,3,4\n")
    assert plant.readings().columns == ["asset", "time", "0", "1", "2"]


def test_no_header_and_runs_of_spaces(plant):
    rows = [f"{u} {c}   {u * 0.5:.2f} {c * 1.25} \n" for u in (1, 2) for c in range(1, 31)]
    report = plant.text("train.txt", "".join(rows))
    assert report.rows == 60
    assert plant.intake.time_kind("pumps") == "cycle"
    assert set(plant.column("asset")) == {"1", "2"}
    assert plant.times()[:2] == ["2000-01-01 01:00:00", "2000-01-01 02:00:00"]


def test_quoted_cells_with_delimiters_and_line_ends(plant):
    text = (
        'time,comment,temp\n"2026-01-05 08:00:00","hot, but fine",1.5\n'
        '2026-01-05 08:01:00,"two\nlines",2.5\n2026-01-05 08:02:00,"said ""no""",3.5\n'
    )
    report = plant.text("p1.csv", text)
    assert plant.column("temp") == [1.5, 2.5, 3.5]
    assert report.quarantined == 0
    assert any("ignored: comment" in guess for guess in report.guesses)


def test_thousands(plant):
    text = (
        "time;a;b\n2026-01-05 08:00;1,234.5;1.5\n2026-01-05 08:01;12.5;1,234\n"
        "2026-01-05 08:02;1,234,567;2.5\n2026-01-05 08:03;'7.5;3.5\n"
    )
    report = plant.text("p1.csv", text)
    assert plant.column("a") == [1234.5, 12.5, 1234567.0, 7.5]
    assert plant.column("b") == [1.5, None, 2.5, 3.5]
    assert report.quarantined == 1
    assert plant.refused() == [(3, "b", "1,234", "thousands or decimals: it cannot be told")]


def test_points_among_decimal_commas_are_not_believed(plant):
    text = "time;a\n05.01.2026 08:00;1,5\n05.01.2026 08:01;1.234\n05.01.2026 08:02;1.234,5\n"
    plant.text("p1.csv", text)
    assert plant.column("a") == [1.5, None, 1234.5]


def test_last_line_without_an_end_and_blank_lines(plant):
    text = "time,a\n2026-01-05 08:00:00,1\n\n2026-01-05 08:01:00,2\n\n\n2026-01-05 08:02:00,x"
    plant.text("p1.csv", text)
    assert plant.column("a") == [1.0, 2.0, None]
    assert plant.refused() == [(7, "a", "x", "not a finite number")]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b\n1,5;2,5\n2,5;3,5\n", ";"),
        ("time value\n1 2\n3 4\n", " "),
        ("time,b\n2026-01-05 08:00:00,1\n2026-01-05 08:00:00,2\n", ","),
        ("a\n1\n2\n", ","),
    ],
)
def test_delimiter_is_found(text, delimiter):
    assert sniff(text.encode(), "x", 100).delimiter == delimiter


def test_a_bomb_is_stopped(make_plant):
    plant = make_plant(max_file_bytes=100_000)
    report = plant.text("p1.csv.gz", gzip.compress(b"time,a\n" + b"2026-01-05,1\n" * 50_000))
    assert report.status is FileStatus.REJECTED
    assert "unpacks to more than" in report.reason


def test_parts_are_cut_at_line_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "PART_BYTES", 64)
    lines = [f"{i},größe {i}\n" for i in range(40)]
    for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"):
        path = tmp_path / encoding
        path.write_bytes("".join(lines).encode(encoding))
        found = list(stream.parts(path, encoding, 10**6))
        assert b"".join(text for _, text in found).decode() == "".join(lines)
        assert all(text.endswith(b"\n") for _, text in found)
        starts = [line for line, _ in found]
        assert starts == [
            1 + sum(t.count(b"\n") for _, t in found[:i]) for i in range(len(found))
        ]
        assert len(found) > 5


def test_an_endless_line_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "PART_BYTES", 64)
    path = tmp_path / "x.csv"
    path.write_bytes(b"1," * 1_000)
    with pytest.raises(BadFile, match="line of more than"):
        list(stream.parts(path, "utf-8", 10**6))
