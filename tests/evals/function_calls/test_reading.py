"""Reading of calls, against the package that its rules come from."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from audit.core.calls.parsing import read_calls
from tests.evals.function_calls.answers import ODD

if TYPE_CHECKING:
    from tests.evals.function_calls.berkeley import Berkeley


@pytest.mark.slow
@pytest.mark.network  # the package comes from the package index
def test_odd_forms_are_read_as_by_the_package(berkeley: Berkeley) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python on invalid escapes, which the package lets through
        for answer in ODD:
            assert repr(read_calls(answer)) == repr(berkeley.read(answer)), answer
