# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app that gets another Streamlit while somebody works with it."""

import hashlib
import io

import streamlit as st
from PIL import Image

VERSION = 1

st.write(f"This is version {VERSION}")
st.write(f"Streamlit {'.'.join(st.__version__.split('.')[:2])}")

if "clicks" not in st.session_state:
    st.session_state.clicks = 0
if st.button("Count"):
    st.session_state.clicks += 1
st.write(f"Clicks: {st.session_state.clicks}")

name = st.text_input("Name")
st.write(f"Hello {name or 'nobody'}")

upload = st.file_uploader("Anything")
if upload is not None:
    content = upload.getvalue()
    st.write(f"Received {len(content)} bytes, {hashlib.sha256(content).hexdigest()}")

# Another picture after each click, so that the page has to fetch it.
picture = io.BytesIO()
Image.new("RGB", (64 + st.session_state.clicks, 48), "teal").save(picture, "PNG")
st.image(picture.getvalue(), caption="Teal")
