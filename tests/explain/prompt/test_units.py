"""What a feature can be: tokens, lines, turns, examples, fields, and parts of a prompt alone."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError
from audit.core.records import Span
from audit.explain.attribute import prepare
from audit.explain.prompt.units import UNITS, blocks, turns
from tests.explain.conftest import OtherTokenizer
from tests.explain.cutting import cut

if TYPE_CHECKING:
    from audit.engine import Engine

PROMPT = "Q: 2+2?\nA: 4\n\nQ: 3+3?\nA: 6\n\nQ: Which animal sleeps, dog or fox?\nA:"


def field(name: str, text: str, prompt: str = PROMPT) -> Span:
    start = prompt.index(text)
    return Span(name=name, kind="field", start=start, end=start + len(text))


def test_each_token_is_a_feature_but_characters_are_not_torn(tiny: Engine) -> None:
    features = cut(tiny, "狗 🤖 dog", " x", max_features=1, unit="tokens")
    assert features.level == "tokens"
    assert "".join(piece.text for piece in features.records) == "狗 🤖 dog"
    assert len(features) == len(
        {tuple(span) for span in tiny.tokenizer("狗 🤖 dog", return_offsets_mapping=True)["offset_mapping"]}
    )


def test_lines_and_sentences(tiny: Engine) -> None:
    lines = cut(tiny, PROMPT, " x", max_features=1, unit="lines")
    assert [piece.text.strip() for piece in lines.records] == [line for line in PROMPT.split("\n") if line]
    assert len(cut(tiny, "One. Two! Three?", " x", max_features=1, unit="sentences")) == 3


def test_blocks_between_blank_lines_are_examples_where_none_are_named(tiny: Engine) -> None:
    features = cut(tiny, PROMPT, " x", max_features=1, unit="examples")
    assert [(piece.name, piece.text.strip()) for piece in features.records] == [
        ("example 1", "Q: 2+2?\nA: 4"),
        ("example 2", "Q: 3+3?\nA: 6"),
    ]
    everything_gone = tiny.tokenizer.decode(features.context([False, False]))
    assert everything_gone.strip() == PROMPT.rsplit("\n\n", maxsplit=1)[-1]
    assert blocks("no blank line") == []


def test_fields_are_features_and_the_template_stays(tiny: Engine) -> None:
    spans = [field("question", "Which animal sleeps"), field("option A", "dog"), field("option B", "fox")]
    features = cut(tiny, PROMPT, " x", max_features=1, unit="fields", spans=spans)
    assert [(piece.name, piece.text.strip()) for piece in features.records] == [
        ("question", "Which animal sleeps"),
        ("option A", "dog"),
        ("option B", "fox"),
    ]
    without = tiny.tokenizer.decode(features.context([True, False, True]))
    assert without == PROMPT.replace(" dog", "")


def test_words_within_named_parts_leave_the_rest_alone(tiny: Engine) -> None:
    spans = [field("question", "Which animal sleeps"), field("option B", "fox")]
    features = cut(tiny, PROMPT, " x", max_features=48, spans=spans, within=["question", "option B"])
    assert [piece.text.strip() for piece in features.records] == ["Which", "animal", "sleeps", "fox"]
    assert features.context([True] * 4) == tiny.encode_pair(PROMPT, " x").context_ids
    assert tiny.tokenizer.decode(features.context([False] * 4)) == PROMPT.replace(" Which animal sleeps", "").replace(
        " fox", ""
    )
    merged = cut(tiny, PROMPT, " x", max_features=1, spans=spans, within=["question", "option B"])
    assert [piece.text.strip() for piece in merged.records] == ["Which animal sleeps", "fox"]


@pytest.mark.parametrize("name", ["tiny", pytest.param("embedded", marks=pytest.mark.slow)])
def test_turns_are_those_of_the_conversation(request: pytest.FixtureRequest, name: str) -> None:
    engine: Engine = request.getfixturevalue(name)
    talk = [
        {"role": "user", "content": "What sleeps?"},
        {"role": "assistant", "content": "The dog."},
        {"role": "user", "content": "What else?"},
    ]
    text = engine.apply_chat_template(talk)
    found = [span for span in turns(engine, text) if not span.name.startswith("system")]
    assert [span.name for span in found] == ["user 1", "assistant 1", "user 2"]
    for span, message in zip(found, talk, strict=True):
        assert message["content"] in text[span.start : span.end]
    features = cut(engine, text, "The fox.", max_features=1, unit="turns")
    assert [piece.name for piece in features.records][-3:] == ["user 1", "assistant 1", "user 2"]
    assert features.context([True] * len(features)) == tuple(engine.encode(text))


QWEN = (
    "{% for message in messages %}{% if message.role == 'tool' %}<|im_start|>user\n<tool_response>\n"
    "{{ message.content }}"
    "\n</tool_response><|im_end|>\n{% else %}<|im_start|>{{ message.role }}\n{{ message.content }}"
    "{% if message.tool_calls %}\n<tool_call>{{ message.tool_calls[0].function.name }}</tool_call>{% endif %}"
    "<|im_end|>\n"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n"
    "{% if enable_thinking is false %}\n</think>\n\n{% endif %}{% endif %}"
)
NAMED = (
    "{% for message in messages %}{% if message.role == 'tool' %}<|start|>functions.{{ message.name }} to=assistant"
    "<|message|>{{ message.content }}<|end|>{% else %}<|start|>{{ message.role }}<|message|>{{ message.content }}"
    "<|end|>"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<|start|>assistant{% endif %}"
)
NO_TOOLS = (
    "{% for message in messages %}{% if message.role not in ['user', 'assistant'] %}{{ raise_exception('no') }}"
    "{% endif %}"
    "<{{ message.role }}>{{ message.content }}</s>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)
CALL = [{"type": "function", "id": "call1", "function": {"name": "weather", "arguments": {}}}]
TALK: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Will it rain?"},
    {"role": "assistant", "content": "I look.", "tool_calls": CALL},
    {"role": "tool", "name": "weather", "tool_call_id": "call1", "content": "Sunny."},
    {"role": "assistant", "content": "No."},
    {"role": "user", "content": "And tomorrow?"},
]


@pytest.fixture
def with_template(tiny: Engine) -> Any:
    """A copy of the tiny checkpoint's tokenizer with a chat template, in an engine that only encodes."""

    def build(template: str) -> Engine:
        tokenizer = copy.deepcopy(tiny.tokenizer)
        tokenizer.chat_template = template
        return OtherTokenizer(tiny.record, tokenizer)

    return build


