"""Groups by text: languages only where there are several, clusters named by shown words alone."""

from __future__ import annotations

import pytest

from audit.reports.errors import text_groups
from audit.reports.errors.text_groups import LanguageGroups, text_clusters

COOKING = ["Boil the pasta in salted water, then add sauce and cheese.", "Bake the bread in a hot oven until brown."]
LAW = ["The court dismissed the appeal of the defendant.", "The judge heard the plaintiff and the defendant in court."]
GERMAN = "Der Zug nach Hamburg fährt heute leider nicht von diesem Gleis ab."


@pytest.mark.slow
def test_texts_of_two_subjects_are_two_clusters_named_by_their_words() -> None:
    texts = [COOKING[i % 4 // 2] if i % 2 else LAW[i % 4 // 2] for i in range(80)]
    texts = [f"{text} Item {'abcdefghij'[i % 10] * 3}{'klmnopqr'[i // 10] * 3}" for i, text in enumerate(texts)]
    found = text_clusters(texts, [True] * 80, seed=1)
    assert len(set(found)) == 2
    assert found[1::2] == [found[1]] * 40
    assert "court" in str(found[0]) or "defendant" in str(found[0])
    hidden = text_clusters(texts, [False] * 80, seed=1)
    assert set(hidden) == {"cluster 1 of 2, of hidden texts", "cluster 2 of 2, of hidden texts"}


def test_few_or_equal_texts_have_no_clusters() -> None:
    assert text_clusters(["a b c"] * 79, [True] * 79, seed=1) == [None] * 79
    assert text_clusters(["a b c"] * 90, [True] * 90, seed=1) == [None] * 90
    assert text_clusters([str(i) for i in range(90)], [True] * 90, seed=1) == [None] * 90


@pytest.mark.slow
def test_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [GERMAN if i % 3 else LAW[0] for i in range(60)]
    assert LanguageGroups.of([*texts, "7"]).labels == ["de" if i % 3 else "en" for i in range(60)] + [None]
    assert LanguageGroups.of([LAW[1]] * 60 + [GERMAN] * 9) == LanguageGroups([None] * 69)
    monkeypatch.setattr(text_groups, "MOST_READ", 59)
    assert LanguageGroups.of(texts).left_out == "languages: more than 59 samples in several languages"
