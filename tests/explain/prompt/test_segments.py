from __future__ import annotations

import budoux
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.explain.prompt.segments import LEVELS, cuts


def pieces(text: str, level: str) -> list[str]:
    starts = cuts(text, level)
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world! don't", ["Hello, ", "world! ", "don't"]),
        ("well-being 3.14 a@b.org 10:30", ["well-being ", "3.14 ", "a@b.org ", "10:30"]),
        ('(x) "Quote" foo(bar)[1]', ["(x) ", '"Quote" ', "foo", "(bar)", "[1]"]),
        ("我喜欢猫。你呢？ABC猫x", ["我", "喜欢猫。", "你", "呢？", "ABC", "猫", "x"]),
        ("タワーです", ["タワー", "です"]),
        ("हिन्दी में लिखो", ["हिन्दी ", "में ", "लिखो"]),
        ("great😀! 👩‍💻 👍🏻", ["great", "😀! ", "👩‍💻 ", "👍🏻"]),
        ("cafe\u0301 x", ["cafe\u0301 ", "x"]),
        ("a\n\nb\tc", ["a\n\n", "b\t", "c"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert pieces(text, "words") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天是晴天。", "今天|是|晴天。"),  # these three: README of BudouX, with its marks where it has words
        ("今天是晴天。你喜欢吗？", "今天|是|晴天。|你|喜欢|吗？"),
        ("วันนี้อากาศดี", "วัน|นี้|อากาศ|ดี"),
        ("今日は天気です。", "今日|は|天気|です。"),
        ("東京タワーは高いです。", "東京タワー|は|高い|です。"),
        ("赤い帽子の女の子が笑った。", "赤い|帽子|の|女の子|が|笑っ|た。"),
        ("私はABC会社で働いています。", "私|は|ABC|会社|で|働い|て|い|ます。"),
        ("今天天氣很好，我們去公園。", "今天|天氣|很|好，|我們|去|公園。"),
        ("银行在医院旁边吗？", "银行|在|医院|旁边|吗？"),
        ("人々の時々", "人々|の|時々"),
        ("Q: 我喜欢猫 and 狗\n東京です", "Q: |我|喜欢|猫 |and |狗\n|東京|です"),
        ("ຂ້ອຍດີ", "ຂ້|ອ|ຍ|ດີ"),  # no model of Lao: character by character
    ],
)
def test_words_of_scripts_without_spaces(text: str, expected: str) -> None:
    assert pieces(text, "words") == expected.split("|")


@pytest.mark.parametrize(
    ("text", "model"),
    [("今天是晴天。", "simplified_chinese"), ("วันนี้อากาศดี", "thai"), ("我們去公園。", "traditional_chinese")],
)
def test_words_are_those_of_budoux(text: str, model: str) -> None:
    parser = getattr(budoux, f"load_default_{model}_parser")()
    assert pieces(text, "words") == parser.parse(text)


@pytest.mark.slow
def test_a_long_text_without_spaces_is_cut_at_once() -> None:
    text = "我喜欢猫，但是他喜欢狗。" * 4000
    assert len(cuts(text, "words")) >= 20_000


def test_sentences_end_at_full_stops_and_line_breaks_of_any_script() -> None:
    text = "One. Two?\nThree\n\n四。五！「六。」Seven 3.5 e.g. this"
    assert pieces(text, "sentences") == [
        "One. ",
        "Two?\n",
        "Three\n\n",
        "四。",
        "五！",
        "「六。」",
        "Seven 3.5 e.g. this",
    ]


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", ["a" + "." * 200_000 + "x", "…)" * 100_000 + "x", "ก" + "\u0e48" * 100_000 + "ข"])
def test_long_runs_are_cut_in_one_pass(text: str) -> None:
    """A search that goes back over the run takes minutes for the first of them."""
    for level in LEVELS:
        assert cuts(text, level)[0] == 0


def test_clauses_also_end_at_commas() -> None:
    assert pieces("If so, then: 1,000; 甲，乙。", "clauses") == ["If so, ", "then: ", "1,000; ", "甲，", "乙。"]


@pytest.mark.slow
@given(st.text(), st.sampled_from(LEVELS))
def test_pieces_tile_any_text(text: str, level: str) -> None:
    starts = cuts(text, level)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert "".join(pieces(text, level)) == text
    assert not any(text[start].isspace() for start in starts[1:])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("สวัสดีครับ วันนี้อากาศดี ไปเที่ยวกัน", 3),
        ("ဒါက ပထမ၊ ဒုတိယ", 3),
        ("ខ្ញុំទៅផ្សារ គាត់នៅផ្ទះ", 2),
        ("ຂ້ອຍດີ ເຈົ້າເດ", 2),
        ("甲、乙，丙；丁：戊", 5),
        ("ሀ፣ ለ፤ ሐ", 3),
        ("نعم، لا؛ ربما", 3),
    ],
)
def test_clauses_of_many_scripts(text: str, expected: int) -> None:
    assert len(cuts(text, "clauses")) == expected
