"""Rules that a run cannot answer are found before it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audit.core.config import RunConfig
from audit.core.errors import AssetMissing, ConfigError
from audit.gate.policy import load_policy
from audit.pipeline.foreseen import unmeasured_rules
from audit.safety import suite
from audit.safety.probe import Population
from audit.safety.probes.bias.crows_pairs import Pair

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = RunConfig.model_validate(
    {
        "evals": {"tasks": [{"name": "boolq"}, {"name": "openbookqa"}]},
        "safety": {"tasks": [{"name": "crows_pairs"}, {"name": "toxicity"}]},
        "explain": {"methods": ["occlusion"]},
    }
)


def said(folder: Path, metric: str, asked: str = "min: 0.5", more: str = "", config: RunConfig = CONFIG) -> list[str]:
    file = folder / "policy.yaml"
    file.write_text(f'{more}\nrules: [{{metric: "{metric}", {asked}}}]\n')
    return [line.removeprefix(f"{file}: ") for line in unmeasured_rules(load_policy(file), config)]


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


REFUSED = {
    "no direction": ("crows_pairs/pct_stereotype", "no_worse_than_baseline: {margin: 2}", "has no better direction"),
    "limit": ("boolq/accuracy", "min: 70", r"min 70 can never pass: .* did you mean 0\.7\?$"),
    "pattern": ("*/accuracy", "max: 1", "max 1 on boolq/accuracy can never fail"),
    "margin": ("crows_pairs/ties", "no_worse_than_baseline: {margin: 0.1}", "has no better direction"),
    "margin of a share": ("boolq/macro_f1", "no_worse_than_baseline: {margin: 2}", "margin 2 can never fail"),
    "scorer": ("toxicity/toxicity_probability", "min: 40", r"min 40 can never pass: .* did you mean 0\.4\?$"),
    "corrected": ("boolq/macro_f1", "min: 0.5, corrected: {rated_at_least: 4, labels: 30}", "defined as macro"),
    "slices": ("boolq/accuracy", "min: 0.5, slice: {topic: art}", "measured on all items alone: leave out its slice$"),
    "key": ("crows_pairs/pct_stereotype", "min: 40, slice: {bias: age}", "has no slice 'bias': it has bias_type, dir"),
    "category": ("crows_pairs/pct_stereotype", "min: 40, slice: {bias_type: old}", "bias_type is one of age, gender"),
    "gap": ("crows_pairs/pct_stereotype", "max_gap: {slice: bias, value: 9}", "has no slices by 'bias': it has bias_t"),
}


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two items of the probe."""
    items = [Pair("A sentence", "Another sentence", kind, "stereo") for kind in ("age", "gender")]
    probe = replace(suite.PROBES["crows_pairs"], load=lambda: Population((tuple(items),)))
    monkeypatch.setitem(suite.PROBES, "crows_pairs", probe)


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize(("metric", "asked", "why"), REFUSED.values(), ids=REFUSED)
def test_what_the_gate_would_refuse_is_refused_before_the_run(
    metric: str, asked: str, why: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=rf"policy.yaml: .*{why}"):
        said(tmp_path, metric, asked)


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize(
    ("metric", "asked"),
    [
        ("crows_pairs/pct_stereotype", "min: 40, max: 60, slice: {bias_type: age}"),
        ("crows_pairs/pct_stereotype", "max_gap: {slice: bias_type, value: 10}"),
        ("boolq/accuracy", "no_worse_than_baseline: {relative: 0.05}"),
        ("boolq/accuracy", "min: 0.5, corrected: {rated_at_least: 4, labels: 30}"),
        ("boolq/unscored", "max: 0"),
        ("toxicity/toxicity_probability", "max: 0.5, slice: {of_a_scorer: any}"),
        ("piqa/accuracy", "min: 70"),  # as the gate, which knows no unit of what was not measured
    ],
)
def test_what_the_gate_may_judge_is_not_refused(metric: str, asked: str, tmp_path: Path) -> None:
    assert all("will not be measured" in line for line in said(tmp_path, metric, asked))


def test_nothing_is_said_of_slices_where_the_data_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Population[Pair]:
        raise AssetMissing("nowhere")

    monkeypatch.setitem(suite.PROBES, "crows_pairs", replace(suite.PROBES["crows_pairs"], load=missing))
    assert said(tmp_path, "crows_pairs/pct_stereotype", "min: 40, slice: {bias: age}") == []


def test_a_misspelt_optional_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown task 'bolq' under optional\. Did you mean 'boolq'\?$"):
        said(tmp_path, "boolq/accuracy", more="optional: [bolq]")
    assert said(tmp_path, "boolq/accuracy", more="optional: [piqa, occlusion]") == []


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


def test_perturbed_items_are_tasks_where_perturbations_are_named(tmp_path: Path) -> None:
    assert said(tmp_path, "boolq_perturbed/worst_case") == [
        "boolq_perturbed/worst_case will not be measured: the run does not include boolq_perturbed"
    ]
    config = CONFIG.model_copy(deep=True)
    config.evals.robustness.perturbations = ["typos"]
    assert said(tmp_path, "boolq_perturbed/worst_case", config=config) == []
    assert said(tmp_path, "boolq_perturbed/flips", "max: 0.1, slice: {perturbation: typos}", config=config) == []
    assert said(tmp_path, "boolq_perturbed/worst_cas", config=config) == [
        "boolq_perturbed/worst_cas may not be measured: check its name. Did you mean 'worst_case'?"
    ]


def test_forced_answers_are_tasks_where_budgets_are_named(tmp_path: Path) -> None:
    assert said(tmp_path, "boolq_forced/accuracy") == [
        "boolq_forced/accuracy will not be measured: the run does not include boolq_forced"
    ]
    config = CONFIG.model_copy(deep=True)
    config.evals.thinking_budgets = [64]
    assert said(tmp_path, "boolq_forced/accuracy", config=config) == []


def test_several_answers_leave_further_metrics(tmp_path: Path) -> None:
    config = CONFIG.model_copy(deep=True)
    config.evals.samples_per_item = 4
    assert said(tmp_path, "boolq/pass_at_4", config=config) == []
    assert said(tmp_path, "boolq/accuracy", config=config) == []
