"""The audit's engine against lm-eval's own ``HFLM``: the same checkpoint, the same task files, the same items.

Both sides compute, and a 135M checkpoint does some 600 tokens per second on one core: most items are asked of two
layers with random weights and the embedded checkpoint's tokenizer, a few of the embedded checkpoint itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.core.assets import dataset
from audit.core.config import EvalsConfig, RunConfig, TaskConfig, load_config
from audit.core.item_draw import choose
from audit.engine.local.engine import TransformersEngine
from audit.evals import suite
from audit.evals.catalogue import own_tasks, tasks_folder
from audit.evals.lm_eval.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from audit.core.records import TaskResult
    from audit.engine import Engine, Score, ScoreRequest

pytestmark = [pytest.mark.slow, pytest.mark.network]  # the data sets come from the package index

CHOICES = {
    "boolq": 20, "openbookqa": 258, "piqa": 60, "mmlu": 4, "commonsenseqa": 120, "medqa": 10, "medmcqa": 40,
    "pubmedqa": 5,
}  # fmt: skip
"""Few of MMLU: its prompts hold five examples, and both sides read them once for each option."""
PAIRS = 100
"""Of CrowS-Pairs: whole sentences, which no task file of ours asks for."""
FEW_PAIRS = 3
"""Of them, for the embedded checkpoint."""
TRANSLATIONS = [f"translation_en_{language}" for language in ("de", "fr", "es", "zh")]
TEXTS = {"truthfulqa": 1, "asdiv": 1, "nq_open": 1, "translation_zh_en": 1, **dict.fromkeys(TRANSLATIONS, 1)}
FEW = {"openbookqa": 1, "piqa": 1, "asdiv": 1, "truthfulqa": 1}
"""Items for the embedded checkpoint, of each kind of request; all tasks are asked of the small one."""
LM_EVAL_NAMES = {"accuracy": "acc", "normalised_accuracy": "acc_norm"}
NEW_TOKENS = 24
"""Bound of generated tokens on both sides, below the task files' own."""
STOP = "oil res"
"""Stop string for the embedded checkpoint: it writes "vast oil reserves"; this starts and ends inside tokens."""
SEED = 1234


@dataclass(frozen=True)
class Both:
    """One task, run by both."""

    ours: TaskResult
    values: dict[str, float]
    """HFLM's metrics by lm-eval's names."""
    samples: list[dict[str, Any]]
    """HFLM's logged samples."""


class Comparison:
    """Runs each task once, by both."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch, stops: Sequence[str] = ()) -> None:
        from lm_eval.models.huggingface import HFLM
        from lm_eval.tasks import TaskManager

        self.engine = engine
        self.stops = stops
        self.scores: dict[ScoreRequest, Score] = {}
        self.tokens: dict[tuple[str, str], list[float]] = {}
        monkeypatch.setattr(TaskManager, "load", self._shorten(TaskManager.load))
        monkeypatch.setattr(engine, "score", self._remember(engine.score))
        with quiet():
            self.hflm = HFLM(
                pretrained=engine.model, tokenizer=engine.tokenizer, max_length=engine.max_length, batch_size=4
            )
        self._last = torch.empty(0)
        monkeypatch.setattr(torch, "gather", self._watch(torch.gather))
        monkeypatch.setattr(self.hflm.cache_hook, "add_partial", self._keep)
        self.written: list[list[int]] = []
        """Tokens that HFLM generated, one prompt at a time, before it cuts off what stopped it."""
        monkeypatch.setattr(self.hflm, "_model_generate", self._read(self.hflm._model_generate))
        self.done: dict[str, Both] = {}

    def _watch(self, gather: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        """HFLM adds up what it gathers and returns the sum: its single log-probabilities are seen here only."""

        def watching(*arguments: Any, **options: Any) -> torch.Tensor:
            self._last = gather(*arguments, **options)
            return self._last

        return watching

    def _keep(self, _kind: str, request: tuple[str, str], answer: Any) -> None:
        """HFLM reports each answer directly after it has gathered it."""
        if isinstance(answer, tuple):  # else it is a generated text
            self.tokens[request] = self._last.flatten().tolist()

    def _read(self, generate: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        def reading(context: torch.Tensor, **options: Any) -> torch.Tensor:
            made = generate(context, **options)
            self.written += made[:, context.shape[1] :].tolist()
            return made

        return reading

    def _shorten(self, load: Callable[..., Any]) -> Callable[..., Any]:
        def shortened(*arguments: Any) -> Any:
            loaded = load(*arguments)
            for task in loaded["tasks"].values():
                if task.OUTPUT_TYPE == "generate_until":
                    settings = task.config.generation_kwargs
                    settings.update(max_gen_toks=NEW_TOKENS, until=[*settings["until"], *self.stops])
            return loaded

        return shortened

    def _remember(self, score: Callable[[Sequence[ScoreRequest]], list[Score]]) -> Callable[..., list[Score]]:
        def remembering(requests: Sequence[ScoreRequest]) -> list[Score]:
            answers = score(requests)
            self.scores.update(zip(requests, answers, strict=True))
            return answers

        return remembering

    def __call__(self, name: str, limit: int) -> Both:
        if name not in self.done:
            self.done[name] = self._run(name, limit)
        return self.done[name]

    def _run(self, name: str, limit: int) -> Both:
        from lm_eval import evaluator
        from lm_eval.tasks import TaskManager

        tasks = [TaskConfig(name=name, limit=limit)]
        config = RunConfig(evals=EvalsConfig(tasks=tasks, bootstrap_resamples=100), seed=SEED, offline=True)
        (ours,) = suite.run_tasks(self.engine, config)
        with quiet():
            task = TaskManager(include_path=tasks_folder(), include_defaults=False).load([name])["tasks"][name]
            task.set_fewshot_seed(SEED)
            templated = task.OUTPUT_TYPE == "generate_until"
            results = evaluator.evaluate(
                self.hflm,
                {"tasks": {name: task}},
                samples={name: choose(len(task.eval_docs), limit, SEED, name)},
                bootstrap_iters=0,
                apply_chat_template=templated,
                fewshot_as_multiturn=templated,
            )
        values = {key.partition(",")[0]: value for key, value in results["results"][name].items()}
        return Both(ours, values, results["samples"][name])


@pytest.fixture(scope="module")
def compare(embedded: Engine) -> Iterator[Comparison]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield Comparison(small(embedded), monkeypatch)


def small(embedded: Engine) -> Engine:
    """Two layers with random weights behind the embedded checkpoint's tokenizer."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=embedded.model.config.vocab_size,  # type: ignore[union-attr, arg-type]
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=2048, initializer_range=0.3, tie_word_embeddings=True,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(config).eval()
    return TransformersEngine(model, embedded.tokenizer, embedded.record)


