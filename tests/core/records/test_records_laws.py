"""What is written comes back the same, whatever the text; flags that nobody knows are one line."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.core.errors import RunFolderError
from audit.core.records import (
    Choice,
    Decision,
    Finding,
    Flag,
    GateCheck,
    Sample,
    SampledText,
    Span,
    completion_address,
    samples_file,
    split_address,
)
from audit.core.records.json_file import read_record, write_record

if TYPE_CHECKING:
    from pathlib import Path

UTF_16 = ("utf-16", "surrogatepass")
# Two surrogates that belong together are one character in JSON.
TEXT = (
    st.text(st.characters(exclude_categories=()), max_size=12).map(lambda text: text.encode(*UTF_16).decode(*UTF_16))
) | st.sampled_from(("\x00", "a\r\n\u2028b", "\ud800", "\\ud800\udfff"))
FINITE = st.floats(allow_nan=False, allow_infinity=False)
COUNT = st.integers(0, 2**40)
FLAGS = st.lists(st.sampled_from(Flag), max_size=3)
FINDINGS = st.lists(
    st.builds(Finding, kind=TEXT, field=st.sampled_from(("output", "thinking")), start=COUNT, end=COUNT,
              digest=st.none() | TEXT, reserved=st.booleans()), max_size=2,
)  # fmt: skip
COMPLETIONS = st.lists(
    st.builds(
        SampledText, text=st.none() | TEXT, thinking=st.none() | TEXT, value=st.none() | FINITE,
        labels=st.dictionaries(TEXT, FINITE, max_size=2), flags=FLAGS, findings=FINDINGS,
        finish_reason=st.none() | TEXT, tokens_out=COUNT, error=st.none() | TEXT,
    ), max_size=3,
)  # fmt: skip
CHOICES = st.builds(
    Choice, options=st.lists(TEXT, max_size=3), log_likelihoods=st.none() | st.lists(FINITE, max_size=3),
    chosen=st.none() | COUNT, right=st.none() | COUNT, contrast=st.none() | COUNT, gap=st.none() | FINITE,
    gap_unit=TEXT,
)  # fmt: skip
SAMPLES = st.builds(
    Sample, sample_id=TEXT, suite=st.sampled_from(("evals", "safety", "explain")), task=TEXT, cluster=st.none() | TEXT,
    pair=st.none() | TEXT, prompt=TEXT, prompt_sha256=st.none() | TEXT, reference=st.none() | TEXT,
    output=st.none() | TEXT,
    spans=st.lists(st.builds(Span, name=TEXT, kind=st.just("field"), start=COUNT, end=COUNT), max_size=2),
    completions=COMPLETIONS, choice=st.none() | CHOICES,
    answered_by=st.sampled_from((None, "likelihood", "generation")), thinking=st.none() | TEXT,
    score=st.none() | FINITE, scores=st.dictionaries(TEXT, st.none() | FINITE, max_size=3),
    slices=st.dictionaries(TEXT, TEXT, max_size=3), flags=FLAGS, findings=FINDINGS, error=st.none() | TEXT,
    tokens_in=COUNT, tokens_out=COUNT, seconds=FINITE,
)  # fmt: skip
CHECKS = st.builds(
    GateCheck, metric=TEXT, rule=TEXT, value=st.none() | FINITE, ci_low=st.none() | FINITE, ci_high=st.none() | FINITE,
    verdict=st.sampled_from(("PASS", "FAIL", "INCONCLUSIVE")), reason=TEXT, unit=st.none() | TEXT,
)  # fmt: skip
DECISIONS = st.builds(Decision, run_id=TEXT, checks=st.lists(CHECKS, max_size=2), decided=st.datetimes())
# tmp_path is shared between examples: each overwrites the file.
LAW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LAW
@given(written=st.lists(SAMPLES, max_size=3))
def test_samples_come_back_as_they_were_written(tmp_path: Path, written: list[Sample]) -> None:
    samples_file.write(tmp_path / "t.parquet", written)
    assert samples_file.read(tmp_path / "t.parquet") == written


@LAW
@given(score=st.floats(), other=st.floats(), value=st.floats())
def test_numbers_that_are_not_finite_become_null_and_all_others_stay(
    tmp_path: Path, score: float, other: float, value: float
) -> None:
    completion = SampledText(text="", value=value, labels={"x": value})
    sample = Sample(
        sample_id="", suite="evals", task="", prompt="", score=score, scores={"x": other}, completions=[completion]
    )
    samples_file.write(tmp_path / "t.parquet", [sample])
    (read,) = samples_file.read(tmp_path / "t.parquet")
    assert read.score == (score if math.isfinite(score) else None)
    assert (read.error is None) == math.isfinite(score)
    assert read.scores == {"x": other if math.isfinite(other) else None}
    assert read.completions[0].value == (value if math.isfinite(value) else None)
    assert (read.completions[0].error is None) == math.isfinite(value)
    assert read.completions[0].labels == {"x": value if math.isfinite(value) else None}


@LAW
@given(written=DECISIONS)
def test_a_json_record_comes_back_as_it_was_written(tmp_path: Path, written: Decision) -> None:
    write_record(tmp_path / "decision.json", written)
    assert read_record(tmp_path / "decision.json", Decision) == written


@given(identity=TEXT, index=st.integers(0, 10**6))
def test_an_address_is_split_into_what_it_was_made_of(identity: str, index: int) -> None:
    assert split_address(completion_address(identity, index)) == (identity, index)


@pytest.mark.parametrize("address", ["0123", "", "#", "a#b", "a#-1", "a#²", "a# 1", "a#1 "])
def test_what_is_no_address_of_a_completion_is_a_sample(address: str) -> None:
    assert split_address(address) == (address, None)


def a_row(**more: Any) -> dict[str, Any]:
    sample = Sample(sample_id="1", suite="evals", task="t", prompt="", completions=[SampledText(text="")])
    return samples_file._row(sample) | more


@pytest.mark.parametrize("where", ["sample", "completion"])
def test_an_unknown_flag_in_a_file_is_one_line_that_names_it(tmp_path: Path, where: str) -> None:
    row = a_row()
    flagged = row if where == "sample" else row["completions"][0]
    flagged["flags"] = ["email:3-21:0123"]
    path = tmp_path / "t.parquet"
    pq.write_table(pa.Table.from_pylist([row], schema=samples_file.SCHEMA), path)
    with pytest.raises(RunFolderError, match="unknown flag 'email:3-21:0123'") as caught:
        samples_file.read(path)
    assert str(caught.value).startswith(f"{path}: broken samples file: ")
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="unknown flag 'tixe'"):
        Sample.model_validate_json(json.dumps({**a_row(), "completions": [], "flags": ["tixe"]}), strict=False)


def test_an_unknown_flag_is_not_written(tmp_path: Path) -> None:
    sample = Sample(sample_id="1", suite="evals", task="t", prompt="")
    with pytest.raises(ValueError, match="unknown flag 'tixe'"):
        samples_file.write(tmp_path / "t.parquet", [sample.model_copy(update={"flags": ["tixe"]})])
    assert not list(tmp_path.iterdir())


def test_flags_are_flags_when_they_are_read(tmp_path: Path) -> None:
    sample = Sample.model_validate({"sample_id": "1", "suite": "evals", "task": "t", "prompt": "", "flags": ["tie"]})
    samples_file.write(tmp_path / "t.parquet", [sample])
    (read,) = samples_file.read(tmp_path / "t.parquet")
    assert [type(flag) for flag in (*sample.flags, *read.flags)] == [Flag, Flag]
    assert Sample.model_validate_json(sample.model_dump_json(), strict=True).flags == [Flag.TIE]
