"""Files of publishers that are broken are named with their line."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        (published.stereoset, "dev.json", '{"data": {}}', "dev.json: not in StereoSet's format"),
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