@pytest.fixture
def compare_embedded(embedded: Engine, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    return Comparison(embedded, monkeypatch, [STOP])


def test_every_quick_task_is_compared() -> None:
    quick = {task.name for task in load_config().evals.tasks}
    assert quick <= {*CHOICES, *TEXTS}


@pytest.mark.parametrize(("name", "limit"), [*CHOICES.items(), *TEXTS.items()])
def test_primary_metrics_are_hflms(compare: Comparison, name: str, limit: int) -> None:
    check_primary(compare(name, limit), name)


def check_options(compare: Comparison, name: str, limit: int) -> int:
    """Check each option's log-likelihood, token by token, and count the options."""
    both, compared = compare(name, limit), 0
    for sample, theirs in zip(both.ours.samples, both.samples, strict=True):
        assert sample.prompt == theirs["arguments"][0][0]
        for option, ((context, target), answers) in enumerate(zip(theirs["arguments"], theirs["resps"], strict=True)):
            request = compare.engine.encode_pair(context, target)
            score = compare.scores[request]
            total, greedy = answers[0]
            assert compare.tokens[context, target] == pytest.approx(score.log_probs, abs=1e-4)
            assert sum(compare.tokens[context, target]) == pytest.approx(total, abs=1e-3)
            assert score.is_greedy == greedy
            assert sample.scores[f"log_likelihood_{option}"] == score.total
            compared += 1
    return compared


def check_pairs(compare: Comparison, limit: int) -> int:
    """Check the sentences of pairs, token by token, and count them."""
    rows = dataset("crows_pairs").rows[:limit]
    requests = [compare.engine.encode_pair("", row[side]) for row in rows for side in ("sent_more", "sent_less")]
    pairs = [((str(i), ""), list(r.context_ids), list(r.target_ids)) for i, r in enumerate(requests)]
    theirs = compare.hflm._loglikelihood_tokens(pairs, disable_tqdm=True)
    scores = compare.engine.score(requests)
    for place, (request, score, (total, greedy)) in enumerate(zip(requests, scores, theirs, strict=True)):
        assert len(score.log_probs) == len(request.target_ids)
        assert compare.tokens[str(place), ""] == pytest.approx(score.log_probs, abs=1e-4)
        assert abs(score.total - total) <= 1e-4 * len(request.target_ids)
        assert score.is_greedy == greedy
    return len(requests)


def check_primary(both: Both, name: str) -> None:
    """Check the primary metrics against HFLM's."""
    primary = {metric.metric: metric.value for metric in both.ours.metrics if metric.primary}
    assert set(primary) == set(own_tasks()[name].primary)
    assert primary == pytest.approx({key: both.values[LM_EVAL_NAMES.get(key, key)] for key in primary}, abs=1e-9)


def check_texts(both: Both) -> None:
    """Check prompts and generated texts against HFLM's."""
    assert [sample.prompt for sample in both.ours.samples] == [s["arguments"][0][0] for s in both.samples]
    assert [sample.output for sample in both.ours.samples] == [s["resps"][0][0] for s in both.samples]
    assert both.ours.samples[0].prompt.startswith("<|im_start|>")


def test_log_likelihoods_are_hflms_on_2000_requests(compare: Comparison) -> None:
    compared = sum(check_options(compare, name, limit) for name, limit in CHOICES.items())
    compared += check_pairs(compare, PAIRS)
    assert compared >= 2000


@pytest.mark.parametrize(("name", "limit"), TEXTS.items())
def test_texts_are_hflms(compare: Comparison, name: str, limit: int) -> None:
    check_texts(compare(name, limit))


def test_the_embedded_checkpoint_is_scored_as_by_hflm(compare_embedded: Comparison) -> None:
    ended: list[bool] = []
    for name, limit in FEW.items():
        both = compare_embedded(name, limit)
        check_primary(both, name)
        if name in CHOICES:
            assert check_options(compare_embedded, name, limit) >= 2 * limit
        else:
            check_texts(both)
            [sample] = both.ours.samples
            assert sample.tokens_out == len(compare_embedded.written[-1])
            raw = compare_embedded.engine.tokenizer.decode(compare_embedded.written[-1])
            ended.append(STOP in raw and STOP not in str(sample.output))
    assert any(ended)
    assert check_pairs(compare_embedded, FEW_PAIRS) == 2 * FEW_PAIRS
