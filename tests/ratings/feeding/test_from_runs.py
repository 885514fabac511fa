"""Items hold what raters see; sentences of data sets and equal texts are none."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from audit.ratings.feeding.from_runs import Feed, items_of, names_of_checkpoints
from audit.ratings.queues import output_digest
from tests.ratings.feeding.runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "20260201T000000Z-other-0a1b2c"


def test_items_of_one_run(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    fed = items_of([run], Feed(count=3))
    shutil.rmtree(run.path)
    assert {item.task for item in fed.items} == {"asdiv", "openbookqa", "toxicity"}
    assert len(fed.items) == 9
    assert fed.unrateable == 3
    (first,) = [item for item in fed.items if item.task == "asdiv"][:1]
    output = first.outputs[0]
    number = int(output.sample_id[1:])
    assert (first.prompt, output.text) == (f"question {number}", f"answer {number}")
    assert output.sha256 == output_digest(output.text)
    assert output.scores == {"score": number / 10, "f1": number / 20}
    assert [item.may_offend for item in fed.items if item.task == "toxicity"] == [True] * 3
    assert {tuple(item.options) for item in fed.items if item.task == "openbookqa"} == {(" water", " fire")}


def test_pairs_of_two_runs(tmp_path: Path) -> None:
    runs = [make_run(tmp_path), make_run(tmp_path, OTHER, change="!")]
    fed = items_of(runs, Feed())
    assert {item.task for item in fed.items} == {"asdiv"}
    assert fed.same == 8  # four choices and four toxic texts
    for item in fed.items:
        assert [output.run_id for output in item.outputs] == [run.run_id for run in runs]
        assert item.outputs[1].text == f"{item.outputs[0].text}!"


def test_worst_takes_the_direction_of_the_task(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    fed = items_of([run], Feed(count=1, way="worst", tasks=("asdiv", "toxicity")))
    assert [item.outputs[0].sample_id for item in fed.items] == ["w0", "t3"]


def test_what_cannot_be_fed(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    with pytest.raises(UsageError, match=r"no such task in .*: there are asdiv, openbookqa"):
        items_of([run], Feed(tasks=("nope",)))
    with pytest.raises(UsageError, match=r"no items to rate \(3 samples have no text"):
        items_of([run], Feed(tasks=("crows_pairs",)))
    with pytest.raises(UsageError, match="named twice"):
        items_of([run, run], Feed())
    with pytest.raises(UsageError, match="name one run, or two"):
        items_of([], Feed())


def test_the_names_to_hide(tmp_path: Path) -> None:
    assert names_of_checkpoints([make_run(tmp_path)]) == ["tiny-chat"]
