"""A run with perturbed items from the command line: metrics by brute force, resumed, verified, compared and judged."""

from __future__ import annotations

import json
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.main import run_command
from audit.core.run_folder import RunFolder
from audit.evals.robustness.asking import PerturbingLM
from audit.safety import suite as _suite  # noqa: F401 - its probes take the data sets by name: not those of `rows`

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Metric

pytestmark = pytest.mark.slow

TASK = "commonsenseqa_perturbed"
POLICY = """
rules:
  - {metric: commonsenseqa_perturbed/worst_case, min: 0.9}
  - {metric: commonsenseqa_perturbed/not_perturbed, max: 0, slice: {perturbation: option_order}}
"""


def metrics(run: RunFolder) -> dict[tuple[str, str | None], Metric]:
    return {(m.metric, (m.slice or {}).get("perturbation")): m for m in run.read_metrics() if m.task == TASK}


@pytest.mark.usefixtures("rows")
def test_a_run_with_perturbed_items(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.pipeline.audit._write_card", lambda *_: None)
    (policy := tmp_path / "policy.yaml").write_text(POLICY)
    (settings := tmp_path / "settings.yaml").write_text("evals: {bootstrap_resamples: 100}")

    def audit(*words: str) -> int:
        return run_command([*words, "-q"])

    def started(place: str) -> tuple[int, Path]:
        words = ("run", "--model", str(tiny_model), "--tasks", "commonsenseqa", "--limit", "6", "--no-explain")
        words += ("--config", str(settings))
        code = audit(*words, "--perturb", "swap,option_order", "--out", str(tmp_path / place), "--policy", str(policy))
        return code, next((tmp_path / place).glob("2*"))

    code, first = started("first")
    assert code == 0
    run = RunFolder(first)
    found, samples = metrics(run), run.read_samples("evals", TASK)
    originals = {sample.sample_id: sample.score or 0.0 for sample in run.read_samples("evals", "commonsenseqa")}
    assert len(originals) == 6
    # A question such as "What is 1 plus 2?" has two words of four letters: What and plus.
    assert len(samples) == 12
    scores = {name: [s for s in samples if s.slices["perturbation"] == name] for name in ("swap", "option_order")}
    means = {name: mean(s.score or 0.0 for s in inside) for name, inside in scores.items()}
    assert found["mean_score", None].value == pytest.approx(mean(means.values()))
    assert found["lowest_mean", None].value == pytest.approx(min(means.values()))
    worst = {i: min([score, *(s.score or 0.0 for s in samples if s.pair == i)]) for i, score in originals.items()}
    assert found["worst_case", None].value == pytest.approx(mean(worst.values()))
    for name, inside in scores.items():
        differences = [(s.score or 0.0) - originals[s.pair or ""] for s in inside]
        assert found["change", name].value == pytest.approx(100 * mean(differences))
        assert found["flips", name].value == pytest.approx(mean(map(abs, differences)))
        assert found["not_perturbed", name].value == 0

    calls: list[Any] = []
    ask = PerturbingLM.loglikelihood

    def killed(self: PerturbingLM, *arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return ask(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(PerturbingLM, "loglikelihood", killed)
        code, second = started("second")
    assert code != 0
    assert ("evals", TASK) not in RunFolder(second).tasks()
    assert audit("run", "--resume", str(second)) == 0
    assert (second / "metrics.json").read_bytes() == (first / "metrics.json").read_bytes()

    assert audit("verify", str(second), "--recompute") == 0
    assert (found["worst_case", None].ci_high or 1.0) < 0.9
    assert audit("gate", str(second), "--policy", str(policy)) == 10
    verdicts = [check["verdict"] for check in json.loads((second / "decision.json").read_text())["checks"]]
    assert verdicts[-2:] == ["FAIL", "PASS"]
    assert audit("compare", str(first), str(second)) == 0
