"""The frame around every page: its head, what stands in the sidebar, and troubles in words."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st

from appliance.core.errors import (
    Forbidden,
    KizashiError,
    NotFound,
    Unauthenticated,
    Unreachable,
)
from ui import api, sites, theme, wrong
from ui.components.away import away
from ui.components.go import go
from ui.components.spoken import spoken
from ui.text import LANGUAGES, language, t

_STATIC = Path(__file__).parent / "static"
ICON = _STATIC / "mark.svg"
_TOAST = "_toast"
PAGES = "_pages"
"""Where the pages of this run are held, by name."""
_ICON = ":material/error:"
_ICONS: dict[type, str] = {
    Forbidden: ":material/lock:",
    NotFound: ":material/search_off:",
    Unreachable: ":material/cloud_off:",
}
_STYLE = """
<style>
.stApp { font-variant-ligatures: no-contextual; }  /* Inter makes 59x7 in a name 59×7 */
[data-testid="stSidebar"] { min-width: 220px; max-width: 220px; }
[data-testid="stMainBlockContainer"] {
  padding: 2.2rem 2rem 3rem; max-width: 1600px;
}
[data-testid="stMetric"] { min-height: 84px; }
h1 { letter-spacing: -0.01em; }
[data-testid="stMain"]:has([data-testid="stHeading"] h1) .kz-alone { display: none; }
.kz-alone { font-size: 1.5rem; padding: 0 !important; }
.kz-detail { margin: 0; font-size: 12.5px; overflow-wrap: anywhere; }
.kz-name { font-weight: 600; overflow: hidden; text-overflow: ellipsis; }
.kz-foot { font-size: 13px; line-height: 1.5; }
.kz-foot p { margin: 8px 0 0; }
.kz-foot div { display: flex; justify-content: space-between; gap: 8px; margin-top: 8px; }
.kz-foot a { color: inherit; text-decoration: none; opacity: .8; white-space: nowrap; }
.kz-foot .me { overflow: hidden; text-overflow: ellipsis; }
.kz-foot a:hover { text-decoration: underline; opacity: 1; }
[data-testid="stMain"] [data-testid="stPageLink-NavLink"]:not(:hover) {
  background: transparent; }
[data-testid="stMain"] [data-testid="stPageLink-NavLink"] p { font-weight: 400; }
[class*="st-key-icon_"] button [data-testid="stMarkdownContainer"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding: 4.2rem 1rem 3rem; }
  .st-key-filters > [data-testid="stElementContainer"] {
    width: auto !important; flex: 1 1 45% !important; max-width: none !important; }
}
</style>
"""


def around() -> None:
    """Draw what is the same on every page."""
    st.html(_STYLE + _readable())
    if told := st.session_state.pop(_TOAST, ""):
        st.toast(told)
    st.logo(str(_STATIC / "logo.svg"), icon_image=str(_STATIC / "mark.svg"), size="medium")
    with st.sidebar:
        sites.choice()
        st.html(_foot())
        spoken(language())
        away()


def _readable() -> str:
    """Return a style that gives words the contrast which Streamlit's own colours lack."""
    colours = theme.tokens()
    return f"""
<style>
[data-testid="stCaptionContainer"] {{ color: {colours["muted"]}; opacity: 1; }}
.kz-detail {{ color: {colours["muted"]}; }}
[data-testid^="stBaseButton-primary"]:not(:disabled),
[data-testid^="stBaseLinkButton-primary"] {{ color: {colours["back"]}; }}
[data-testid="stMain"] code {{ color: inherit; }}
</style>
"""


def _here() -> str:
    """Return the page's path and the words after it, which say what it shows."""
    page = urlsplit(st.context.url or "").path.rsplit("/", 1)[-1]
    words = urlencode([(n, v) for n in st.query_params for v in st.query_params.get_all(n)])
    return f"/{page}?{words}" if words else f"/{page}"


