# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One page with everything that asks the process for something in a way of its own."""

import hashlib
import io
from pathlib import Path

import streamlit as st
import streamlit.components.v1 as components
from PIL import Image

picker = components.declare_component("picker", path=str(Path(__file__).parent / "picker"))

st.title("Tour")
st.write(f"Streamlit {st.__version__}")

if "clicks" not in st.session_state:
    st.session_state.clicks = 0
if st.button("Count"):
    st.session_state.clicks += 1
st.write(f"Clicks: {st.session_state.clicks}")

picked = picker(word="maple", default="nothing")
st.write(f"Picked: {picked}")

picture = io.BytesIO()
Image.new("RGB", (64, 48), "teal").save(picture, "PNG")
st.image(picture.getvalue(), caption="Teal")

upload = st.file_uploader("Anything")
if upload is not None:
    content = upload.getvalue()
    st.write(f"Received {len(content)} bytes, {hashlib.sha256(content).hexdigest()}")
    st.download_button("Give it back", content, file_name="back.bin")
