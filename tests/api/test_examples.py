"""Every example in the docstrings of the public functions runs and gives what it says."""

from __future__ import annotations

import doctest
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

import audit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize(("module", "least"), [("checkpoints", 6), ("explanations", 4), ("runs", 10), ("", 1)])
def test_examples(
    module: str,
    least: int,
    tiny_model: Path,
    pairs: Path,
    made: audit.Run,
    checkpoint: audit.Checkpoint,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    explanation = audit.explain(checkpoint, "The capital of France is", target=" Paris", against=" Rome")
    names = {"audit": audit, "model": tiny_model, "data": pairs, "out": tmp_path, "run": made}
    names |= {"checkpoint": checkpoint, "explanation": explanation}
    found = import_module(f"audit.public.{module}") if module else audit
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    tests = [test for test in doctest.DocTestFinder().find(found, extraglobs=names) if test.examples]
    assert sum(len(test.examples) for test in tests) >= least
    for test in tests:
        runner.run(test)
    assert runner.failures == 0, capsys.readouterr().out
