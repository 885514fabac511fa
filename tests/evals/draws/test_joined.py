"""Several answers to an item become one."""

from __future__ import annotations

import math

from audit.core.records import Flag, Sample
from audit.evals.draws.joined import ANSWER, joined_item, joined_sample
from audit.evals.harness import Remark
from audit.evals.samples import Item


def draw(output: str | None, right: float | None, **more: object) -> Sample:
    """One answer to the same item."""
    given = {
        "sample_id": "a",
        "suite": "evals",
        "task": "t",
        "prompt": "p",
        "output": output,
        "score": right,
        "scores": {"exact_match": right, **({"squared_error": 4.0} if right == 0 else {})},
        "tokens_out": 2,
        "thinking": f"about {output}",
        "thinking_tokens": len(str(output)),
    }
    return Sample.model_validate(given | more)


def test_scores_are_means_and_completions_the_answers() -> None:
    cut = [Flag.TRUNCATED_PROMPT, Flag.TRUNCATED_OUTPUT]
    draws = [
        draw("3", 1.0),
        draw("5", 0.0, flags=cut),
        draw("3.0", 1.0),
        draw("none", 0.0, flags=[Flag.UNPARSED_ANSWER]),
    ]
    one = joined_sample(draws, "number")
    assert (one.output, one.score, one.tokens_out, one.error) == ("3", 0.5, 8, None)
    assert one.scores == {"exact_match": 0.5, "squared_error": 4.0}
    assert one.flags == [*cut, Flag.UNPARSED_ANSWER]
    assert [text.text for text in one.completions] == ["3", "5", "3.0", "none"]
    assert [text.value for text in one.completions] == [1, 0, 1, 0]
    assert [text.labels[ANSWER] for text in one.completions] == [0, 1, 0, None]
    assert [text.flags for text in one.completions] == [[], [Flag.TRUNCATED_OUTPUT], [], [Flag.UNPARSED_ANSWER]]
    assert one.completions[1].thinking == "about 5"
    assert (one.thinking_tokens, [text.thinking_tokens for text in one.completions]) == (1, [1, 1, 3, 4])
    assert one.as_answered_by(3).thinking_tokens == 4
    assert one.as_answered_by(1).scores["exact_match"] == 0
    assert not any(ANSWER in text.labels for text in joined_sample(draws, None).completions)


def test_an_item_with_a_failed_answer_has_no_score() -> None:
    one = joined_sample([draw("3", 1.0), draw(None, None, error="logits are NaN", scores={})], "number")
    assert (one.score, one.scores, one.error) == (None, {}, "logits are NaN")
    assert [text.error for text in one.completions] == [None, "logits are NaN"]


def test_items_keep_what_is_no_number() -> None:
    def item(**values: object) -> Item:
        return Item(({"doc": {}},), (Remark(tokens_in=1),), values)

    pair = ("reference", "first")
    first = item(exact_match=1.0, chrf=pair, broken=math.nan)
    one = joined_item([first, item(exact_match=0.0, chrf=("reference", "second"), broken=math.nan, squared_error=4.0)])
    assert math.isnan(one.values.pop("broken"))
    assert one.values == {"exact_match": 0.5, "chrf": pair, "squared_error": 4.0}
    assert one.logged is first.logged
    assert len(one.remarks) == 2
    failed = joined_item([first, Item(({},), (Remark(error="NaN"),), {})])
    assert failed.error == "NaN"
