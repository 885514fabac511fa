"""What a publisher says."""

from __future__ import annotations

import pytest

from audit.core.errors import ConfigError
from audit.reports.exports.publication import Benchmark, benchmarks


def test_benchmarks_are_read() -> None:
    found = benchmarks(["gsm8k/exact_match=openai/gsm8k:gsm8k", "a/b/acc=cais/hle"])
    assert found == {
        "gsm8k/exact_match": Benchmark("openai/gsm8k", "gsm8k"),
        "a/b/acc": Benchmark("cais/hle", "default"),
    }


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (["gsm8k"], "write METRIC=OWNER/DATASET:TASK"),
        (["gsm8k=openai/gsm8k:gsm8k"], "write METRIC=OWNER/DATASET:TASK"),
        (["gsm8k/em=gsm8k:gsm8k"], "write METRIC=OWNER/DATASET:TASK"),
        (["gsm8k/em=openai/gs m8k:x"], "is no id of a data set on the Hub"),
        (["gsm8k/em=a/b/c:x"], "is no id of a data set on the Hub"),
        (["gsm8k/em=a/b:x", "gsm8k/em=a/c:x"], "gsm8k/em is given twice"),
    ],
)
def test_other_forms_are_refused(given: list[str], line: str) -> None:
    with pytest.raises(ConfigError, match=line):
        benchmarks(given)
