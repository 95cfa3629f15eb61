"""Components in a real browser: what they show, what comes back, keyboard, odd names."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.appliance.api.ports import free_port
from tests.ui.parts import HURT, LONG, MANY

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]
ROOT = Path(__file__).resolve().parents[2]
_POLLS = 600


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the page of components; give its address."""
    folder = tmp_path_factory.mktemp("parts")
    shutil.copytree(ROOT / "ui" / "static", folder / "static")
    shutil.copytree(ROOT / "ui" / ".streamlit", folder / ".streamlit")
    shutil.copy(ROOT / "tests" / "ui" / "parts.py", folder / "parts.py")
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "parts.py", "--server.port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, stdout=log, stderr=log
        )
        try:
            url = f"http://localhost:{port}"
            _wait(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(_POLLS):
        assert process.poll() is None, "the page of components ended"
        try:
            with urlopen(f"{url}/_stcore/health", timeout=1):
                return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.05)
    pytest.fail("the page of components never answered")


@pytest.fixture
def opened(browser: Browser, parts: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open the page of components, in the size a test asks for."""
    width, height = getattr(request, "param", (1440, 900))
    context = browser.new_context(
        base_url=parts, locale="en-GB", viewport={"width": width, "height": height}
    )
    page = context.new_page()
    page.goto("/")
    expect(page.locator(".uplot")).to_have_count(2)
    yield page
    context.close()


def focused(page: Page) -> str:
    """Return the words of what has the focus, through shadow roots."""
    return page.evaluate(
        "() => { let one = document.activeElement;"
        " while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;"
        " return one.dataset.key ?? one.dataset.at ?? one.getAttribute('aria-label'); }"
    )


def own(page: Page) -> Locator:
    return page.get_by_role("table", name="window.hurt")


def chosen(page: Page) -> Locator:
    return page.get_by_role("table", name="Chosen")


@pytest.mark.parametrize("opened", [(1440, 900), (390, 844)], indirect=True)
def test_odd_names_are_shown_as_they_are_and_do_nothing(opened: Page):
    assert own(opened).get_by_role("link").all_inner_texts() == [HURT, LONG, "row 2", "row 3"]
    expect(opened.get_by_role("list", name="window.hurt")).to_be_visible()
    figure = opened.get_by_role("figure", name="window.hurt")
    figure.locator(".u-over").hover()
    expect(figure.locator(".tip")).to_contain_text(HURT)
    opened.get_by_role("button", name="window.hurt").last.hover()
    assert opened.evaluate("window.hurt") is None
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_button_in_a_row_comes_back_once(opened: Page):
    own(opened).get_by_role("button", name="Hide: row 3").click()
    once = "own: [Deed(name='hide', rows=('3',))]"
    expect(opened.get_by_text(once)).to_be_visible()
    assert own(opened).get_by_role("button").count() == 4
    chosen(opened).get_by_role("checkbox", name="Choose: row 3", exact=True).check()
    opened.get_by_role("toolbar").get_by_role("button", name="Hide").click()
    expect(opened.get_by_text("chosen: [Deed(name='hide', rows=('3',))]")).to_be_visible()
    expect(opened.get_by_text(once)).to_be_visible()


def test_rows_are_walked_chosen_and_opened_with_the_keyboard(opened: Page):
    chosen(opened).get_by_role("row").nth(3).focus()
    for key in ("j", "ArrowDown", "x", "k", "x", "ArrowUp", "X"):
        opened.keyboard.press(key)
    expect(opened.get_by_text("3 chosen")).to_be_visible()
    bar = opened.get_by_role("toolbar")
    bar.get_by_role("button", name="window.hurt").click()
    deed = "chosen: [Deed(name='odd', rows=('2', '4'))]"
    expect(opened.get_by_text(deed)).to_be_visible()
    chosen(opened).get_by_role("row").nth(3).focus()
    opened.keyboard.press("End")
    assert focused(opened) == str(MANY - 1)
    opened.keyboard.press("Enter")
    opened.wait_for_url(re.compile(rf"opened={MANY - 1}"))


def test_all_rows_are_chosen_and_few_of_many_are_in_the_page(opened: Page):
    assert chosen(opened).get_by_role("row").count() < MANY / 2
    opened.get_by_role("checkbox", name="Choose all").check()
    expect(opened.get_by_text(f"{MANY} chosen")).to_be_visible()
    before = chosen(opened).get_by_role("row").count()
    chosen(opened).get_by_role("row").last.scroll_into_view_if_needed()
    expect(chosen(opened).get_by_role("row").nth(before + 50)).to_be_attached()


def test_a_span_that_is_clicked_comes_back(opened: Page):
    spans = opened.get_by_role("list", name="window.hurt")
    spans.get_by_role("button", name="last").click()
    expect(opened.get_by_text("span: ['last']")).to_be_visible()
    spans.get_by_role("link", name=LONG).first.click()
    opened.wait_for_url(re.compile("span=2"))
    expect(opened.get_by_text("span: ['last']")).to_be_visible()


def test_spans_are_walked_with_the_keyboard(opened: Page):
    spans = opened.get_by_role("list", name="window.hurt")
    spans.get_by_role("button").first.focus()
    assert focused(opened) == "0,0"
    for key, at in (("ArrowRight", "0,1"), ("End", "0,2"), ("ArrowDown", "2,0")):
        opened.keyboard.press(key)
        assert focused(opened) == at
    expect(opened.locator(".timeline .tip.shown")).to_contain_text("5 Jan 2026, 09:00")
    opened.keyboard.press("Enter")
    expect(opened.get_by_text("span: ['last']")).to_be_visible()
    assert focused(opened) == "2,0"


def test_a_plot_tells_its_values_in_words_and_by_keyboard(opened: Page):
    figure = opened.get_by_role("figure", name="window.hurt")
    expect(figure.locator(".said")).to_contain_text(
        "gaps: first 19 bar at 2 Jan 2026, 09:00, last -9 bar at 30 Jan 2026, 09:00"
    )
    figure.get_by_role("group").focus()
    for _ in range(4):
        opened.keyboard.press("ArrowRight")
    expect(figure.locator("[aria-live]")).to_have_text(
        re.compile(r"4 Jan 2026, 09:00 .*window.hurt.*, gaps 17 bar")
    )
    figure.get_by_role("button", name="gaps").click()
    expect(figure.get_by_role("button", name="gaps")).to_have_attribute("aria-pressed", "false")
    nothing = opened.get_by_role("figure", name="Nothing")
    expect(nothing).to_contain_text("No values in this time.")
