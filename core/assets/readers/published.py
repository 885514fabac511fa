"""The publishers' own formats of data sets that a wheel holds in another format, for a user's folder."""

from __future__ import annotations

from string import ascii_uppercase
from typing import Any
from xml.etree import ElementTree as ET

from audit.core.assets.asset import Files, Row, Rows
from audit.core.assets.readers.files import (
    broken,
    read_headless,
    read_json,
    read_jsonl,
    read_lines,
    read_table,
    read_text,
)
from audit.core.assets.readers.options import UNMATCHED
from audit.core.assets.readers.questions import single_number


def keyed(files: Files) -> Rows:
    """OpenBookQA and CommonsenseQA: ``question.stem``, ``question.choices`` with labels, ``answerKey``."""
    rows: list[Row] = []
    dropped = 0
    for file in files.values():
        for line, row in read_jsonl(file, (), ("question", "answerKey")):
            try:
                labels = [choice["label"] for choice in row["question"]["choices"]]
                texts = [choice["text"] for choice in row["question"]["choices"]]
                stem = row["question"]["stem"]
            except (KeyError, TypeError):
                broken(file, line, "expected question.stem and question.choices with label and text")
            if row["answerKey"] in labels:
                rows.append({"question": stem, "choices": texts, "answer": labels.index(row["answerKey"])})
            else:
                dropped += 1
    return Rows(rows, {UNMATCHED: dropped} if dropped else {})


def piqa(files: Files) -> Rows:
    """PIQA: ``goal``, ``sol1``, ``sol2`` in one file, the right index, line by line, in the other."""
    items = list(read_jsonl(files["valid.jsonl"], ("goal", "sol1", "sol2")))
    labels_file = files["valid-labels.lst"]
    labels = read_lines(labels_file)
    if len(labels) != len(items):
        broken(labels_file, len(labels), f"{len(labels)} labels for {len(items)} items")
    rows: list[Row] = []
    for number, ((_, row), label) in enumerate(zip(items, labels, strict=True), start=1):
        if label not in {"0", "1"}:
            broken(labels_file, number, f"label {label!r} is neither 0 nor 1")
        rows.append({"question": row["goal"], "choices": [row["sol1"], row["sol2"]], "answer": int(label)})
    return Rows(rows)


def mmlu(files: Files) -> Rows:
    """MMLU: tables without a header line: question, four options, letter; one file per subject."""
    rows: list[Row] = []
    for file in files.values():
        for line, (question, *choices, letter) in read_headless(file, fields=6):
            if letter not in ascii_uppercase[: len(choices)]:
                broken(file, line, f"answer {letter!r} is not the letter of an option")
            rows.append({"question": question, "choices": choices, "answer": ascii_uppercase.index(letter)})
    return Rows(rows)


def truthfulqa(files: Files) -> Rows:
    """TruthfulQA: ``Correct Answers`` is one text, parted by semicolons."""
    rows: list[Row] = []
    for file in files.values():
        for line, row in read_table(file, ("Question", "Correct Answers")):
            correct = [answer.strip() for answer in row["Correct Answers"].split(";") if answer.strip()]
            if not correct:
                broken(file, line, "no correct answer")
            rows.append({"question": row["Question"], "correct": correct})
    return Rows(rows)


def asdiv(files: Files) -> Rows:
    """ASDiv: XML with a ``Problem`` per item; its ``9 (apples)`` becomes ``9 apples``."""
    rows: list[Row] = []
    for file in files.values():
        try:
            root = ET.fromstring(read_text(file))  # noqa: S314 - expat bounds entity expansion itself
        except ET.ParseError as error:
            broken(file, error.position[0], "not valid XML")
        for problem in root.iter("Problem"):
            passage, question, answer = (problem.findtext(tag, "").strip() for tag in ("Body", "Question", "Answer"))
            if not question or not answer:
                broken(file, None, f"problem {problem.get('ID')!r} lacks Question or Answer")
            answer = answer.replace("(", "").replace(")", "")
            rows.append({"passage": passage, "question": question, "answer": answer, "number": single_number(answer)})
    return Rows(rows)


def stereoset(files: Files) -> Rows:
    """StereoSet: one JSON file, ``data`` by kind, each item with three sentences and their ``gold_label``."""
    rows: list[Row] = []
    for file in files.values():
        content = read_json(file)
        try:
            rows += [
                _stereoset_row(kind, item)
                for kind in ("intrasentence", "intersentence")
                for item in content["data"][kind]
            ]
        except (KeyError, TypeError) as error:
            broken(file, None, f"not in StereoSet's format (no {error})")
    return Rows(rows)


def _stereoset_row(kind: str, item: dict[str, Any]) -> Row:
    sentences = {sentence["gold_label"]: sentence["sentence"] for sentence in item["sentences"]}
    return {
        "kind": kind, "target": item["target"], "bias_type": item["bias_type"], "context": item["context"],
        "stereotype": sentences["stereotype"], "anti_stereotype": sentences["anti-stereotype"],
        "unrelated": sentences["unrelated"],
    }  # fmt: skip
