"""Lines of lm-eval as items; of those that it wrote itself, each field is that of the raw line, read here by hand."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

import pytest
import sacrebleu

from audit.core.errors import EvidenceInvalid, UsageError
from audit.core.records import Flag
from audit.gate.importers import lm_eval_items
from tests.gate.importers.conftest import LOGS, edit_line, samples_file

if TYPE_CHECKING:
    from pathlib import Path

    from audit.gate.importers.contract import ImportedItem


def one(tmp_path: Path, kind: str, **row: Any) -> ImportedItem:
    whole = {"doc_id": 0, "doc": {"q": "x"}, "target": "1", "filter": "none", "metrics": ["acc"], "acc": 1.0, **row}
    file = tmp_path / "samples.jsonl"
    file.write_text(json.dumps(whole) + "\n", "utf-8")
    [item] = lm_eval_items.items(lm_eval_items.read(file), kind)
    return item


OPTIONS = {"gen_args_0": {"arg_0": "Q", "arg_1": " a"}, "gen_args_1": {"arg_0": "Q", "arg_1": " b"}}
LIKELY = {"resps": [[["-3.5", "False"]], [["-2.5", "True"]]], "filtered_resps": [["-3.5", "False"], ["-2.5", "True"]]}


def test_the_likeliest_option_is_the_answer(tmp_path: Path) -> None:
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY)
    assert (item.prompt, item.output, item.reference, item.score) == ("Q", " b", " b", 1.0)
    assert item.choice is not None
    assert (item.choice.log_likelihoods, item.choice.chosen, item.choice.right, item.choice.contrast) == (
        [-3.5, -2.5], 1, 1, 0,
    )  # fmt: skip


def test_options_after_different_prompts_are_no_choice(tmp_path: Path) -> None:
    arguments = {**OPTIONS, "gen_args_1": {"arg_0": "R", "arg_1": " b"}}
    item = one(tmp_path, "multiple_choice", arguments=arguments, **LIKELY)
    assert (item.choice, item.prompts, item.prompt) == (None, ("Q", "R"), "R")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_item_with_a_value_that_is_no_number_is_not_scored(tmp_path: Path, value: float) -> None:
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY, acc=value)
    assert item.error == "accuracy is not a finite number"


def test_a_likelihood_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, resps=[[["nan", "False"]], [["-2", "True"]]])
    assert (item.error, item.output) == ("an option has no log-likelihood", None)


def test_an_option_may_be_impossible(tmp_path: Path) -> None:
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, resps=[[["-inf", "False"]], [["-2", "True"]]])
    assert (item.error, item.output, item.score, item.scores["log_likelihood_0"]) == (None, " b", 1.0, None)
    assert item.choice is not None
    assert (item.choice.chosen, item.choice.contrast, item.choice.log_likelihoods) == (1, 0, None)


def test_a_score_that_is_no_number_leaves_the_others(tmp_path: Path) -> None:
    values = {"metrics": ["acc_norm", "acc"], "acc_norm": math.nan, "acc": 1.0}
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY, **values)
    assert (item.error, item.score, item.scores["normalised_accuracy"]) == (None, 1.0, None)


def test_the_primary_score_is_the_same_on_every_item(tmp_path: Path) -> None:
    rows = [
        {"doc_id": 0, "metrics": ["acc_norm"], "acc_norm": 1.0},
        {"doc_id": 1, "metrics": ["acc", "acc_norm"], "acc": 0.0, "acc_norm": 1.0},
    ]
    common = {"doc": {"q": "x"}, "target": "1", "arguments": OPTIONS, **LIKELY}
    file = tmp_path / "samples.jsonl"
    file.write_text("".join(f"{json.dumps(common | row)}\n" for row in rows), "utf-8")
    items = lm_eval_items.items(lm_eval_items.read(file), "multiple_choice")
    assert [item.score for item in items] == [None, 0.0]


def test_answers_that_no_filter_matches_are_unparsed(tmp_path: Path) -> None:
    arguments = {"gen_args_0": {"arg_0": "Q", "arg_1": {"until": []}}}
    item = one(tmp_path, "generate_until", arguments=arguments, resps=[["said"]], filtered_resps=["[invalid]"])
    assert (item.flags, item.output, item.reference) == ((Flag.UNPARSED_ANSWER,), "said", "1")


def test_text_of_a_corpus_score_is_the_pair_that_it_scored(tmp_path: Path) -> None:
    arguments = {"gen_args_0": {"arg_0": "Q", "arg_1": {}}}
    values = {"metrics": ["bleu"], "bleu": ["the cat sat there", "the cat sat there"]}
    item = one(tmp_path, "generate_until", arguments=arguments, resps=[["raw"]], filtered_resps=["x"], **values)
    assert (item.reference, item.output) == ("the cat sat there", "the cat sat there")
    assert item.score == pytest.approx(100)


def test_a_target_of_many_digits_is_no_position(tmp_path: Path) -> None:
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY, target="9" * 5000)
    assert (item.output, item.reference) == (" b", None)


@pytest.mark.parametrize("arguments", [[], {}])
def test_a_likelihood_of_nothing_is_one_line(tmp_path: Path, arguments: object) -> None:
    with pytest.raises(UsageError, match="line 1: 'arguments' is empty"):
        one(tmp_path, "loglikelihood", arguments=arguments, resps=[[["-1", "True"]]])


def test_the_items_digest_is_lm_evals() -> None:
    file = samples_file(LOGS / "lm_eval", "tiny_choice")
    stored = [json.loads(line)["doc_hash"] for line in file.read_text("utf-8").splitlines()]
    lines = lm_eval_items.read(file)
    assert [item.digest for item in lm_eval_items.items(lines, "multiple_choice")] == stored


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"doc_id": "0"}, "line 1: 'doc_id' is a text"),
        ({"metrics": [1]}, "line 1: 'metrics' is not a list of names"),
        ({"resps": None}, "line 1: 'resps' is null"),
        ({"resps": []}, "line 1: 0 answers to 2 options"),
        ({"arguments": "x"}, "line 1: 'arguments' is a text"),
    ],
)
def test_wrong_types_are_one_line(tmp_path: Path, row: dict[str, Any], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        one(tmp_path, "multiple_choice", **{"arguments": OPTIONS, **LIKELY, **row})


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def pairs(task: str, kind: str) -> list[tuple[ImportedItem, dict[str, Any]]]:
    """The items of a task, each with its first line."""
    file = samples_file(LOGS / "lm_eval", task)
    rows: dict[int, dict[str, Any]] = {}
    for line in file.read_text("utf-8").splitlines():
        rows.setdefault(json.loads(line)["doc_id"], json.loads(line))
    found = lm_eval_items.items(lm_eval_items.read(file), kind)
    return list(zip(found, rows.values(), strict=True))


@pytest.mark.parametrize("task", ["tiny_choice", "tiny_classes"])
def test_items_of_a_choice(task: str) -> None:
    shown = {"acc": "accuracy", "acc_norm": "normalised_accuracy"}
    for item, row in pairs(task, "multiple_choice"):
        texts = [given["arg_1"] for given in row["arguments"].values()]
        sums = [float(answer[0][0]) for answer in row["resps"]]
        best = sums.index(max(sums))
        assert (item.prompt, item.output) == (row["arguments"]["gen_args_0"]["arg_0"], texts[best])
        assert item.reference == texts[int(row["target"])]
        assert (item.answered_by, item.error, item.flags, item.fields) == ("likelihood", None, (), row["doc"])
        assert item.digest == sha(json.dumps(row["doc"], indent=2, ensure_ascii=False))
        values = {shown.get(name, name): row[name] for name in row["metrics"]}
        values = {name: float(v[0] == v[1]) if isinstance(v, list) else v for name, v in values.items()}
        assert item.scores == values | {f"log_likelihood_{place}": value for place, value in enumerate(sums)}
        assert item.score == row["acc"]
        assert item.choice is not None
        rest = [place for place in range(len(sums)) if place != best]
        assert (item.choice.options, item.choice.chosen) == (texts, best)
        assert item.choice.contrast == max(rest, key=lambda place: sums[place])


def test_items_of_generated_text_under_two_filters() -> None:
    file = samples_file(LOGS / "lm_eval", "tiny_generate")
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    by_filter = {(row["doc_id"], row["filter"]): row for row in rows}
    for place, (item, row) in enumerate(pairs("tiny_generate", "generate_until")):
        strict, flexible = by_filter[place, "strict"], by_filter[place, "flexible-extract"]
        assert item.scores == {
            "exact_match_strict": strict["exact_match"],
            "exact_match_flexible_extract": flexible["exact_match"],
        }
        assert (item.score, item.output, item.reference) == (strict["exact_match"], row["resps"][0][0], row["target"])
        assert (item.prompt, item.answered_by) == (row["arguments"]["gen_args_0"]["arg_0"], "generation")
        unparsed = all(one["filtered_resps"] == ["[invalid]"] for one in (strict, flexible))
        assert item.flags == ((Flag.UNPARSED_ANSWER,) if unparsed else ())


def test_items_of_a_translation_have_the_scores_of_sacrebleu() -> None:
    for item, row in pairs("tiny_translate", "generate_until"):
        reference, said = row["chrf"]
        assert (item.reference, item.output) == (reference, said)
        assert item.scores == {
            "bleu": pytest.approx(sacrebleu.corpus_bleu([said], [[reference]]).score),
            "chrf": pytest.approx(sacrebleu.corpus_chrf([said.strip()], [[reference]]).score),
        }


def test_items_of_texts_that_were_scored() -> None:
    for item, row in pairs("tiny_last_word", "loglikelihood"):
        total = float(row["resps"][0][0][0])
        assert item.scores == {"perplexity": total, "accuracy": row["acc"], "log_likelihood_0": total}
        given = row["arguments"]["gen_args_0"]
        said = given["arg_1"] if row["resps"][0][0][1] == "True" else None
        assert (item.prompt, item.reference, item.output, item.score) == (
            given["arg_0"], given["arg_1"], said, row["acc"],
        )  # fmt: skip
    for item, row in pairs("tiny_rolling", "loglikelihood_rolling"):
        total, words = row["word_perplexity"]
        assert item.scores == {
            "log_likelihood_0": total,
            "word_perplexity_length": words,
            "byte_perplexity_length": row["byte_perplexity"][1],
            "bits_per_byte_length": row["bits_per_byte"][1],
        }
        assert (item.score, item.output, item.answered_by, item.error) == (total, None, None, None)
        assert words == len(row["doc"]["text"].split())


def test_items_are_in_the_order_of_the_data_set(tmp_path: Path) -> None:
    file = samples_file(LOGS / "lm_eval", "tiny_choice")
    turned = tmp_path / file.name
    turned.write_text("".join(f"{line}\n" for line in reversed(file.read_text("utf-8").splitlines())), "utf-8")
    digests = [[item.digest for item in lm_eval_items.items(lm_eval_items.read(one), None)] for one in (file, turned)]
    assert digests[0] == digests[1]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A copy of the samples of a task."""
    file = samples_file(LOGS / "lm_eval", "tiny_generate")
    copy = tmp_path / "samples.jsonl"
    copy.write_bytes(file.read_bytes())
    return copy


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("doc", lambda row: row["doc"].update(question="?")),
        ("prompt", lambda row: row["arguments"]["gen_args_0"].update(arg_0="?")),
        ("target", lambda row: row.update(target="?")),
    ],
)
def test_a_text_that_its_digest_does_not_belong_to_was_edited(name: str, change: Any, log: Path) -> None:
    edit_line(log, 2, change)
    with pytest.raises(EvidenceInvalid) as caught:
        lm_eval_items.read(log)
    fault = f"{name} and {name}_hash do not belong together: it was edited"
    assert str(caught.value).startswith(f"{log}: line 2: evidence invalid: {fault}")


