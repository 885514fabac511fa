"""``-q`` and ``-v``: what is remembered, and how loud the libraries are."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING

import pytest

from audit.cli import verbosity

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _level_as_before() -> Iterator[None]:
    before = logging.getLogger("audit").level
    with warnings.catch_warnings():
        yield
    logging.getLogger("audit").setLevel(before)


def test_libraries_are_silent_unless_asked_for() -> None:
    verbosity.apply(quiet=True, verbose=False)
    assert (verbosity.chosen.quiet, verbosity.chosen.verbose) == (True, False)
    assert not logging.getLogger("transformers").isEnabledFor(logging.WARNING)
    assert logging.getLogger("transformers").isEnabledFor(logging.ERROR)
    warnings.warn("a library complains", stacklevel=1)  # an error in tests, were it not silenced


def test_verbose_shows_debugging_of_the_audit() -> None:
    verbosity.apply(quiet=False, verbose=True)
    assert (verbosity.chosen.quiet, verbosity.chosen.verbose) == (False, True)
    assert logging.getLogger("audit.engine").isEnabledFor(logging.DEBUG)
    with pytest.raises(UserWarning, match="a library complains"):
        warnings.warn("a library complains", stacklevel=1)
