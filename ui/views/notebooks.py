"""The way to one's own JupyterLab, which starts when it is opened."""

from __future__ import annotations

import streamlit as st

from ui.text import t

_OPEN = "/notebooks/"
_EXAMPLES = ("files", "compare", "detector")


def show() -> None:
    """Draw the way in, and what is found there."""
    st.title(t("notebooks.title"), anchor=False)
    with st.container(border=True):
        st.markdown(t("notebooks.what"))
        st.link_button(
            t("notebooks.open"), _OPEN, type="primary", icon=":material/open_in_new:"
        )
        st.caption(t("notebooks.ends"))
    with st.container(border=True):
        st.markdown(f"**{t('notebooks.examples')}**")
        st.markdown("\n".join(f"- {t(f'notebooks.example_{name}')}" for name in _EXAMPLES))
        st.caption(t("notebooks.copy"))
