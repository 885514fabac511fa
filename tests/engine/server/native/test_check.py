"""Own endpoints that answer wrongly: ``echo`` is used then, and the user reads why."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.engine.server.native.doubles import DISABLED, Heard, SGLangDouble, VllmDouble, packed, sglang, vllm
from tests.engine.server.native.test_vllm import assert_equal, mixed
from tests.engine.server.openai_double import connect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine
    from tests.engine.server.native.doubles import OwnEndpoint

    Spoil = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("patient"), pytest.mark.slow]
ECHO = "log-probabilities come from echo at /completions: "


def line_of(own: OwnEndpoint, tiny: TransformersEngine, tiny_model: Path, **info: Any) -> str:
    """What the user reads; scores are right either way."""
    with vllm(own) if isinstance(own, VllmDouble) else sglang(own, **info) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        engine.progress = heard = Heard()
        assert_equal(engine, tiny, mixed(tiny)[:4])
        (line,) = heard.messages
        assert (own.echoed > 0) == line.startswith(ECHO)
        assert_equal(engine, tiny, mixed(tiny)[4:6])
        assert len(heard.messages) == 1  # it is said once
    return line.removeprefix(ECHO)


def test_the_user_reads_which_endpoint_is_used(tiny: TransformersEngine, tiny_model: Path) -> None:
    said = "log-probabilities come from vLLM 0.33.0, /inference/v1/generate, "
    assert line_of(VllmDouble(tiny), tiny, tiny_model) == f"{said}parts of prompts"
    assert line_of(VllmDouble(tiny, runner=1), tiny, tiny_model) == f"{said}whole prompts"
    assert line_of(SGLangDouble(tiny), tiny, tiny_model) == "log-probabilities come from SGLang 0.5.23, /generate"


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ((403, {"error": {"message": DISABLED, "code": 403}}), f"HTTP 403: {DISABLED.rstrip('.')}"),
        ((404, {"detail": "Not Found"}), "HTTP 404: Not Found"),
        ((422, {"detail": [{"msg": "Field required"}]}), "HTTP 422: "),
    ],
)
def test_an_endpoint_that_refuses(tiny: TransformersEngine, tiny_model: Path, refusal: Any, said: str) -> None:
    own = VllmDouble(tiny)
    own.refusal = refusal
    assert f"/inference/v1/generate, parts of prompts: {said}" in line_of(own, tiny, tiny_model)


def test_a_smaller_bound_on_values(tiny: TransformersEngine, tiny_model: Path) -> None:
    said = line_of(VllmDouble(tiny, max_logprobs=5), tiny, tiny_model)
    assert "Requested sample logprobs of 20, which is greater than max allowed: 5" in said


def of_part(change: Callable[[Any], Any]) -> Spoil:
    """Changes the arrays of prompts, and nothing else."""

    def spoil(body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        import base64
        import io

        sent = answer["prompt_token_id_logprobs"]
        if sent is not None:
            array = np.load(io.BytesIO(base64.b64decode(sent)))
            answer["prompt_token_id_logprobs"] = packed(change(array))
        return answer

    return spoil


def of_whole(change: Callable[[list[Any]], list[Any]]) -> Spoil:
    """Changes the values of whole prompts."""

    def spoil(body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        if answer["prompt_logprobs"] is not None:
            answer["prompt_logprobs"] = change(answer["prompt_logprobs"])
        return answer

    return spoil


def of_chosen(change: Callable[[list[Any]], list[Any]]) -> Spoil:
    """Changes the values of chosen tokens."""

    def spoil(body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        if "logprob_token_ids" in body["sampling_params"]:
            for row in answer["choices"][0]["logprobs"]["content"]:
                row["top_logprobs"] = change(copy.deepcopy(row["top_logprobs"]))
        return answer

    return spoil


def lowered(entries: list[Any]) -> list[Any]:
    return [entry | {"logprob": entry["logprob"] - 1} for entry in entries]


def swapped(rows: list[Any]) -> list[Any]:
    """Each place's two values in each other's place."""
    return [
        row and dict(zip(row, [{"logprob": entry["logprob"]} for entry in reversed(row.values())], strict=True))
        for row in rows
    ]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (of_part(lambda array: np.roll(array, 1, axis=0)), "two values"),
        (of_part(lambda array: np.roll(array, -1, axis=0)), "two values"),
        (of_part(lambda array: array[:-1]), "were asked for, but log-probabilities of"),
        (of_part(lambda array: array * math.nan), "some of them are not finite"),
        (of_whole(lambda rows: [None, rows[1], *rows[1:-1]]), "its answer has none"),
        (of_whole(lambda rows: rows[:-1]), "were asked for, but log-probabilities of"),
        (of_whole(swapped), "two values"),
        (of_chosen(lambda entries: entries[:-1]), "19 tokens were asked for, but log-probabilities of 18"),
        (of_chosen(lowered), "two values"),
    ],
)
def test_vllm_whose_values_are_wrong(tiny: TransformersEngine, tiny_model: Path, spoil: Spoil, said: str) -> None:
    own = VllmDouble(tiny)
    # Both dialects: whatever is wrong with one way of reading must not be covered by the other.
    own.spoil = spoil
    line = line_of(own, tiny, tiny_model)
    if spoil.__qualname__.startswith("of_part"):
        assert line.endswith("whole prompts")  # these are not touched, and used
    else:
        assert said in line


def test_values_that_change_when_asked_again(tiny: TransformersEngine, tiny_model: Path) -> None:
    own, times = VllmDouble(tiny, runner=1), [0]

    def drift(rows: list[Any]) -> list[Any]:
        times[0] += 1
        last = {token: entry | {"logprob": entry["logprob"] - times[0]} for token, entry in rows[-1].items()}
        return [*rows[:-1], last]

    own.spoil = of_whole(drift)
    assert "two values, 1 nats apart" in line_of(own, tiny, tiny_model)


def of_meta(field: str, change: Callable[[list[Any]], list[Any]]) -> Spoil:
    """Changes one list of SGLang's answers."""

    def spoil(body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        if answer["meta_info"].get(field):
            answer["meta_info"][field] = change(answer["meta_info"][field])
        return answer

    return spoil


def shifted(rows: list[Any]) -> list[Any]:
    """The values of the next token."""
    values = [*(row[0] for row in rows[2:]), -1.0]
    return [rows[0], *([value, row[1], None] for value, row in zip(values, rows[1:], strict=True))]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (of_meta("input_token_logprobs", shifted), "two values"),
        (of_meta("input_token_logprobs", lambda rows: rows[:-1]), "were asked for, but log-probabilities of"),
        (of_meta("input_token_logprobs", lambda rows: [[None, row[1], None] for row in rows]), "not finite"),
        (of_meta("input_top_logprobs", lambda rows: [None, *([[5.0, 1, None]] for _ in rows[1:])]), "do not match"),
        (of_meta("output_token_ids_logprobs", lambda rows: [[[-3.0, one[1], None] for one in rows[0]]]), "two values"),
        (of_meta("output_token_ids_logprobs", lambda rows: []), "its answer has none|were asked for"),
    ],
)
def test_sglang_whose_values_are_wrong(tiny: TransformersEngine, tiny_model: Path, spoil: Spoil, said: str) -> None:
    import re

    own = SGLangDouble(tiny)
    own.spoil = spoil
    assert re.search(said, line_of(own, tiny, tiny_model))


