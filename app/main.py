"""Entry of the Streamlit app: ``streamlit run`` is given this file by ``audit app``."""

from __future__ import annotations

from functools import partial

import streamlit as st

SIDEBAR_WIDTH = 330
# A material icon or an emoji would be fetched from a server elsewhere: this one is in the page.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="5" fill="#0a5fb4"/>'
    '<path d="M6 12.5l4 4 8-9" stroke="#fff" stroke-width="3" fill="none"/></svg>'
)
STYLE = (
    "<style>.stMainBlockContainer { padding-top: 3.2rem }"
    # A run's label may be wider than the sidebar.
    ".stSidebar input[role=combobox], [role=option] * { overflow: hidden; text-overflow: ellipsis }"
    "</style>"
)


def main() -> None:
    """Draw the menu and the chosen page."""
    st.set_page_config(page_title="audit", page_icon=ICON, layout="wide", initial_sidebar_state=SIDEBAR_WIDTH)
    st.html(STYLE)
    # The first reader waits for the libraries; without a word, in front of an empty page.
    with st.spinner("Starting the app …"):
        from audit.app import errors, overview, rate, sample, samples  # noqa: PLC0415 - see above
        from audit.app.frame import framed  # noqa: PLC0415 - see above
    one_sample = st.Page(framed(sample.page), title="Sample", icon=":material/article:", url_path="sample")
    open_sample = partial(st.switch_page, one_sample)
    many_samples = partial(samples.page, open_sample=open_sample)
    errors_of_task = partial(errors.page, open_sample=open_sample)
    pages = [
        st.Page(
            framed(overview.page), title="Overview", icon=":material/dashboard:", url_path="overview", default=True
        ),
        st.Page(framed(many_samples), title="Samples", icon=":material/table_rows:", url_path="samples"),
        one_sample,
        st.Page(framed(errors_of_task), title="Errors", icon=":material/bug_report:", url_path="errors"),
        st.Page(framed(rate.page), title="Rate", icon=":material/thumbs_up_down:", url_path="rate"),
    ]
    st.navigation(pages).run()


if __name__ == "__main__":
    main()
