"""What a judge of English is handed, and what it is not: short texts, code, names, whole data sets."""

from __future__ import annotations

import csv
import json
import random
from typing import TYPE_CHECKING

import pytest

from audit.safety.scorers.language import ENGLISH, language_of, reads, unread
from tests.safety.languages import ENGLISH as ENGLISH_TEXTS
from tests.safety.languages import INSULTS, NO_LANGUAGE, REFUSALS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.whole.processes import Forks

DETOXIFY = frozenset({"en", "es", "fr", "it", "pt", "ru", "tr"})


@pytest.mark.parametrize("language", REFUSALS)
def test_refusals_in_other_languages_are_not_read_as_english(language: str) -> None:
    assert [text for text in REFUSALS[language] if reads(ENGLISH, text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "Non posso.", "Ni hablar", "Pas question", "Ja.", "Niet.", "Jamais.", "Nunca!", "Niemals!", "Desculpe.",
        "Te odio",
        "Eres un idiota", "Vaffanculo", "Connard", "Hurensohn", "Puta madre", "Madarchod", "Hijo de Puta", "Bodoh",
        "Siktir git", "Ty chuju", "Ne morem.", "Kankerhoer", "NUNCA",
    ],
)  # fmt: skip
def test_a_few_foreign_words_are_not_read_as_english(text: str) -> None:
    assert not reads(ENGLISH, text)


@pytest.mark.parametrize("text", ["Leonardo da Vinci", "Ludwig van Beethoven", "Rio de Janeiro", "Vincent van Gogh."])
def test_names_with_a_particle_are_read(text: str) -> None:
    assert reads(ENGLISH, text)


def test_the_cases_are_many_languages() -> None:
    assert len(REFUSALS) >= 25


@pytest.mark.parametrize("text", INSULTS)
def test_insults_in_other_languages_are_not_read_as_english(text: str) -> None:
    assert not reads(ENGLISH, text)


def test_short_english_and_what_belongs_to_no_language_is_read() -> None:
    assert [text for text in (*ENGLISH_TEXTS, *NO_LANGUAGE) if not reads(ENGLISH, text)] == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Die Fahrt dauert zwei Stunden.", "de"),
        ("Je suis désolé, mais je ne peux pas vous aider.", "fr"),
        ("Lo siento, pero no puedo ayudarte con esa solicitud.", "es"),
        ("Извините, я не могу помочь с этим вопросом.", "ru"),
        ("對不起，我沒有辦法幫助你做這件事情。", "zh"),
        ("Nein.", "de"),
        ("The capital of France is Paris.", "en"),
        ("Maybe.", "en"),
        ("42", None),
        ("...", None),
    ],
)
def test_the_language_of_a_text(text: str, language: str | None) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Je suis désolé, mais je ne peux pas vous aider.", True),
        ("Извините, я не могу помочь с этим вопросом.", True),
        ("Hayır.", True),
        ("I cannot help you with that.", True),
        ("Съжалявам, не мога да помогна с това.", False),
        ("Es tut mir leid, aber dabei kann ich dir nicht helfen.", False),
        ("对不起，我不能帮助你。", False),
        ("Nein.", False),
    ],
)
def test_a_judge_of_several_languages_reads_these_alone(text: str, read: bool) -> None:
    assert reads(DETOXIFY, text) == read


def test_a_judge_of_all_languages_reads_everything() -> None:
    assert reads(None, "对不起，我不能帮助你。")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("```\nLo siento, no puedo ayudar con eso.\n```", False),
        ("Lo siento, no puedo ayudar con eso.\n```python\nprint(1)\n```", False),
        ("Here is the code:\n```python\nprint('No puedo ayudarte con eso, lo siento mucho')\n```", True),
        ("IL NE PEUT PAS LE FAIRE", False),
        ("\uff29 \uff43\uff41\uff4e\uff4e\uff4f\uff54 \uff48\uff45\uff4c\uff50 \uff59\uff4f\uff55", True),
        ("Sure! 你这个白痴，去死吧。", False),
        ("The word for cat is 猫 there.", True),
        ("\u13a3\u13cf\u13f2 \u13d9\u13af\u13e7", False),
        ("\u2d30\u2d63\u2d53\u2d4d \u2d3c\u2d4d\u2d4d\u2d30\u2d61\u2d4f", False),
        ("\ud800 and this is the rest", True),
        ("", True),
    ],
)
def test_mixed_text_and_odd_letters(text: str, read: bool) -> None:
    assert reads(ENGLISH, text) == read


def test_letters_at_random_are_of_no_language() -> None:
    """What a checkpoint with random weights writes is no answer in English."""
    chance = random.Random(1)  # noqa: S311 - no secret
    for _ in range(20):
        text = "".join(chance.choices("etaoinshrdlu \u00e9\ufffd(#", k=300))
        assert not reads(ENGLISH, text)
        assert language_of(text) != "en"


def test_the_reason_names_judge_and_language() -> None:
    told = unread("scorer x", ENGLISH, "Die Fahrt dauert zwei Stunden.")
    assert told == "scorer x reads en; this text looks like de"


@pytest.mark.slow
def test_the_model_is_not_loaded_before_a_text_is_judged(forks: Forks) -> None:
    """Nor by anything else that an audit imports."""
    code = "import sys, audit.safety.scorers.toxicity, audit.safety.asking.refusals\nprint('py3langid' in sys.modules)"
    fork = forks.start([], code)
    assert fork.poll(block=True) == 0
    assert fork.out.read_text("utf-8") == "False\n"


def column(file: Path, name: str) -> list[str]:
    with file.open(encoding="utf-8", newline="") as handle:
        return [row[name] for row in csv.DictReader(handle)]


@pytest.mark.slow
def test_english_data_is_read(audit_data: Path) -> None:
    """At least 99.5 % of every English set."""
    sets = {
        model: column(audit_data / "xstest" / f"xstest_v2_completions_{model}.csv", "completion")
        for model in ("gpt4", "llama2orig", "mistralinstruct")
    }
    for kind in ("toxic", "nontoxic"):
        lines = (audit_data / "toxicity_prompts" / f"{kind}.jsonl").read_text("utf-8").splitlines()
        sets[f"{kind} prompts"] = [json.loads(line)["prompt"]["text"] for line in lines]
        lines = (audit_data / "toxicity_continuations" / f"{kind}.jsonl").read_text("utf-8").splitlines()
        sets[f"{kind} continuations"] = [json.loads(line)["continuation"]["text"] for line in lines]
    sets["hatecheck"] = column(audit_data / "hatecheck" / "test_suite_cases.csv", "test_case")
    sets["mgsm"] = (audit_data / "mgsm" / "mgsm_en.tsv").read_text("utf-8").splitlines()
    for name, texts in sets.items():
        kept = sum(reads(ENGLISH, text) for text in texts)
        assert kept >= 0.995 * len(texts), name


@pytest.mark.slow
def test_data_in_other_languages_is_not_read(audit_data: Path) -> None:
    """At least 99 % of every foreign set; what is left are names and scores of matches."""
    sets = {
        language: (audit_data / "ntrex" / f"newstest2019-ref.{language}.txt").read_text("utf-8").splitlines()
        for language in ("deu", "fra", "zho-CN")
    }
    for language in ("de", "zh"):
        sets[f"mgsm {language}"] = (audit_data / "mgsm" / f"mgsm_{language}.tsv").read_text("utf-8").splitlines()
    sets["cold"] = column(audit_data / "cold" / "dev.csv", "TEXT")
    for name, texts in sets.items():
        assert sum(not reads(ENGLISH, text) for text in texts) >= 0.99 * len(texts), name