def test_a_server_that_says_it_would_answer_otherwise(tiny: TransformersEngine, tiny_model: Path) -> None:
    own = SGLangDouble(tiny)
    said = line_of(own, tiny, tiny_model, preferred_sampling_params={"top_k": 5})
    assert said == "SGLang was started with preferred_sampling_params, which change log-probabilities"
    assert own.own == []


def test_a_likeliest_token_that_was_not_written(tiny: TransformersEngine, tiny_model: Path) -> None:
    """The added token has a larger value than the server's own at its place."""
    own = SGLangDouble(tiny)
    own.spoil = of_meta("input_token_logprobs", lambda rows: [*rows[:-1], [0.0, rows[-1][1], None]])
    assert "they do not match its own greedy text" in line_of(own, tiny, tiny_model)


def test_another_model_at_completions(tiny: TransformersEngine, tiny_model: Path) -> None:
    class Other(SGLangDouble):
        def _generated(self, ids: list[int], body: dict[str, Any]) -> tuple[int, Any]:
            status, answer = super()._generated(ids, body)
            if "logprobs" not in body:
                answer["choices"][0]["text"] = "something else"
            return status, answer

    assert "its text is not that of /completions" in line_of(Other(tiny), tiny, tiny_model)


def test_a_penalty_in_the_checkpoint_does_not_change_the_text(tiny: TransformersEngine, tiny_model: Path) -> None:
    class Penal(SGLangDouble):
        def _generated(self, ids: list[int], body: dict[str, Any]) -> tuple[int, Any]:
            status, answer = super()._generated(ids, body)
            if body.get("repetition_penalty") != 1.0:
                answer["choices"][0]["text"] = "something else"
            return status, answer

    assert line_of(Penal(tiny), tiny, tiny_model).endswith("SGLang 0.5.23, /generate")


def test_text_that_ends_at_once_cannot_be_checked(tiny: TransformersEngine, tiny_model: Path) -> None:
    own = SGLangDouble(tiny)
    own.spoil = of_meta("output_token_logprobs", lambda rows: rows[:1])
    assert "its own greedy text cannot be checked" in line_of(own, tiny, tiny_model)
