"""A rendered page in a real browser: nothing overlaps, nothing is cut, nothing is fetched."""

from __future__ import annotations

import json
import re
import subprocess
from html import unescape
from pathlib import Path

import pytest

from appliance.report.page import render
from benchmarks.ui.browser import PROGRAMS, program
from tests.appliance.report.pages import report
from tests.conftest import skip_or_fail

# Runs in the page after it was laid out; the page itself holds no script.
_MEASURE = """
<script>
const box = e => e.getBoundingClientRect();
const out = {wide: document.documentElement.scrollWidth, window: innerWidth,
  fetched: performance.getEntriesByType("resource").length, cut: [], overlap: []};
for (const svg of document.querySelectorAll("svg")) {
  const frame = box(svg), texts = [...svg.querySelectorAll("text")];
  for (const t of texts) {
    const b = box(t);
    if (b.right > frame.right + 1 || b.left < frame.left - 1 || b.bottom > frame.bottom + 1)
      out.cut.push(t.textContent);
  }
  texts.forEach((t, i) => texts.slice(i + 1).forEach(u => {
    const a = box(t), b = box(u);
    const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (x > 1 && y > 3) out.overlap.push([t.textContent, u.textContent]);
  }));
}
document.body.innerHTML = "";
document.body.dataset.measured = JSON.stringify(out);
</script>
"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = program(*PROGRAMS, "chromium-browser")
    if found is None:
        skip_or_fail("chromium")
    return str(found)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("width", [1200, 500])
def test_looks(browser: str, tmp_path: Path, language: str, width: int) -> None:
    text = re.sub(r"<meta http-equiv[^>]*>", "", render(report(language)))
    page = tmp_path / "page.html"
    page.write_text(text.replace("</body>", f"{_MEASURE}</body>"), "utf-8")
    done = subprocess.run(
        [
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            f"--window-size={width},2000",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    measured = re.search(r'data-measured="([^"]*)"', done.stdout)
    assert measured, done.stderr
    looks = json.loads(unescape(measured.group(1)))
    assert looks["fetched"] == 0
    assert looks["wide"] <= looks["window"]
    assert looks["cut"] == []
    assert looks["overlap"] == []
