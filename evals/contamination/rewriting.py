"""The same item in other words, for which no checkpoint can have been trained."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from audit.evals.robustness.option_order import name_others
from audit.evals.twins.bindings import NoTwin
from audit.evals.twins.makers import MAKERS

if TYPE_CHECKING:
    from audit.evals.contamination.benchmark import BenchmarkItem

LEAST_OPTIONS = 3
"""Options at least: with two, half of the shuffles change nothing."""
_ROMAN = re.compile(r"^(?:i|ii|iii|iv)\b", re.IGNORECASE)
_HAS_DIGIT = re.compile(r"\d")


class NotRewritten(ValueError):  # noqa: N818 - a property of an item, not a malfunction
    """An item that no rule can rewrite; the message says why."""


def rewritten(base: str, item: BenchmarkItem, seed: int) -> tuple[str, str]:
    """A text of an item, and one that says the same to a checkpoint that never saw the item.

    - A word problem gets other numbers and names (:mod:`audit.evals.twins`).
    - A question with options gets them in another order: published orders of options carry no meaning, so that each is
      equally likely to be published (Ni et al. 2024, "Training on the Benchmark Is Not All You Need",
      arXiv:2409.01790). Options that name others, or hold numbers, which are often sorted, are left alone.

    Args:
        base: Name of the benchmark task.
        item: One of its items.
        seed: Of the run.

    Returns:
        The published text, without the answer, and the rewritten one.

    Raises:
        NotRewritten: No rule fits.
    """
    if base in MAKERS:
        maker = MAKERS[base]
        try:
            return maker.question(item.row), maker.question(maker.twin(item.row, seed, item.identity).row)
        except NoTwin as why:
            msg = str(why)
            raise NotRewritten(msg) from why
    options = item.row.get("choices") or item.row.get("options")
    question = item.row.get("question")
    if not isinstance(question, str) or not isinstance(options, list | tuple):
        msg = "neither a word problem with a known formula nor a question with options"
        raise NotRewritten(msg)
    return _with_options(question, list(options)), _with_options(question, _shuffled(list(options), seed, item))


def _shuffled(options: list[str], seed: int, item: BenchmarkItem) -> list[str]:
    """The options in another order.

    Raises:
        NotRewritten: Their order may carry meaning, or there are too few.
    """
    if len(set(options)) < LEAST_OPTIONS:
        msg = f"fewer than {LEAST_OPTIONS} options"
        raise NotRewritten(msg)
    if name_others(options) or any(_ROMAN.search(option) for option in options):
        msg = "an option names other options"
        raise NotRewritten(msg)
    if any(_HAS_DIGIT.search(option) for option in options):
        msg = "options with numbers, which may be sorted"
        raise NotRewritten(msg)
    generator = random.Random(f"{seed}/{item.identity}")  # noqa: S311 - a draw, not a secret
    order = options
    while order == options:
        order = generator.sample(options, len(options))
    return order


def _with_options(question: str, options: list[str]) -> str:
    return "\n".join([question, *options])
