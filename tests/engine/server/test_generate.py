"""Text from servers, over real HTTP on this machine; ``transformers serve`` is tested as it is."""

from __future__ import annotations

import contextlib
import importlib.util
import signal
import socket
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import ServerConfig
from audit.core.errors import SamplingUnavailable, ScoringUnavailable
from audit.engine import GenerateRequest, load
from tests.engine.server.openai_double import (
    ASK,
    NAME,
    Double,
    connect,
    says,
    serving,
    text_of,
)
from tests.engine.whole.lower_layers import lower_layers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.engine import Engine
    from tests.cli.whole.processes import Fork, Forks

pytestmark = pytest.mark.usefixtures("patient")
LAYERS = 6
"""Of the embedded checkpoint's thirty: both sides have the same."""


def test_completion(double: Double) -> None:
    (completion,) = connect(double).generate([ASK])
    (generation,) = completion.generations
    assert (generation.text, generation.token_count, generation.finish_reason) == (" Paris", 3, "stop")
    assert completion.prompt_tokens == 7
    path, body = double.asked[-1]
    assert path == "/v1/completions"
    assert body == {"model": NAME, "prompt": ASK.prompt, "max_tokens": 5, "temperature": 0.0}


def test_sampled_completions_are_separate_questions_with_seeds_of_their_own(double: Double) -> None:
    engine = connect(double)
    request = GenerateRequest("Hi", temperature=0.7, top_p=0.9, top_k=40, seed=5, n=3)
    (completion,) = engine.generate([request])
    bodies = [body for _, body in double.asked if body["prompt"] == "Hi"]
    assert len(bodies) == len({body["seed"] for body in bodies}) == 3
    assert all((body["temperature"], body["top_p"], body["top_k"]) == (0.7, 0.9, 40) for body in bodies)
    assert all("n" not in body for body in bodies)
    # A request cut in two gives the same completions in the same order.
    halves = engine.generate(
        [
            GenerateRequest("Hi", temperature=0.7, top_p=0.9, top_k=40, seed=5, n=1),
            GenerateRequest("Hi", temperature=0.7, top_p=0.9, top_k=40, seed=5, n=2, first=1),
        ]
    )
    assert completion.generations == halves[0].generations + halves[1].generations


def test_greedy_completions_are_asked_for_once(double: Double) -> None:
    engine = connect(double)
    before = len(double.asked)
    (completion,) = engine.generate([GenerateRequest("Hi", n=4)])
    assert len(completion.generations) == 4
    assert len(double.asked) == before + 1


def test_server_that_does_not_sample() -> None:
    with serving(lambda path, body: says(" same")(path, {**body, "temperature": 0})) as double:
        with pytest.raises(SamplingUnavailable, match="does not sample"):
            connect(double).generate([GenerateRequest("Hi", temperature=1.0)])
        assert text_of(connect(double)) == " same"


@pytest.mark.slow
def test_stop_strings_are_cut_here_too() -> None:
    stops = ("", "\n", "zzz", "###", "Question:", "END")
    with serving(says(" one\n two END", "length")) as double:
        (completion,) = connect(double).generate([GenerateRequest("Hi", stop=stops)])
        assert double.asked[-1][1]["stop"] == ["\n", "zzz", "###", "Question:"]  # the API takes four
        assert (completion.generations[0].text, completion.generations[0].finish_reason) == (" one", "stop")
        (completion,) = connect(double).generate([GenerateRequest("Hi", stop=("END",))])
        assert completion.generations[0].text == " one\n two "
        (completion,) = connect(double).generate([GenerateRequest("Hi", stop=("not there",))])
        assert completion.generations[0].finish_reason == "length"


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        ({"text": "x", "finish_reason": "content_filter"}, "content filter"),
        ({"finish_reason": "stop"}, "no text"),
        ({"text": 5}, "no text"),
        (None, "no text"),
    ],
)
def test_answers_that_hold_no_text_are_errors(double: Double, choice: Any, error: str) -> None:
    engine = connect(double)
    double.faults = [(200, {"choices": [choice]})]
    (completion,) = engine.generate([ASK])
    assert error in (completion.error or "")
    assert completion.generations == ()


