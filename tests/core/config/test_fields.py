"""Fields of the configuration: every one that names a place is known as such, and is resolved as such."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from audit.core.config import OWN_DATA, EvalsConfig, RunConfig, SafetyConfig, TaskConfig
from audit.core.config.fields import PathMark, Section, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

NO_PLACES = {
    "budget.wall_time",
    "revision", "profile", "device", "device_map", "dtype", "quantization", "chat_template", "chat_template_args",
    "limit", "intended_use", "ray", "thinking.end", "evals.tasks.name", "evals.tasks.limit",
    *(f"evals.tasks.{name}" for name in OWN_DATA), *(f"safety.tasks.{name}" for name in OWN_DATA),
    "evals.contamination.checks", "evals.gen_kwargs", "evals.system_instruction", "evals.robustness.perturbations",
    "evals.forced_opening", "evals.metadata", "evals.samples", "safety.tasks.name", "safety.tasks.limit",
    "safety.answers", "safety.toxicity_label", "safety.toxicity_languages", "explain.methods",
}  # fmt: skip
"""Every field that may hold text and names nothing on this machine. A new field of text must be listed here, or be a
``Folder``, ``Checkpoint`` or ``Scorer``."""


def kinds(annotation: Any) -> set[Any]:
    """The types inside an annotation."""
    inner = [kind for argument in get_args(annotation) for kind in kinds(argument)]
    return {annotation, *inner} if isinstance(annotation, type) else {*inner, *map(type, get_args(annotation))}


def fields(model: type[Section], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every field of a section and of those inside it, by its path."""
    for name, field in model.model_fields.items():
        sections = [kind for kind in kinds(field.annotation) if isinstance(kind, type) and issubclass(kind, Section)]
        for section in sections:
            yield from fields(section, f"{prefix}{name}.")
        if not sections:
            yield f"{prefix}{name}", field


def test_every_path_is_resolved_and_every_text_is_known_to_be_none() -> None:
    found = dict(fields(RunConfig))
    assert "data_dirs" in found
    assert "evals.tasks.name" in found
    for path, field in found.items():
        inside = kinds(field.annotation)
        if Path in inside:
            assert place_of(field), f"{path} is a path: annotate it as Folder"
        elif str in inside and place_of(field) is None:
            assert path in NO_PLACES, f"{path} holds text: does it name a file, a folder or a checkpoint?"
    texts = {path for path, field in found.items() if str in kinds(field.annotation)}
    assert texts >= NO_PLACES, "listed, and not there any more"


def test_the_marks_are_those_that_the_run_needs() -> None:
    assert {path for path, field in fields(RunConfig) if place_of(field)} >= {
        "model", "base", "tokenizer", "data_dirs", "out", "evals.include_path", "evals.tasks.file", "safety.reference",
        "evals.contamination.corpus",
        "safety.toxicity_scorer",
    }  # fmt: skip
    assert isinstance(place_of(RunConfig.model_fields["model"]), PathMark)


def test_places_start_from_the_folder_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("weights", "scorer", "home/adapter"):
        (tmp_path / name).mkdir(parents=True)
    config = RunConfig(
        model="weights",
        base="~/adapter",
        tokenizer="owner/name",
        out=Path("runs"),
        data_dirs=[Path("one"), tmp_path / "two"],
        evals=EvalsConfig(include_path=[Path("tasks")], tasks=[TaskConfig(name="weights", file=Path("t.csv"))]),
        safety=SafetyConfig(toxicity_scorer="folder:scorer", reference="scorer", toxicity_label="weights"),
    )
    full = config.resolved(tmp_path)
    assert full.model == str(tmp_path / "weights")
    assert full.base == str(tmp_path / "home/adapter")
    assert full.tokenizer == "owner/name", "a hub id is no folder"
    assert full.out == tmp_path / "runs"
    assert full.data_dirs == [tmp_path / "one", tmp_path / "two"]
    assert full.evals.include_path == [tmp_path / "tasks"]
    assert full.evals.tasks == [TaskConfig(name="weights", file=tmp_path / "t.csv")], "a task's name is none"
    assert (full.safety.toxicity_scorer, full.safety.reference) == (
        f"folder:{tmp_path / 'scorer'}",
        str(tmp_path / "scorer"),
    )
    assert full.safety.toxicity_label == "weights"
    assert RunConfig(model="vllm:weights").resolved(tmp_path).model == f"vllm:{tmp_path / 'weights'}"
    assert RunConfig(model="vllm:owner/name").resolved(tmp_path).model == "vllm:owner/name"
    assert full.resolved(Path("/elsewhere")) == full, "once is enough"


@pytest.mark.parametrize("kind", ["folder", "sequence", "guard"])
def test_the_folder_of_a_scorer_is_made_absolute(kind: str, tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    full = SafetyConfig(toxicity_scorer=f"{kind}:weights").resolved(tmp_path)
    assert full.toxicity_scorer == f"{kind}:{tmp_path / 'weights'}"


@pytest.mark.parametrize("name", ["folder", "auto", "detoxify:original", "folder:nowhere", "sequence:owner/name"])
def test_a_scorer_that_is_no_folder_keeps_its_name(name: str, tmp_path: Path) -> None:
    assert SafetyConfig(toxicity_scorer=name).resolved(tmp_path).toxicity_scorer == name
