"""Signatures by Ed25519, verified on a bare Python: no library of cryptography is there yet.

Verification alone, of public things alone, so that nothing here need take constant time.  The
equation is the one without the cofactor, as OpenSSL has it: a signature holds here if and only
if it holds there (tests/appliance/install/test_ed25519.py compares them).

References
----------
RFC 8032, Edwards-Curve Digital Signature Algorithm (EdDSA), section 5.1.
"""

from __future__ import annotations

import hashlib

KEY_BYTES = 32
SIGNATURE_BYTES = 64

Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T: x = X/Z, y = Y/Z, x·y = T/Z."""

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
"""A square root of −1."""
_NEUTRAL: Point = (0, 1, 1, 0)
_X = 0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A
_Y = 0x6666666666666666666666666666666666666666666666666666666666666658
_BASE: Point = (_X, _Y, 1, _X * _Y % _P)
"""The point that all scalars count from: y = 4/5, x even."""


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the owner of a key signed a message.

    Parameters
    ----------
    key
        Public key, 32 bytes.
    signature
        64 bytes.
    message
        What was signed.
    """
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    owner = _decoded(key)
    scalar = int.from_bytes(signature[32:], "little")
    if owner is None or scalar >= _ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % _ORDER
    x, y, z, t = owner
    # What was committed to must be  scalar·B − challenge·A.
    found = _combined(scalar, _BASE, challenge, (_P - x, y, z, _P - t))
    return _encoded(found) == signature[:32]


def _combined(a: int, first: Point, b: int, second: Point) -> Point:
    """Return a·first + b·second, both sums in one run over the bits."""
    sums = (_NEUTRAL, first, second, _added(first, second))
    total = _NEUTRAL
    for bit in range(max(a.bit_length(), b.bit_length()) - 1, -1, -1):
        total = _added(total, total)
        chosen = (a >> bit & 1) + 2 * (b >> bit & 1)
        if chosen:
            total = _added(total, sums[chosen])
    return total


def _added(one: Point, other: Point) -> Point:
    """Return the sum of any two points, equal ones too: the formula has no exceptions."""
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    low = (y1 - x1) * (y2 - x2) % _P
    high = (y1 + x1) * (y2 + x2) % _P
    bent = 2 * _D * t1 * t2 % _P
    scale = 2 * z1 * z2 % _P
    e, f, g, h = high - low, scale - bent, scale + bent, high + low
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _decoded(text: bytes) -> Point | None:
    """Return the point that 32 bytes stand for; None if they stand for none."""
    value = int.from_bytes(text, "little")
    odd, y = value >> 255, value & (2**255 - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT % _P
    if x * x % _P != square or (x == 0 and odd):
        return None
    if x & 1 != odd:
        x = _P - x
    return x, y, 1, x * y % _P


def _encoded(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    return (y * inverse % _P | (x * inverse % _P & 1) << 255).to_bytes(32, "little")
