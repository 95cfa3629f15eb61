"""Where the pages are, and nothing else: each is a file of `views`."""

from __future__ import annotations

import streamlit as st

from ui import api, frame
from ui.text import t
from ui.views import PAGES


def main() -> None:
    """Show the page that the address names, in the frame around all pages."""
    st.set_page_config(page_title="Kizashi", page_icon=str(frame.ICON), layout="wide")
    api.begin_run()
    with frame.troubles():
        frame.around()
        pages = {
            page.name: st.Page(
                frame.guarded(page.show),
                title=t(f"{page.name}.title"),
                url_path=page.name,
                icon=page.icon,
                default=page.name == "overview",
                visibility="visible" if page.listed else "hidden",
            )
            for section in PAGES.values()
            for page in section
            if page.open_to is None or api.may(page.open_to)
        }
        st.session_state[frame.PAGES] = pages
        sections = {
            t(f"sections.{name}"): [pages[page.name] for page in section if page.name in pages]
            for name, section in PAGES.items()
        }
        st.navigation({name: found for name, found in sections.items() if found}).run()


main()
