"""The process that serves the app: Streamlit's command line, kept from asking other servers anything.

When a page of another origin tries to connect, Streamlit looks for this machine's own addresses, the public one by
asking a server elsewhere, to see whether the page comes from there. The app's own pages are let in without that.
"""

from __future__ import annotations

from streamlit import net_util
from streamlit.web import cli


def serve() -> None:
    """Run Streamlit with the arguments of this process."""
    net_util.get_internal_ip = net_util.get_external_ip = lambda: None
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    serve()
