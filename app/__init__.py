"""The reviewers' app: Streamlit pages over run folders and ratings. Pages only; nothing is computed here."""
