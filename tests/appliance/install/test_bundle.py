"""Bundles: every byte is its publisher's, or nothing of it runs."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.cli.main import main
from appliance.core.errors import Forbidden, InvalidRequest, StorageError
from appliance.install import bundle, packing, trust
from appliance.install.bundle import open_bundle
from appliance.install.plan import InstallError
from appliance.schemas.progress import Silent
from tests.appliance.install.checkout import carrying, make_checkout

pytestmark = pytest.mark.slow

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = packing.public(KEY)
OTHER = packing.public(Ed25519PrivateKey.from_private_bytes(bytes(32)))


@dataclass(frozen=True)
class Made:
    """A tiny bundle, and what it was made of."""

    file: Path
    content: bytes
    wanted: packing.Wanted


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("bundle")
    checkout = carrying(make_checkout(folder))
    checkout.edit("docs/index.md", "# Tiny\n")
    checkout.edit("helm/kizashi/Chart.yaml", "name: kizashi\n")
    (folder / "helm").write_bytes(b"#!/bin/sh\n")
    (folder / "kizashi.tar").write_bytes(bytes(3 * 2**20 + 7))
    wanted = packing.Wanted(
        checkout.source,
        checkout.wheels,
        chart=True,
        images=[folder / "kizashi.tar"],
        tools=[folder / "helm"],
    )
    file = folder / "tiny.bundle"
    packing.make(file, wanted, KEY, Silent())
    return Made(file, file.read_bytes(), wanted)


def _refused(run: Callable[[], object]) -> str:
    with pytest.raises(InstallError) as caught:
        run()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _looked_at(file: Path, trusted: str | None = PUBLIC) -> None:
    open_bundle(file, trusted).verify()


# ---------------------------------------------------------------- what it is
def test_it_holds_everything_by_plain_names(made: Made) -> None:
    found = open_bundle(made.file, PUBLIC)
    found.verify()
    assert {"install.sh", "source/pyproject.toml", "docs/index.md"} <= set(found.parts)
    assert {"chart/Chart.yaml", "image/kizashi.tar", "tools/helm"} <= set(found.parts)
    assert [part.path for part in found.below("wheels/")] == [
        "wheels/alpha-1.0-py3-none-any.whl",
        "wheels/beta-1.0-py3-none-any.whl",
    ]
    assert (found.version, found.revision, found.key) == ("0.1.0", "", PUBLIC)
    told = json.loads(found.read("sbom.json"))
    assert [one["purl"] for one in told["components"]] == [
        "pkg:pypi/alpha@1.0",
        "pkg:pypi/beta@1.0",
    ]


def test_the_same_inputs_give_the_same_bytes(made: Made, tmp_path: Path) -> None:
    packing.make(tmp_path / "again", made.wanted, KEY, Silent())
    assert (tmp_path / "again").read_bytes() == made.content
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_any_tar_reads_it_the_manifest_first(made: Made) -> None:
    with tarfile.open(made.file) as archive:
        members = archive.getmembers()
    assert [one.name for one in members[:3]] == [
        bundle.MANIFEST,
        bundle.SIGNATURE,
        "install.sh",
    ]
    assert all(one.isreg() and one.uid == one.mtime == 0 for one in members)
    assert {one.name for one in members if one.mode & 0o100} == {"install.sh", "tools/helm"}


def test_parts_are_written_into_a_folder_of_their_own(made: Made, tmp_path: Path) -> None:
    found = open_bundle(made.file, PUBLIC)
    left = tmp_path / ".tools.draft"  # of a run that was cut off
    left.mkdir()
    (left / "helm").write_text("half")
    (helm,) = found.extract("tools/", tmp_path / "tools")
    assert helm.read_bytes() == b"#!/bin/sh\n"
    assert helm.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in tmp_path.iterdir()] == ["tools"]
    assert "holds no kind/node.tar" in _refused(lambda: found.read("kind/node.tar"))


# ---------------------------------------------------------------- what is refused
@settings(max_examples=150, deadline=None)
@given(place=st.integers(min_value=0), bit=st.integers(0, 7), trusts=st.booleans())
def test_any_bit_that_differs_is_refused(
    made: Made, place: int, bit: int, trusts: bool
) -> None:
    _flipped(made, place % len(made.content), bit, PUBLIC if trusts else None)


@settings(max_examples=100, deadline=None)
@given(place=st.integers(0, 14_000), bit=st.integers(0, 7), trusts=st.booleans())
def test_any_bit_of_manifest_and_signature_too(
    made: Made, place: int, bit: int, trusts: bool
) -> None:
    _flipped(made, place, bit, PUBLIC if trusts else None)


def _flipped(made: Made, place: int, bit: int, trusted: str | None) -> None:
    copy = made.file.with_name("flipped")
    if not copy.exists():
        shutil.copy(made.file, copy)
    with copy.open("r+b") as file:
        file.seek(place)
        file.write(bytes([made.content[place] ^ 1 << bit]))
    try:
        _refused(lambda: _looked_at(copy, trusted))
    finally:
        with copy.open("r+b") as file:
            file.seek(place)
            file.write(made.content[place : place + 1])


@settings(max_examples=40, deadline=None)
@given(length=st.integers(min_value=0))
def test_one_that_was_cut_off_is_refused(made: Made, length: int) -> None:
    copy = made.file.with_name("cut")
    copy.write_bytes(made.content[: length % len(made.content)])
    _refused(lambda: _looked_at(copy))


def test_one_byte_more_is_refused(made: Made, tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(made.content + b"\0")
    assert "longer than what was signed" in _refused(lambda: _looked_at(tmp_path / "long"))


def _members(content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = [(one, archive.extractfile(one)) for one in archive.getmembers()]
        return [(one, file.read() if file else b"") for one, file in files]


@pytest.mark.parametrize("what", ["missing", "more", "swapped", "link", "escaping"])
def test_another_tar_of_the_same_manifest_is_refused(
    made: Made, tmp_path: Path, what: str
) -> None:
    members = _members(made.content)
    info, content = members[-1]
    if what == "missing":
        members.pop()
    elif what == "more":
        members.append((tarfile.TarInfo("more"), b""))
    elif what == "swapped":
        members[-1], members[-2] = members[-2], members[-1]
    elif what == "link":
        info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 0
        members[-1] = (info, b"")
    else:
        info.name = "../" + info.name
    with tarfile.open(tmp_path / "other", "w", format=tarfile.GNU_FORMAT) as archive:
        for one, held in members:
            archive.addfile(one, io.BytesIO(held))
    _refused(lambda: _looked_at(tmp_path / "other"))
    assert content


def _signed(file: Path, parts: list[dict[str, Any]], **other: object) -> Path:
    """Write a bundle that is rightly signed, whatever its manifest says; it has no parts."""
    machine = {"system": "Linux", "machine": "x86_64", "python": "3.11"}
    told = {"format": 1, "version": "1", "revision": "", "platform": machine, "parts": parts}
    manifest = json.dumps(told | other).encode()
    signature = f"ed25519 {PUBLIC} {KEY.sign(manifest).hex()}\n".encode()
    content = b""
    for path, held in ((bundle.MANIFEST, manifest), (bundle.SIGNATURE, signature)):
        content += bundle.header(path, len(held)) + held + bytes(-len(held) % bundle.BLOCK)
    file.write_bytes(content + bundle.END)
    return file


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/x", "a/../x", "a//x", "./x", "", "a/", "x\0", "a\\x", "ü", "a b", "x" * 201],
)
def test_a_path_that_leads_elsewhere_is_refused_though_signed(
    tmp_path: Path, path: str
) -> None:
    part = {"path": path, "size": 0, "sha256": hashlib.sha256().hexdigest()}
    file = _signed(tmp_path / "b", [part])
    assert "cannot be understood" in _refused(lambda: open_bundle(file, PUBLIC))


@pytest.mark.parametrize(
    "part",
    [
        {"path": "a", "size": bundle.MAX_PART + 1, "sha256": "0" * 64},
        {"path": "a", "size": -1, "sha256": "0" * 64},
        {"path": "a", "size": True, "sha256": "0" * 64},
        {"path": "a", "size": 1, "sha256": "0"},
        {"path": "a", "size": 1},
        "a",
    ],
)
def test_a_part_that_cannot_be_is_refused_though_signed(tmp_path: Path, part: Any) -> None:
    file = _signed(tmp_path / "b", [part])
    assert "cannot be understood" in _refused(lambda: open_bundle(file, PUBLIC))


def test_two_parts_of_one_path_are_refused(tmp_path: Path) -> None:
    part = {"path": "a", "size": 0, "sha256": hashlib.sha256().hexdigest()}
    file = _signed(tmp_path / "b", [part, part])
    assert "cannot be understood" in _refused(lambda: open_bundle(file))


def test_a_part_that_is_said_but_not_there_is_refused(tmp_path: Path) -> None:
    part = {"path": "a", "size": 2**40, "sha256": "0" * 64}
    assert "cannot be" in _refused(lambda: open_bundle(_signed(tmp_path / "b", [part])))
    part["size"] = 2**30
    assert "is cut off" in _refused(lambda: open_bundle(_signed(tmp_path / "b", [part])))


def test_a_later_format_says_which_installer_reads_it(tmp_path: Path) -> None:
    file = _signed(tmp_path / "b", [], format=2)
    assert "tar -xf" in _refused(lambda: open_bundle(file))


@pytest.mark.parametrize("content", [b"", b"PK\3\4" * 300, bytes(2048)])
def test_other_files_are_no_bundles(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b").write_bytes(content)
    assert "is no bundle" in _refused(lambda: open_bundle(tmp_path / "b"))
    assert "not a plain file" in _refused(lambda: open_bundle(tmp_path))
    assert "cannot be read" in _refused(lambda: open_bundle(tmp_path / "none"))


def test_one_that_changes_after_it_was_looked_at_is_not_written(
    made: Made, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copy(made.file, copy)
    found = open_bundle(copy, PUBLIC)
    found.verify()
    with copy.open("r+b") as file:
        file.seek(found.parts["image/kizashi.tar"].at + 2**20)
        file.write(b"\1")
    words = _refused(lambda: found.extract("image/", tmp_path / "image"))
    assert "image/kizashi.tar is not as signed" in words
    assert not (tmp_path / "image").exists()


# ---------------------------------------------------------------- whom it is of
def test_another_publisher_is_refused(made: Made) -> None:
    words = _refused(lambda: open_bundle(made.file, OTHER))
    assert trust.fingerprint(PUBLIC) in words
    assert trust.fingerprint(OTHER) in words


def test_a_publisher_is_named_by_digits_or_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "pub").write_text(trust.fingerprint(PUBLIC).upper() + "\n")
    for text in (PUBLIC, trust.fingerprint(PUBLIC), str(tmp_path / "pub")):
        assert trust.read_key(text) == PUBLIC
    for text in (
        "",
        PUBLIC[1:],
        str(tmp_path),
        str(tmp_path / "none"),
        "/dev/zero",
        "~nobody-x/a",
    ):
        assert "neither" in _refused(lambda text=text: trust.read_key(text))


def test_a_home_keeps_its_publisher(tmp_path: Path) -> None:
    assert trust.pinned(tmp_path) is None
    assert "from now on" in trust.pin(tmp_path, PUBLIC)
    assert trust.pin(tmp_path, PUBLIC) == ""
    assert trust.pinned(tmp_path) == PUBLIC
    assert (tmp_path / trust.PINNED).stat().st_mode & 0o077 == 0
    assert "in place of" in trust.pin(tmp_path, OTHER)
    (tmp_path / trust.PINNED).write_text("?")
    assert "is damaged" in _refused(lambda: trust.pinned(tmp_path))


# ---------------------------------------------------------------- how it is made
def test_the_signing_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "publisher.pem"
    first = packing.public(packing.publisher_key(path))
    assert packing.public(packing.publisher_key(path)) == first
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(Forbidden, match="chmod 600"):
        packing.publisher_key(path)
    path.chmod(0o600)
    path.write_text("?")
    with pytest.raises(StorageError, match="cannot be used"):
        packing.publisher_key(path)


def test_what_cannot_be_a_part_is_refused(made: Made, tmp_path: Path) -> None:
    (tmp_path / "b c").write_bytes(b"")
    source, wheels = made.wanted.source, made.wanted.wheels
    for file, words in ((tmp_path / "b c", "has a name"), (tmp_path / "none", "not a plain")):
        wanted = packing.Wanted(source, wheels, tools=[file])
        with pytest.raises(InvalidRequest, match=words):
            packing.make(tmp_path / "x", wanted, KEY, Silent())
    with pytest.raises(InvalidRequest, match="is none"):
        packing.checkout(tmp_path)
    with pytest.raises(StorageError, match="lacks"):
        packing.make(tmp_path / "x", packing.Wanted(source, tmp_path), KEY, Silent())
    assert [path.name for path in tmp_path.iterdir()] == ["b c"]


def test_the_command_says_what_it_made_and_whose_it_is(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, wheels = tmp_path / "plant.bundle", str(made.wanted.wheels)
    words = ["--home", str(tmp_path), "bundle", "--source", str(made.wanted.source)]
    words += ["--wheels", wheels, "--out", str(out)]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--json"])
    assert not ended.value.code
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == str(out)
    assert told["bytes"] == out.stat().st_size
    assert told["publisher"] == open_bundle(out).key != PUBLIC
    assert (tmp_path / "secrets" / "publisher.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert not ended.value.code
    said = capsys.readouterr().out
    assert trust.fingerprint(told["publisher"]) in said
    assert "./install.sh --bundle plant.bundle --trust" in said
