"""The plain way: pages of a few lines that hand Plotly all the data, as a script is begun.

``streamlit run plain.py -- READINGS MACHINES DAYS``
"""

from __future__ import annotations

import sys

import numpy as np
import plotly.express as px  # type: ignore[import-untyped]
import polars as pl
import streamlit as st


@st.cache_data
def readings(file: str) -> pl.DataFrame:
    """Return the readings of a file."""
    return pl.read_parquet(file)


@st.cache_data
def surprise(machines: int, days: int) -> np.ndarray:
    """Return a figure for each machine and day."""
    return np.random.default_rng(0).random((machines, days))


def nothing() -> None:
    """Show a page to come from."""
    st.title("Nothing")


def chart() -> None:
    """Show every sensor over all of its time."""
    st.title("Chart")
    frame = readings(sys.argv[1])
    sensors = [name for name in frame.columns if name not in ("asset", "time")]
    st.plotly_chart(px.line(frame, x="time", y=sensors))


def overview() -> None:
    """Show how unusual each machine was on each day."""
    st.title("Overview")
    st.plotly_chart(px.imshow(surprise(int(sys.argv[2]), int(sys.argv[3])), aspect="auto"))


def main() -> None:
    """Show the page that the address names."""
    st.set_page_config(layout="wide")
    shown = (nothing, chart, overview)
    st.navigation([st.Page(page, url_path=page.__name__) for page in shown]).run()


main()
