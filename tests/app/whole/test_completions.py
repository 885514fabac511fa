"""Every sampled text of a sample can be found, opened by its address, hidden where it may offend, and rated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Flag, Sample, SampledText
from audit.ratings import NewRating, add, output_digest, read_all
from tests.app.conftest import attribution
from tests.app.drawn import button, drawn, every_html, every_markdown, rate_as, tables
from tests.sealing import sealed

if TYPE_CHECKING:
    from audit.app.settings import AppSettings
    from audit.core.run_folder import RunFolder

TEXTS = [
    SampledText(text="nine apples", value=0.125, labels={"insult": 0.25}, finish_reason="stop", tokens_out=3),
    SampledText(text="eight pears", value=0.75, finish_reason="length", tokens_out=7, flags=[Flag.TRUNCATED_OUTPUT]),
    SampledText(text="a vile text", value=0.875, flags=[Flag.OFFENSIVE]),
    SampledText(text=None, error="could not be searched", flags=[Flag.WITHHELD]),
]


@pytest.fixture
def sampled(run: RunFolder) -> Sample:
    """A sample of a benchmark with four sampled texts, one of which may offend and one of which was not kept."""
    samples = run.read_samples("evals", "asdiv")
    samples[3] = samples[3].model_copy(update={"completions": TEXTS, "output": "eight pears"})
    run.write_samples("evals", "asdiv", samples)
    return samples[3]


def table_of(test: Any) -> dict[str, list[Any]]:
    return next(table for table in tables(test) if "Ended by" in table)


def codes(test: Any) -> list[str]:
    return [code.value for code in test.code if not code.value.startswith("audit explain")]


@pytest.mark.slow
def test_the_page_of_a_sample_lists_all_texts(sampled: Sample, open_page: Any) -> None:
    test = open_page("sample", task="evals/asdiv", sample=sampled.sample_id)
    assert "4 sampled texts" in every_markdown(test)
    listed = table_of(test)
    assert listed["Text"] == ["#0", "#1", "#2", "#3"]
    assert listed["Value"][:3] == ["0.125", "0.750", "0.875"]
    assert listed["insult"] == ["0.250", None, None, None]
    assert listed["Output"][:3] == ["nine apples", "eight pears", "Hidden: it may offend."]
    assert listed["Flags"] == [None, "truncated_output", "offensive", "withheld"]
    assert listed["Ended by"][:2] == ["stop", "length"]
    assert listed["Not judged because"][3] == "could not be searched"
    assert sampled.output in codes(test)


@pytest.mark.slow
def test_one_text_is_opened_by_its_address(sampled: Sample, open_page: Any) -> None:
    test = open_page("sample", task="evals/asdiv", sample=f"{sampled.sample_id}#0")
    assert codes(test) == [sampled.prompt, "nine apples", sampled.reference]
    assert test.query_params["sample"] == f"{sampled.sample_id}#0"
    assert "**4 of 39 samples**" in every_markdown(test)
    assert "Sampled text: 0.125" in every_html(test)
    drawn(button(test, "Whole sample").click().run())
    assert test.query_params["sample"] == sampled.sample_id
    assert codes(test) == [sampled.prompt, "eight pears", sampled.reference]


@pytest.mark.slow
def test_a_text_names_the_command_that_explains_it_and_not_what_explains_another(
    run: RunFolder, sampled: Sample, open_page: Any
) -> None:
    samples = run.read_samples("evals", "asdiv")
    sampled = sampled.model_copy(update={"answered_by": "generation"})
    run.write_samples("evals", "asdiv", [*samples[:3], sampled, samples[4]])
    run.write_attribution(attribution(sampled, "occlusion"))  # of its output, which is text 1

    def commands(place: str) -> list[str]:
        test = open_page("sample", task="evals/asdiv", sample=sampled.sample_id + place)
        return [code.value for code in test.code if code.value.startswith("audit explain")]

    assert commands("#0") == [f"audit explain --run {run.path} --sample '{sampled.sample_id}#0'"]
    assert commands("#1") == commands("") == [], "it is explained on the page"


@pytest.mark.slow
def test_an_offensive_text_is_hidden_until_asked_for(sampled: Sample, open_page: Any) -> None:
    test = open_page("sample", task="evals/asdiv", sample=f"{sampled.sample_id}#2")
    assert "vile" not in "".join(codes(test)) + every_markdown(test) + every_html(test)
    drawn(button(test, "Show it").click().run())
    assert "a vile text" in codes(test)
    assert table_of(test)["Output"][2] == "a vile text"


@pytest.mark.slow
def test_a_probe_hides_all_texts_and_shows_them_with_their_sample(run: RunFolder, open_page: Any) -> None:
    samples = run.read_samples("safety", "toxicity")
    samples[0] = samples[0].model_copy(update={"completions": TEXTS})
    run.write_samples("safety", "toxicity", samples)
    test = open_page("sample", task="safety/toxicity", sample=samples[0].sample_id)
    assert set(table_of(test)["Output"]) == {"Hidden: it may offend."}
    drawn(button(test, "Show it").click().run())
    assert table_of(test)["Output"][:3] == ["nine apples", "eight pears", "a vile text"]


@pytest.mark.slow
def test_an_address_of_no_text_is_said(sampled: Sample, open_page: Any) -> None:
    test = open_page("sample", task="evals/asdiv", sample=f"{sampled.sample_id}#4")
    assert any("no text" in warning.value for warning in test.warning)
    assert "eight pears" in codes(test)


@pytest.mark.slow
def test_texts_are_searched_and_their_flags_filter(sampled: Sample, open_page: Any) -> None:
    test = open_page("samples")
    drawn(test.text_input[0].set_value("NINE APPLES").run())
    assert tables(test)[0]["Output"] == [sampled.output]
    assert "4 texts" in tables(test)[0]["Remarks"][0]
    drawn(test.text_input[0].set_value("").run())
    flags = next(box for box in test.multiselect if box.label == "Flags")
    drawn(flags.set_value(["withheld"]).run())
    assert tables(test)[0]["Output"] == [sampled.output]


@pytest.mark.slow
def test_every_text_can_be_rated_and_an_old_rating_is_about_the_output(
    run: RunFolder, sampled: Sample, settings: AppSettings, open_page: Any
) -> None:
    about = {"run_id": run.read_manifest().run_id, "suite": "evals", "task": "asdiv", "sample_id": sampled.sample_id}
    digest = output_digest("eight pears")
    old = NewRating.model_validate({**about, "rater": "ada", "output_sha256": digest, "rating": 2, "comment": "old"})
    add(settings.database_url, old)
    sealed(run)
    test = open_page("rate_run")
    rate_as(test, "ada", "evals/asdiv")
    (progress,) = test.get("progress")
    assert progress.proto.text.startswith("1 of 4 rated")
    drawn(test.toggle[0].set_value(True).run())
    (progress,) = test.get("progress")
    assert progress.proto.text.startswith("1 of 6 rated · 2 left out")  # three texts, three other outputs
    while codes(test)[1:2] != ["nine apples"]:
        drawn(button(test, "Skip").click().run())
    assert any("sampled text" in caption.value for caption in test.caption)
    drawn(button(test, "Good").click().run())
    new = read_all(settings.database_url)[-1]
    assert (new.sample_id, new.output_sha256) == (f"{sampled.sample_id}#0", output_digest("nine apples"))
    assert new.rating == 4
