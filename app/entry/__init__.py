"""What ``streamlit run`` is given, in a folder of its own.

Streamlit puts the folder of its script first on the import path, and takes a folder ``pages`` next to it for its own.
"""
