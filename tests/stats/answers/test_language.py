"""One identifier of languages for a process: whoever asks first waits for its model."""

from __future__ import annotations

import pytest

from audit.reports.errors import text_groups
from audit.safety.scorers import language
from audit.stats.answers.language import language_identifier


@pytest.mark.slow
def test_the_model_is_unpacked_once_and_its_probabilities_add_up_to_one() -> None:
    first = language_identifier()
    assert text_groups.language_identifier() is first
    assert language.language_identifier() is first
    code, probability = first.classify("Der schnelle braune Fuchs springt über den faulen Hund.")
    assert code == "de"
    assert probability > 0.9
    ranked = dict(first.rank("Der schnelle braune Fuchs springt über den faulen Hund."))
    assert len(ranked) > 100
    assert sum(ranked.values()) == pytest.approx(1, abs=1e-3)
