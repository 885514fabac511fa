"""What holds for the folder as a whole."""

from __future__ import annotations

import ast
import sys
from importlib import metadata, resources
from pathlib import Path

import pytest

FOLDER = Path(str(resources.files("audit.app")))
SOURCES = sorted(FOLDER.rglob("*.py"))
UNSAFE = {"unsafe_allow_html", "unsafe_allow_javascript"}
ALLOWED = "st.html(NO_REPEAT, unsafe_allow_javascript=True)"


@pytest.mark.slow
def test_no_module_shadows_another() -> None:
    """``streamlit run`` puts the script's folder first on the import path: ``app/html.py`` would become ``html``."""
    installed = {name.partition(".")[0] for name in metadata.packages_distributions()}
    assert not {source.stem for source in FOLDER.glob("*.py")} & (set(sys.stdlib_module_names) | installed)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.relative_to(FOLDER).as_posix())
def test_no_page_lets_html_or_script_through(source: Path) -> None:
    """One call may run a script: it is given a constant, which holds nobody's text."""
    calls = [node for node in ast.walk(ast.parse(source.read_text("utf-8"))) if isinstance(node, ast.Call)]
    unsafe = [call for call in calls if {word.arg for word in call.keywords} & UNSAFE]
    assert [ast.unparse(call) for call in unsafe] == ([ALLOWED] if source.stem == "rate" else [])
