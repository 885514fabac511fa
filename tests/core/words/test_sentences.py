"""What is said of a value: expected texts are written by hand."""

from __future__ import annotations

from typing import Any

from audit.core.records import Metric
from audit.core.words import sentence

PREFERENCE = {
    "title": "More stereotyping sentence preferred",
    "above": "Prefers the more stereotyping sentence",
    "below": "Prefers the less stereotyping sentence",
    "within": "No preference shown",
}
LEAK = {
    "title": "Training documents distinguished from unseen ones",
    "above": "Gives away training documents",
    "within": "Not shown to give away training documents",
}
TOXIC = {"title": "Toxic continuations", "of": "of continuations are toxic"}
SOLVED = {"title": "Right answers", "of": "of questions are answered right"}


def metric(value: float | None, low: float | None, high: float | None, unit: str = "share", **more: Any) -> Metric:
    fields = {"name": "t/m_n", "suite": "evals", "task": "t", "metric": "m_n", "n": 100, "unit": unit, **more}
    return Metric(value=value, ci_low=low, ci_high=high, **fields)


def guessed(value: float, low: float | None, high: float | None, **more: Any) -> Metric:
    return metric(value, low, high, **{"higher_is_better": True, "chance": 0.5, **more})


YES = {"majority": 0.62, "majority_answer": "yes"}
CASES: list[tuple[Metric, str]] = [
    # nothing was found, or no more than is aimed at
    (
        metric(0.0, 0.0, 0.04, higher_is_better=False, ideal=0.0, words=TOXIC),
        "None found: 0 % of continuations are toxic; about 4 % is not ruled out.",
    ),
    (
        metric(0.0, 0.0, 0.0, higher_is_better=False, ideal=0.0, words=TOXIC),
        "None found: 0 % of continuations are toxic.",
    ),
    (
        metric(0.05, 0.03, 0.07, higher_is_better=False, ideal=0.05, words=TOXIC),
        "5 % (3 to 7 %) of continuations are toxic; ideally 5 %.",
    ),
    (metric(None, None, None, error="It broke."), "Not computed: It broke."),
    # a p-value
    (
        metric(0.0003, None, None, "p_value", words={"title": "Test", "above": "Knows the order", "within": "No sign"}),
        "Knows the order: p = 0.0003.",
    ),
    (
        metric(0.42, None, None, "p_value", words={"title": "Test", "above": "Knows the order", "within": "No sign"}),
        "No sign: p = 0.42. A large p-value proves nothing.",
    ),
    (metric(0.05, None, None, "p_value"), "More than chance explains: p = 0.05."),
    (
        metric(0.06, None, None, "p_value"),
        "No more than chance explains is shown: p = 0.06. A large p-value proves nothing.",
    ),
    # chance level, higher is better
    (guessed(0.62, 0.55, 0.69), "Better than guessing: 62 % (55 to 69 %), where guessing gives 50 %."),
    (guessed(0.5, 0.35, 0.65), "Not shown to be better than guessing: 50 % (35 to 65 %), where guessing gives 50 %."),
    (guessed(0.6, 0.5, 0.7), "Not shown to be better than guessing: 60 % (50 to 70 %), where guessing gives 50 %."),
    (guessed(0.2, 0.13, 0.29), "Worse than guessing: 20 % (13 to 29 %), where guessing gives 50 %."),
    (
        guessed(0.125, 0.035, 0.36, chance=0.25, n=16),
        "Not shown to be better than guessing (only 16 items): 12 % (4 to 36 %), where guessing gives 25 %.",
    ),
    (guessed(0.0, 0.0, 0.037), "Worse than guessing: 0 % (0 to 4 %), where guessing gives 50 %."),
    (guessed(1.0, 0.963, 1.0), "Better than guessing: 100 % (96 to 100 %), where guessing gives 50 %."),
    (
        guessed(0.7, 0.66, 0.74, **YES),
        "Better than guessing (50 %) and than always answering “yes” (62 %): 70 % (66 to 74 %).",
    ),
    (
        guessed(0.6, 0.55, 0.65, **YES),
        "Better than guessing (50 %), not shown to be better than always answering “yes” (62 %): 60 % (55 to 65 %).",
    ),
    (
        guessed(0.56, 0.52, 0.6, **YES),
        "Better than guessing (50 %), worse than always answering “yes” (62 %): 56 % (52 to 60 %).",
    ),
    (
        guessed(0.5, 0.45, 0.55, **YES),
        "Not shown to be better than guessing (50 %), worse than always answering “yes” (62 %): 50 % (45 to 55 %).",
    ),
    (
        guessed(0.55, 0.45, 0.65, **YES),
        "Not shown to be better than guessing: 55 % (45 to 65 %), where guessing gives 50 %.",
    ),
    (guessed(0.4, 0.3, 0.48, **YES), "Worse than guessing: 40 % (30 to 48 %), where guessing gives 50 %."),
    (
        metric(
            7.1, 2.8, 12.7, "nats", higher_is_better=True, chance=0, words={"title": "G", "guess": "a random order"}
        ),
        "Better than a random order: 7 nats (3 to 13 nats), where a random order gives 0 nats.",
    ),
    (guessed(0.5, None, None), "m n: 50 %; there is no interval to say how sure this is."),
    (guessed(0.5, 0.35, None), "m n: 50 %; there is no interval to say how sure this is."),
    # chance level, lower is better
    (
        metric(0.63, 0.55, 0.71, "probability", higher_is_better=False, chance=0.5, words=LEAK),
        "Gives away training documents: 0.63 (0.55 to 0.71), where guessing gives 0.50.",
    ),
    (
        metric(0.53, 0.45, 0.61, "probability", higher_is_better=False, chance=0.5, words=LEAK),
        "Not shown to give away training documents: 0.53 (0.45 to 0.61), where guessing gives 0.50.",
    ),
    (
        metric(0.4, 0.32, 0.48, "probability", higher_is_better=False, chance=0.5, words=LEAK),
        "Less than guessing gives: 0.40 (0.32 to 0.48), where guessing gives 0.50.",
    ),
    (
        metric(0.3, 0.2, 0.41, higher_is_better=False, chance=0.1),
        "More than guessing explains: 30 % (20 to 41 %), where guessing gives 10 %.",
    ),
    # majority answer alone
    (
        metric(0.43, 0.3, 0.62, higher_is_better=True, majority=0.38, majority_answer="yes"),
        "Not shown to be better than always answering “yes”: 43 % (30 to 62 %), where that gives 38 %.",
    ),
    (
        metric(0.3, 0.25, 0.35, higher_is_better=True, majority=0.38, majority_answer="yes"),
        "Worse than always answering “yes”: 30 % (25 to 35 %), where that gives 38 %.",
    ),
    # an ideal that can be missed on both sides
    (
        metric(60, 52, 67.5, "percent", ideal=50, chance=50, words=PREFERENCE),
        "Prefers the more stereotyping sentence: 60 % (52 to 68 %), where 50 % is ideal.",
    ),
    (
        metric(41, 33, 48.9, "percent", ideal=50, words=PREFERENCE),
        "Prefers the less stereotyping sentence: 41 % (33 to 49 %), where 50 % is ideal.",
    ),
    (
        metric(54.6, 45.6, 63.6, "percent", ideal=50, words=PREFERENCE),
        "No preference shown: 55 % (46 to 64 %), where 50 % is ideal.",
    ),
    (
        metric(54.6, 30.6, 75.6, "percent", ideal=50, words=PREFERENCE, n=12),
        "No preference shown (only 12 items): 55 % (31 to 76 %), where 50 % is ideal.",
    ),
    (
        metric(-0.4, -0.9, 0.1, "nats", ideal=0),
        "No deviation from the ideal shown: −0.4 nats (−0.9 to 0.1 nats), where 0 nats is ideal.",
    ),
    (
        metric(3.0, 1.2, 4.9, "points", ideal=0),
        "Above the ideal: 3.0 points (1.2 to 4.9 points), where 0 points is ideal.",
    ),
    # harm that should be 0
    (
        metric(0.125, 0.069, 0.191, higher_is_better=False, ideal=0, words=TOXIC),
        "12 % (7 to 19 %) of continuations are toxic; ideally none.",
    ),
    (
        metric(0.0, 0.0, 0.18, higher_is_better=False, ideal=0, words=TOXIC),
        "None found: 0 % of continuations are toxic; about 18 % is not ruled out.",
    ),
    (
        metric(1.0, 0.82, 1.0, higher_is_better=False, ideal=0, words=TOXIC),
        "100 % (82 to 100 %) of continuations are toxic; ideally none.",
    ),
    (
        metric(0.47, 0.3, 0.66, "probability", higher_is_better=False, ideal=0, words=TOXIC),
        "Toxic continuations: 0.47 (0.30 to 0.66), where 0 is ideal.",
    ),
    (
        metric(0.0, None, None, higher_is_better=False, ideal=0, words=TOXIC),
        "0 % of continuations are toxic; there is no interval to say how sure this is.",
    ),
    # no reference
    (
        metric(0.094, 0.032, 0.242, higher_is_better=True, words=SOLVED),
        "9 % (3 to 24 %) of questions are answered right; higher is better.",
    ),
    (
        metric(16.9, 12.3, 20, "chrf", higher_is_better=True, words={"title": "chrF"}),
        "chrF: 17 (12 to 20); higher is better.",
    ),
    (metric(0.2, -0.1, 0.5, "sentiment"), "m n: 0.2 (−0.1 to 0.5)."),
    (
        metric(3, None, None, "count", higher_is_better=False, words={"title": "Cut answers"}),
        "Cut answers: 3 of 100.",
    ),
    (metric(0.2, 0.1, 0.3, slice={"k": "a"}, higher_is_better=True), "m n [k=a]: 20 % (10 to 30 %); higher is better."),
    # no value
    (
        metric(None, None, None, error="none of 3 items could be scored"),
        "Not computed: none of 3 items could be scored.",
    ),
    (metric(None, None, None), "Not computed: no reason given."),
]


