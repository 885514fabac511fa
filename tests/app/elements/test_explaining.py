"""Explanations made on the spot are those of the run's own checkpoint, one at a time."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from streamlit.runtime.scriptrunner import StopException

from audit.app.elements import explaining
from audit.engine.load import load
from tests.app.drawn import button, drawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from audit.core.records import RunManifest, Sample
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
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


@pytest.mark.slow
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
    next(one for one in test.text_area if one.label.startswith("Target")).set_value(" fox")
    with explaining.ASKED_LOCK:
        drawn(button(test, "Explain").click().run())
        assert any("Busy" in error.value for error in test.error)
    drawn(button(test, "Explain").click().run())
    assert any("not part of the run" in warning.value for warning in test.warning)
    assert list((run.path / "attributions").glob("*.json")) != []
    assert not any("quick" in file.read_text() for file in (run.path / "attributions").glob("*.json"))


@pytest.mark.slow
def test_a_reader_who_leaves_does_not_keep_others_from_explaining(
    run: RunFolder, tiny_model: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a tab is closed, Streamlit stops the page at its next call, and at each one after that."""

    class Stopped:
        def __getattr__(self, _: str) -> object:
            raise StopException

    record = load(str(tiny_model), device="cpu").record
    run.write_manifest(run.read_manifest().model_copy(update={"config": {"model": str(tiny_model)}, "model": record}))
    test = open_page("explanations")
    next(one for one in test.text_area if one.label.startswith("Prompt")).set_value("the quick brown")
    next(one for one in test.text_area if one.label.startswith("Target")).set_value(" fox")
    monkeypatch.setattr(explaining.st, "progress", lambda *_: Stopped())
    button(test, "Explain").click().run()
    assert explaining.MADE_KEY not in test.session_state
    assert not explaining.ASKED_LOCK.locked()


@pytest.mark.slow
def test_an_answer_that_is_not_changed_is_explained_as_it_is_stored(
    run: RunFolder, by_task: dict[str, list[Sample]], tiny_model: Path, open_page: Open
) -> None:
    """A box of a browser cannot hold every character of a prompt; only what is typed into it is another prompt."""
    stored = "the\x07 quick\r\nbrown"
    sample = by_task["boolq"][0].model_copy(
        update={"prompt": stored, "output": " fox", "answered_by": "generation", "sample_id": "s"}
    )
    run.write_samples("evals", "boolq", [sample])
    config = {"model": str(tiny_model)}
    record = load(str(tiny_model), device="cpu").record
    run.write_manifest(run.read_manifest().model_copy(update={"config": config, "model": record}))
    test = open_page("explanations", task="boolq", sample="s")
    area = next(one for one in test.text_area if one.label.startswith("Prompt"))
    assert area.value == "the\ufffd quick\nbrown"
    drawn(button(test, "Explain").click().run())
    assert test.session_state[explaining.MADE_KEY][1].prompt == stored
    assert not any("differs from the sample" in caption.value for caption in test.caption)
    next(one for one in test.text_area if one.label.startswith("Prompt")).set_value("the slow")
    drawn(button(test, "Explain").click().run())
    assert test.session_state[explaining.MADE_KEY][1].prompt == "the slow"
    assert any("differs from the sample" in caption.value for caption in test.caption)


@pytest.mark.slow
def test_an_answer_after_a_trace_is_explained_by_steps_or_not_at_all(
    run: RunFolder, by_task: dict[str, list[Sample]], tiny_model: Path, tmp_path: Path, open_page: Open
) -> None:
    thinks = tmp_path / "thinks"
    shutil.copytree(tiny_model, thinks)
    settings = json.loads((thinks / "tokenizer_config.json").read_text())
    template = "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n"
    (thinks / "tokenizer_config.json").write_text(json.dumps({**settings, "chat_template": template}))
    trace = "The dog runs. The fox sleeps. So it is the fox. Yes."
    update = {"prompt": "Who sleeps?<think>\n", "output": "the fox", "thinking": trace, "sample_id": "s"}
    sample = by_task["boolq"][0].model_copy(update={**update, "answered_by": "generation", "choice": None})
    run.write_samples("evals", "boolq", [sample])
    record = load(str(thinks), device="cpu").record
    config = {"model": str(thinks)}
    run.write_manifest(run.read_manifest().model_copy(update={"config": config, "model": record}))
    test = open_page("explanations", task="boolq", sample="s")
    drawn(button(test, "Explain").click().run())
    made = test.session_state[explaining.MADE_KEY][1]
    assert (made.level, len(made.features)) == ("steps", 4)
    next(one for one in test.text_area if one.label.startswith("Prompt")).set_value("Who runs?")
    drawn(button(test, "Explain").click().run())
    assert any("leave both as they are" in error.value for error in test.error)
    assert test.session_state[explaining.MADE_KEY][1] == made
