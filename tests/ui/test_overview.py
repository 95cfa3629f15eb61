"""The overview: where to look first, and what leads there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


def test_it_is_the_first_page(page: Page):
    page.goto("/")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
