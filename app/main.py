"""Entry of the Streamlit app: ``streamlit run`` is given this file by ``audit app``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from audit.app.elements.theme import style

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

    from audit.app.settings import AppSettings
    from audit.core.run_folder import RunFolder

SIDEBAR_WIDTH = 330
# A material icon or an emoji would be fetched from a server elsewhere: this one is in the page.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="5" fill="#0a5fb4"/>'
    '<path d="M6 12.5l4 4 8-9" stroke="#fff" stroke-width="3" fill="none"/></svg>'
)


def main() -> None:
    """Draw the menu and the chosen page."""
    st.set_page_config(page_title="audit", page_icon=ICON, layout="wide", initial_sidebar_state=SIDEBAR_WIDTH)
    st.html(style(is_dark=st.context.theme.type == "dark"))
    # The first reader waits for the libraries; without a word, in front of an empty page.
    with st.spinner("Starting the app …"):
        from audit.app import errors, overview, rate, runs, sample, samples  # noqa: PLC0415 - see above
        from audit.app.frame import framed  # noqa: PLC0415 - see above

    def samples_body(run: RunFolder, settings: AppSettings) -> None:
        samples.page(run, settings, open_sample=partial(st.switch_page, one_sample))

    def sample_body(run: RunFolder, settings: AppSettings) -> None:
        sample.page(run, settings, open_list=partial(st.switch_page, many_samples))

    def errors_body(run: RunFolder, settings: AppSettings) -> None:
        errors.page(run, settings, open_sample=partial(st.switch_page, one_sample))

    def runs_body() -> None:
        runs.page(open_run=partial(st.switch_page, one_run))

    all_runs = st.Page(runs_body, title="Runs", icon=":material/folder_open:", url_path="runs")
    # Every page but the first needs to know where the list of runs is: a link may lead to one that is gone.
    in_frame = partial(framed, open_runs=partial(st.switch_page, all_runs))
    one_run = st.Page(in_frame(overview.page), title="Overview", icon=":material/dashboard:", url_path="overview")
    many_samples = st.Page(in_frame(samples_body), title="Samples", icon=":material/table_rows:", url_path="samples")
    one_sample = st.Page(in_frame(sample_body), title="Sample", icon=":material/article:", url_path="sample")
    errors_of_task = st.Page(in_frame(errors_body), title="Errors", icon=":material/bug_report:", url_path="errors")
    rating = st.Page(in_frame(rate.page), title="Rate", icon=":material/thumbs_up_down:", url_path="rate")
    # Streamlit ignores the path of the default page: a hidden one stands there, and every page has its address.
    start = st.Page(
        partial(_start, all_runs, one_run), title="Start", url_path="start", default=True, visibility="hidden"
    )
    st.navigation([start, all_runs, one_run, many_samples, one_sample, errors_of_task, rating]).run()


def _start(all_runs: Page, one_run: Page) -> None:
    """The address without a page: the overview of the run that it names, else the list of runs."""
    run = st.query_params.get("run")
    if run is None:
        st.switch_page(all_runs)
    st.switch_page(one_run, query_params={"run": run})


if __name__ == "__main__":
    main()
