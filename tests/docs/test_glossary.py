"""Words that lost are found nowhere: not in code, not in templates, not in the documentation."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from audit.core import records

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
PLACES = {"docs/", "README.md", "CONTRIBUTING.md"}
"""Documentation; the help texts of all commands are a page of it, ``docs/reference/cli.md``."""
FOLDERS = (
    *("api", "app", "benchmarks", "cli", "core", "docs", "engine", "evals", "examples", "explain", "gate", "pipeline"),
    *("ratings", "release", "reports", "safety", "stats", "training"),
)
"""All but the tests, which have their own words."""
NOT_OURS = ("training/refusal_examples.py", "training/encoder_sentences.yaml", "safety/data/")
"""Texts of and for models."""
IN_PIECES = (
    *(f"safety/privacy/{name}.py" for name in ("detectors", "findings")),
    *("docs/design/safety.md", "docs/explanation/privacy.md", "docs/reference/safety.md"),
    "safety/probes/privacy/memorisation.py",  # documents
    "safety/scorers/refusal/features.py",  # answers
    "safety/own_data/nonsense_words.py",  # Base64
    *("engine/workers/", "engine/local/scoring_plan.py"),  # work that is not divided
)
"""Where texts are searched, or cut, in pieces."""
LEGITIMATE = {
    "atom": ("safety/privacy/emails.py",),  # RFC 5322's word
    "piece": IN_PIECES,
    "pieces": IN_PIECES,
    "told": ("safety/asking/undecided.py",),  # a pattern
    "tells": ("safety/asking/undecided.py",),  # the same
    "query": (
        *(
            "engine/checkpoint/gguf/config.py",
            "engine/local/model/flex.py",
            "engine/local/plan/cost.py",
            "explain/methods/gradients/attention_rows.py",
            "explain/methods/attention/",
            "safety/scorers/encoder/encoder.py",
        ),  # of attention
        *("ratings/", "engine/server_name.py", "docs/reference/servers.md"),  # of a database, of a URL
        *("cli/commands/doctor.py", "safety/scorers/refusal/opening.py"),  # of nvidia-smi, a pattern
    ),
    "queries": ("ratings/", "engine/local/model/flex.py"),
}
"""Words that lost and mean something else in these places."""
ENGINE = ("engine/", "benchmarks/", "docs/design/", "docs/explanation/", "docs/glossary.md")


def section(number: int) -> list[list[str]]:
    """Cells of the rows of one table of the glossary."""
    tables = re.findall(r"(?:^\|.*\n)+", GLOSSARY.read_text("utf-8"), re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in tables[number].splitlines()[2:]]


def words(number: int) -> list[str]:
    """The words in the last column of a table."""
    return [word.strip() for row in section(number) for word in row[-1].split(",") if word.strip()]


RESERVED = {
    r"class \w*Request\b": ("engine/",),
    r"class \w*Question\b": ("evals/own_data/", "safety/"),
    r"def _?note\b": ("explain/record.py", "safety/"),
    r"class \w*Remark\b|def \w*_remark\b": ("engine/", "evals/harness.py"),
    r"def _?signature\b": ("gate/importers/", "gate/signing/", "pipeline/manifest.py", "stats/definitions/corpora/"),
}
"""Names in code that take a word of the glossary, and where the thing of that name is."""
FIELDS = {
    "note": {"Attribution", "Metric"},
    "remarks": {"ModelRecord"},
    "warnings": {"Decision", "RunManifest"},
    "signature": {"RunManifest"},
    "question": {"TaskWords"},
    "request": set[str](),
}
"""Fields of stored records with such a name, and the records that have one."""


@cache
def texts() -> dict[str, str]:
    """Code, templates and documentation by path."""
    files = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(file for top in FOLDERS for file in (ROOT / top).rglob("*")),
    ]
    named = {file.relative_to(ROOT).as_posix(): file for file in files if file.suffix in {".py", ".j2", ".yaml", ".md"}}
    return {name: file.read_text("utf-8") for name, file in named.items() if not name.startswith(NOT_OURS)}


@cache
def lowered() -> dict[str, str]:
    """The same in lower case: most files are seen not to have a word without looking at their lines."""
    return {name: text.lower() for name, text in texts().items()}


def found(word: str, allowed: tuple[str, ...]) -> list[str]:
    """Places outside of the allowed ones that have a word."""
    pattern = re.compile(rf"(?<![\w`]){re.escape(word)}\b", re.IGNORECASE)
    return [
        f"{name}:{number}"
        for name, text in texts().items()
        if name != "docs/glossary.md" and not name.startswith(allowed) and word.lower() in lowered()[name]
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_the_glossary_has_three_tables() -> None:
    assert "wing" in words(0)
    assert "trunk" in words(1)
    assert "anew" in words(2)
    assert all(len(row) == len(section(number)[0]) for number in range(3) for row in section(number))


def test_no_word_is_explained_twice() -> None:
    explained = [word.strip() for number in (0, 1) for row in section(number) for word in row[0].split(",")]
    assert sorted(set(explained)) == sorted(explained)
    assert not set(explained) & {*words(0), *words(2)}


@pytest.mark.parametrize("word", words(0))
def test_a_word_that_lost_is_not_used(word: str) -> None:
    assert found(word, LEGITIMATE.get(word, ())) == []


@pytest.mark.parametrize("pattern", RESERVED)
def test_a_name_in_code_takes_a_word_for_what_it_means(pattern: str) -> None:
    lines = [(name, line) for name, text in texts().items() if name.endswith(".py") for line in text.splitlines()]
    using = [name for name, line in lines if re.search(rf"^\s*(?:{pattern})", line)]
    assert using
    assert [name for name in using if not name.startswith(RESERVED[pattern])] == []


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_a_record_takes_a_word_for_what_it_means(field: str) -> None:
    kinds = [kind for kind in vars(records).values() if isinstance(kind, type) and issubclass(kind, records.Record)]
    assert {kind.__name__ for kind in kinds if field in kind.model_fields} == FIELDS[field]


@pytest.mark.parametrize("word", words(1))
def test_a_word_of_the_engine_stays_there(word: str) -> None:
    assert found(word, ENGINE) == []


@pytest.mark.parametrize("word", words(2))
def test_what_the_program_says_is_plain(word: str) -> None:
    assert found(word, (*LEGITIMATE.get(word, ()), *PLACES)) == []
