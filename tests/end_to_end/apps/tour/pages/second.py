# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second page of a multipage app; it shares the session's state with the first."""

import streamlit as st

st.title("Second page")
st.write(f"Clicks seen: {st.session_state.get('clicks', 'none')}")