def test_an_item_that_occurs_twice_under_one_filter_is_named(log: Path) -> None:
    lines = log.read_text("utf-8").splitlines()
    log.write_text("".join(f"{line}\n" for line in [*lines, lines[2]]), "utf-8")
    with pytest.raises(UsageError) as caught:
        lm_eval_items.read(log)
    fault = "item 2 is also on line 3: the log is duplicated, or two were joined"
    assert str(caught.value) == f"{log}: line {len(lines) + 1}: {fault}"


@pytest.mark.parametrize("doc", ["ü", ["ü", 1], {"q": "ü"}])
def test_a_line_without_digests_is_known_by_its_content(doc: Any, tmp_path: Path) -> None:
    """Of an older version; the digest is what lm-eval would have written."""
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY, doc=doc)
    assert item.digest == sha(json.dumps(doc, indent=2, ensure_ascii=False))
    assert item.fields == (doc if isinstance(doc, dict) else {"doc": doc})


@pytest.mark.parametrize("arguments", [[["Q", " a"], ["Q", " b"]], [{"x": "Q", "y": " a"}, {"x": "Q", "y": " b"}]])
def test_arguments_of_older_versions_are_lists(arguments: Any, tmp_path: Path) -> None:
    item = one(tmp_path, "multiple_choice", arguments=arguments, **LIKELY)
    assert (item.prompt, item.output) == ("Q", " b")


