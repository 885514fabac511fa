"""Every causal model type that transformers builds tiny, through ``load``, against one sequence at a time."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest
from transformers import AutoTokenizer

from tests.engine.whole import every_type, tiny_types

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
OUTCOMES: dict[str, every_type.Outcome] = {}


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.mark.parametrize("kind", tiny_types.types())
def test_scores_and_texts_are_those_of_a_plain_loop(kind: str, tokenizer: Any, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some architectures warn of their own code
        OUTCOMES[kind] = every_type.outcome(kind, tmp_path, tokenizer)


def test_the_documentation_says_what_came_out() -> None:
    if len(OUTCOMES) < len(tiny_types.types()):
        pytest.fail("run this whole file: the table is of all types")
    assert every_type.written() == every_type.table(OUTCOMES), "run: python -m tests.engine.whole.every_type --write"
