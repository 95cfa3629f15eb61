"""By which facts a machine is judged as it is."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from appliance.schemas.model import ModelAsset
from ui import controls, formats
from ui.text import t


def why_panel(found: Sequence[ModelAsset]) -> None:
    """Draw the reasons of the machine that the address names, or of the first."""
    told = {one.asset: one.reasons for one in found if one.reasons}
    if not told:
        return
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('model.why')}**", width="stretch")
            names = list(told)
            machine = controls.pick(
                "machine", names, names[0], label=t("model.why_machine"), words=str
            )
        st.markdown("\n".join(f"- {formats.plain(one)}" for one in told[machine]))
