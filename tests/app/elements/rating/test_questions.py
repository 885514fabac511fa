"""The questions of a project: which answers have which key, and which question has the keys."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from audit.app.drafts import Draft
from audit.app.elements.rating.questions import active_question, choices, go_on, is_at_once
from audit.ratings.projects.asking import AnyKind, FreeText, LabelChoice, LikertScale, PreferenceChoice

SCALE = LikertScale(name="good", text="How good?", points=3, lowest="bad", highest="great")
SEVERAL = LabelChoice(name="faults", text="What is wrong?", labels=["facts", "tone"], several=True)
TEXT = FreeText(name="better", text="A better answer")


def test_each_answer_has_its_own_key() -> None:
    assert choices(SCALE) == [(1, "bad", "1"), (2, "2", "2"), (3, "great", "3")]
    preference = choices(PreferenceChoice(name="p", text="?"))
    assert [(value, key) for value, _, key in preference] == [("a", "A"), ("b", "B"), ("tie", "T"), ("both_bad", "N")]
    without = choices(PreferenceChoice(name="p", text="?", ties=False, both_bad=False))
    assert [value for value, _, _ in without] == ["a", "b"]


def test_a_point_that_is_its_own_key_is_written_once() -> None:
    """Streamlit writes the key on the button, where the question has the keys."""

    def page() -> None:
        from audit.app.drafts import Draft
        from audit.app.elements.rating.questions import show_questions
        from audit.ratings.projects.asking import LikertScale

        good, clear = (LikertScale(name=name, text="?", points=3, lowest="no", highest="yes") for name in ("g", "c"))
        show_questions([good, clear], {}, Draft(), "k", lambda: None, off=False)

    buttons = AppTest.from_function(page).run().button
    shown = [(one.label, one.proto.shortcut) for one in buttons]
    assert shown == [("no", "1"), ("", "2"), ("yes", "3"), ("no", ""), ("2", ""), ("yes", "")]


def test_keys_of_many_labels_differ_and_are_taken_by_nothing_else() -> None:
    many = choices(LabelChoice(name="l", text="?", labels=[f"label {number}" for number in range(50)]))
    keys = [key for _, _, key in many if key is not None]
    assert len(many) == 50
    assert len(keys) == len(set(keys)) == 24
    assert not set("abtnskfoqcru") & set(keys)  # preferences, sending, skipping, flagging, showing; Streamlit's C and R


def test_one_press_answers_a_project_with_one_choice_alone() -> None:
    assert is_at_once([SCALE])
    assert not is_at_once([SCALE, TEXT])
    assert not is_at_once([SEVERAL])
    assert not is_at_once([TEXT])


def test_the_keys_go_from_question_to_question() -> None:
    asked: list[AnyKind] = [SCALE, TEXT, SEVERAL]
    draft = Draft()
    assert active_question(asked, draft) == "good"
    draft.answers["good"] = 2
    assert active_question(asked, draft) == "faults"
    go_on(asked, draft)
    assert draft.answers == {"good": 2, "faults": []}  # none of the labels is an answer
    assert active_question(asked, draft) is None  # the next press must not overwrite "good"
    for name in ("good", "faults", None):  # to change an answer
        go_on(asked, draft)
        assert active_question(asked, draft) == name


def test_leaving_a_question_leads_to_those_without_an_answer_first() -> None:
    clear = LikertScale(name="clear", text="How clear?", points=3, lowest="no", highest="yes")
    asked: list[AnyKind] = [SCALE, SEVERAL, clear]
    draft = Draft()
    go_on(asked, draft)
    assert active_question(asked, draft) == "faults"
    go_on(asked, draft)
    assert active_question(asked, draft) == "clear"
    draft.answers["clear"] = 1
    go_on(asked, draft)
    assert active_question(asked, draft) == "good"
    assert draft.answers == {"faults": [], "clear": 1}


def test_from_an_open_question_no_key_leads_to_an_answered_one() -> None:
    clear = LikertScale(name="clear", text="How clear?", points=3, lowest="no", highest="yes")
    asked: list[AnyKind] = [SCALE, clear]
    draft = Draft()
    draft.answers["clear"] = 3
    for _ in range(3):
        assert active_question(asked, draft) == "good"
        go_on(asked, draft)
