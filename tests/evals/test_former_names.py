"""Functions that copied task files name by the modules where they stood before."""

from __future__ import annotations

from importlib import import_module

import pytest

from audit.evals.catalogue import tasks_folder

FORMER = {"data_loader": "items", "answer_scores": "scoring", "corpus_scores": "corpus"}


@pytest.mark.parametrize("module", FORMER)
def test_functions_of_task_files_are_found_under_their_former_module(module: str) -> None:
    named = {
        word.rpartition(".")[2]
        for file in tasks_folder().glob("*.yaml")
        for word in file.read_text("utf-8").replace(",", " ").split()
        if word.startswith(f"audit.evals.{module}.")
    }
    assert named
    for name in named:
        now, former = import_module(f"audit.evals.{module}"), import_module(f"audit.evals.{FORMER[module]}")
        assert getattr(former, name) is getattr(now, name)