def test_empty_text_and_refusals_are_answers(double: Double) -> None:
    engine = connect(double)
    double.faults = [(200, {"choices": [{"text": "", "finish_reason": "stop"}]})]
    assert text_of(engine) == ""
    double.faults = [(200, {"choices": [{"message": {"content": None, "refusal": "I will not."}}]})]
    assert text_of(engine) == "I will not."


@pytest.mark.slow
def test_concurrency_is_limited(double: Double) -> None:
    engine = connect(double, concurrency=3)
    double.seconds, double.most_under_way = 0.05, 0
    answers = engine.generate([GenerateRequest(f"{number}") for number in range(12)])
    assert [answer.error for answer in answers] == [None] * 12
    assert double.most_under_way == 3


@pytest.mark.slow
def test_answers_stay_with_their_questions() -> None:
    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        time.sleep(0.02 * (len(body["prompt"]) % 3))
        return says(f" {len(body['prompt'])}")(path, body)

    with serving(answer) as double:
        prompts = ["a" * number for number in range(1, 20)]
        completions = connect(double).generate([GenerateRequest(prompt) for prompt in prompts])
    assert [completion.generations[0].text for completion in completions] == [f" {number}" for number in range(1, 20)]


def test_prompts_are_cut_from_the_left(double: Double, tiny_model: Path) -> None:
    engine = connect(double, tokenizer=str(tiny_model))
    prompt = "".join(f" {number}" for number in range(400))
    (completion,) = engine.generate([GenerateRequest(prompt, max_new_tokens=6)])
    sent = double.asked[-1][1]["prompt"]
    assert prompt.endswith(sent)
    assert len(engine.encode(sent)) <= 250
    assert completion.truncated == len(engine.encode(prompt)) - 250


@pytest.mark.slow
def test_transformers_serve_gives_the_local_checkpoints_greedy_text(
    embedded: Engine, forks: Forks, tmp_path: Path
) -> None:
    if not all(importlib.util.find_spec(name) for name in ("fastapi", "openai", "uvicorn")):
        pytest.skip("transformers serve needs fastapi, openai and uvicorn: pip install 'checkpoint-audit[dev]'")
    with lower_layers(embedded, LAYERS):
        check_transformers_serve(embedded, forks, tmp_path / "served")


def check_transformers_serve(local: Engine, forks: Forks, folder: Path) -> None:
    """A checkpoint behind ``transformers serve``: equal greedy text, no log-probabilities, no sampling."""
    local.model.save_pretrained(folder)  # type: ignore[operator]
    local.tokenizer.save_pretrained(folder)
    with _transformers_serve(folder, forks) as url:
        engine = load(f"openai:{url}#{folder}", server=ServerConfig(concurrency=2))
        questions = [
            GenerateRequest("The capital of France is", max_new_tokens=12),
            GenerateRequest("Once upon a time", max_new_tokens=24, stop=(".",)),
            GenerateRequest(
                engine.apply_chat_template([{"role": "user", "content": "What is 2 + 3?"}]), max_new_tokens=16
            ),
        ]
        assert engine.generate(questions) == local.generate(questions)
        with pytest.raises(ScoringUnavailable):
            engine.check_scoring()
        with pytest.raises(SamplingUnavailable):
            engine.generate([GenerateRequest("Hello", temperature=1.0)])


SERVE = """
import sys
from transformers.cli.transformers import main
sys.argv[0] = "transformers"
main()
"""


@contextlib.contextmanager
def _transformers_serve(folder: Path, forks: Forks) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", port, "--device", "cpu", "--dtype", "float32"]
    server = forks.start(["serve", folder, *options], SERVE)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(signal.SIGTERM)


def _wait_for(url: str, server: Fork) -> None:
    for _ in range(1200):
        assert server.poll() is None, "transformers serve ended"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):  # noqa: S310 - this machine
            return
        time.sleep(0.1)
    pytest.fail("transformers serve did not start")