def _foot() -> str:
    """Return who is logged in and the languages; plain links that leave the page as it is."""
    here = quote(_here(), safe="")
    words = " · ".join(
        f"<b>{name}</b>"
        if code == language()
        else f'<a href="/language?set={code}&next={here}" target="_self">{name}</a>'
        for code, name in LANGUAGES.items()
    )
    name = html.escape(str(api.me().get("user", "")))
    out = html.escape(t("frame.log_out"))
    return (
        f'<div class="kz-foot"><div>'
        f'<a class="me" href="/me" target="_self" title="{name}">{name}</a>'
        f'<a href="/logout" target="_self">{out}</a></div><p>{words}</p></div>'
    )


def say_next(text: str) -> None:
    """Say something beside the page that is drawn next, as what led to it is gone."""
    st.session_state[_TOAST] = text


def head(title: str, caption: str = "") -> None:
    """Draw a page's head."""
    st.title(title, anchor=False)
    if caption:
        st.caption(caption)


def name(text: str) -> None:
    """Draw the name of somebody or something as a heading, whatever it holds."""
    st.html(f'<div class="kz-name">{html.escape(text)}</div>', width="stretch")


def link(page: str, label: str, icon: str | None = None, **query: str) -> None:
    """Draw a link to another page of the site, and what it is to show."""
    pages = st.session_state.get(PAGES, {})
    if page in pages:
        st.page_link(pages[page], label=label, icon=icon, query_params=query)


def lead(page: str, **query: str) -> None:
    """Go to another page of the site, and what it is to show."""
    st.switch_page(st.session_state[PAGES][page], query_params=query)


def empty(title: str, text: str, icon: str = ":material/inbox:") -> None:
    """Draw what a page shows where there is nothing yet, and what to do about it."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"##### {icon} {title}", text_alignment="center")
        st.caption(text, text_alignment="center")


def guarded(
    show: Callable[[], None], title: str, right: str | None = None, *, name: str = ""
) -> Callable[[], None]:
    """Return a page that says its troubles in words, and whoever lacks a right that they do.

    Parameters
    ----------
    title
        Of the page, for where it cannot draw its own.
    name
        Of the page.
    """

    @wraps(show)
    def shown() -> None:
        with troubles(title):
            if right is not None and not api.may(right):
                head(title)
                needed = t("frame.lacks", right=t(f"right.{right}"))
                empty(t("frame.forbidden"), needed, ":material/lock:")
            elif sites.needs_one(name):
                head(title)
                empty(t("sites.choose"), t("sites.choose_text"), ":material/factory:")
            else:
                sites.strip()
                show()

    return shown


def unknown() -> None:
    """Draw the page of an address that none has."""
    head(t("frame.unknown"))
    empty(t("frame.not_found"), t("frame.unknown_text"), ":material/search_off:")
    link("overview", t("overview.title"), ":material/arrow_back:")


def to_login() -> None:
    """Lead to the login, and from there back to what the address names."""
    go("/login", back=True)


@contextmanager
def troubles(title: str = "") -> Iterator[None]:
    """Say what goes wrong in a block: what, and what to do; lead to the login without one.

    Parameters
    ----------
    title
        Of the page, which is its heading where the block had not drawn one.
    """
    try:
        yield
    except Unauthenticated:
        to_login()
        st.stop()
    except KizashiError as error:
        if title:
            st.html(f'<h1 class="kz-alone">{html.escape(title)}</h1>')
        _say(error)
        if isinstance(error, Unreachable):
            st.button(t("frame.again"), key="again")


def _say(error: KizashiError) -> None:
    icon = next((_ICONS[kind] for kind in type(error).__mro__ if kind in _ICONS), _ICON)
    told = wrong.told(error)
    with st.container(border=True):
        st.markdown(f"##### {icon} {told.title}")
        _explain(told)


def explain(error: KizashiError) -> None:
    """Draw what went wrong and what to do about it, under a heading that says where."""
    told = wrong.told(error)
    if not told.text:
        st.text(told.title)
    _explain(told)


def _explain(told: wrong.Told) -> None:
    for text in (told.text, told.remedy):
        if text:
            st.text(text)
    if told.detail:
        st.html(f'<p class="kz-detail" lang="en">{html.escape(told.detail)}</p>')
