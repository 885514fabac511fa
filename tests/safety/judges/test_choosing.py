"""Which model judges: names, how it is asked, its measurement, and one line for each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig
from audit.core.errors import AssetError, AssetMissing, CheckpointError, ConfigError, ScoringUnavailable, UsageError
from audit.core.records.files import json_file
from audit.pipeline.judged.measuring import measurement
from audit.safety.judges import choosing
from audit.safety.judges.choosing import answer_judge, check_answer_judge, cited, rubric_judge
from tests.pipeline.judged.test_measuring import labelled
from tests.safety.judges.conftest import a_judge, an_engine, by_word, letter_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Every checkpoint calls everything a refusal."""
    found = an_engine(lambda prompt: letter_of(prompt, "refusal"))
    found.check_sound = lambda: None
    found.__class__ = type("Untemplated", (found.__class__,), {"has_chat_template": False})
    monkeypatch.setattr("audit.engine.configured.engine_of", lambda _config: found)
    return found


def config_of(name: str, *measured: Path) -> RunConfig:
    return RunConfig.model_validate({"safety": {"answer_judge": name, "judge_measured": list(measured)}})


@pytest.mark.parametrize("name", ["refusal-classifier", "judge:./m", "judge:openai:http://x#m", "guard:./m"])
def test_known_judges(name: str) -> None:
    check_answer_judge(name)


@pytest.mark.parametrize("name", ["judge", "guard:", "classifier", "refusal-classifier:x", "sequence:x"])
def test_unknown_judges_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"safety.answer_judge: unknown judge '.*': use refusal-classifier, judge:"):
        check_answer_judge(name)
    with pytest.raises(UsageError):
        answer_judge(config_of(name))


def test_files_of_measurements_are_looked_at_first(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file: name a file that `audit judge measure --out` wrote"):
        check_answer_judge("refusal-classifier", [tmp_path / "none.json"])


def test_a_checkpoint_is_asked_by_likelihood_where_it_can(engine: Any) -> None:
    model = answer_judge(config_of("judge:./m"))
    assert model.judge.identity["judge_by"] == "likelihood"
    (found,) = model.judged(["Q"], ["A"])
    assert found.scores["full_refusal"] == 1

    def cannot() -> None:
        raise ScoringUnavailable

    engine.check_scoring = cannot
    judge, _ = rubric_judge("./m", "refusal")
    assert judge.identity["judge_by"] == "generation"


@pytest.mark.slow
def test_the_measurement_of_exactly_this_judge_is_cited(engine: Any, tmp_path: Path) -> None:
    other, mine = tmp_path / "other.json", tmp_path / "mine.json"
    json_file.write_record(other, measurement(a_judge(by_word), labelled([("GOOD", (3.0,)), ("BAD", (0.0,))])))
    judge, _ = rubric_judge("./m", "refusal")
    assert cited([], judge).why_none.startswith("name the file that `audit judge measure --out` wrote")
    none = cited([other], judge)
    assert none.measured is None
    assert "is of this judge with this rubric: other.json has another judge_settings, rubric_sha256" in none.why_none
    json_file.write_record(mine, measurement(judge, labelled([("a", (1.0,)), ("b", (0.0,))])))
    model = answer_judge(config_of("judge:./m", other, mine))
    assert model.measured is not None
    assert (model.measured.texts, model.settings["judge_measured_texts"]) == (2, 2)


def test_a_checkpoint_that_cannot_be_loaded_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails(_config: RunConfig) -> None:
        msg = "damaged: copy it again"
        raise CheckpointError(msg)

    monkeypatch.setattr("audit.engine.configured.engine_of", fails)
    with pytest.raises(AssetMissing, match=r"^judge: damaged: copy it again$"):
        answer_judge(config_of(f"judge:{tmp_path / 'nowhere'}"))
    with pytest.raises(AssetError, match=r"^guard: damaged"):
        answer_judge(config_of(f"guard:{tmp_path}"))


def test_a_guard_model_is_made_of_its_engine(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssetError, match="guard: scripted is no guard model that is known here"):
        answer_judge(config_of("guard:./m"))
    monkeypatch.setattr(engine.record, "name", "wildguard")
    model = answer_judge(config_of("guard:./m"))
    assert model.judge.identity["judge_by"] == "guard wildguard"
    assert choosing.guard_of("./m").rubric.name == "harmful_answer"
    assert model.record.version == f"harmful_answer {model.judge.identity['judge_checkpoint'][:12]}"
    monkeypatch.setattr(choosing, "cached_commit", lambda name, revision: f"commit of {name} at {revision}")
    judge = answer_judge(config_of("guard:org/wildguard@v2"))
    assert judge.record.version == "harmful_answer commit of org/wildguard at v2"
    assert model.measured is None
