"""Tests that share something costly are kept on one worker."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("contracts")
def test_a_group_stays_together(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("xdist_group") is not None
    if getattr(request.config.option, "loadgroup", False):
        # How pytest-xdist marks a test for its scheduler; without it every group falls apart.
        assert request.node.nodeid.endswith("@contracts")
