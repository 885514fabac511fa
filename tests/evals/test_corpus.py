"""Functions of copied task files are found under the module where they were before: ``corpus``."""

from __future__ import annotations

from audit.evals import corpus, corpus_scores
from audit.evals.catalogue import tasks_folder


def test_every_function_that_task_files_name_is_found() -> None:
    words = {
        word
        for file in tasks_folder().glob("*.yaml")
        for word in file.read_text("utf-8").replace(",", " ").split()
        if word.startswith("audit.evals.corpus_scores.")
    }
    named = {word.rpartition(".")[2] for word in words}
    assert "bleu" in named
    for name in named:
        assert getattr(corpus, name) is getattr(corpus_scores, name)
