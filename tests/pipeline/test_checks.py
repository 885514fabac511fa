"""What is wrong with a configuration is found before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig
from audit.core.errors import ConfigError, UsageError
from audit.pipeline.checks import check

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def config(tiny_model: Path, tmp_path: Path) -> dict[str, Any]:
    """One that is as it should be."""
    return {
        "model": str(tiny_model),
        "out": tmp_path / "runs",
        "evals": {"tasks": [{"name": "boolq"}]},
        "safety": {"tasks": [{"name": "crows_pairs"}]},
        "explain": {"methods": ["occlusion"]},
    }


def test_a_sound_configuration_passes_and_has_its_folder(config: dict[str, Any]) -> None:
    check(RunConfig.model_validate(config))
    assert config["out"].is_dir()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model": "./nowhere"}, "nowhere"),
        ({"base": "./nowhere"}, "nowhere"),
        ({"evals": {"tasks": [{"name": "bolq"}]}}, "boolq"),
        ({"evals": {"tasks": [{"name": "toxicty"}]}}, "Did you mean 'toxicity'"),
        ({"evals": {"tasks": [{"name": "Crows-Pairs"}]}}, "Did you mean 'crows_pairs'"),
        ({"safety": {"tasks": [{"name": "crow_pairs"}]}}, "crows_pairs"),
        ({"explain": {"methods": ["oclusion"]}}, "occlusion"),
    ],
)
def test_every_part_is_looked_at(config: dict[str, Any], wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        check(RunConfig.model_validate({**config, **wrong}))
    assert "\n" not in str(caught.value)


def test_a_key_that_is_too_short_is_refused(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_HMAC_KEY", "guess")
    with pytest.raises(UsageError, match="AUDIT_HMAC_KEY"):
        check(RunConfig.model_validate(config))


def test_a_folder_that_cannot_be_made_is_refused(config: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="file"):
        check(RunConfig.model_validate({**config, "out": tmp_path / "file" / "runs"}))


def test_a_task_file_under_the_name_of_a_probe_is_refused(config: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("task: bbq\ndataset_path: json\ntest_split: test\n")
    wrong = {"evals": {"tasks": [], "include_path": [str(tmp_path)]}}
    with pytest.raises(ConfigError, match="declares bbq, the name of one of the audit's probes: rename it"):
        check(RunConfig.model_validate({**config, **wrong}))
