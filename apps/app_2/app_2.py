import streamlit as st

st.write("Hello from App 2!")
