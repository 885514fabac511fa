"""Functions of copied task files are found under the module where they were before: ``scoring``."""

from __future__ import annotations

from audit.evals import answer_scores, scoring
from audit.evals.catalogue import tasks_folder


def test_every_function_that_task_files_name_is_found() -> None:
    words = {
        word
        for file in tasks_folder().glob("*.yaml")
        for word in file.read_text("utf-8").replace(",", " ").split()
        if word.startswith("audit.evals.answer_scores.")
    }
    named = {word.rpartition(".")[2] for word in words}
    assert "translation" in named
    for name in named:
        assert getattr(scoring, name) is getattr(answer_scores, name)
