"""Entry of the Streamlit app: ``streamlit run`` is given this file by ``audit app``."""

from __future__ import annotations

import streamlit as st

from audit.app.elements.theme import style
from audit.app.menu import pages

SIDEBAR_WIDTH = 330
# A material icon or an emoji would be fetched from a server elsewhere: this one is in the page.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="5" fill="#0a5fb4"/>'
    '<path d="M6 12.5l4 4 8-9" stroke="#fff" stroke-width="3" fill="none"/></svg>'
)


def main() -> None:
    """Draw the menu and the chosen page."""
    st.set_page_config(page_title="audit", page_icon=ICON, layout="wide", initial_sidebar_state=SIDEBAR_WIDTH)
    st.html(style())
    # The first reader waits for the libraries; without a word, in front of an empty page.
    with st.spinner("Starting the app …"):
        found = pages()
    st.navigation(found, expanded=True).run()


if __name__ == "__main__":
    main()
