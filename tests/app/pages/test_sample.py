"""The page of one sample, drawn by Streamlit without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.records import Counterfactual, CounterfactualSearch, Flag
from tests.app.drawn import button, drawn, every_html, every_markdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_a_sample_is_found_by_its_address(run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open) -> None:
    wanted = by_task["boolq"][7]
    test = open_page("sample", run=run.path.name, task="boolq", sample=wanted.sample_id)
    assert [code.value for code in test.code] == [wanted.prompt, wanted.output, wanted.reference]
    drawn(button(test, "Next").click().run())
    assert by_task["boolq"][8].prompt in [code.value for code in test.code]
    assert test.query_params["sample"] == by_task["boolq"][8].sample_id
    drawn(button(test, "Previous").click().run())
    assert wanted.prompt in [code.value for code in test.code]


@pytest.mark.slow
def test_an_address_that_leads_nowhere_is_told(run: RunFolder, open_page: Open) -> None:
    test = open_page("sample", task="no_such_task", sample="0" * 16)
    assert any(r"no task no\_such\_task" in warning.value for warning in test.warning)
    assert any("no sample 0000000000000000" in warning.value for warning in test.warning)


@pytest.mark.slow
def test_the_best_explanation_is_shown_and_the_others_are_folded(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    sample = by_task["boolq"][0]
    stored = {one.method: one for one in run.read_attributions() if one.sample_id == sample.sample_id}
    swapped = {"occlusion": "do not believe", "attention_rollout": "weak"}
    for method, verdict in swapped.items():
        run.write_attribution(stored[method].model_copy(update={"verdict": verdict}))
    test = open_page("sample", task="boolq", sample=sample.sample_id)
    methods = [text.value for text in test.markdown if text.value in {"**occlusion**", r"**attention\_rollout**"}]
    assert methods == [r"**attention\_rollout**", "**occlusion**"]
    folded = {fold.label: fold for fold in test.expander}
    assert [label for label in folded if "·" in label] == ["occlusion · do not believe"]
    assert "**occlusion**" in [text.value for text in folded["occlusion · do not believe"].markdown]
    assert not folded["occlusion · do not believe"].proto.expanded


@pytest.mark.slow
def test_a_sample_without_an_explanation_names_the_command_that_makes_one(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    samples = [sample.model_copy(update={"answered_by": "likelihood"}) for sample in by_task["boolq"]]
    reasoned = samples[2].model_copy(update={"thinking": "A fox is one."})
    run.write_samples("evals", "boolq", [*samples[:2], reasoned, by_task["boolq"][3]])

    def page(place: int) -> tuple[str, list[str]]:
        test = open_page("sample", task="boolq", sample=samples[place].sample_id)
        told = next((text.value for text in test.caption if text.value.startswith("This sample")), "")
        return told, [code.value for code in test.code if code.value.startswith("audit explain")]

    assert page(0) == ("", [])  # it is explained
    told, commands = page(1)
    assert told.endswith("This command explains it:")
    assert commands == [f"audit explain --run {run.path} --sample {samples[1].sample_id}"]
    told, commands = page(2)  # by the steps of its trace
    assert told.endswith("This command explains it:")
    assert commands == [f"audit explain --run {run.path} --sample {samples[2].sample_id}"]
    assert page(3) == ("This sample was not explained: a run explains only a few per task.", [])


@pytest.mark.slow
def test_attributions_are_shown_with_their_belief(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    test = open_page("sample", task="boolq", sample=by_task["boolq"][0].sample_id)
    shown = every_markdown(test)
    assert all(word in shown for word in ("occlusion", r"attention\_rollout", "believable", "do not believe"))
    # The strongest feature of the fixture, 5/3 nats, gets the fullest colour for and against.
    assert 'class="p5" title="+1.667 nats"' in every_html(test)
    assert 'class="n5" title="−1.667 nats"' in every_html(test)
    # Both methods have the same values in the fixture.
    assert "Methods compared: mean rank agreement 1.00" in shown
    assert "Rank agreement of the methods" in every_html(test)


@pytest.mark.slow
def test_the_sample_page_tells_what_would_change_the_choice(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    sample = by_task["boolq"][0]
    made = next(a for a in run.read_attributions() if a.sample_id == sample.sample_id)
    change = Counterfactual(change="removal", features=(1,), after=" maybe", proof="smallest", context_ids=(1,))
    search = CounterfactualSearch(answer=" no", found=[change], complete=0, evaluations=9)
    run.write_attribution(made.model_copy(update={"counterfactual": search}))
    test = open_page("sample", task="boolq", sample=sample.sample_id)
    told = f"Without “{made.features[1].text}” it would choose “maybe” instead of “no” (no smaller set does)."
    assert told in [text.value for text in test.text]


@pytest.mark.slow
def test_a_huge_output_is_cut_in_the_middle_and_says_so(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    huge = by_task["asdiv"][1]
    assert huge.output is not None
    shown = max((code.value for code in open_page("sample", task="asdiv", sample=huge.sample_id).code), key=len)
    assert len(shown) < 21_000
    assert f"{len(huge.output) - 20_000:,} characters left out" in shown


@pytest.mark.slow
def test_of_a_cut_prompt_the_page_says_how_much_was_read(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    context = run.read_manifest().model.max_length
    samples = by_task["boolq"]
    cut = samples[0].model_copy(update={"tokens_in": 800_016, "flags": [Flag.TRUNCATED_PROMPT]})
    run.write_samples("evals", "boolq", [cut, *samples[1:]])

    def said(sample: Sample) -> str:
        captions = open_page("sample", task="boolq", sample=sample.sample_id).caption
        return next(caption.value for caption in captions if "tokens in" in caption.value).replace("\\", "")

    assert f"800,016 tokens in, at most the last {context:,} of them read, " in said(cut)
    assert f"{samples[1].tokens_in} tokens in, {samples[1].tokens_out} out" in said(samples[1])


@pytest.mark.slow
def test_a_hidden_text_is_neither_saved_nor_shown_in_another_run_unasked(
    run: RunFolder, older: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    sample = by_task["toxicity"][0]
    test = open_page("sample", run=run.path.name, task="safety/toxicity", sample=sample.sample_id)
    assert not test.get("download_button")
    drawn(button(test, "Show it").click().run())
    assert [one.proto.label for one in test.get("download_button")] == ["Sample as JSON"]
    test.query_params["run"] = older.path.name
    drawn(test.run())
    assert not any("vile" in code.value for code in test.code)
    assert button(test, "Show it")
