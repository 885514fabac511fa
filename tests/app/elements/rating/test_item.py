"""An item on a page: nothing of a hidden one, and options where the checkpoint chose."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

SCRIPT = """
from audit.app.elements.rating.item import show_item
from audit.ratings.projects.blinding import ShownItem
from tests.app.conftest import HOSTILE
item = ShownItem(item_id=1, task="t", prompt=HOSTILE, outputs={"a": "9 apples", "b": HOSTILE}, options=["yes", " no"],
    may_offend=True, calibration=False, questions=[], guidelines_version=1)
show_item(item, None if SHOWN else print)
"""


def shown(*, is_shown: bool) -> AppTest:
    return AppTest.from_string(SCRIPT.replace("SHOWN", str(is_shown)), default_timeout=300).run()


def test_two_outputs_stand_below_the_prompt_as_text_alone() -> None:
    test = shown(is_shown=True)
    assert not test.exception
    assert [one.value for one in test.markdown] == ["**Prompt**", "**Options**", "**A**", "**B**"]
    assert test.code[1].value == "· yes\n· no"
    assert test.code[2].value == "9 apples"
    assert test.code[3].value.startswith("<script>")


def test_of_a_hidden_item_nothing_is_on_the_page() -> None:
    test = shown(is_shown=False)
    assert not test.exception
    assert not test.code
    assert [one.label for one in test.button] == ["Show it"]
