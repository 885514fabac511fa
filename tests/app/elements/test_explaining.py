"""Explanations made on the spot are those of the run's own checkpoint, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.app.elements import explaining
from audit.core.errors import UsageError
from audit.core.progress import Silent
from audit.engine.load import load
from tests.app.drawn import button, drawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from audit.core.records import RunManifest, Sample
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


def test_why_a_checkpoint_is_not_loaded(make_manifest: Callable[..., RunManifest]) -> None:
    for config, words in (
        ({}, "imported from another tool"),
        ({"model": "openai:http://host/v1#m"}, "behind a server"),
        ({"model": "m", "trust_remote_code": True}, "code of its own"),
        ({"model": "m", "allow_pickle": True}, "code of its own"),
    ):
        assert words in (explaining.why_not(make_manifest(config=config)) or "")
    assert explaining.why_not(make_manifest(config={"model": "m"})) is None


def test_a_part_of_a_prompt_is_not_explained_for_the_whole(by_task: dict[str, list[Sample]]) -> None:
    sample = by_task["boolq"][0]
    assert explaining.too_long(sample) is None
    for more in ({"prompt": "x" * (explaining.LONGEST_PROMPT + 1)}, {"output": "y" * (explaining.LONGEST_TARGET + 1)}):
        assert "too long" in (explaining.too_long(sample.model_copy(update=more)) or "")


def test_a_checkpoint_that_is_gone_is_one_line_with_the_command(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open, tmp_path: Path
) -> None:
    sample = by_task["boolq"][0].model_copy(update={"answered_by": "likelihood"})
    run.write_samples("evals", "boolq", [sample, *by_task["boolq"][1:]])
    run.write_manifest(run.read_manifest().model_copy(update={"config": {"model": str(tmp_path / "gone")}}))
    test = open_page("explanations", task="boolq", sample=sample.sample_id)
    drawn(button(test, "Explain").click().run())
    assert any("gone" in error.value for error in test.error)
    assert any(code.value.startswith("audit explain --run") for code in test.code)


def test_another_checkpoint_in_its_place_is_refused(tiny_model: Path, make_manifest: Callable[..., Any]) -> None:
    manifest = make_manifest(config={"model": str(tiny_model)})
    with pytest.raises(UsageError, match="not the checkpoint that the run measured"):
        explaining.loaded(manifest)
    engine = load(str(tiny_model), offline=True)
    own = manifest.model_copy(update={"model": engine.record})
    assert explaining.loaded(own).record.digest == engine.record.digest


def test_it_is_what_the_command_gives(tiny_model: Path) -> None:
    from audit.explain.attribute import How, attribute_one, prepare
    from audit.explain.methods.registry import methods

    engine = load(str(tiny_model), offline=True)
    found = explaining.explained(engine, "the quick brown", " fox", None, "occlusion", Silent())
    masked = prepare(engine, "the quick brown", " fox", max_features=explaining.FEATURES)
    expected = attribute_one(masked, methods()["occlusion"], How(seed=1234, pairs=explaining.PAIRS))
    assert found.values == pytest.approx(expected.values)
    assert found.verdict == expected.verdict


def test_the_form_explains_once_nobody_else_does(
    run: RunFolder, tiny_model: Path, open_page: Open, make_manifest: Callable[..., RunManifest]
) -> None:
    engine = load(str(tiny_model), offline=True)
    manifest = run.read_manifest()
    named = manifest.model_copy(update={"config": {"model": str(tiny_model)}, "model": engine.record})
    run.write_manifest(named)
    test = open_page("explanations")
    area = next(one for one in test.text_area if one.label.startswith("Prompt"))
    area.set_value("the quick brown")
    next(one for one in test.text_input if one.label.startswith("Target")).set_value(" fox")
    with explaining.ASKED_LOCK:
        drawn(button(test, "Explain").click().run())
        assert any("Busy" in error.value for error in test.error)
    drawn(button(test, "Explain").click().run())
    assert any("not part of the run" in warning.value for warning in test.warning)
    assert list((run.path / "attributions").glob("*.json")) != []
    assert not any("quick" in file.read_text() for file in (run.path / "attributions").glob("*.json"))
