"""A chart is drawn without the grammar of internationalised addresses, and leaves it to others."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from audit.reports.drawing.altair import GRAMMAR, _absent

if TYPE_CHECKING:
    from tests.cli.whole.processes import Forks

DRAW = """
import sys
from audit.reports.drawing.altair import GRAMMAR, alt
print(GRAMMAR in sys.modules, alt.Chart().mark_bar().to_dict()["mark"]["type"])
import importlib.util
print(importlib.util.find_spec(GRAMMAR) is not None)
"""


@pytest.mark.slow
def test_the_grammar_is_not_compiled_and_can_be_imported_later(forks: Forks) -> None:
    fork = forks.start([], DRAW)
    assert fork.poll(block=True) == 0, fork.error.read_text("utf-8")
    assert fork.out.read_text("utf-8").split() == ["False", "bar", "True"]


def test_what_is_imported_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, GRAMMAR, sys)
    with _absent(GRAMMAR):
        assert sys.modules[GRAMMAR] is sys
    assert sys.modules[GRAMMAR] is sys
    monkeypatch.delitem(sys.modules, GRAMMAR)
    with _absent(GRAMMAR), pytest.raises(ImportError):
        __import__(GRAMMAR)
    assert GRAMMAR not in sys.modules
