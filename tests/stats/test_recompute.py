"""Metrics again from the folder alone, exactly; whatever differs is named."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Metric, Sample
from audit.core.run_folder import RunFolder
from audit.stats.definitions import Mean, is_mean_of_items, measured
from audit.stats.recompute import differences, recomputed, recomputed_metrics

if TYPE_CHECKING:
    from pathlib import Path

WITHOUT_DEFINITION = {
    *("bbq", "bold", "counterfactual", "crows_pairs", "do_not_answer", "membership", "memorisation", "personal_data"),
    *("prompt_injection", "stereoset", "system_prompt_leakage", "toxicity", "winobias", "winogender", "xstest"),
}
"""Tasks with a value that no definition gives; it must be empty once every probe computes by definitions."""


def a_sample(number: int, **fields: Any) -> Sample:
    given = {"score": float(number % 3 > 0), **fields}
    return Sample(sample_id=str(number), suite="evals", task="sums", prompt="?", **given)


SAMPLES = [a_sample(number) for number in range(30)]


def a_metric(**changes: Any) -> Metric:
    made = measured(
        Mean(seed=2), SAMPLES, metric="accuracy", unit="share", higher_is_better=True, note="n", primary=True
    )
    return made.model_copy(update=changes)


def test_a_metric_is_what_its_definition_makes_of_the_samples() -> None:
    assert recomputed(a_metric(), SAMPLES) == a_metric()
    assert list(differences(a_metric(), SAMPLES, interval=True)) == []
    assert is_mean_of_items(a_metric())
    assert not is_mean_of_items(a_metric(definition=None))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": 0.9}, "sums/accuracy is 0.9, the samples give 0.666667"),
        ({"value": None, "error": "lost"}, "sums/accuracy is none, the samples give 0.666667"),
        ({"n": 29, "missing": 1}, "sums/accuracy has n 29, missing 1, the samples give n 30, missing 0"),
        ({"ci_low": 0.6}, "the interval of sums/accuracy is 0.6 to 0.807"),
        ({"ci_high": None}, "the interval of sums/accuracy is 0.48"),
        ({"definition": {"name": "median"}}, "has a definition that cannot be followed: no known function is called"),
        ({"definition": None}, "has a definition that cannot be followed"),
    ],
)
def test_what_differs_is_named(changes: dict[str, Any], said: str) -> None:
    found = list(differences(a_metric(**changes), SAMPLES, interval=True))
    assert len(found) == 1
    assert said in found[0]


def test_without_the_interval_a_wrong_one_is_not_looked_at() -> None:
    assert list(differences(a_metric(ci_low=0.6), SAMPLES, interval=False)) == []
    sliced = a_metric(slice={"kind": "odd"})
    assert next(differences(sliced, SAMPLES, interval=False)).startswith("sums/accuracy with slice {'kind': 'odd'} has")


@pytest.mark.slow
def test_every_number_of_a_run_follows_from_its_folder(audit_data: Path, tmp_path: Path) -> None:
    """All benchmarks, probes and one method of explanation on the embedded checkpoint, a few items of each."""
    from audit.evals.suite import TASKS
    from audit.safety.suite import PROBES

    words = [
        *("run", "--tasks", ",".join([*TASKS, *PROBES]), "--limit", "2", "--gen-kwargs", '{"max_gen_toks": 4}'),
        *("--data-dir", str(audit_data), "--out", str(tmp_path), "--offline", "-q"),
    ]
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    code = subprocess.run([sys.executable, "-m", "audit.cli", *words], check=False, env=environment).returncode
    assert code in {0, 13}, "it runs, though data may be missing"
    folder = RunFolder.resolve("latest", tmp_path)
    said = {(m.name, str(m.slice)): m for m in folder.read_metrics()}
    again = {(m.name, str(m.slice)): m for m in recomputed_metrics(folder)}
    assert {key: said[key] for key in again} == again
    assert len([key for key in again if key[0].partition("/")[0] in TASKS]) > 50
    without = {m.task for key, m in said.items() if key not in again and m.value is not None}
    assert without <= WITHOUT_DEFINITION
