"""The back end for servers, over real HTTP on this machine.

vLLM and llama.cpp's server are not installed here: that scores come through is tested with a server that answers in
vLLM's form from the tiny checkpoint. ``transformers serve`` is tested as it is.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.main import run_command
from audit.core.config import ServerConfig
from audit.core.errors import CheckpointError, SamplingUnavailable, ScoringUnavailable, WhiteBoxUnavailable
from audit.core.run_folder import RunFolder
from audit.engine import GenerateRequest, ScoreRequest, load
from audit.engine.journal import Journal
from audit.engine.openai_client import KEY_VARIABLE, Call, Client, Reply, _retry_after
from audit.engine.openai_name import parse
from audit.engine.source import check_source, short_name
from tests.engine.openai_double import DROP, GARBAGE, NAME, SLOW, Double, Echoing, says, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.engine import Engine
    from audit.engine.transformers_engine import TransformersEngine

KEY = "sk-very-secret-0123456789"
ASK = GenerateRequest("The capital of France is", max_new_tokens=5)
BUSY = (429, {"error": {"message": "slow down"}})
BROKEN = (500, {"error": "boom"})


@pytest.fixture(autouse=True)
def _patient_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.engine.openai_client.Client._pause", lambda self, number, asked: 0.001)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


@pytest.fixture
def double() -> Iterator[Double]:
    with serving(says(" Paris")) as started:
        yield started


def connect(double: Double, *, tokenizer: str | None = None, **settings: Any) -> Engine:
    return load(double.name, server=ServerConfig(tokenizer=tokenizer, **settings))


def text_of(engine: Engine, request: GenerateRequest = ASK) -> str:
    (completion,) = engine.generate([request])
    assert completion.error is None
    return completion.generations[0].text


@pytest.mark.parametrize(
    ("written", "url", "model"),
    [
        ("openai:http://127.0.0.1:8000#m", "http://127.0.0.1:8000/v1", "m"),
        ("openai:http://127.0.0.1:8000/#m", "http://127.0.0.1:8000/v1", "m"),
        ("openai:https://example.org/api/v2/#owner/m#x", "https://example.org/api/v2", "owner/m#x"),
        ("openai:http://[::1]:8000#m", "http://[::1]:8000/v1", "m"),
    ],
)
def test_names(written: str, url: str, model: str) -> None:
    assert (parse(written).url, parse(written).model) == (url, model)
    check_source(written)


@pytest.mark.parametrize(
    "written",
    [
        "openai:", "openai:#m", "openai:http://#m", "openai:127.0.0.1:8000#m", "openai:ftp://host#m", "openai:http://h",
        "openai:http://h# ", "openai:http://h:99999#m", "openai:http://h:port#m", "openai:http://a b#m",
    ],
)  # fmt: skip
def test_other_forms_are_refused(written: str) -> None:
    with pytest.raises(CheckpointError, match="write openai:URL#NAME"):
        check_source(written)


@pytest.mark.parametrize("written", ["openai:http://u:hush@h#m", "openai:u:hush@h#m", "openai:http://h/v1?key=hush#m"])
def test_credentials_in_the_url_are_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(CheckpointError, match=KEY_VARIABLE) as caught:
        check_source(written)
    assert "hush" not in str(caught.value)


def test_name_for_people() -> None:
    assert short_name("openai:http://h:1#owner/some-model") == "some-model"
    assert short_name("openai:http://h:1#/models/mine/") == "mine"


def test_record_says_what_is_known(double: Double, tiny_model: Path) -> None:
    record = connect(double).record
    assert (record.name, record.source, record.max_length) == (NAME, f"openai {double.url}/v1", 256)
    assert (record.device, record.parameter_count, record.files) == ("server", 0, [])
    assert record.digest == connect(double).record.digest
    assert record.digest != connect(double, tokenizer=str(tiny_model)).record.digest
    double.listing["data"][0]["owned_by"] = "somebody else"
    assert record.digest != connect(double).record.digest


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


@pytest.mark.parametrize("fault", [DROP, GARBAGE, BUSY, BROKEN, (503, None), (200, [1]), SLOW], ids=str)
def test_faults_that_pass(double: Double, fault: Any) -> None:
    engine = connect(double, timeout=0.5)
    double.faults = [fault] * (1 if fault == SLOW else 4)
    assert text_of(engine) == " Paris"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (DROP, "connection lost"), (GARBAGE, "no JSON object"), (BUSY, "HTTP 429: slow down"),
        (BROKEN, "HTTP 500: boom"), (SLOW, r"no answer within 0\.3 s"),
    ],
    ids=str,
)  # fmt: skip
def test_faults_that_stay_are_errors_of_single_answers(double: Double, fault: Any, reason: str, tmp_path: Path) -> None:
    engine = connect(double, timeout=0.3, tries=3, concurrency=1)
    engine.journal = Journal(tmp_path / "journal.sqlite")
    asked = len(double.asked)
    double.faults = [fault] * 3
    first, second = engine.generate([ASK, GenerateRequest("Another")])
    assert first.error is not None
    assert re.search(reason, first.error)
    assert second.generations[0].text == " Paris"
    assert len(double.asked) - asked == 4
    assert len(engine.journal) == 1  # a resumed run asks again
    assert text_of(engine) == " Paris"
    engine.journal.close()


def test_an_answer_without_end_is_not_read_to_its_end(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = connect(double)
    monkeypatch.setattr("audit.engine.openai_client.LARGEST_ANSWER", 10_000)
    asked = len(double.asked)
    double.faults = [(200, {"choices": [{"text": "x" * 20_000, "finish_reason": "stop"}]})]
    (completion,) = engine.generate([ASK])
    assert completion.error is not None
    assert "over 10,000 bytes" in completion.error
    assert len(double.asked) - asked == 1
    assert text_of(engine) == " Paris"


def test_a_question_that_is_refused_is_not_repeated(double: Double) -> None:
    engine = connect(double)
    asked = len(double.asked)
    double.faults = [(400, {"error": {"message": "too long"}})]
    (completion,) = engine.generate([ASK])
    assert completion.error == "the server gave no answer: HTTP 400: too long"
    assert len(double.asked) == asked + 1


def test_a_server_that_is_gone_is_not_waited_for_forever(double: Double) -> None:
    client = Client(f"{double.url}/v1", ServerConfig(concurrency=1))
    double.faults = [DROP] * 10_000
    replies = [reply for _, reply in client.ask_all([Call("/completions", {})] * 40)]
    assert all(reply.error for reply in replies)
    assert len(double.asked) == 16 * 5 + 24  # then each is tried once
    double.faults = []
    assert client.ask(Call("/completions", {})).error is None


def test_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    client = Client("http://127.0.0.1:1", ServerConfig())
    for number, middle in enumerate((0.5, 1.0, 2.0, 4.0), start=1):
        assert middle * 0.5 <= client._pause(number, None) <= middle * 1.5
    assert 3.0 <= client._pause(1, 3.0) <= 3.5
    assert client._pause(30, None) == client._pause(1, 1000.0) == 60.0


@pytest.mark.parametrize(("value", "seconds"), [("2", 2.0), ("-1", 0.0), ("99999", 60.0), ("soon", None), ("", None)])
def test_retry_after(value: str, seconds: float | None) -> None:
    import httpx2

    assert _retry_after(httpx2.Response(429, headers={"Retry-After": value})) == seconds


def test_retry_after_as_a_date() -> None:
    import email.utils

    import httpx2

    date = email.utils.formatdate(time.time() + 20, usegmt=True)
    wait = _retry_after(httpx2.Response(503, headers={"Retry-After": date}))
    assert wait is not None
    assert 15 < wait <= 20
    past = httpx2.Response(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})
    assert _retry_after(past) == 0.0


def test_concurrency_is_limited(double: Double) -> None:
    engine = connect(double, concurrency=3)
    double.seconds, double.most_under_way = 0.05, 0
    answers = engine.generate([GenerateRequest(f"{number}") for number in range(12)])
    assert [answer.error for answer in answers] == [None] * 12
    assert double.most_under_way == 3


def test_answers_stay_with_their_questions() -> None:
    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        time.sleep(0.02 * (len(body["prompt"]) % 3))
        return says(f" {body['prompt']}")(path, body)

    with serving(answer) as double:
        prompts = ["a" * number for number in range(1, 20)]
        completions = connect(double).generate([GenerateRequest(prompt) for prompt in prompts])
    assert [completion.generations[0].text for completion in completions] == [f" {prompt}" for prompt in prompts]


def test_interrupt_ends_at_once_and_keeps_what_arrived(double: Double, tmp_path: Path) -> None:
    engine = connect(double, concurrency=1)
    engine.journal = Journal(tmp_path / "journal.sqlite")
    double.faults = [None, None]
    started = time.monotonic()

    class Interrupts:
        answered = 0

        def advance(self, requests: int, tokens: int) -> None:
            self.answered += requests
            if self.answered == 2:
                double.seconds = 3
                threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()

        def __getattr__(self, name: str) -> Any:
            return lambda *arguments: None

    engine.progress = Interrupts()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        engine.generate([GenerateRequest(f"{number}") for number in range(10)])
    assert time.monotonic() - started < 2
    assert len(engine.journal) >= 2
    engine.journal.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "openai-client"]


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (401, {"error": {"message": "no key"}}, f"HTTP 401: no key: set {KEY_VARIABLE}: this server wants a key"),
        (404, {"detail": "Not Found"}, "HTTP 404: Not Found: check the URL and the name after #"),
        (400, {"error": {"message": "bad"}}, "HTTP 400: bad: check the URL"),
        (500, "?", "HTTP 500: check the URL"),
    ],
)
def test_first_contact_refused(status: int, said: Any, expected: str) -> None:
    with serving(lambda path, body: (status, said)) as double, pytest.raises(CheckpointError) as caught:
        connect(double, tries=2)
    assert expected in str(caught.value)


def test_first_contact_without_server() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(CheckpointError, match=r"no connection .*start the server, or check the URL"):
            load(f"openai:http://127.0.0.1:{port}#m")


def test_unknown_model_is_told_with_those_there_are(double: Double) -> None:
    double.answer = lambda path, body: (404, {"error": {"message": f"no model {body['model']}"}})
    with pytest.raises(CheckpointError, match=f"no model other: this server lists {NAME}: name one of them after #"):
        load(f"openai:{double.url}#other")


def test_server_without_listing(double: Double) -> None:
    double.listing = None
    assert connect(double).record.max_length == 2048


def test_chat_where_there_is_nothing_else(tiny_model: Path, listener: Any) -> None:
    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return says(" Paris")(path, body) if path == "/v1/chat/completions" else (404, {"detail": "Not Found"})

    with serving(answer) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        engine.progress = listener
        assert "/chat/completions" in engine.record.architecture
        assert not engine.has_chat_template  # the server applies its own
        assert text_of(engine) == " Paris"
        assert double.asked[-1][1]["messages"] == [{"role": "user", "content": ASK.prompt}]
        text_of(engine, GenerateRequest("Another"))
        assert len([line for line in listener.messages if "scores differ" in line]) == 1
        with pytest.raises(ScoringUnavailable, match="no /completions"):
            engine.check_scoring()


def test_without_tokenizer_generation_works_and_says_what_is_missing(double: Double, listener: Any) -> None:
    engine = connect(double)
    engine.progress = listener
    assert text_of(engine) == " Paris"
    assert [line for line in listener.messages if "--tokenizer" in line]
    assert not engine.has_chat_template
    with pytest.raises(ScoringUnavailable, match="--tokenizer"):
        engine.check_scoring()
    with pytest.raises(ScoringUnavailable, match="--tokenizer"):
        engine.encode_pair("a", "b")
    with pytest.raises(WhiteBoxUnavailable, match="shows no weights"):
        _ = engine.model


def test_tokenizer_by_the_models_own_name(double: Double, tiny_model: Path) -> None:
    double.listing = None
    engine = load(f"openai:{double.url}#{tiny_model}")
    assert engine.has_chat_template
    assert engine.max_length == 256
    assert {file.kind for file in engine.record.files} == {"tokenizer", "chat_template"}


def test_named_tokenizer_must_be_there(double: Double) -> None:
    with pytest.raises(CheckpointError, match="no such folder"):
        connect(double, tokenizer="nowhere")


def test_prompts_are_cut_from_the_left(double: Double, tiny_model: Path) -> None:
    engine = connect(double, tokenizer=str(tiny_model))
    prompt = "".join(f" {number}" for number in range(400))
    (completion,) = engine.generate([GenerateRequest(prompt, max_new_tokens=6)])
    sent = double.asked[-1][1]["prompt"]
    assert prompt.endswith(sent)
    assert len(engine.encode(sent)) <= 250
    assert completion.truncated == len(engine.encode(prompt)) - 250


def scored_texts(engine: Engine) -> list[ScoreRequest]:
    pairs = [("The capital of France is", " Paris"), ("", "The dog does not mind."), ("a ", "b"), ("Der Hund", " 狗在")]
    return [engine.encode_pair(*pair) for pair in pairs]


@pytest.mark.parametrize("as_ids", [False, True])
@pytest.mark.parametrize("takes_ids", [False, True])
def test_scores_equal_those_of_the_local_checkpoint(
    tiny: TransformersEngine, tiny_model: Path, *, as_ids: bool, takes_ids: bool
) -> None:
    with serving(Echoing(tiny, takes_ids=takes_ids, as_ids=as_ids)) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        requests = scored_texts(engine)
        assert requests == scored_texts(tiny)
        for theirs, ours in zip(engine.score(requests), tiny.score(requests), strict=True):
            assert theirs.error is None
            assert theirs.log_probs == pytest.approx(ours.log_probs, abs=1e-4)
            assert theirs.is_argmax == ours.is_argmax
        greedy = int(tiny.model(input_ids=_tensor([5, 6, 7])).logits[0, -1].argmax())
        assert engine.score([ScoreRequest((5, 6, 7), (greedy,))])[0].is_greedy == takes_ids
        assert engine.score([ScoreRequest((5,), ())])[0].log_probs == ()


def _tensor(ids: list[int]) -> Any:
    import torch

    return torch.tensor([ids])


def test_long_contexts_lose_tokens_from_the_left(tiny: TransformersEngine, tiny_model: Path) -> None:
    with serving(Echoing(tiny)) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        ids = tuple(3 + number % 300 for number in range(400))
        score, same, longer = engine.score(
            [ScoreRequest(ids, (9, 10)), ScoreRequest(ids[-253:], (9, 10)), ScoreRequest((1,), ids)]
        )
        assert (score.truncated, same.truncated) == (147, 0)
        assert score.log_probs == same.log_probs
        assert longer.error == "target longer than the model's context"


def test_scores_that_cannot_be_used_are_errors(tiny: TransformersEngine, tiny_model: Path) -> None:
    with serving(Echoing(tiny)) as double:
        engine = connect(double, tokenizer=str(tiny_model), concurrency=1, tries=1)
        engine.check_scoring()
        logprobs = {"tokens": ["a"] * 3, "token_logprobs": [None, -1.0, float("-inf")], "top_logprobs": [None, {}, {}]}
        short = {"tokens": ["a"], "token_logprobs": [None], "top_logprobs": [None]}
        double.faults = [
            (200, {"choices": [{"logprobs": logprobs}]}),
            (200, {"choices": [{"logprobs": short}]}),
            (200, {"choices": [{"logprobs": None}]}),
            BROKEN,
        ]
        scores = engine.score([ScoreRequest((1, 5), (token,)) for token in (6, 7, 8, 9, 10)])
        assert [bool(score.error) for score in scores] == [True, True, True, True, False]
        assert "NaN or infinite" in (scores[0].error or "")
        assert "3 tokens were sent, log-probabilities of 1 came back" in (scores[1].error or "")


def test_tokenizer_of_another_model_is_noticed(tiny: TransformersEngine, tiny_model: Path) -> None:
    class Other(Echoing):
        def _spell(self, token: int) -> str:
            return super()._spell(token + 7)

    with serving(Other(tiny)) as double, pytest.raises(ScoringUnavailable, match="its tokenizer is not the one"):
        connect(double, tokenizer=str(tiny_model)).score([ScoreRequest((1,), (5,))])


def test_moments_are_not_to_be_had(tiny: TransformersEngine, tiny_model: Path) -> None:
    with serving(Echoing(tiny)) as double, pytest.raises(ScoringUnavailable, match="whole distribution"):
        connect(double, tokenizer=str(tiny_model)).score([ScoreRequest((1,), (5,), moments=True)])


def test_server_that_ignores_echo(double: Double, tiny_model: Path) -> None:
    engine = connect(double, tokenizer=str(tiny_model))
    for _ in range(2):
        asked = len(double.asked)
        with pytest.raises(ScoringUnavailable, match="does not return log-probabilities of given tokens"):
            engine.score([ScoreRequest((1,), (5,))])
    assert len(double.asked) == asked  # it was asked once


def test_key_is_sent_and_never_written(
    double: Double, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    refusal = (400, {"error": {"message": f"bad request with Bearer {KEY}"}})
    plain = double.answer
    double.answer = lambda path, body: refusal if body["max_tokens"] > 16 else plain(path, body)
    folder = tmp_path / "runs"
    code = run_command(
        [
            "run", "--model", double.name, "--tokenizer", str(tiny_model), "--out", str(folder), "--profile", "quick",
            "--tasks", "personal_data,crows_pairs", "--limit", "2", "--offline", "-v",
        ]
    )  # fmt: skip
    assert code == 13
    assert set(double.authorizations) == {f"Bearer {KEY}"}
    printed = capfd.readouterr()
    assert "HTTP 400: bad request with Bearer ***" in printed.err
    run = RunFolder.resolve("latest", folder)
    manifest = run.read_manifest()
    assert "crows_pairs" not in {metric.task for metric in run.read_metrics()}
    assert "crows_pairs" in {missing.task for missing in manifest.not_run}
    assert KEY not in printed.out + printed.err
    files = [file for file in run.path.rglob("*") if file.is_file()]
    assert len(files) > 3
    assert not [file for file in files if KEY.encode() in file.read_bytes()]


def test_key_that_cannot_be_a_header(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "sk-hush\nX-Other: 1")
    with pytest.raises(CheckpointError, match="cannot stand in a header") as caught:
        connect(double)
    assert "hush" not in repr(caught.value)


def test_reply_and_client_do_not_hold_the_key(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    client = Client(f"{double.url}/v1", ServerConfig())
    reply = client.ask(Call("/completions", {}))
    assert isinstance(reply, Reply)
    assert KEY not in repr(reply) + repr(vars(client))


@pytest.mark.slow
def test_transformers_serve_gives_the_local_checkpoints_greedy_text(embedded: Engine, tmp_path: Path) -> None:
    """The embedded checkpoint behind ``transformers serve``: equal greedy text, no log-probabilities, no sampling."""
    if not all(importlib.util.find_spec(name) for name in ("fastapi", "openai", "uvicorn")):
        pytest.skip("transformers serve needs fastapi, openai and uvicorn: pip install 'checkpoint-audit[dev]'")
    folder = tmp_path / "served"
    embedded.model.save_pretrained(folder)  # type: ignore[operator]
    embedded.tokenizer.save_pretrained(folder)
    with _transformers_serve(folder) as url:
        engine = load(f"openai:{url}#{folder}", server=ServerConfig(concurrency=2))
        questions = [
            GenerateRequest("The capital of France is", max_new_tokens=12),
            GenerateRequest("Once upon a time", max_new_tokens=24, stop=(".",)),
            GenerateRequest(
                engine.apply_chat_template([{"role": "user", "content": "What is 2 + 3?"}]), max_new_tokens=16
            ),
        ]
        assert engine.generate(questions) == embedded.generate(questions)
        with pytest.raises(ScoringUnavailable):
            engine.check_scoring()
        with pytest.raises(SamplingUnavailable):
            engine.generate([GenerateRequest("Hello", temperature=1.0)])


@contextlib.contextmanager
def _transformers_serve(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from transformers.cli.transformers import main; main()", "serve", str(folder)]
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    with (
        (folder.parent / "serve.log").open("wb") as log,
        subprocess.Popen([*command, *options], stdout=log, stderr=subprocess.STDOUT) as server,
    ):
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert server.poll() is None, "transformers serve ended"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):  # noqa: S310 - this machine
            return
        time.sleep(0.5)
    pytest.fail("transformers serve did not start")