@pytest.mark.parametrize("template", [QWEN, NAMED], ids=["qwen", "named"])
@pytest.mark.parametrize("thinks", [None, True, False])
def test_what_a_tool_answered_is_a_turn_and_an_opened_one_is_none(
    with_template: Any, template: str, thinks: bool | None
) -> None:
    engine = with_template(template)
    given = {} if thinks is None else {"enable_thinking": thinks}
    text = engine.tokenizer.apply_chat_template(TALK, tokenize=False, add_generation_prompt=True, **given)
    found = turns(engine, text)
    assert [span.name for span in found] == ["system 1", "user 1", "assistant 1", "tool 1", "assistant 2", "user 2"]
    for span, message in zip(found, TALK, strict=True):
        [inside] = [one["content"] for one in TALK if one["content"] in text[span.start : span.end]]
        assert inside == message["content"]
    assert text[found[-1].end :].startswith(("<|im_start|>assistant", "<|start|>assistant"))
    features = cut(engine, text, "Yes.", max_features=1, unit="turns")
    seen = [piece.name for piece in features.records]
    assert seen == [span.name for span in found][-len(seen) :]  # the context of the tiny checkpoint is short


@pytest.mark.parametrize("opened", ["<think>\n", "<think>\n\n</think>\n\n", "[THINK]"])
def test_a_trace_that_the_user_opens_is_no_turn_either(with_template: Any, opened: str) -> None:
    engine = with_template(NO_TOOLS)
    text = engine.tokenizer.apply_chat_template(TALK[1:2], tokenize=False, add_generation_prompt=True) + opened
    assert [span.name for span in turns(engine, text)] == ["user 1"]


def test_a_template_without_tools_has_its_turns(with_template: Any) -> None:
    engine = with_template(NO_TOOLS)
    text = engine.tokenizer.apply_chat_template([TALK[1], TALK[4], TALK[5]], tokenize=False)
    assert [span.name for span in turns(engine, text)] == ["user 1", "assistant 1", "user 2"]


def test_what_the_prompt_does_not_have_is_refused(tiny: Engine) -> None:
    with pytest.raises(UsageError, match="no fields are known"):
        cut(tiny, PROMPT, " x", max_features=9, unit="fields")
    with pytest.raises(UsageError, match="no turn"):
        cut(tiny, PROMPT, " x", max_features=9, unit="turns")
    overlapping = [field("question", "Which animal"), field("subject", "animal")]
    with pytest.raises(UsageError, match="the parts question and subject overlap"):
        cut(tiny, PROMPT, " x", max_features=9, spans=overlapping, within=["question", "subject"])
    with pytest.raises(UsageError, match="the parts question and subject overlap"):
        cut(tiny, PROMPT, " x", max_features=9, unit="fields", spans=overlapping)
    with pytest.raises(UsageError, match="no part called passage; known parts: question"):
        cut(tiny, PROMPT, " x", max_features=9, spans=[field("question", "Which")], within=["passage"])


@pytest.mark.slow
def test_every_unit_keeps_the_ids(tiny: Engine, prompts: list[str]) -> None:
    for prompt in prompts:
        ids = tuple(tiny.encode(prompt))
        for unit in UNITS:
            try:
                features = cut(tiny, prompt, " x", max_features=9, unit=unit)
            except UsageError:
                assert unit in {"turns", "examples", "fields", "steps"}
                continue
            assert features.context([True] * len(features)) == ids


def test_a_choice_is_explained_against_the_likeliest_other_option(tiny: Engine) -> None:
    options = [" dog", " fox", " the quick brown fox"]
    totals = [tiny.score([tiny.encode_pair(PROMPT, option)])[0].total for option in options]
    best, second = sorted(range(3), key=lambda i: -totals[i])[:2]
    prompt = prepare(tiny, PROMPT, options[best], options=options, max_features=9)
    assert prompt.against == options[second]
    assert prompt.alternatives[0] == options[second]
    assert set(prompt.alternatives) == set(options) - {options[best]}
    assert prompt.full == pytest.approx(totals[best] - totals[second], abs=1e-5)
    tokens = prompt.token_log_probs(present=True)
    for index, text in enumerate([prompt.target, *prompt.alternatives]):
        assert tokens[prompt.owner == index].sum() == pytest.approx(totals[options.index(text)], abs=1e-5)


def test_an_empty_option_is_refused(linear: Any) -> None:
    with pytest.raises(UsageError, match="one is empty"):
        prepare(linear, "one two", " x", options=[" x", ""], max_features=9)