def test_of_mutual_information_the_first_half_has_the_prompts(tmp_path: Path) -> None:
    arguments = [["Q", " a"], ["Q", " b"], ["", " a"], ["", " b"]]
    resps = [[["-3", "False"]], [["-2", "False"]], [["-1", "False"]], [["-9", "False"]]]
    values = {"metrics": ["acc", "acc_mutual_info"], "acc_mutual_info": 0.0}
    item = one(tmp_path, "multiple_choice", arguments=arguments, resps=resps, **values)
    assert item.choice is not None
    assert (item.prompts, item.choice.options, item.choice.log_likelihoods) == (("Q",), [" a", " b"], [-3.0, -2.0])


@pytest.mark.parametrize(
    ("target", "reference"),
    [("0", " a"), ("1", " b"), ("2", None), (" b ", " b"), ("c", None), (1, " b"), ("²", None), ("", None)],
)
def test_the_target_is_a_position_or_a_text(target: object, reference: str | None, tmp_path: Path) -> None:
    assert one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY, target=target).reference == reference


def test_a_text_that_two_options_have_is_no_target(tmp_path: Path) -> None:
    same = {"gen_args_0": {"arg_0": "Q", "arg_1": " a"}, "gen_args_1": {"arg_0": "Q", "arg_1": "a"}}
    assert one(tmp_path, "multiple_choice", arguments=same, **LIKELY, target="a").reference is None


