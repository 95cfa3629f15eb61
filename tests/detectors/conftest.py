"""Fixtures of the detectors' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from detectors import persistence


@pytest.fixture
def signing_key() -> Iterator[bytes]:
    key = b"a key of this test run"
    persistence.set_signing_key(key)
    yield key
    persistence.set_signing_key(None)
