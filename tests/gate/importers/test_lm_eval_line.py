"""A line of lm-eval's samples: its digests in lm-eval's order, and names that are no names."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import UsageError
from audit.gate.importers.lm_eval_line import Line


def a_line(**row: Any) -> Line:
    return Line("f: line 3", 0, "none", row)


def test_digests_are_joined_in_lm_evals_order() -> None:
    assert a_line(target_hash="c", doc_hash="a", prompt_hash="b").hashes == "abc"
    assert a_line(doc_hash="a").hashes == "a"
    assert a_line().hashes == ""


def test_metrics_are_names() -> None:
    assert a_line(metrics=["acc", "f1"]).metrics == ["acc", "f1"]
    faults = ([1], "not a list of names"), (["acc", 1], "not a list of names"), ("acc", "a text"), (None, "null")
    for wrong, what in faults:
        with pytest.raises(UsageError, match=rf"^f: line 3: 'metrics' is {what}$"):
            _ = a_line(metrics=wrong).metrics