def test_exact_match_comes_before_other_scores_and_lengths_are_none(tmp_path: Path) -> None:
    arguments = {"gen_args_0": {"arg_0": "Q", "arg_1": {}}}
    values = {"metrics": ["f1", "exact_match"], "f1": 0.5, "exact_match": 1.0}
    item = one(tmp_path, "generate_until", arguments=arguments, resps=[["x"]], **values)
    assert (item.score, item.scores) == (1.0, {"f1": 0.5, "exact_match": 1.0})
    values = {"metrics": ["f1_length", "f1"], "f1_length": 7, "f1": 0.5}
    assert one(tmp_path, "generate_until", arguments=arguments, resps=[["x"]], **values).score == 0.5


def test_a_chat_prompt_is_stored_as_json_and_a_text_without_likelihood_is_an_error(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "ü"}]
    item = one(tmp_path, "generate_until", arguments=[[chat, {}]], resps=[["x"]])
    assert item.prompt == '[{"role": "user", "content": "ü"}]'
    given = {"arguments": [["Q", " a"]], "resps": [[["nan", "False"]]], "metrics": [], "acc": None}
    lost = one(tmp_path, "loglikelihood", **given)
    assert (lost.error, lost.output, lost.score) == ("the text has no finite log-likelihood", None, None)
    pair = {"metrics": ["bits_per_byte"], "bits_per_byte": [math.nan, 3]}
    assert "bits_per_byte_length" not in one(tmp_path, "loglikelihood_rolling", **(given | pair)).scores


@pytest.mark.parametrize(
    "value", [["a"], ["a", "b", "c"], ["a", 1], {"a": "x", "b": "y"}, "ab", [1.5], [1, 2, 3], None]
)
def test_what_is_no_pair_is_no_score(value: object, tmp_path: Path) -> None:
    given = {"arguments": [["Q", {}]], "resps": [["said"]], "metrics": ["bleu"], "bleu": value}
    item = one(tmp_path, "generate_until", **given)
    assert (item.scores, item.reference, item.output) == ({}, "1", "said")


def test_of_generated_text_pairs_of_other_metrics_are_not_the_answer(tmp_path: Path) -> None:
    values = {"metrics": ["ter", "word_perplexity"], "ter": ["r", "p"], "word_perplexity": [-3.5, 4]}
    for resps, said in (([["said"]], "said"), ("said", None), ([], None), ([[]], None)):
        item = one(tmp_path, "generate_until", arguments=[], resps=resps, **values)
        assert (item.prompt, item.reference, item.output) == (None, "1", said)
        assert item.scores == {"log_likelihood_0": -3.5, "word_perplexity_length": 4.0}


