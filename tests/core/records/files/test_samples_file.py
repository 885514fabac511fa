"""Samples as Parquet, read back by us and by another tool."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.core.errors import RunFolderError
from audit.core.records import Choice, FindingRecord, Sample, SampledText, Span
from audit.core.records.files import samples_file

if TYPE_CHECKING:
    from pathlib import Path

# The columns of the run folder's contract, in its words.
FINDINGS = (
    "list<element: struct<kind: string, field: string, start: int64, end: int64, digest: string, reserved: bool>>"
)
CONTRACT = {
    "sample_id": "string", "suite": "string", "task": "string", "cluster": "string", "pair": "string",
    "prompt": "string", "prompt_sha256": "string", "reference": "string", "output": "string",
    "spans": "list<element: struct<name: string, kind: string, start: int64, end: int64>>",
    "completions": (
        "list<element: struct<text: string, thinking: string, thinking_tokens: int64, value: double, "
        f"labels: map<string, double>, flags: list<element: string>, findings: {FINDINGS}, finish_reason: string, "
        "tokens_out: int64, error: string>>"
    ),
    "choice": (
        "struct<options: list<element: string>, log_likelihoods: list<element: double>, normalised: string, "
        "chosen: int64, right: int64, contrast: int64, gap: double, gap_unit: string>"
    ),
    "answered_by": "string", "thinking": "string", "thinking_tokens": "int64",
    "score": "double", "confidence": "double", "scores": "map<string, double>", "slices": "map<string, string>",
    "flags": "list<element: string>", "findings": FINDINGS, "error": "string", "tokens_in": "int64",
    "tokens_out": "int64", "seconds": "double",
}  # fmt: skip

SAMPLES = [
    Sample(
        sample_id="1", suite="safety", task="crows_pairs", cluster="pair 7", prompt="Ünï\n\x1b[0m", reference=" a",
        output=" b", score=0.1 + 0.2, confidence=0.7, scores={"recall": 0.5, "f1": None},
        slices={"bias_type": "gender"},
        thinking="so\n", thinking_tokens=3, prompt_sha256="0" * 64,
        spans=[Span(name="question", kind="field", start=0, end=3)],
        flags=["truncated_prompt", "empty_output"], tokens_in=3, tokens_out=4, seconds=0.25,
        pair="7", answered_by="likelihood",
        choice=Choice(options=[" b", " ü\n"], log_likelihoods=[-1.5, -2.25], chosen=0, contrast=1, gap=0.75),
        completions=[
            SampledText(
                text="a@b.org", thinking="hm", thinking_tokens=2, value=0.5, labels={"toxicity": 0.5},
                flags=["truncated_output"],
                findings=[FindingRecord(kind="email", start=0, end=7, digest="0" * 32)],
                finish_reason="length", tokens_out=3,
            ),
            SampledText(text=None, error="the scorer failed"),
        ],
        findings=[FindingRecord(kind="phone", field="thinking", start=1, end=2, reserved=True)],
    ),
    Sample(sample_id="2", suite="safety", task="crows_pairs", prompt="", error="NaN log-probabilities"),
]  # fmt: skip


def test_samples_come_back_as_they_were(tmp_path: Path) -> None:
    samples_file.write(tmp_path / "task.parquet", SAMPLES)
    assert samples_file.read(tmp_path / "task.parquet") == SAMPLES


def test_the_columns_are_those_of_the_contract(tmp_path: Path) -> None:
    samples_file.write(tmp_path / "task.parquet", SAMPLES)
    schema = pq.read_schema(tmp_path / "task.parquet")
    types = {field.name: re.sub(r" \('\w+'\)", "", str(field.type)) for field in schema}  # maps name their column
    assert types == CONTRACT
    assert schema.names == list(CONTRACT)
    assert [name for name in schema.names if schema.field(name).nullable] == [
        "cluster", "pair", "prompt_sha256", "reference", "output", "choice", "answered_by", "thinking",
        "thinking_tokens", "score", "confidence", "error",
    ]  # fmt: skip
    assert list(CONTRACT) == list(Sample.model_fields)


def test_pandas_reads_the_file(tmp_path: Path) -> None:
    samples_file.write(tmp_path / "task.parquet", SAMPLES)
    frame = pd.read_parquet(tmp_path / "task.parquet")
    assert dict(frame["scores"][0]) == {"recall": 0.5, "f1": None}
    assert dict(frame["slices"][0]) == {"bias_type": "gender"}
    assert list(frame["flags"][0]) == ["truncated_prompt", "empty_output"]
    assert frame["score"].isna().tolist() == [False, True]


def test_a_file_of_an_earlier_version_has_no_counted_thinking(tmp_path: Path) -> None:
    samples_file.write(tmp_path / "new.parquet", SAMPLES)
    table = pq.read_table(tmp_path / "new.parquet").drop_columns(["thinking_tokens", "completions"])
    kept = [field for field in samples_file.SCHEMA.field("completions").type.value_type if field.name in EARLIER]
    rows = [[{name: one[name] for name in EARLIER} for one in row] for row in _completions(tmp_path / "new.parquet")]
    table = table.append_column("completions", pa.array(rows, pa.list_(pa.struct(kept))))
    pq.write_table(table, tmp_path / "old.parquet")
    read = samples_file.read(tmp_path / "old.parquet")
    without = [one.model_copy(update={"thinking_tokens": None}) for one in SAMPLES[0].completions]
    first = SAMPLES[0].model_copy(update={"thinking_tokens": None, "completions": without})
    assert read == [first, SAMPLES[1]]


EARLIER = ("text", "thinking", "value", "labels", "flags", "findings", "finish_reason", "tokens_out", "error")
"""Fields of completions before their thinking was counted."""


def _completions(file: Path) -> list[list[dict[str, object]]]:
    rows: list[list[dict[str, object]]] = pq.read_table(file)["completions"].to_pylist()
    return rows


def test_no_samples_are_a_file_without_rows(tmp_path: Path) -> None:
    samples_file.write(tmp_path / "task.parquet", [])
    assert samples_file.read(tmp_path / "task.parquet") == []


def test_more_samples_than_a_batch_come_back_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that nothing sets in one batch may be set in the next."""
    monkeypatch.setattr(samples_file, "BATCH", 2)
    bare = Sample(sample_id="0", suite="safety", task="crows_pairs", prompt="p")
    samples = [bare.model_copy(update={"sample_id": str(place)}) for place in range(3)]
    samples = [*samples, *SAMPLES, samples[0].model_copy(update={"sample_id": "9", "flags": ["empty_output"]})]
    samples_file.write(tmp_path / "task.parquet", samples)
    read = samples_file.read(tmp_path / "task.parquet")
    assert [one.model_dump() for one in read] == [one.model_dump() for one in samples]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("flags", pa.array([None, None], pa.list_(pa.string()))),
        ("flags", pa.array([[], None], pa.list_(pa.string()))),
        ("findings", pa.array([None, []], pa.list_(samples_file.SCHEMA.field("findings").type.value_type))),
        ("tokens_in", pa.array([None, None], pa.int64())),
        ("prompt", pa.array([None, None], pa.string())),
    ],
)
def test_null_where_a_list_a_number_or_a_text_must_be_is_a_broken_file(
    tmp_path: Path, column: str, values: pa.Array
) -> None:
    path = tmp_path / "task.parquet"
    pq.write_table(changed(column, values), path)
    with pytest.raises(RunFolderError, match=f"broken samples file: {column}: "):
        samples_file.read(path)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_not_finite_are_null_with_an_error(tmp_path: Path, bad: float) -> None:
    sample = Sample(sample_id="1", suite="evals", task="t", prompt="", score=bad, scores={"f1": bad, "em": 1.0})
    samples_file.write(tmp_path / "task.parquet", [sample])
    read = samples_file.read(tmp_path / "task.parquet")[0]
    assert read.score is None
    assert read.error == f"the score is not a finite number ({bad})"
    assert read.scores == {"f1": None, "em": 1.0}


