"""What ``streamlit run`` is given, in a folder of its own.

Streamlit puts the folder of its script first on the import path, and takes a folder ``pages`` beside it for its own.
"""
