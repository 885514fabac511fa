"""Options with likelihoods, chosen and right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from streamlit.testing.v1 import AppTest

from audit.app.elements.options import probabilities
from tests.app.drawn import drawn, tables


def test_probabilities_are_a_softmax() -> None:
    values = [-1.5, -700.0, 3.25, -1.5]
    assert probabilities(values) == pytest.approx(softmax(np.array(values)).tolist(), abs=1e-15)


def _page() -> None:
    import streamlit as st

    from audit.app.elements.options import show_options
    from audit.core.records import Choice

    given = {"options": [" a", "<b>", " c"], "chosen": 1, "right": 1}
    show_options(Choice(**given, log_likelihoods=[-2.0, -1.0, -3.0]))
    show_options(Choice(**given | {"right": 2}, log_likelihoods=[-2.0, -1.0, -3.0], normalised="tokens"))
    show_options(Choice(options=["x", "y"]))
    st.text("end")


def test_chosen_and_right_are_marked_in_words() -> None:
    test = drawn(AppTest.from_function(_page, default_timeout=300).run())
    whole, normalised, generated = tables(test)
    assert whole["Mark"] == ["—", "● chosen ✓ right", "—"]
    assert whole["Option"] == [" a", "<b>", " c"]
    assert whole["Log-likelihood"] == ["−2.000", "−1.000", "−3.000"]
    assert whole["Probability"] == ["24 %", "67 %", "9 %"]  # e^-1 / (1 + e^-1 + e^-2) and so on
    assert normalised["Mark"] == ["—", "● chosen", "✓ right"]
    assert list(normalised) == ["Mark", "Option", "Log-likelihood per token"]
    assert list(generated) == ["Mark", "Option"]
    assert any("chose none" in caption.value for caption in test.caption)
