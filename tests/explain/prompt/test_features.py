from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from audit.core.errors import UsageError
from audit.core.records import Span
from audit.explain.prompt.grouping import FEWEST
from tests.explain.cutting import cut

if TYPE_CHECKING:
    from audit.engine import Engine
    from audit.explain.prompt.features import Features


def check_partition(engine: Engine, prompt: str, features: Features) -> None:
    """Everything that must hold for the features of any prompt, as it was read, that fits the context."""
    ids = tuple(engine.encode(prompt))
    count = len(features)
    assert features.context([True] * count) == ids
    owned = [position for positions in features.positions for position in positions]
    free = set(range(len(ids))) - set(owned)
    assert owned == sorted(set(owned))
    assert free <= {0}
    assert not free or ids[0] == engine.tokenizer.bos_token_id
    assert all(features.positions)
    for before, after in zip(features.records, features.records[1:], strict=False):
        assert before.end == after.start
    assert features.records[-1].end == len(prompt)
    assert all(piece.text == prompt[piece.start : piece.end] for piece in features.records)
    for index in range(0, count, 5):
        left = features.context([other != index for other in range(count)])
        gone = set(features.positions[index])
        kept = tuple(token for position, token in enumerate(ids) if position not in gone)
        assert left == (kept or (engine.prefix_token_id,))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny", "sentencepiece"])
@pytest.mark.parametrize("limit", [1000, 3])
def test_the_mask_with_everything_present_gives_the_ids_that_the_model_saw(
    request: pytest.FixtureRequest, prompts: list[str], name: str, limit: int
) -> None:
    engine: Engine = request.getfixturevalue(name)
    assert len(set(prompts)) >= 500
    for prompt in prompts:
        features = cut(engine, prompt, " yes", max_features=limit)
        check_partition(engine, prompt, features)
        assert len(features) <= limit
        check_partition(engine, prompt.rstrip(), cut(engine, prompt, " yes", max_features=limit, scored=True))


def test_ids_on_the_embedded_checkpoint(embedded: Engine, prompts: list[str]) -> None:
    chats = [embedded.apply_chat_template([{"role": "user", "content": prompt}]) for prompt in prompts]
    for prompt in (*prompts, *chats):
        features = cut(embedded, prompt, " yes", max_features=48)
        check_partition(embedded, prompt, features)


@pytest.mark.slow
def test_the_engine_is_asked_for_the_same_request_as_in_the_evaluation(tiny: Engine, prompts: list[str]) -> None:
    for prompt in prompts:
        features = cut(tiny, prompt, " 42 apples", max_features=1000, scored=True)
        assert features.request == tiny.encode_pair(prompt, " 42 apples")


def test_an_answer_is_explained_behind_the_ids_that_generation_was_given(
    tiny: Engine, sentencepiece: Engine, embedded: Engine
) -> None:
    for engine in (tiny, sentencepiece, embedded):
        for prompt, answer in [
            ("The capital is", " Paris."),
            ("The capital is: ", "Paris."),
            ("<|begin|>[user] Which?<|end|>[assistant]\n", "Paris."),
            ("<|begin|>[user] Which?<|end|>[assistant]\n", "\n\nParis."),
            ("He is not hap", "py"),
            ("print(", '"a")'),
            ("我喜欢", "猫。"),
        ]:
            features = cut(engine, prompt, answer, max_features=99)
            assert features.request.context_ids == tuple(engine.encode(prompt)), (prompt, answer)
            # What was generated reads as the answer, behind the prompt that was given.
            ids = [*features.request.context_ids, *features.request.target_ids]
            assert engine.tokenizer.decode(ids) == engine.tokenizer.decode(engine.encode(prompt)) + answer


def test_the_line_break_that_opens_an_answer_is_the_prompts(embedded: Engine) -> None:
    prompt = embedded.apply_chat_template([{"role": "user", "content": "Name a colour."}])
    assert prompt.endswith("assistant\n")
    features = cut(embedded, prompt, "Blue", max_features=99)
    assert [embedded.tokenizer.decode([token]) for token in features.request.target_ids] == ["Blue"]
    assert features.records[-1].text.endswith("\n")


