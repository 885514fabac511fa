"""``audit explain --run RUN --sample ID``: the explanation that the run would have made, from the run folder alone."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Attribution, Flag, SampledText
from audit.core.run_folder import RunFolder
from audit.core.sensitive import REDACTED, THINKING_REDACTED, not_explainable
from audit.engine import load
from audit.gate.evidence import seal
from tests.engine.checkpoints import change_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]

SAME = ("prompt", "target", "against", "alternatives", "level", "features", "verdict", "attribution_id")


@pytest.fixture
def explained(audit: Audit, tiny_model: Path, data_dir: Path, tmp_path: Path) -> RunFolder:
    """A run that explains one gap by two methods, one of which draws."""
    config = tmp_path / "config.yaml"
    config.write_text("explain: {methods: [occlusion, kernel_shap, attention], bias_gaps: 1, drivers: 0}\n")
    out = tmp_path / "runs"
    words = ["--tasks", "crows_pairs", "--limit", "6", "--offline", "-q", "--data-dir", data_dir, "--config", config]
    code, _, err = audit("run", "--model", tiny_model, "--out", out, *words)
    assert code == 0, err
    return RunFolder.resolve("latest", out)


def digests(folder: RunFolder) -> dict[str, str]:
    """Digest of every file of a run."""
    files = sorted(path for path in folder.path.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read(text: str) -> list[Attribution]:
    found = json.loads(text)
    return [Attribution.model_validate(record) for record in (found if isinstance(found, list) else [found])]


@pytest.mark.slow
def test_it_is_the_explanation_that_the_run_made(audit: Audit, explained: RunFolder) -> None:
    stored = {one.method: one for one in explained.read_attributions()}
    assert set(stored) == {"occlusion", "kernel_shap", "attention"}
    sample = stored["occlusion"].sample_id
    assert sample is not None
    before = digests(explained)
    methods = "occlusion,kernel_shap,attention"
    code, out, err = audit("explain", "--run", explained.path, "--sample", sample[:9], "--method", methods, "--json")
    assert code == 0, err
    made = read(out)
    assert [one.method for one in made] == ["occlusion", "kernel_shap", "attention"]
    for one in made:
        for name in SAME:
            assert getattr(one, name) == getattr(stored[one.method], name), (one.method, name)
        assert one.values == pytest.approx(stored[one.method].values, abs=1e-4)  # threads may differ
        assert one.sample_id == sample
        assert one.reason == "asked for"
    assert made[0].counterfactual == stored["occlusion"].counterfactual
    assert digests(explained) == before


QUESTIONS = {"Is a fox an animal?": "yes", "Is the sky green?": "no", "Do birds fly?": "yes", "Is water dry?": "no"}


@pytest.mark.slow
def test_a_choice_of_a_benchmark_is_explained_from_the_folder_alone(
    audit: Audit, tiny_model: Path, tmp_path: Path
) -> None:
    """With its options and named parts, although the questions are gone and the folder has moved."""
    questions, config, out = tmp_path / "mine.jsonl", tmp_path / "config.yaml", tmp_path / "runs"
    rows = [{"question": text, "options": ["yes", "no"], "answer": right} for text, right in QUESTIONS.items()]
    questions.write_text("\n".join(map(json.dumps, rows)))
    config.write_text("explain: {methods: [occlusion], errors: 1, right_answers: 1, drivers: 0}\n")
    words = ["--task-file", questions, "--offline", "-q", "--config", config, "--out", out]
    code, _, err = audit("run", "--model", tiny_model, *words)
    assert code == 0, err
    folder = RunFolder.open(RunFolder.resolve("latest", out).path.rename(tmp_path / "moved"))
    questions.unlink()
    stored = folder.read_attributions()
    assert stored
    for one in stored:
        code, shown, err = audit("explain", "--run", folder.path, "--sample", one.sample_id, "--json")
        assert code == 0, err
        [made] = read(shown)
        assert made.against in {" yes", " no"} - {made.target}
        assert [getattr(made, name) for name in SAME] == [getattr(one, name) for name in SAME]
        assert made.values == pytest.approx(one.values, abs=1e-4)
    [sample] = [sample for sample in folder.read_samples("evals", "mine") if sample.sample_id == stored[0].sample_id]
    assert sample.choice is not None
    assert sample.choice.options == [" yes", " no"]
    assert {span.name for span in sample.spans} >= {"question"}


@pytest.mark.slow
def test_a_sample_that_the_run_did_not_explain_is_explained(
    audit: Audit, explained: RunFolder, tiny_model: Path
) -> None:
    """One without a gap: what the checkpoint prefers is explained against the other sentence."""
    samples = explained.read_samples("safety", "crows_pairs")
    known = {one.sample_id for one in explained.read_attributions()}
    other = next(sample for sample in samples if sample.sample_id not in known and sample.score == 0)
    code, out, err = audit("explain", "--run", explained.path, "--sample", other.sample_id, "--json")
    assert code == 0, err
    [made] = read(out)
    assert made.prompt + made.target == other.output
    assert other.choice is not None
    assert {made.prompt + made.target, made.prompt + str(made.against)} == set(other.choice.options)
    engine = load(str(tiny_model), device="cpu")
    asked = [engine.encode_pair(made.prompt, text) for text in (made.target, str(made.against))]
    first, second = (score.total for score in engine.score(asked))
    assert made.value == pytest.approx(first - second, abs=1e-3)


@pytest.mark.slow
def test_what_cannot_be_is_one_line(audit: Audit, finished: RunFolder, tiny_model: Path, tmp_path: Path) -> None:
    samples = finished.read_samples("safety", "crows_pairs")
    first = samples[0].sample_id
    run = ("explain", "--run", finished.path, "--sample")
    shared = next(c for c in "0123456789abcdef" if sum(s.sample_id.startswith(c) for s in samples) > 1)
    wrong = ("0" if first[-1] != "0" else "1").join((first[:-1], ""))
    moved = tmp_path / "moved"
    shutil.copytree(tiny_model, moved)
    change_weights(moved, lambda weights: {name: 2 * tensor for name, tensor in weights.items()})
    for words, told in (
        ([wrong], f"no such sample among the 20 of {finished.path}. Did you mean '{first}'?"),
        ([shared], "samples start with this: "),
        ([f"{first}#3"], f"--sample {first}#3: it has one answer: leave out the #"),
        ([first, "--dtype", "float16"], "--dtype: a stored sample is explained with its run's settings"),
        ([first, "--chat"], "--chat: a stored sample is explained with its run's settings"),
        ([first, "--features", "words"], "--features: a stored sample is explained with its run's settings"),
        ([first, "--features", "steps"], f"--features steps: the answer of sample {first} follows no reasoning trace"),
        ([first, "-p", "x"], "--prompt and --run are given"),
        ([first, "--model", moved], f"{moved}: not the checkpoint of {finished.path.name} (digest "),
        ([first, "--method", "attention", "--steps", "9"], "--steps has no effect on attention: name one of integr"),
    ):
        code, out, err = audit(*run, *words)
        assert (code, out) == (2, ""), words
        assert told in err, err
        assert err.count("\n") == 1
    assert audit("explain", "--run", finished.path)[2].startswith("error: --run and --sample go together")
    assert audit("explain")[2].startswith("error: nothing to explain: give --prompt TEXT")


TEXTS = [
    SampledText(text=" said that she was number 7.", value=0.25),
    SampledText(text=" said that [email].", value=0.5, flags=[Flag.REDACTED]),
    SampledText(text=" said that he was number 8.", value=0.75, thinking="who?"),
]


@pytest.mark.slow
def test_one_of_several_sampled_texts_is_explained(audit: Audit, finished: RunFolder, tiny_model: Path) -> None:
    samples = finished.read_samples("safety", "crows_pairs")
    update = {"prompt": "The teacher", "output": TEXTS[1].text, "choice": None, "completions": TEXTS, "score": 0.5}
    samples[0] = samples[0].model_copy(update=update)
    finished.write_samples("safety", "crows_pairs", samples)
    first = samples[0].sample_id
    run = ("explain", "--run", finished.path, "--sample")
    code, out, err = audit(*run, f"{first[:12]}#0", "--json")
    assert code == 0, err
    [made] = read(out)
    assert (made.sample_id, made.prompt, made.target) == (f"{first}#0", "The teacher", TEXTS[0].text)
    engine = load(str(tiny_model), device="cpu")
    [score] = engine.score([engine.encode_answer("The teacher", str(TEXTS[0].text))])
    assert made.target_log_prob == pytest.approx(score.total, abs=1e-3)
    for place, told in (
        (1, f"sample {first}#1 of crows_pairs cannot be explained: its original output was not stored"),
        (2, "tiny-llama: neither its tokenizer nor its chat template names a marker of reasoning traces"),
        (3, f"--sample {first}#3: it has 3 sampled texts, #0 to #2"),
    ):
        code, out, err = audit(*run, f"{first}#{place}")
        assert (code, out) == (2, "")
        assert told in err


@pytest.mark.slow
def test_an_answer_after_a_trace_is_explained_by_its_steps(
    audit: Audit, finished: RunFolder, tiny_model: Path, tmp_path: Path
) -> None:
    thinks = tmp_path / "thinks"
    shutil.copytree(tiny_model, thinks)
    settings = json.loads((thinks / "tokenizer_config.json").read_text())
    template = "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n"
    (thinks / "tokenizer_config.json").write_text(json.dumps({**settings, "chat_template": template}))
    manifest = finished.read_manifest()
    model = manifest.model.model_copy(update={"digest": load(str(thinks), device="cpu").record.digest})
    seal(finished, manifest.model_copy(update={"model": model, "config": manifest.config | {"model": str(thinks)}}))
    samples = finished.read_samples("safety", "crows_pairs")
    trace = "The dog runs. The fox sleeps. So it is the fox. Yes."
    update = {"prompt": "Who sleeps?<think>\n", "output": "the fox", "thinking": trace, "choice": None}
    finished.write_samples("safety", "crows_pairs", [samples[0].model_copy(update=update), *samples[1:]])
    run = ("explain", "--run", finished.path, "--sample", samples[0].sample_id, "--json")
    code, out, err = audit(*run)
    assert code == 0, err
    [made] = read(out)
    assert made.prompt == f"Who sleeps?<think>\n{trace}\n</think>\n\n"
    assert (made.level, made.target) == ("steps", "the fox")
    assert [feature.text for feature in made.features] == [
        "The dog runs. ",
        "The fox sleeps. ",
        "So it is the fox. ",
        "Yes.",
    ]
    code, again, err = audit(*run, "--features", "steps")
    assert code == 0, err
    assert read(again)[0].values == pytest.approx(made.values, abs=1e-6)


def test_a_checkpoint_that_has_moved_is_named(
    audit: Audit, finished: RunFolder, tiny_model: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(tiny_model, moved)
    manifest = finished.read_manifest()
    config = {**manifest.config, "model": str(tmp_path / "nowhere")}
    finished.write_manifest(manifest.model_copy(update={"config": config}))
    sample = next(s for s in finished.read_samples("safety", "crows_pairs") if s.output)
    code, _, err = audit("explain", "--run", finished.path, "--sample", sample.sample_id)
    assert code == 2
    assert "nowhere" in err
    code, out, err = audit("explain", "--run", finished.path, "--sample", sample.sample_id, "-m", moved, "--json")
    assert code == 0, err
    assert read(out)[0].sample_id == sample.sample_id


def test_samples_that_cannot_be_explained_say_why(audit: Audit, finished: RunFolder) -> None:
    samples = finished.read_samples("safety", "crows_pairs")
    changes: list[tuple[dict[str, Any], str]] = [
        ({"flags": [REDACTED]}, "cannot be explained: its original output was not stored"),
        (
            {"flags": [THINKING_REDACTED]},
            "cannot be explained: its answer follows a reasoning trace that was not stored",
        ),
        ({"error": "nothing"}, "cannot be explained: it could not be scored"),
        ({"output": None, "choice": None}, "cannot be explained: it has no output"),
    ]
    for change, told in changes:
        changed = samples[0].model_copy(update=change)
        assert not_explainable(changed) is not None
        finished.write_samples("safety", "crows_pairs", [changed, *samples[1:]])
        code, _, err = audit("explain", "--run", finished.path, "--sample", changed.sample_id)
        assert code == 2
        assert told in err


def test_code_of_the_checkpoint_runs_only_if_it_is_allowed_again(audit: Audit, finished: RunFolder) -> None:
    manifest = finished.read_manifest()
    seal(finished, manifest.model_copy(update={"config": manifest.config | {"allow_pickle": True}}))
    sample = finished.read_samples("safety", "crows_pairs")[0].sample_id
    code, _, error = audit("explain", "--run", finished.path, "--sample", sample)
    assert code == 2
    assert "this run could run code of its checkpoint: allow it with --allow-pickle" in " ".join(error.split())
    code, _, error = audit(
        "explain", "--run", finished.path, "--sample", sample, "--allow-pickle", "--model", finished.path / "none"
    )
    assert (code, "no such folder" in error) == (2, True)
