"""The tree of errors is the contract of exit codes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core import errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.AuditError, 1),
        (errors.WhiteBoxUnavailable, 1),
        (errors.ScorerError, 1),
        (errors.EngineFault, 1),
        (errors.DeviceLost, 1),
        (errors.UsageError, 2),
        (errors.ConfigError, 2),
        (errors.CheckpointError, 2),
        (errors.CheckpointBroken, 2),
        (errors.AssetError, 2),
        (errors.AssetMissing, 2),
        (errors.RunFolderError, 2),
        (errors.WriteError, 2),
    ],
)
def test_exit_codes(error: type[errors.AuditError], code: int) -> None:
    assert issubclass(error, errors.AuditError)
    assert error("what, where, what to do").exit_code == code


def test_every_error_is_in_the_drawing() -> None:
    assert errors.__doc__ is not None
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.AuditError):
            assert name in errors.__doc__


def test_a_near_word_is_suggested_and_a_far_one_is_not() -> None:
    assert errors.did_you_mean("boolk", ["openbookqa", "boolq"]) == " Did you mean 'boolq'?"
    assert errors.did_you_mean("translation", ["boolq", "mmlu"]) == ""
    assert errors.did_you_mean("boolq", []) == ""
    assert errors.did_you_mean("XSTEST", ["xstest", "bbq"]) == " Did you mean 'xstest'?"
    assert errors.did_you_mean("toxicity_scorer", ["toxicity-scorer"]) == " Did you mean 'toxicity-scorer'?"


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("min", ["mim"], "mim"),  # replaced
        ("bqb", ["bold", "bbq"], "bbq"),  # swapped
        ("nam", ["name"], "name"),  # left out
        ("tasks", ["task"], "task"),  # one too many
        ("nasewr", ["answer"], "answer"),  # swapped twice
        ("toxcty", ["toxicity"], "toxicity"),  # two left out
        ("crwos_piars/pct_sterotype", ["crows_pairs/pct_stereotype"], "crows_pairs/pct_stereotype"),
        ("toxic", ["detoxify", "toxicity"], "toxicity"),  # the beginning
        ("boolq2", ["boolq2_long_name", "boolq"], "boolq"),  # a typo before a beginning
        ("bolq", ["bold", "boolq"], "boolq"),  # more in common with what has all its letters
        ("nope", ["nq_open"], None),
        ("bqb", ["boolq"], None),
        ("abcd", ["bacde"], None),  # two of four letters
        ("abcde", ["bacdef"], "bacdef"),
        ("openqabook", ["openbookqa"], None),
    ],
)
def test_typos_of_a_letter_or_two_are_found_and_no_more(word: str, known: list[str], meant: str | None) -> None:
    assert errors.nearest(word, known) == meant


@given(st.text("abc_-A", max_size=7), st.text("abc_-A", max_size=7))
def test_what_is_found_is_within_the_distance(one: str, other: str) -> None:
    """Against the definition of the distance, by recursion."""

    @cache
    def off(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        ways = [off(i - 1, j) + 1, off(i, j - 1) + 1, off(i - 1, j - 1) + (a[i - 1] != b[j - 1])]
        if i > 1 and j > 1 and a[i - 2 : i] == b[j - 2 : j][::-1]:
            ways.append(off(i - 2, j - 2) + 1)
        return min(ways)

    a, b = (word.lower().replace("-", "_") for word in (one, other))
    within = off(len(a), len(b)) <= (1 if len(a) <= 4 else 2)
    assert (errors.nearest(one, [other]) == other) == (within or (len(a) >= 4 and b.startswith(a)))


def test_invalid_evidence_says_what_to_do() -> None:
    said = str(errors.EvidenceInvalid("it was changed", "metrics.json"))
    assert said.startswith("metrics.json: evidence invalid: it was changed: restore the folder as the run left it")
    assert str(errors.EvidenceInvalid("a: b", "log", "ask")) == "log: evidence invalid: a: b: ask"


def test_in_a_list_on_one_folder_an_error_names_the_file_inside_it() -> None:
    """A path in the reason stays, whatever it begins with."""
    folder = Path("runs/one")
    broken = errors.RunFolderError("runs/one/b: broken: restore it", folder / "samples" / "a")
    assert str(broken) == "runs/one/samples/a: runs/one/b: broken: restore it"
    assert broken.within(folder) == "samples/a: runs/one/b: broken: restore it"
    for elsewhere in (Path("runs/two"), folder / "samples" / "a", Path("uns/one")):
        assert broken.within(elsewhere) == str(broken)
    assert errors.RunFolderError("runs/one/b: broken").within(folder) == "runs/one/b: broken"
    invalid = errors.EvidenceInvalid("a file: evidence invalid: twice", folder / "metrics.json")
    assert invalid.within(folder) == "metrics.json: a file: evidence invalid: twice"


def test_what_to_do_about_an_asset_can_be_left_to_who_reads_it() -> None:
    broken = errors.AssetError("no text: ask", "rows, line 3", "ask")
    assert str(broken) == "rows, line 3: no text: ask: ask"
    assert (broken.fault, broken.path) == ("no text: ask", "rows, line 3")
    assert str(errors.AssetError("no text", "rows")) == "rows: no text"


def test_an_interruption_says_how_to_go_on() -> None:
    assert str(errors.Interrupted(Path("runs/one"))) == "interrupted: finish it with `audit run --resume runs/one`"
    again = errors.Interrupted(Path("runs/one"), command="audit run --until-decided p.yaml --resume runs/one")
    assert str(again) == "interrupted: finish it with `audit run --until-decided p.yaml --resume runs/one`"
    spent = str(errors.BudgetSpent("30m", Path("runs/one"), command="audit run --until-decided p.yaml"))
    assert spent == "stopped: the budget of 30m is spent: finish the run with `audit run --until-decided p.yaml`"
    complete = str(errors.Interrupted(Path("runs/one"), complete=True))
    assert complete.endswith("the run is complete: write the card with `audit report runs/one`")
    assert str(errors.Interrupted()) == "interrupted: nothing was measured yet"
    assert not isinstance(errors.Interrupted(), Exception)  # or `except Exception` would swallow Ctrl-C
