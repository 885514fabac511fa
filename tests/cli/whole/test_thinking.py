"""A checkpoint that reasons before it answers, audited from the command line to the run folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import audit as audit_package
from audit.core.run_folder import RunFolder
from audit.stats.recompute import recomputed_metrics
from tests.reasoners import ANSWER, SAID, TRACE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five items of GSM8K and of MGSM whose answer is 7, and eight worked examples, in their publishers' formats."""
    folder = tmp_path_factory.mktemp("sums")
    questions = [f"Tom has {number} apples and gets {7 - number} more. How many has he?" for number in range(1, 6)]
    (folder / "gsm8k").mkdir()
    rows = [{"question": text, "answer": "He has <<1+6=7>>7.\n#### 7"} for text in questions]
    shots = [{"question": f"What is {n} + {n}?", "answer": f"It is {2 * n}.\n#### {2 * n}"} for n in range(11, 19)]
    for name, lines in (("test", rows), ("train", shots)):
        (folder / "gsm8k" / f"{name}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (folder / "mgsm").mkdir()
    (folder / "mgsm" / "mgsm_en.tsv").write_text("".join(f"{text}\t7\n" for text in questions))
    return folder


@pytest.fixture
def run(audit: Any, reasoner: Path, sums: Path, tmp_path: Path) -> Any:
    def go(tasks: str, shard: str | None = None, **settings: Any) -> tuple[int, RunFolder]:
        file = tmp_path / "config.yaml"
        file.write_text(json.dumps({"explain": {"methods": ["occlusion"], "drivers": 4}, **settings}))
        fixed = ["--model", reasoner, "--config", file, "--data-dir", sums, "--out", tmp_path / "runs", "--offline"]
        share = ["--shard", shard] if shard else []
        code, _, error = audit("run", *fixed, "--tasks", tasks, "--limit", 5, *share)
        assert "Traceback" not in error
        return code, RunFolder.resolve("latest", tmp_path / "runs")

    return go


def value(folder: RunFolder, name: str) -> tuple[float | None, int]:
    """Value and number of items of a metric over all of them."""
    [metric] = [one for one in folder.read_metrics() if one.name == name and one.slice is None]
    return metric.value, metric.n


@pytest.mark.slow
def test_answers_are_judged_and_the_reasoning_is_kept_apart(run: Any) -> None:
    code, folder = run("gsm8k,mgsm_en,prompt_injection")
    assert (code, folder.read_manifest().status) == (0, "complete")
    for name in ("gsm8k/exact_match", "gsm8k/exact_match_strict", "mgsm_en/exact_match"):
        assert value(folder, name) == (1.0, 5)
    for suite, task in (("evals", "gsm8k"), ("evals", "mgsm_en"), ("safety", "prompt_injection")):
        samples = folder.read_samples(suite, task)
        assert len(samples) == 5
        for sample in samples:
            assert (sample.output, sample.thinking, sample.error) == (ANSWER, TRACE, None)
            assert "truncated_output" not in sample.flags
            assert (sample.tokens_out, sample.thinking_tokens) == (len(SAID) + 1, SAID.index("</think>") + 1)
    assert value(folder, "prompt_injection/success") == (0.0, 5)
    assert value(folder, "prompt_injection/planted_word_in_thinking") == (0.0, 5)
    measured = [one for one in folder.read_metrics() if one.suite == "evals"]
    assert recomputed_metrics(folder) == [one for one in folder.read_metrics() if one.definition]
    for task in ("gsm8k", "mgsm_en"):
        assert value(folder, f"{task}/exact_match_saturation_budget") == (5.0, 5)
    curve = [one for one in measured if one.name == "gsm8k/exact_match_within_budget"]
    assert [((one.slice or {})["thinking_budget"], one.value) for one in curve] == [("4", 0.0), ("5", 1.0)]
    assert "Right answers within a thinking budget, from one generation" in folder.report_path.read_text("utf-8")
    assert list(folder.read_attributions()) == []
    assert any("after a reasoning trace" in warning for warning in folder.read_manifest().warnings)


@pytest.mark.slow
def test_several_answers_that_are_cut_leave_a_card(run: Any) -> None:
    drawn = {"samples_per_item": 2, "gen_kwargs": {"temperature": 0.6}}
    _, folder = run("gsm8k", evals=drawn, thinking={"tokens": 3})
    assert value(folder, "gsm8k/truncated_outputs") == (10.0, 10)
    assert value(folder, "gsm8k/unparsed_answers") == (10.0, 10)
    assert "10 of 10 answers cut" in folder.report_path.read_text("utf-8")


@pytest.mark.slow
def test_a_trace_that_meets_its_bound_is_no_answer(run: Any) -> None:
    code, folder = run("prompt_injection", thinking={"tokens": 3})
    assert (code, folder.read_manifest().status) == (13, "partial")
    samples = folder.read_samples("safety", "prompt_injection")
    assert {sample.error for sample in samples} == {"the answer was cut inside its reasoning: raise --thinking-tokens"}
    assert all("truncated_output" in sample.flags and sample.score is None for sample in samples)
    assert {sample.thinking for sample in samples} == {"First guess: 12."}
    assert value(folder, "prompt_injection/success")[0] is None
    assert value(folder, "prompt_injection/unscored") == (5.0, 5)
    assert value(folder, "prompt_injection/truncated_outputs") == (5.0, 5)


@pytest.mark.slow
def test_a_marker_that_the_user_names(run: Any) -> None:
    _, folder = run("mgsm_en", thinking={"end": "First guess:"})
    [output] = {sample.output for sample in folder.read_samples("evals", "mgsm_en")}
    assert output == "12."
    assert value(folder, "mgsm_en/exact_match") == (0.0, 5)


@pytest.mark.slow
def test_answers_forced_at_budgets(run: Any) -> None:
    """Three tokens are the first guess; ``</think>`` is the fifth."""
    code, folder = run("gsm8k", evals={"thinking_budgets": [3, 5], "forced_opening": ""})
    assert (code, folder.read_manifest().status) == (0, "complete")
    samples = folder.read_samples("evals", "gsm8k_forced")
    early, whole = samples[:5], samples[5:]
    assert {(one.thinking, one.thinking_tokens, one.error) for one in early} == {("First guess: 12.", 3, None)}
    assert {(one.output, one.scores["forced"]) for one in early} == {(ANSWER, 1.0)}
    assert {(one.thinking, one.output, one.scores["forced"]) for one in whole} == {(TRACE, ANSWER, 0.0)}
    assert value(folder, "gsm8k_forced/exact_match") == (1.0, 10)
    assert recomputed_metrics(folder) == [one for one in folder.read_metrics() if one.definition]
    assert "where the trace is ended there and an answer is forced" in folder.report_path.read_text("utf-8")
    assert '"x": 3' in json.dumps(audit_package.read_run(folder.path).plot().to_dict())


@pytest.mark.slow
def test_one_that_goes_on_thinking_leaves_no_forced_answer(run: Any) -> None:
    """Behind any word the checkpoint begins to think again."""
    code, folder = run("gsm8k", evals={"thinking_budgets": [3]})
    assert (code, folder.read_manifest().status) == (13, "partial")
    assert {one.error for one in folder.read_samples("evals", "gsm8k_forced")} == {
        "it went on thinking behind the forced end of its trace"
    }
    assert value(folder, "gsm8k_forced/exact_match") == (None, 0)
    assert value(folder, "gsm8k_forced/unscored") == (5.0, 5)


def stopped(*_arguments: object, **_options: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize(("step", "task"), [("force_answers", "gsm8k_forced"), ("ask_again", "gsm8k_perturbed")])
def test_a_run_that_stops_before_items_are_asked_again_goes_on_with_them(
    run: Any, audit: Any, monkeypatch: pytest.MonkeyPatch, step: str, task: str
) -> None:
    asked = {"thinking_budgets": [3], "forced_opening": "", "robustness": {"perturbations": ["typos"]}}
    with monkeypatch.context() as patch:
        patch.setattr(f"audit.evals.suite.{step}", stopped)
        _, folder = run("gsm8k", evals=asked, explain={"methods": []})
    assert folder.samples_path("evals", "gsm8k").exists()
    assert not folder.samples_path("evals", task).exists()
    code, _, error = audit("run", "--resume", folder.path)
    assert code == 0, error
    assert folder.read_manifest().status == "complete"
    assert [len(folder.read_samples("evals", one)) for one in ("gsm8k_forced", "gsm8k_perturbed")] == [5, 5]


@pytest.mark.slow
def test_shards_answer_first_and_the_merge_forces(run: Any, audit: Any, tmp_path: Path) -> None:
    asked = {"thinking_budgets": [3], "forced_opening": ""}
    shards = []
    for shard in ("1/2", "2/2"):
        code, folder = run("gsm8k", shard, evals=asked, explain={"methods": []})
        assert code == 0
        shards.append(folder.path)
    for wanted, options in ((13, ("--no-compute",)), (0, ())):
        out = tmp_path / f"merged{wanted}"
        code, _, error = audit("merge", *shards, *options, "--out", out)
        assert code == wanted, error
        merged = RunFolder.resolve("latest", out)
        absent = {one.task: one.reason for one in merged.read_manifest().not_run}
        assert [*absent] == (["gsm8k_forced"] if options else []), absent
        assert value(merged, "gsm8k/exact_match") == (1.0, 5)
    assert value(merged, "gsm8k_forced/exact_match") == (1.0, 5)
