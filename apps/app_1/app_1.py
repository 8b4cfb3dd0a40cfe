import streamlit as st

st.write("Hello from App 1!")

if "count" not in st.session_state:
    st.session_state.count = 0

if st.button("Count"):
    st.session_state.count += 1

st.write(f"Counted: {st.session_state.count}")