def test_sentences() -> None:
    assert [sentence(one) for one, _ in CASES] == [text for _, text in CASES]


def test_nothing_is_claimed_of_an_interval_that_is_too_narrow() -> None:
    assert sentence(guessed(0.62, 0.55, 0.69), narrow=True) == "m n: 62 %; the interval is too narrow to rely on."
    toxic = metric(0.0, 0.0, 0.18, higher_is_better=False, ideal=0, words=TOXIC)
    assert sentence(toxic, narrow=True) == "0 % of continuations are toxic; the interval is too narrow to rely on."


def test_sentences_are_short() -> None:
    assert [text for _, text in CASES if len(text.split()) > 26] == []


def test_words_of_a_run_cannot_act_in_a_terminal() -> None:
    hostile = {"title": "a\x1b[2J", "above": "b\u202e", "of": "of c\x07"}
    found = [
        sentence(metric(0.9, 0.8, 1.0, chance=0.5, words=hostile)),
        sentence(metric(0.9, 0.8, 1.0, words=hostile)),
        sentence(metric(3.0, 2.0, 4.0, "nats", words=hostile)),
        sentence(guessed(0.7, 0.66, 0.74, majority=0.62, majority_answer="\x1b[31m")),
    ]
    assert all(text.isprintable() for text in found)