def test_a_digest_of_letters_beyond_ascii_is_lm_evals_and_of_a_chat_there_is_none_to_compare(tmp_path: Path) -> None:
    doc, chat = {"q": "ü"}, [[[{"role": "user", "content": "x"}], {}]]
    known = {"doc": doc, "doc_hash": sha(json.dumps(doc, indent=2, ensure_ascii=False)), "prompt_hash": "f" * 64}
    item = one(tmp_path, "generate_until", arguments=chat, resps=[["x"]], **known)
    assert item.digest == known["doc_hash"]
    with pytest.raises(UsageError, match=r"samples\.jsonl: line 1: 'doc' is a number"):
        one(tmp_path, "generate_until", arguments=chat, resps=[["x"]], doc=1)


@pytest.mark.parametrize(
    ("arguments", "resps", "fault"),
    [
        ([["Q", " a"], ["Q"]], LIKELY["resps"], "2 answers to 1 options"),
        ([["Q", " a"], [1, " b"]], LIKELY["resps"], "2 answers to 1 options"),
        ([["Q", " a"], ["Q", {}]], LIKELY["resps"], "2 answers to 1 options"),
        ([], [], "0 answers to 0 options"),
    ],
)
def test_each_option_is_a_prompt_and_a_text(arguments: Any, resps: Any, fault: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"line 1: {fault}"):
        one(tmp_path, "multiple_choice", arguments=arguments, resps=resps)


def test_an_odd_number_of_options_has_no_half_and_one_option_no_contrast(tmp_path: Path) -> None:
    arguments, resps = [["Q", f" {name}"] for name in "abc"], [[["-1", "False"]]] * 3
    values = {"metrics": ["acc_mutual_info"], "acc_mutual_info": 0.0}
    three = one(tmp_path, "multiple_choice", arguments=arguments, resps=resps, **values)
    single = one(tmp_path, "multiple_choice", arguments=arguments[:1], resps=resps[:1])
    assert three.choice is not None
    assert single.choice is not None
    assert (three.choice.options, single.choice.contrast) == ([" a", " b", " c"], None)


def test_without_a_likelihood_the_first_prompt_is_shown_and_nothing_is_chosen(tmp_path: Path) -> None:
    lost = [[["nan", "False"]], [["-2", "True"]]]
    item = one(tmp_path, "multiple_choice", arguments=[["Q", " a"], ["R", " b"]], resps=lost)
    assert (item.prompt, item.choice) == ("Q", None)
    assert one(tmp_path, "multiple_choice", arguments=OPTIONS, resps=lost).choice is None


def test_a_position_has_at_most_nine_digits_and_spaces_around_options_do_not_count(tmp_path: Path) -> None:
    spaced = [["Q", " a "], ["Q", " b "]]
    for target, reference in (("000000001", " b "), ("0000000001", None), ("b", " b ")):
        assert one(tmp_path, "multiple_choice", arguments=spaced, **LIKELY, target=target).reference == reference


def test_a_text_is_the_answer_where_it_is_the_greedy_one_and_its_likelihood_was_asked_for(tmp_path: Path) -> None:
    given = {"arguments": [["Q", " a"]], "resps": [[["-2", "True"]]]}
    for kind, row, expected in (
        ("loglikelihood", {}, ("Q", " a", " a")),
        ("loglikelihood", {"arguments": [["Q"]]}, ("Q", None, None)),
        ("loglikelihood", {"arguments": [[]]}, (None, None, None)),
        ("loglikelihood_rolling", {}, ("Q", None, None)),
    ):
        item = one(tmp_path, kind, **(given | row))
        assert (item.prompt, item.reference, item.output) == expected
    values = {"metrics": ["perplexity", "acc"], "perplexity": math.nan}
    assert one(tmp_path, "loglikelihood", **given, **values).error is None
    assert one(tmp_path, "loglikelihood", **given, acc=math.nan).error == "accuracy is not a finite number"


def test_a_line_without_a_filter_has_the_filter_none(tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"
    file.write_text('{"doc_id": 0, "doc": {}, "target": "1", "arguments": [], "metrics": []}\n', "utf-8")
    assert [line.filter for line in lm_eval_items.read(file)] == ["none"]
