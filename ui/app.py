"""Where the pages are, and nothing else: each is a file of `views`."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from ui import api, dialogs, frame
from ui.text import t
from ui.views import PAGES, Page

_OF_A_SITE = frozenset({"notebooks"})
"""Pages that a gateway does not have."""


def main() -> None:
    """Show the page that the address names, in the frame around all pages."""
    st.set_page_config(page_title="Kizashi", page_icon=str(frame.ICON), layout="wide")
    api.begin_run()
    dialogs.begin_run()
    with frame.troubles():
        if not api.entered():
            _leave()
            return
        frame.around()
        pages = {
            page.name: st.Page(
                frame.guarded(page.show, t(f"{page.name}.title"), page.open_to, name=page.name),
                title=t(f"{page.name}.title"),
                url_path=page.name,
                icon=page.icon,
                default=page.name == "overview",
                visibility="visible" if page.listed and _is_open(page) else "hidden",
            )
            for section in PAGES.values()
            for page in section
        }
        st.session_state[frame.PAGES] = {
            page.name: pages[page.name]
            for section in PAGES.values()
            for page in section
            if _is_open(page)
        }
        sections = {
            t(f"sections.{name}"): [pages[page.name] for page in section]
            for name, section in PAGES.items()
        }
        if _wanted() not in {"", *pages}:
            # Streamlit would say so in a dialog of its own, in English.
            lost = st.Page(
                frame.unknown,
                title=t("frame.unknown"),
                url_path=_wanted(),
                visibility="hidden",
            )
            sections[""] = [lost]
        st.navigation(sections).run()


def _wanted() -> str:
    """Return the name of the page that the address asks for."""
    return urlsplit(st.context.url or "").path.strip("/").rpartition("/")[2]


def _leave() -> None:
    """Lead to the login, once the address is that of the page that was asked for."""
    pages = [
        st.Page(
            frame.to_login,
            title=t(f"{page.name}.title"),
            url_path=page.name,
            default=page.name == "overview",
        )
        for section in PAGES.values()
        for page in section
    ]
    st.navigation(pages, position="hidden").run()


def _is_open(page: Page) -> bool:
    if page.name in _OF_A_SITE and api.is_gateway():
        return False
    return page.open_to is None or api.may(page.open_to)


main()
