"""An app with a component that asks for its files at the root of the site."""

from pathlib import Path

import streamlit as st
import streamlit.components.v1 as components

rooted = components.declare_component("rooted", path=str(Path(__file__).parent / "rooted"))

st.title("Component")
rooted()
