"""What a caller from Python may get wrong: one clear line, a documented error, and no run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import audit
from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = "The capital of France is"
HALF = "a\ud800"


def refused(call: Any, *given: object, **named: object) -> str:
    with pytest.raises(audit.UsageError) as raised:
        call(*given, **named)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("limit", [0, -1, 1.5, "5", True, float("nan")])
def test_a_limit_is_checked_before_anything_is_made(tiny_model: Path, tmp_path: Path, limit: Any) -> None:
    out = tmp_path / "runs"
    said = refused(audit.run, tiny_model, tasks="crows_pairs", limit=limit, out=out, offline=True)
    assert said.startswith("audit.run: limit: Input should be a whole number of items from 1")
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"config": {"seed": 1}}, "audit.run: config is the path of a YAML file: give values as arguments"),
        ({"tasks": [3]}, "audit.run: tasks: give names of tasks"),
        ({"tasks": "crows_pairs", "progress": "yes"}, "progress: give True, False or a listener; 'yes' has no method"),
    ],
)
def test_arguments_of_a_wrong_type(tiny_model: Path, tmp_path: Path, options: dict[str, Any], message: str) -> None:
    out = tmp_path / "runs"
    assert message in refused(audit.run, tiny_model, out=out, offline=True, **options)
    assert not out.exists()


def test_none_is_what_is_left_out(tiny_model: Path, pairs: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("evals: {tasks: []}\nsafety: {tasks: [{name: crows_pairs, limit: 2}]}\n")
    where: dict[str, Any] = {"out": tmp_path / "runs", "data_dirs": pairs, "offline": True}
    run = audit.run(tiny_model, tasks=None, config=file, progress=None, explain={"methods": []}, **where)
    assert run.tasks == ["crows_pairs"]
    assert len(run.samples("crows_pairs")) == 2


@pytest.mark.parametrize("given", [(HALF, " b"), ("a", HALF), ("a", [" b", HALF])])
def test_scores_of_what_is_no_text(checkpoint: audit.Checkpoint, given: Any) -> None:
    assert "half of a surrogate pair" in refused(checkpoint.score, *given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "temperature must be 0 or more, got -1.0"),
        ({"temperature": float("nan")}, "temperature must be 0 or more, got nan"),
        ({"temperature": 1.0, "top_p": 0.0}, "top_p must be above 0, at most 1, got 0.0"),
        ({"temperature": 1.0, "top_p": 1.5}, "top_p must be above 0, at most 1, got 1.5"),
        ({"temperature": 1.0, "top_k": -1}, "top_k must be 0 or more, got -1"),
        ({"max_tokens": 0}, "n and max_new_tokens must be at least 1"),
    ],
)
def test_settings_out_of_range(checkpoint: audit.Checkpoint, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        checkpoint.generate("hello", **options)


def test_a_prompt_that_is_no_text(checkpoint: audit.Checkpoint) -> None:
    assert "half of a surrogate pair" in refused(checkpoint.generate, HALF)
    assert "half of a surrogate pair" in refused(checkpoint.sample, HALF, 2)
    assert "half of a surrogate pair" in refused(audit.explain, checkpoint, HALF, target=" b")


def test_one_stop_string_is_no_list_of_letters(checkpoint: audit.Checkpoint) -> None:
    assert checkpoint.generate(PROMPT, max_tokens=8, stop="zq!") == checkpoint.generate(
        PROMPT, max_tokens=8, stop=["zq!"]
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": "nope"}, "unknown features nope: use auto, tokens,"),
        ({"features": "word"}, "Did you mean 'words'?"),
        ({"max_features": 0}, "audit.explain: explain.max_features: Input should be greater than or equal to 1"),
        ({"method": "integrated_gradients", "steps": 0}, "steps: 0 is not a whole number from 2"),
        ({"method": "shapley", "evaluations": -5}, "evaluations: -5 is not a whole number from 16"),
        ({"method": "shapley", "evaluations": True}, "evaluations: True is not a whole number from 16"),
        ({"steps": 8}, "steps has no effect on occlusion: name one of"),
        ({"seed": -1}, "audit.explain: seed: Input should be greater than or equal to 0"),
        ({"options": " yes"}, "options are a list of texts"),
        ({"options": [" yes"], "target": None}, "options: give at least two"),
        ({"options": [" yes", ""], "target": None}, "options: give at least two"),
    ],
)
def test_explanations_that_cannot_be_made(checkpoint: audit.Checkpoint, options: dict[str, Any], message: str) -> None:
    assert message in refused(audit.explain, checkpoint, PROMPT, progress=False, **{"target": " yes", **options})
