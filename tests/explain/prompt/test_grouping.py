"""Atoms in groups, as fine as a limit allows."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from audit.explain.prompt.grouping import FEWEST
from tests.explain.cutting import cut
from tests.explain.prompt.test_features import check_partition

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine import Engine


@pytest.mark.parametrize(
    ("limit", "level", "count"),
    [
        (20, "words", 15),
        (14, "clauses", 4),
        (4, "clauses", 4),
        (3, "sentences", 3),
        (2, "runs of sentences", 2),
        (1, "runs of sentences", 1),
    ],
)
def test_longer_prompts_are_cut_into_coarser_pieces(tiny: Engine, limit: int, level: str, count: int) -> None:
    prompt = "The dog sleeps, and the cat does not. The fox is quick. Who is lazy?"
    features = cut(tiny, prompt, " x", max_features=limit)
    assert (features.level, len(features)) == (level, count)


SCRIPTS = {
    "English": "word " * 70,
    "Hindi": "यह एक छोटा वाक्य है। " * 6,
    "Urdu": "یہ ایک چھوٹا جملہ ہے۔ " * 6,
    "Thai": "วันนี้อากาศดี ไปเที่ยวกัน " * 4,
    "Burmese": "ဒါက ပထမ ဝါကျ ဖြစ်တယ်။ " * 6,
    "Khmer": "ខ្ញុំទៅផ្សារ។ គាត់នៅផ្ទះ។ " * 4,
    "Lao": "ຂ້ອຍດີ ເຈົ້າເດ " * 5,
    "Armenian": "Սա առաջին նախադասությունն է։ " * 5,
    "Amharic": "ሰላም ነው እንዴት ነህ። " * 6,
    "Chinese without marks": "我喜欢猫他喜欢狗" * 8,
    "Japanese": "私は学生ですが彼は先生です" * 8,
    "Tibetan": "བོད་ཡིག་ནི་སྐད་ཡིག་ཡིན། " * 5,
    "one long word": "a" * 300 + " b c d e f",
}


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("limit", [48, 24, 12, 5, 4])
def test_no_script_falls_from_words_to_one_piece(tiny: Engine, script: str, limit: int) -> None:
    prompt = SCRIPTS[script].strip()
    words = len(cut(tiny, prompt, " x", max_features=9999, unit="words"))
    assert words >= 4
    features = cut(tiny, prompt, " x", max_features=limit)
    assert min(words, FEWEST) <= len(features) <= limit
    if len(features.request.context_ids) + 8 <= tiny.max_length:
        check_partition(tiny, prompt, features)


@pytest.mark.parametrize("count", [47, 48, 49, 50, 97])
def test_one_word_more_does_not_make_one_piece(tiny: Engine, count: int) -> None:
    features = cut(tiny, " ".join(["dog"] * count), " x", max_features=48)
    assert (features.level, len(features)) == (("words" if count <= 48 else "runs of words"), min(count, 48))


def test_runs_stay_inside_the_pieces_that_were_too_few(tiny: Engine) -> None:
    prompt = "The dog sleeps all day long. The quick brown fox jumps over it."
    features = cut(tiny, prompt, " x", max_features=6)
    assert (features.level, len(features)) == ("runs of words", 6)
    assert any(piece.start == prompt.index("The quick") for piece in features.records)


def real_prompts(folder: Path) -> dict[str, list[str]]:
    """Prompts of the toxicity and refusal probes, and texts in four languages, as their publishers made them."""
    lines = [line for path in folder.glob("toxicity_prompts/*.jsonl") for line in path.read_text().splitlines()]
    found = {"toxicity": [json.loads(line)["prompt"]["text"] for line in lines]}
    with (folder / "xstest" / "xstest_prompts.csv").open() as file:
        found["xstest"] = [row["prompt"] for row in csv.DictReader(file)]
    for path in [*folder.glob("mgsm/*.tsv"), *folder.glob("ntrex/*.txt")]:
        found[path.name] = [line.split("\t")[0] for line in path.read_text().splitlines()[:250] if line.strip()]
    return found


@pytest.mark.data
@pytest.mark.slow
def test_no_real_prompt_of_four_words_becomes_fewer_than_four_pieces(embedded: Engine, audit_data: Path) -> None:
    for name, texts in real_prompts(audit_data).items():
        assert len(texts) >= 200
        for text in texts:
            count = len(cut(embedded, text, " x", max_features=12))
            assert count <= 12, (name, text)
            if count < FEWEST:
                words = len(cut(embedded, text, " x", max_features=9999, unit="words"))
                assert words <= count, (name, text)
