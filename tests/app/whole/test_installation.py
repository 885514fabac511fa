"""What holds for the folder as a whole."""

from __future__ import annotations

import ast
from importlib import resources
from pathlib import Path

import pytest

FOLDER = Path(str(resources.files("audit.app")))
SOURCES = sorted(FOLDER.rglob("*.py"))
UNSAFE = {"unsafe_allow_html", "unsafe_allow_javascript"}
ALLOWED = "st.html(keys.NO_REPEAT, unsafe_allow_javascript=True)"
KEYED = {"rate", "rate_run", "adjudicate"}
"""Pages that are used by keyboard."""


def test_no_module_shadows_another_and_no_folder_is_taken_for_pages() -> None:
    """``streamlit run`` puts the script's folder first on the import path, and shows the scripts of ``pages`` in it."""
    assert {path.name for path in (FOLDER / "entry").iterdir()} - {"__pycache__"} == {"__init__.py", "main.py"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.relative_to(FOLDER).as_posix())
def test_no_page_lets_html_or_script_through(source: Path) -> None:
    """One call may run a script: it is given a constant, which holds nobody's text."""
    calls = [node for node in ast.walk(ast.parse(source.read_text("utf-8"))) if isinstance(node, ast.Call)]
    unsafe = [call for call in calls if {word.arg for word in call.keywords} & UNSAFE]
    assert [ast.unparse(call) for call in unsafe] == ([ALLOWED] if source.stem in KEYED else [])
