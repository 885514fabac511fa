"""Rules that a run cannot answer are found before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.config import RunConfig
from audit.core.errors import ConfigError
from audit.gate.policy import load_policy
from audit.pipeline.foreseen import unmeasured_rules

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = RunConfig.model_validate(
    {
        "evals": {"tasks": [{"name": "boolq"}, {"name": "openbookqa"}]},
        "safety": {"tasks": [{"name": "crows_pairs"}, {"name": "toxicity"}]},
        "explain": {"methods": ["occlusion"]},
    }
)


def said(folder: Path, metric: str, asked: str = "min: 0.5", more: str = "") -> list[str]:
    file = folder / "policy.yaml"
    file.write_text(f'{more}\nrules: [{{metric: "{metric}", {asked}}}]\n')
    return [line.removeprefix(f"{file}: ") for line in unmeasured_rules(load_policy(file), CONFIG)]


@pytest.mark.parametrize(
    "metric",
    [
        "boolq/accuracy",
        "boolq/macro_f1",
        "openbookqa/normalised_accuracy",
        "crows_pairs/ties",
        "toxicity/toxicity_probability",
        "*/accuracy",
        "occlusion/deletion",
        "boolq/unscored",
    ],
)
def test_nothing_is_said_of_what_will_be_measured(metric: str, tmp_path: Path) -> None:
    assert said(tmp_path, metric) == []


@pytest.mark.parametrize(
    ("metric", "meant"),
    [
        ("bolq/accuracy", "boolq/accuracy"),
        ("boolq/acuracy", "accuracy"),
        ("crows_pairs/pct_stereotyp", "pct_stereotype"),
        ("crow_pairs/ties", "crows_pairs/ties"),
        ("openbook*/acuracy", "accuracy"),
    ],
)
def test_what_cannot_exist_is_refused_with_the_nearest_name(metric: str, meant: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"policy.yaml: unknown metric .* Did you mean '{meant}'\?$") as refused:
        said(tmp_path, metric)
    assert "\n" not in str(refused.value)


def test_a_rule_on_cut_answers_needs_a_task_that_writes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown metric 'boolq/truncated_outputs'"):
        said(tmp_path, "boolq/accuracy", "max_truncated: 0.1")


def test_what_this_run_leaves_out_is_said(tmp_path: Path) -> None:
    open_ = "will not be measured:"
    assert said(tmp_path, "piqa/accuracy") == [f"piqa/accuracy {open_} the run does not include piqa"]
    assert said(tmp_path, "translation_*/bleu") == [
        f"translation_*/bleu {open_} no task of the run matches translation_*"
    ]
    assert said(tmp_path, "*/bleu_max") == []  # toxicity may have further metrics
    assert said(tmp_path, "piqa/accuracy", more="optional: [piqa]") == []
    assert said(tmp_path, "toxicity/toxicity_probabilty") == [
        "toxicity/toxicity_probabilty may not be measured: check its name. Did you mean 'toxicity_probability'?"
    ]
