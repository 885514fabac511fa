"""Embeddings are stored once per task, survive an interruption, and are missed aloud."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from audit.core.errors import DeviceLost, EngineFault, WhiteBoxUnavailable
from audit.core.records import TaskResult
from audit.core.records.files import embeddings_file
from audit.core.run_folder import RunFolder
from audit.pipeline import embeddings as module
from audit.pipeline.embeddings import embed
from tests.reports.conftest import a_sample

if TYPE_CHECKING:
    from pathlib import Path

    from audit.pipeline.context import RunContext


class Engine:
    """Embeds texts by what a test says; remembers how many."""

    record = SimpleNamespace(digest="d", dtype="float32")

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.fault: BaseException | None = None

    def embed(self, texts: list[str]) -> Any:
        self.asked.append(len(texts))
        if self.fault:
            raise self.fault
        return np.array([[len(text), place, np.nan if text == "empty" else 1] for place, text in enumerate(texts)])


class Said(list[str]):
    """A progress that remembers what was said."""

    def say(self, message: str) -> None:
        self.append(message)

    def step(self, message: str) -> None:
        """Nothing."""


@pytest.fixture(autouse=True)
def _plain_components(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "principal_components", lambda states: states)  # scikit-learn takes long to import


def context(engine: Engine, said: Said, *, wanted: bool = True) -> RunContext:
    return cast("RunContext", SimpleNamespace(engine=engine, progress=said, config=SimpleNamespace(embed=wanted)))


def result(task: str, n: int = 40, first: str = "a question") -> TaskResult:
    prompts = [first, *(f"{task} {place}" for place in range(1, n))]
    samples = [a_sample(task, place, prompt=prompt, score=1.0) for place, prompt in enumerate(prompts)]
    return TaskResult(suite="evals", task=task, samples=samples)


def files(folder: RunFolder) -> list[str]:
    return sorted(str(path.relative_to(folder.path)) for path in folder.path.rglob("*") if path.is_file())


def test_each_task_is_computed_once_until_its_samples_change(tmp_path: Path) -> None:
    engine, said, folder = Engine(), Said(), RunFolder(tmp_path)
    embed(context(engine, said, wanted=False), folder, [result("boolq")])
    assert (engine.asked, files(folder)) == ([], [])
    both = [result("boolq"), result("few", 39), result("piqa")]
    for _ in range(2):
        embed(context(engine, said), folder, both)
    assert engine.asked == [40, 40]
    assert files(folder) == ["embeddings/evals/boolq.parquet", "embeddings/evals/piqa.parquet"]
    embed(context(engine, said), folder, [result("boolq", 41)])
    folder.embeddings_path("evals", "piqa").write_bytes(b"half a file")
    embed(context(engine, said), folder, [result("piqa", 41, first="empty")])
    assert engine.asked == [40, 40, 41, 41]
    found = embeddings_file.read(folder.embeddings_path("evals", "piqa"))
    ids = {sample.sample_id for sample in result("piqa", 41).samples}
    assert len(ids - set(found.sample_ids)) == 1
    assert not said


@pytest.mark.parametrize(
    ("fault", "asked", "words"),
    [
        (WhiteBoxUnavailable("no states"), [40], ["no embeddings: no states"]),
        (DeviceLost("lost"), [40], ["no embeddings: lost"]),
        (EngineFault("odd"), [40, 40], ["boolq: no embeddings: odd", "piqa: no embeddings: odd"]),
    ],
)
def test_what_cannot_be_embedded_is_said(fault: Exception, asked: list[int], words: list[str], tmp_path: Path) -> None:
    engine, said = Engine(), Said()
    engine.fault = fault
    embed(context(engine, said), RunFolder(tmp_path), [result("boolq"), result("piqa")])
    assert (engine.asked, list(said), files(RunFolder(tmp_path))) == (asked, words, [])


def test_too_few_vectors_are_none(tmp_path: Path) -> None:
    said = Said()
    embed(context(Engine(), said), RunFolder(tmp_path), [result("boolq", first="empty")])
    assert list(said) == ["boolq: no embeddings: only 39 questions could be embedded"]
    assert files(RunFolder(tmp_path)) == []


def test_an_interruption_leaves_whole_files_that_are_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, folder, both = Engine(), RunFolder(tmp_path), [result("boolq"), result("piqa")]
    write = embeddings_file.pq.write_table

    def stop(table: Any, file: Any, **options: Any) -> None:
        write(table, file, **options)
        if len(engine.asked) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(embeddings_file.pq, "write_table", stop)
    with pytest.raises(KeyboardInterrupt):
        embed(context(engine, Said()), folder, both)
    assert files(folder) == ["embeddings/evals/boolq.parquet"]
    embed(context(engine, Said()), folder, both)
    assert engine.asked == [40, 40, 40]
    assert len(files(folder)) == 2
