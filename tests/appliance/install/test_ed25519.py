"""Signatures: the RFC's own, and the same answer as OpenSSL's whatever is asked."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.install import ed25519

ORDER = 2**252 + 27742317777372353535851937790883648493
RFC_8032 = [  # section 7.1: TEST 1, 2, 3 and SHA(abc)
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
            "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
            "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
            "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ec"
            "fdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_vectors_of_the_rfc(key: str, message: str, signature: str) -> None:
    asked = (bytes.fromhex(key), bytes.fromhex(signature), bytes.fromhex(message))
    assert ed25519.verify(*asked)
    assert not ed25519.verify(asked[0], asked[1], asked[2] + b"\0")


def _openssl(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@settings(max_examples=60, deadline=None)
@given(
    seed=st.binary(min_size=32, max_size=32),
    message=st.binary(max_size=200),
    bit=st.integers(-1, 96 * 8 - 1),
)
def test_any_bit_of_key_or_signature_counts_as_for_openssl(
    seed: bytes, message: bytes, bit: int
) -> None:
    own = Ed25519PrivateKey.from_private_bytes(seed)
    both = bytearray(own.public_key().public_bytes_raw() + own.sign(message))
    if bit >= 0:
        both[bit // 8] ^= 1 << bit % 8
    key, signature = bytes(both[:32]), bytes(both[32:])
    assert ed25519.verify(key, signature, message) == (bit < 0)
    assert _openssl(key, signature, message) == (bit < 0)


@settings(max_examples=30, deadline=None)
@given(key=st.binary(min_size=32, max_size=32), signature=st.binary(min_size=64, max_size=64))
def test_any_bytes_get_the_answer_that_openssl_gives(key: bytes, signature: bytes) -> None:
    assert ed25519.verify(key, signature, b"x") == _openssl(key, signature, b"x")


def test_a_second_signature_made_of_a_first_is_refused() -> None:
    own = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key, signature = own.public_key().public_bytes_raw(), own.sign(b"x")
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    other = signature[:32] + scalar.to_bytes(32, "little")
    assert ed25519.verify(key, signature, b"x")
    assert not ed25519.verify(key, other, b"x")


@pytest.mark.parametrize("length", [0, 31, 33, 63, 65])
def test_other_lengths_are_refused(length: int) -> None:
    assert not ed25519.verify(bytes(length), bytes(64), b"")
    assert not ed25519.verify(bytes(32), bytes(length), b"")
