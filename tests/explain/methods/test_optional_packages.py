"""Optional packages: those that are missing are named, and the generator that shap draws from is left as it was."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest

from audit.core.errors import UsageError
from audit.explain.methods.optional_packages import import_package, seeded

draw = np.random.random


def run(error: Exception | None, drawn: list[float]) -> None:
    with seeded(2**32 + 7):
        drawn += draw(3).tolist()
        if error is not None:
            raise error


@pytest.mark.parametrize("error", [None, ValueError()])
def test_the_global_generator_is_left_as_it_was(error: Exception | None) -> None:
    np.random.seed(11)  # noqa: NPY002 - see above
    first, drawn = draw(2), list[float]()
    with suppress(ValueError):
        run(error, drawn)
    assert drawn == np.random.RandomState(7).random(3).tolist()
    assert [*first, *draw(3)] == np.random.RandomState(11).random(5).tolist()


def test_a_missing_package_says_what_to_install() -> None:
    with pytest.raises(UsageError, match=r"pip install checkpoint-audit\[explain\]"):
        import_package("no_such_package_anywhere.part", "shap")