def test_a_continuation_that_merges_with_the_prompt_is_explained_whole(embedded: Engine) -> None:
    """One token would hold the end of the prompt and the continuation: each is tokenised by itself."""
    whole, head = embedded.encode("He is not happy"), embedded.encode("He is not hap")
    assert whole[: len(head)] != head
    features = cut(embedded, "He is not hap", " sad", others=["py"], max_features=9, scored=True)
    assert embedded.tokenizer.decode(features.request.context_ids) == "He is not hap"
    assert [embedded.tokenizer.decode(ids) for ids in (features.request.target_ids, *features.others)] == [" sad", "py"]


def test_the_example_of_the_documentation(tiny: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = "Wait, a 🤖 b"
    request = tiny.encode_answer(prompt, " x")
    assert (len(request.context_ids), len(request.target_ids)) == (11, 2)
    monkeypatch.setattr(tiny, "record", tiny.record.model_copy(update={"max_length": 10}))
    features = cut(tiny, prompt, " x", max_features=9)
    assert features.dropped == 2
    assert features.request.context_ids == request.context_ids[2:]
    assert [feature.text for feature in features.records] == ["t,", " a ", "🤖", " b"]
    assert features.positions == ((0, 1), (2, 3), (4, 5, 6, 7), (8,))


def test_the_context_is_cut_for_the_longest_continuation(tiny: Engine) -> None:
    prompt, option = "The lazy dog sleeps. " * 80, " and the quick brown fox jumps over it" * 3
    features = cut(tiny, prompt, " fox", others=[option], max_features=10, scored=True)
    whole = tiny.encode_pair(prompt, option)
    assert features.others == (whole.target_ids,)
    assert len(features.request.context_ids) + len(whole.target_ids) == tiny.max_length + 1
    assert features.dropped == len(whole.context_ids) - len(features.request.context_ids)


def test_without_one_the_prefix_token_stands_for_an_empty_context(tiny: Engine) -> None:
    features = cut(tiny, "one two", " x", max_features=9)
    assert features.context([False, False]) == (tiny.prefix_token_id,)


def test_a_token_budget_makes_features_coarser_but_leaves_some(tiny: Engine) -> None:
    prompt = "One dog. Two dogs. Three dogs. Four dogs. Five dogs. Six dogs."
    tokens = len(tiny.encode(prompt)) + len(tiny.encode(" x"))
    assert len(cut(tiny, prompt, " x", max_features=99, max_tokens=6 * tokens)) == 6
    assert len(cut(tiny, prompt, " x", max_features=99, max_tokens=1)) == FEWEST


def test_what_does_not_fit_the_context_is_no_feature(tiny: Engine) -> None:
    prompt = "The lazy dog sleeps. " * 80
    request = tiny.encode_pair(prompt, " fox")
    features = cut(tiny, prompt, " fox", max_features=10, scored=True)
    [seen, masked] = tiny.score([request, features.request])
    assert seen.truncated == features.dropped > 0
    assert masked.truncated == 0
    np.testing.assert_allclose(seen.log_probs, masked.log_probs, atol=1e-6)
    owned = sorted(position for positions in features.positions for position in positions)
    assert owned == list(range(len(features.request.context_ids)))
    assert features.records[0].start > 0


@pytest.mark.parametrize(
    ("prompt", "target", "what"), [("", " x", "prompt"), (" \n", " x", "prompt"), ("a", "", "target")]
)
def test_empty_input_is_refused(tiny: Engine, prompt: str, target: str, what: str) -> None:
    with pytest.raises(UsageError, match=f"the {what} is empty"):
        cut(tiny, prompt, target, max_features=5)


def test_several_parts_share_the_limit(tiny: Engine) -> None:
    prompt = "One dog sleeps here. Keep this. Two foxes jump over there."
    spans = [
        Span(name="a", kind="field", start=0, end=20),
        Span(name="b", kind="field", start=prompt.index("Two"), end=len(prompt)),
    ]
    features = cut(tiny, prompt, " x", max_features=5, spans=spans, within=["a", "b"])
    assert len(features) == 5
    assert not any("Keep" in piece.text for piece in features.records)
