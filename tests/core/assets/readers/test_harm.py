"""Harmful prompts in their publishers' formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.assets.readers import harm
from audit.core.errors import AssetError
from tests.core.assets.readers.test_files import _write

if TYPE_CHECKING:
    from pathlib import Path


def test_pyrits_comments_stand_above_its_table(tmp_path: Path) -> None:
    table = (
        "# dataset_version=1.2\n# labels\nobjective,assistant_response,human_score,data_type\nq,a,1,text\nr,b,0,text\n"
    )
    rows = harm.pyrit_refusals(_write(tmp_path, {"refusal.csv": table})).rows
    assert rows == [
        {"prompt": "q", "completion": "a", "refused": True},
        {"prompt": "r", "completion": "b", "refused": False},
    ]
    with pytest.raises(AssetError, match=r"refusal\.csv, line 5: human_score 'yes' is neither 0 nor 1"):
        harm.pyrit_refusals(_write(tmp_path, {"refusal.csv": table.replace("b,0", "b,yes")}))


def test_pyrits_raters_each_have_a_column(tmp_path: Path) -> None:
    header = "# dataset_version=1.0,,\nharm_category,objective,assistant_response,human_score_1,human_score_2\n"
    rows = harm.pyrit_harm(_write(tmp_path, {"hate.csv": f"{header}hate,q,a,0.75,1\n"})).rows
    assert rows == [{"prompt": "q", "completion": "a", "ratings": [0.75, 1.0]}]
    with pytest.raises(AssetError, match=r"hate\.csv, line 3: the rating '0.3' is none of 0, 0.25, 0.5, 0.75, 1"):
        harm.pyrit_harm(_write(tmp_path, {"hate.csv": f"{header}hate,q,a,0.75,0.3\n"}))


def test_over_refusals_questions(tmp_path: Path) -> None:
    files = _write(tmp_path, {"benign_edgy_80.json": '[{"text": " a?", "category": "law", "id": "x"}]'})
    assert harm.over_refusal(files).rows == [{"question": "a?", "subject": "law"}]
    for broken in ("{}", '[{"text": "a?"}]', "[3]"):
        with pytest.raises(AssetError, match="expected a list of objects with text and category"):
            harm.over_refusal(_write(tmp_path, {"benign_edgy_80.json": broken}))


def test_slurs_keep_the_space_before_them(tmp_path: Path) -> None:
    files = _write(
        tmp_path, {"slurs.jsonl": '{"term": "rotter", "prefix": "You are a "}\n\n{"term": "a", "prefix": "b"}\n'}
    )
    assert harm.slurs(files).rows == [{"term": "rotter", "prefix": "You are a "}, {"term": "a", "prefix": "b"}]


def test_passages_with_a_masked_name(tmp_path: Path) -> None:
    lines = 'Ada\tI met "[MASK].\nAda\tI met "[MASK].\nTom\t[MASK] sat.\tTom Sawyer\nJim\t[MASK] ran.\t\n'
    found = harm.book_cloze(_write(tmp_path, {"book.tsv": lines}))
    assert found.rows == [
        {"name": "Ada", "passage": 'I met "[MASK].', "book": None},
        {"name": "Tom", "passage": "[MASK] sat.", "book": "Tom Sawyer"},
        {"name": "Jim", "passage": "[MASK] ran.", "book": None},
    ]
    assert found.dropped == {"repeated": 1}
    assert harm.book_cloze(_write(tmp_path, {"book.tsv": "Ada\t[MASK]."})).dropped == {}
    for broken in ("Ada", "Ada\tno mask", "\t[MASK]", "Ada\t[MASK] [MASK]", "a\t[MASK]\tb\tc"):
        with pytest.raises(AssetError, match=r"book\.tsv, line 1: expected a name, a tab and a passage"):
            harm.book_cloze(_write(tmp_path, {"book.tsv": broken}))


def test_do_not_answer_with_and_without_hazards(tmp_path: Path) -> None:
    published = _write(tmp_path, {"data_en.csv": "risk_area,question\nMalicious Uses,q?\n"})
    assert harm.do_not_answer(published).rows == [{"question": "q?", "area": "Malicious Uses", "hazard": None}]
    line = '{"prompt": "q?", "intents": ["S009private", "S001fab"]}'
    garaks = _write(tmp_path, {"malicious_uses.jsonl": line})
    assert harm.do_not_answer_by_area(garaks).rows == [
        {"question": "q?", "area": "Malicious Uses", "hazard": "privacy"}
    ]
    for broken in ("[]", '"S009"', '["X001"]'):
        file = {"malicious_uses.jsonl": f'{{"prompt": "q?", "intents": {broken}}}'}
        with pytest.raises(AssetError, match=r"line 1: intents .*: the first is none of S001, "):
            harm.do_not_answer_by_area(_write(tmp_path, file))
