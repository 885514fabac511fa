"""Functions of copied task files are found under the module where they were before: ``items``."""

from __future__ import annotations

from audit.evals import data_loader, items
from audit.evals.catalogue import tasks_folder


def test_every_function_that_task_files_name_is_found() -> None:
    words = {
        word
        for file in tasks_folder().glob("*.yaml")
        for word in file.read_text("utf-8").replace(",", " ").split()
        if word.startswith("audit.evals.data_loader.")
    }
    named = {word.rpartition(".")[2] for word in words}
    assert "load" in named
    for name in named:
        assert getattr(items, name) is getattr(data_loader, name)