def test_an_error_that_was_there_is_kept(tmp_path: Path) -> None:
    sample = Sample(sample_id="1", suite="evals", task="t", prompt="", score=math.nan, error="first")
    samples_file.write(tmp_path / "task.parquet", [sample])
    assert samples_file.read(tmp_path / "task.parquet")[0].error == "first"


def changed(column: str, values: pa.Array | None) -> pa.Table:
    table = pa.Table.from_pylist([samples_file._row(sample) for sample in SAMPLES], schema=samples_file.SCHEMA)
    index = table.schema.get_field_index(column)
    return table.remove_column(index) if values is None else table.set_column(index, column, values)


@pytest.mark.parametrize(
    "table",
    [
        changed("prompt", None),
        changed("scores", pa.array(["{", "{}"])),
        changed("scores", pa.array([None, []], pa.map_(pa.string(), pa.float64()))),
        changed("scores", pa.array([[("f1", "high")], []], pa.map_(pa.string(), pa.string()))),
        changed("slices", pa.array(["[]", "{}"])),
        changed("suite", pa.array(["eval", "safety"])),
        changed("score", pa.array(["0.5", "1"])),
        changed("seconds", pa.array([0.5, 1.0])).append_column("extra", pa.array([1, 2])),
    ],
)
def test_a_file_with_wrong_columns_or_values_is_one_line(tmp_path: Path, table: pa.Table) -> None:
    path = tmp_path / "task.parquet"
    pq.write_table(table, path)
    with pytest.raises(RunFolderError, match="broken samples file") as caught:
        samples_file.read(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("column", [name for name in CONTRACT if name not in samples_file.LATER])
def test_a_column_that_is_missing_is_named(tmp_path: Path, column: str) -> None:
    path = tmp_path / "task.parquet"
    pq.write_table(changed(column, None), path)
    with pytest.raises(RunFolderError, match=f"^{path}: broken samples file: no column {column}: copy"):
        samples_file.read(path)


def test_a_column_that_is_there_twice_is_named(tmp_path: Path) -> None:
    """Two readers could see two values."""
    path = tmp_path / "task.parquet"
    table = changed("score", pa.array([0.5, None]))
    pq.write_table(table.append_column("score", pa.array([1.0, None])), path)
    with pytest.raises(RunFolderError, match=f"^{path}: broken samples file: more than one column score: copy"):
        samples_file.read(path)


def test_a_field_that_completions_lack_is_named(tmp_path: Path) -> None:
    path = tmp_path / "task.parquet"
    whole = samples_file.SCHEMA.field("completions").type.value_type
    kept = [whole.field(place) for place in range(whole.num_fields) if whole.field(place).name != "labels"]
    pq.write_table(changed("completions", pa.array([[], []], pa.list_(pa.struct(kept)))), path)
    with pytest.raises(RunFolderError, match=r"no column completions\.labels: copy"):
        samples_file.read(path)


@pytest.mark.parametrize("bad", [None, math.nan, -math.inf])
def test_a_label_that_its_judge_could_not_give_is_null(tmp_path: Path, bad: float | None) -> None:
    one = SampledText(text="a", value=0.5, labels={"toxicity_in_thinking": bad, "toxicity": 0.5})
    sample = Sample(sample_id="1", suite="safety", task="t", prompt="", score=0.5, completions=[one])
    samples_file.write(tmp_path / "task.parquet", [sample])
    (read,) = samples_file.read(tmp_path / "task.parquet")
    assert read.completions == [one.model_copy(update={"labels": {"toxicity_in_thinking": None, "toxicity": 0.5}})]


def test_a_file_that_is_empty_cut_or_no_parquet_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "task.parquet"
    samples_file.write(path, SAMPLES)
    whole = path.read_bytes()
    for data in (b"", b"PAR1", b"hello, world", whole[: len(whole) // 2], whole[:-3]):
        path.write_bytes(data)
        with pytest.raises(RunFolderError, match="broken samples file") as caught:
            samples_file.read(path)
        assert "\n" not in str(caught.value)
    path.unlink()
    with pytest.raises(RunFolderError, match="broken samples file"):
        samples_file.read(path)


@pytest.mark.parametrize(("column", "values"), [("scores", (1.0, 0.0)), ("slices", ("x", "y"))])
def test_a_key_that_a_map_has_twice_is_a_broken_file(tmp_path: Path, column: str, values: tuple[object, ...]) -> None:
    """Parquet allows it; two readers could see two values."""
    samples_file.write(tmp_path / "t.parquet", [Sample(sample_id="a", suite="evals", task="t", prompt="p")])
    [row] = pq.read_table(tmp_path / "t.parquet").to_pylist()
    row[column] = [("a", value) for value in values]
    pq.write_table(pa.Table.from_pylist([row], schema=samples_file.SCHEMA), tmp_path / "t.parquet")
    with pytest.raises(RunFolderError, match=r"t\.parquet: broken samples file: duplicate key 'a' in one object"):
        samples_file.read(tmp_path / "t.parquet")
